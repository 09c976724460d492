import { afterEach, describe, expect, it } from "vitest";
import type { Answer } from "../../src/sandbox/stand-in.ts";
import { type OllamaModel, startOllamaStandIn } from "../../src/sandbox/stand-in-ollama.ts";
import { createModelServer, isLocalModelServer } from "../../src/servers/drivers.ts";
import type { ModelServerOptions } from "../../src/servers/model-server.ts";
import { rawServers } from "./raw-servers.ts";

const QWEN: OllamaModel = {
  name: "qwen2.5-coder:32b",
  contextLength: 32_768,
  sizeBytes: 19_851_349_856,
  layers: 64,
  heads: 40,
  kvHeads: 8,
  headDim: 128,
  parameters: 32_763_876_352,
  textTools: true,
};
const TOOLS = [{ name: "add", description: "Adds.", parameters: { type: "object" } }];

const raw = rawServers();
afterEach(() => raw.closeAll());
const never = (): AbortSignal => new AbortController().signal;
const serverAt = (baseUrl: string, changes: Partial<ModelServerOptions> = {}) =>
  createModelServer("ollama", { id: "ollama", baseUrl, fetch: globalThis.fetch, timeoutMs: 10_000, ...changes });

async function standIn(models: readonly OllamaModel[], answer: Answer = { text: "hi" }) {
  const server = await startOllamaStandIn({ models, answer: () => answer });
  raw.closeLater(server);
  return server;
}

describe("what is in memory", () => {
  it("is loaded with the window asked for, reported, and dropped", async () => {
    const server = serverAt((await standIn([{ ...QWEN, loadMs: 20, vramBytes: 16e9 }])).url);
    expect(await server.running(never())).toEqual([]);
    const before = Date.now();
    await server.warm(QWEN.name, { contextTokens: 8_192, keepAliveMs: 60_000 }, never());

    const cacheBytes = 2 * 2 * 64 * 8 * 128 * 8_192;
    const [model] = await server.running(never());
    expect(model).toEqual({
      name: QWEN.name,
      contextTokens: 8_192,
      memoryBytes: 19_851_349_856 + cacheBytes,
      vramBytes: 16e9,
      expiresAt: expect.any(Number),
    });
    expect(model?.expiresAt).toBeGreaterThanOrEqual(before + 60_000);
    expect(model?.expiresAt).toBeLessThan(before + 120_000);
    expect(await server.list(never())).toMatchObject([
      { loaded: true, loadedContextTokens: 8_192, memoryBytes: 19_851_349_856 + cacheBytes, vramBytes: 16e9 },
    ]);

    await server.unload(QWEN.name, never());
    expect(await server.running(never())).toEqual([]);
    await server.unload(QWEN.name, never());
  });

  it("is loaded with the server's own window where none is asked for", async () => {
    const server = serverAt(
      (
        await standIn([
          { ...QWEN, numCtx: 16_384 },
          { ...QWEN, name: "plain:1b" },
        ])
      ).url,
    );
    await server.warm(QWEN.name, {}, never());
    await server.warm("plain:1b", {}, never());
    expect((await server.running(never())).map(({ contextTokens }) => contextTokens)).toEqual([16_384, 4_096]);
  });

  it("may take longer to load than an answer may take, but not for ever", async () => {
    const { url } = await standIn([{ ...QWEN, loadMs: 400 }]);
    await serverAt(url, { timeoutMs: 100 }).warm(QWEN.name, {}, never());
    await serverAt(url).unload(QWEN.name, never());
    await expect(serverAt(url, { loadTimeoutMs: 100 }).warm(QWEN.name, {}, never())).rejects.toMatchObject({
      code: "server_unreachable",
      message: expect.stringContaining("did not answer within 100 ms"),
    });
  });

  it("may not fit, which the server says", async () => {
    const error = "model requires more system memory (40.1 GiB) than is available (12.0 GiB)";
    const url = await raw.http((_, response) => response.writeHead(500).end(JSON.stringify({ error })));
    await expect(serverAt(url).warm(QWEN.name, {}, never())).rejects.toMatchObject({
      code: "server_unreachable",
      message: expect.stringMatching(/\(HTTP 500\): model requires more system memory \(40\.1 GiB\) than .*\.$/),
    });
  });

  it.each(["warm", "unload", "describe"] as const)("%s: names a model that is not there", async (call) => {
    const server = serverAt((await standIn([])).url);
    const asked = call === "warm" ? server.warm("none:1b", {}, never()) : server[call]("none:1b", never());
    await expect(asked).rejects.toMatchObject({ code: "unknown_model", message: expect.stringContaining("none:1b") });
  });
});

