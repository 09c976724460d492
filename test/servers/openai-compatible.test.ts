import { afterEach, describe, expect, it } from "vitest";
import type { Answer } from "../../src/sandbox/stand-in.ts";
import { createModelServer } from "../../src/servers/drivers.ts";
import type { GenerateEvent } from "../../src/servers/model-server.ts";
import { createOpenAiCompatibleServer } from "../../src/servers/openai-compatible.ts";
import { modelServerSuite } from "./model-server.suite.ts";
import { delta, event, OPENAI_WIRE, usage } from "./openai-wire.ts";
import { rawServers } from "./raw-servers.ts";
import { startOpenAiStandIn } from "./stand-in-openai.ts";

modelServerSuite({
  kind: "openai-compatible",
  create: createOpenAiCompatibleServer,
  start: () =>
    startOpenAiStandIn({ models: [{ id: "qwen3-8b" }, { id: "org/other" }], answer: () => ({ text: "hi" }) }),
  models: ["qwen3-8b", "org/other"],
  keyHeader: (key) => ({ name: "authorization", value: `Bearer ${key}` }),
  oddList: { data: [{ id: "" }, { id: "good", max_model_len: "long", meta: 7 }, null] },
  wire: OPENAI_WIRE,
});

describe("the OpenAI-compatible driver", () => {
  const raw = rawServers();
  afterEach(() => raw.closeAll());
  const never = (): AbortSignal => new AbortController().signal;
  const serverAt = (baseUrl: string) =>
    createModelServer("openai-compatible", { id: "lmstudio", baseUrl, fetch: globalThis.fetch, timeoutMs: 10_000 });

  async function standIn(models: readonly Readonly<Record<string, unknown>>[], answer: Answer = { text: "hi" }) {
    const server = await startOpenAiStandIn({ models, answer: () => answer });
    raw.closeLater(server);
    return server;
  }
  const drain = (server: ReturnType<typeof serverAt>, maxTokens?: number): Promise<GenerateEvent[]> =>
    Array.fromAsync(
      server.generate(
        {
          model: "qwen3-8b",
          system: "Be brief.",
          messages: [{ role: "user", text: "hi" }],
          tools: [{ name: "add", description: "Adds.", parameters: { type: "object", properties: {} } }],
          temperature: 0,
          seed: 4,
          ...(maxTokens === undefined ? {} : { maxTokens }),
        },
        never(),
      ),
    );

  it("reads the window in each server's own words", async () => {
    const { url } = await standIn([
      { id: "vllm", owned_by: "vllm", max_model_len: 32_768 },
      {
        id: "llama.cpp",
        owned_by: "llamacpp",
        meta: { n_ctx_train: 131_072, n_params: 8_030_261_312, size: 4_912_898_304 },
      },
      {
        id: "lm-studio",
        state: "loaded",
        quantization: "Q4_K_M",
        max_context_length: 40_960,
        loaded_context_length: 8_192,
      },
      { id: "openrouter", context_length: 200_000 },
      { id: "silent" },
    ]);
    const server = serverAt(url);
    expect(await server.list(never())).toEqual([
      { name: "vllm", contextLength: 32_768 },
      { name: "llama.cpp", contextLength: 131_072, sizeBytes: 4_912_898_304 },
      {
        name: "lm-studio",
        contextLength: 40_960,
        loaded: true,
        loadedContextTokens: 8_192,
        quantization: "Q4_K_M",
      },
      { name: "openrouter", contextLength: 200_000 },
      { name: "silent" },
    ]);
    expect(await server.describe("lm-studio", never())).toEqual({ contextLength: 40_960, quantization: "Q4_K_M" });
    await expect(server.describe("other", never())).rejects.toMatchObject({ code: "unknown_model" });
  });

  it.each(["", "/v1", "/v1/"])("takes a base URL that ends in '%s'", async (end) => {
    const { url } = await standIn([{ id: "a" }]);
    const paths: string[] = [];
    const fetch: typeof globalThis.fetch = (input, init) => {
      paths.push(new URL(String(input)).pathname);
      return globalThis.fetch(input, init);
    };
    const options = { id: "lmstudio", baseUrl: `${url}${end}`, fetch, timeoutMs: 10_000 };
    const server = createOpenAiCompatibleServer(options);
    expect(await server.list(never())).toHaveLength(1);
    await drain(server);
    expect(paths).toEqual(["/v1/models", "/v1/chat/completions"]);
  });

  it("keeps another version in the path", async () => {
    const paths: (string | undefined)[] = [];
    const url = await raw.http((request, response) => {
      paths.push(request.url);
      response.end('{"data":[]}');
    });
    await serverAt(`${url}/v1beta/openai`).list(never());
    expect(paths).toEqual(["/v1beta/openai/models"]);
  });

  it("sends what it was asked, and tells what the server counted and timed", async () => {
    const server = await standIn([], { text: "one two" });
    const events = await drain(serverAt(server.url), 50);
    expect(server.bodies).toEqual([
      {
        model: "qwen3-8b",
        stream: true,
        stream_options: { include_usage: true },
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "hi" },
        ],
        tools: [
          {
            type: "function",
            function: { name: "add", description: "Adds.", parameters: { type: "object", properties: {} } },
          },
        ],
        max_tokens: 50,
        temperature: 0,
        seed: 4,
      },
    ]);
    expect(events.at(-1)).toMatchObject({
      kind: "end",
      reason: "stop",
      tokens: { input: 18, output: 2, cacheRead: 12 },
      timings: { promptMs: 53.7, decodeMs: 88.5 },
    });
  });

  it("joins several tool calls", async () => {
    const calls = [
      { name: "add", args: { a: 1, b: [2] } },
      { name: "none", args: {} },
    ];
    const { url } = await standIn([], { text: "", toolCalls: calls });
    expect((await drain(serverAt(url))).slice(0, -1)).toEqual(calls.map((call) => ({ kind: "tool", ...call })));
  });

  it.each([
    [
      "without an index",
      [
        { id: "1", function: { name: "a", arguments: "{" } },
        { function: { arguments: "}" } },
        { id: "2", function: { name: "b", arguments: "{}" } },
      ],
      ["a", "b"],
    ],
    ["with an index that skips one", [{ index: 1, function: { name: "a", arguments: "{}" } }], ["a"]],
    ["with no arguments at all", [{ index: 0, function: { name: "a" } }], ["a"]],
  ])("reads tool calls %s", async (_, deltas, names) => {
    const body = deltas.map((call) => delta({ tool_calls: [call] })).join("") + delta({}, "tool_calls");
    const url = await raw.http((_request, response) => response.end(`${body}data: [DONE]\n\n`));
    const events = await drain(serverAt(url));
    expect(events.flatMap((each) => (each.kind === "tool" ? [each.name] : []))).toEqual(names);
    expect(events.at(-1)).toMatchObject({ kind: "end", reason: "tool", tokens: {} });
  });

  it.each(['{"a": 1', '["a"]', "a=1"])("passes arguments that are no JSON object on as text: %s", async (args) => {
    const body = delta({ tool_calls: [{ index: 0, id: "1", function: { name: "add", arguments: args } }] });
    const url = await raw.http((_request, response) => response.end(`${body}${delta({}, "length")}data: [DONE]\n\n`));
    const events = await drain(serverAt(url));
    expect(events[0]).toEqual({ kind: "text", text: `add(${args})` });
    expect(events[1]).toMatchObject({ kind: "end", reason: "length" });
  });

  it("reads what vLLM calls reasoning, and counts that come with the reason", async () => {
    const body =
      delta({ reasoning: "Hm." }) + event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage });
    const url = await raw.http((_request, response) => response.end(body));
    const events = await drain(serverAt(url));
    expect(events[0]).toEqual({ kind: "thinking", text: "Hm." });
    expect(events[1]).toMatchObject({ kind: "end", tokens: { input: 11, output: 7 } });
  });

  it("has nothing to load", async () => {
    await serverAt(await raw.nobody()).warm("a", {}, never());
  });
});