describe("what a model is", () => {
  it("is told with all that decides memory and speed", async () => {
    const server = serverAt((await standIn([{ ...QWEN, numCtx: 16_384, template: "{{ .Prompt }}" }])).url);
    expect(await server.describe(QWEN.name, never())).toEqual({
      contextLength: 32_768,
      architecture: {
        layers: 64,
        kvHeads: 8,
        headDim: 128,
        parameters: 32_763_876_352,
        activeParameters: 32_763_876_352,
      },
      defaultContextTokens: 16_384,
      template: "{{ .Prompt }}",
      capabilities: ["completion", "tools"],
      quantization: "Q4_K_M",
    });
  });

  it("tells where it really runs", async () => {
    const server = serverAt(
      (await standIn([{ name: "a:1b", contextLength: 8, remoteHost: "https://ollama.com" }])).url,
    );
    expect(await server.describe("a:1b", never())).toMatchObject({
      remoteHost: "https://ollama.com",
      remoteModel: "a:1b",
    });
  });

  // Hugging Face's configuration of each model, and the active parameters that its card states, in thousands of millions.
  it.each([
    [
      "Qwen3-30B-A3B",
      { layers: 48, parameters: 30.5e9, heads: 32, headDim: 64, experts: { count: 128, used: 8, width: 768 } },
      3.3,
    ],
    [
      "Mixtral-8x7B",
      { layers: 32, parameters: 46.7e9, heads: 32, headDim: 128, experts: { count: 8, used: 2, width: 14_336 } },
      12.9,
    ],
  ])("counts the parameters that %s uses for a token", async (_, build, billions) => {
    const server = serverAt((await standIn([{ name: "m:1b", contextLength: 8, kvHeads: 4, ...build }])).url);
    const { architecture } = await server.describe("m:1b", never());
    expect((architecture?.activeParameters ?? 0) / 1e9).toBeCloseTo(billions, 1);
  });

  it("averages the heads of layers that differ, also where the short answer leaves them out", async () => {
    const kvHeads = [0, 0, 8, 0, 0, 0, 8, 0];
    const server = serverAt((await standIn([{ ...QWEN, layers: 8, kvHeads }])).url);
    expect((await server.describe(QWEN.name, never())).architecture).toMatchObject({ layers: 8, kvHeads: 2 });
  });

  it.each([
    ["says nothing", {}],
    ["is of another kind", { "general.architecture": "x", "x.block_count": "many", "x.attention.head_count": [true] }],
    [
      "lacks its parameters",
      { "general.architecture": "x", "x.block_count": 2, "x.attention.head_count": 2, "x.attention.key_length": 2 },
    ],
  ])("has no architecture where the file %s", async (_, model_info) => {
    const url = await raw.json({
      details: { quantization_level: "unknown" },
      model_info,
      parameters: 'stop  "num_ctx 5"',
    });
    expect(await serverAt(url).describe("a", never())).toEqual({});
  });

  it("takes the head's width from the model's where it is not told", async () => {
    const info = { block_count: 2, embedding_length: 512, "attention.head_count": 4 };
    const model_info = Object.fromEntries(Object.entries(info).map(([key, value]) => [`x.${key}`, value]));
    const url = await raw.json({
      details: {},
      model_info: { "general.architecture": "x", "general.parameter_count": 9, ...model_info },
    });
    expect((await serverAt(url).describe("a", never())).architecture).toEqual({
      layers: 2,
      kvHeads: 4,
      headDim: 128,
      parameters: 9,
      activeParameters: 9,
    });
  });
});

describe("a derived model", () => {
  it("has its own template and window, and calls tools again", async () => {
    const toolCalls = [{ name: "add", args: { a: 1 } }];
    const { url } = await standIn([QWEN], { text: "", toolCalls });
    const server = serverAt(url);
    await server.derive(
      "fixed",
      { from: QWEN.name, template: "{{ .Tools }}", parameters: { num_ctx: 65_536 } },
      never(),
    );
    expect(await server.describe("fixed", never())).toMatchObject({
      template: "{{ .Tools }}",
      defaultContextTokens: 65_536,
      architecture: { layers: 64 },
    });
    const answerOf = async (model: string) => {
      const request = { model, messages: [{ role: "user" as const, text: "1+1" }], tools: TOOLS };
      const [first] = await Array.fromAsync(server.generate(request, never()));
      return first;
    };
    expect(await answerOf(QWEN.name)).toEqual({ kind: "text", text: '{"name":"add","arguments":{"a":1}}' });
    expect(await answerOf("fixed")).toEqual({ kind: "tool", name: "add", args: { a: 1 } });
  });

  it("needs a model to be derived from", async () => {
    const server = serverAt((await standIn([])).url);
    await expect(server.derive("new", { from: "none:1b" }, never())).rejects.toMatchObject({
      code: "unknown_model",
      message: expect.stringContaining("none:1b"),
    });
  });
});

describe("a request to Ollama", () => {
  it("carries window, seed, length and tools, and forbids what would cut the prompt in silence", async () => {
    const { url, chats } = await standIn([QWEN]);
    const request = {
      model: QWEN.name,
      system: "Be brief.",
      messages: [
        { role: "user" as const, text: "hi" },
        { role: "assistant" as const, text: "hello" },
      ],
      tools: TOOLS,
      maxTokens: 50,
      temperature: 0,
      seed: 7,
      contextTokens: 16_384,
      keepAliveMs: 90_000,
    };
    await Array.fromAsync(serverAt(url).generate(request, never()));
    await Array.fromAsync(serverAt(url).generate({ model: QWEN.name, messages: [], thinking: true }, never()));
    expect(chats.map(({ body }) => body)).toEqual([
      {
        model: QWEN.name,
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "hi" },
          { role: "assistant", content: "hello" },
        ],
        stream: true,
        think: false,
        truncate: false,
        shift: false,
        tools: [{ type: "function", function: TOOLS[0] }],
        keep_alive: "90000ms",
        options: { num_ctx: 16_384, num_predict: 50, temperature: 0, seed: 7 },
      },
      { model: QWEN.name, messages: [], stream: true, think: true, truncate: false, shift: false, options: {} },
    ]);
    expect(await serverAt(url).running(never())).toMatchObject([{ contextTokens: 4_096 }]);
  });

  it("is answered with where the time went, in ms", async () => {
    const { url } = await standIn([{ ...QWEN, loadMs: 30 }], { text: "four token of text" });
    const request = { model: QWEN.name, messages: [{ role: "user" as const, text: "12345678" }] };
    const cold = (await Array.fromAsync(serverAt(url).generate(request, never()))).at(-1);
    expect(cold).toMatchObject({
      tokens: { input: 2, output: 5 },
      timings: { loadMs: 30, promptMs: 2, decodeMs: 100 },
    });
    const warm = (await Array.fromAsync(serverAt(url).generate({ ...request, maxTokens: 2 }, never()))).at(-1);
    expect(warm).toMatchObject({ reason: "length", tokens: { output: 2 }, timings: { loadMs: 5 } });
  });

  it("is one to a server that can be told what to keep", async () => {
    const options = { id: "x", baseUrl: "http://127.0.0.1:1", fetch: globalThis.fetch, timeoutMs: 1 };
    expect(isLocalModelServer(createModelServer("ollama", options))).toBe(true);
    expect(isLocalModelServer(createModelServer("anthropic", options))).toBe(false);
    expect(isLocalModelServer(createModelServer("openai-compatible", options))).toBe(false);
  });
});
