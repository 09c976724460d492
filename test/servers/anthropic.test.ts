import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { startAnthropicStandIn } from "../../src/sandbox/stand-in-anthropic.ts";
import { createAnthropicServer } from "../../src/servers/anthropic.ts";
import { createModelServer } from "../../src/servers/drivers.ts";
import { modelServerSuite } from "./model-server.suite.ts";

const event = (type: string, data: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
const block = (start: object, ...deltas: readonly object[]): string =>
  [
    event("content_block_start", { index: 0, content_block: start }),
    ...deltas.map((delta) => event("content_block_delta", { index: 0, delta })),
    event("content_block_stop", { index: 0 }),
  ].join("");
const message = { id: "msg_1", type: "message", role: "assistant", model: "m", content: [], stop_reason: null };

modelServerSuite({
  kind: "anthropic",
  create: createAnthropicServer,
  start: () =>
    startAnthropicStandIn({
      models: [
        { id: "claude-sonnet-5", name: "Claude Sonnet 5" },
        { id: "claude-haiku-4-5", name: "Claude Haiku 4.5" },
      ],
      answer: () => ({ text: "hi" }),
    }),
  models: ["claude-sonnet-5", "claude-haiku-4-5"],
  keyHeader: (key) => ({ name: "x-api-key", value: key }),
  oddList: { data: [{ id: 5 }, { id: "good", max_input_tokens: "many", capabilities: 3 }, "claude"] },
  wire: {
    contentType: "text/event-stream",
    opening:
      event("message_start", { message: { ...message, usage: { input_tokens: 11, output_tokens: 1 } } }) +
      event("ping", {}),
    text: (text) => block({ type: "text", text: "" }, { type: "text_delta", text }),
    thinking: (thinking) =>
      block(
        { type: "thinking", thinking: "" },
        { type: "thinking_delta", thinking },
        { type: "signature_delta", signature: "x" },
      ),
    tool(name, args) {
      const json = JSON.stringify(args);
      const part = (partial_json: string) => ({ type: "input_json_delta", partial_json });
      return block(
        { type: "tool_use", id: "toolu_1", name, input: {} },
        part(""),
        part(json.slice(0, 9)),
        part(json.slice(9)),
      );
    },
    closing: (reason) =>
      event("message_delta", {
        delta: {
          stop_reason: { stop: "end_turn", length: "max_tokens", tool: "tool_use" }[reason],
          stop_sequence: null,
        },
        usage: { output_tokens: 7 },
      }) + event("message_stop", {}),
    failure: (text) => event("error", { error: { type: "overloaded_error", message: text } }),
    malformed: 'event: content_block_delta\ndata: {"type": sk-very-secret-key\n\n',
    error: (text) => ({ type: "error", error: { type: "api_error", message: text } }),
    missing: (model) => ({
      status: 404,
      body: { type: "error", error: { type: "not_found_error", message: `model: ${model}` } },
    }),
  },
});

describe("the Anthropic driver", () => {
  let close = async (): Promise<void> => undefined;
  afterEach(() => close());
  const never = (): AbortSignal => new AbortController().signal;
  const driverAt = (baseUrl: string) =>
    createModelServer("anthropic", { id: "anthropic", baseUrl, fetch: globalThis.fetch, timeoutMs: 10_000 });

  /** A server whose pages follow a cursor: `pages` by the `after_id` that asks for them. */
  async function paged(pages: (after: string | null) => unknown) {
    const asked: URL[] = [];
    const versions: unknown[] = [];
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? "/", "http://here");
      asked.push(url);
      versions.push(request.headers["anthropic-version"]);
      response.end(JSON.stringify(pages(url.searchParams.get("after_id"))));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    close = async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { driver: driverAt(baseUrl), asked, versions };
  }

  it("reads all pages and the windows that they state", async () => {
    const { driver, asked, versions } = await paged((after) =>
      after === null
        ? { data: [{ id: "a", max_input_tokens: 1_000_000 }, { id: "b" }], has_more: true, last_id: "b" }
        : { data: [{ id: "c&d", max_input_tokens: null }], has_more: false, last_id: "c&d" },
    );
    expect(await driver.list(never())).toEqual([
      { name: "a", contextLength: 1_000_000 },
      { name: "b" },
      { name: "c&d" },
    ]);
    expect(asked.map(({ pathname, search }) => pathname + search)).toEqual([
      "/v1/models?limit=1000",
      "/v1/models?limit=1000&after_id=b",
    ]);
    expect(versions).toEqual(["2023-06-01", "2023-06-01"]);
  });

  it("gives up on pages without end", async () => {
    const { driver, asked } = await paged(() => ({ data: [{ id: "a" }], has_more: true, last_id: "a" }));
    await expect(driver.list(never())).rejects.toMatchObject({ code: "server_unreachable" });
    expect(asked).toHaveLength(20);
  });

  it("stops where the next page cannot be asked for", async () => {
    const { driver } = await paged(() => ({ data: [{ id: "a" }], has_more: true, last_id: null }));
    expect(await driver.list(never())).toEqual([{ name: "a" }]);
  });

  it("asks for one model only to see whether the server is well", async () => {
    const { driver, asked } = await paged(() => ({ data: [] }));
    expect((await driver.health(never())).ok).toBe(true);
    expect(asked.map(({ search }) => search)).toEqual(["?limit=1"]);
  });

  it("describes a model by what it takes and can do", async () => {
    const standIn = await startAnthropicStandIn({
      models: [
        { id: "claude-sonnet-5", name: "", maxInputTokens: 1_000_000, thinking: ["adaptive", "disabled"] },
        { id: "claude-old", name: "" },
      ],
      answer: () => ({ text: "hi" }),
    });
    close = standIn.close;
    const driver = driverAt(standIn.url);
    expect(await driver.describe("claude-sonnet-5", never())).toEqual({
      contextLength: 1_000_000,
      capabilities: ["completion", "tools", "vision", "thinking"],
    });
    expect(await driver.describe("claude-old", never())).toEqual({});
    await expect(driver.describe("claude-none", never())).rejects.toMatchObject({ code: "unknown_model" });
    await driver.warm("claude-none", {}, never());
  });

  it.each([
    ["adaptive, disabled", { type: "disabled" }, { type: "adaptive", display: "summarized" }],
    ["adaptive, between_tools", { type: "between_tools" }, { type: "adaptive", display: "summarized" }],
    ["adaptive", undefined, { type: "adaptive", display: "summarized" }],
    ["enabled, disabled", { type: "disabled" }, { type: "enabled", budget_tokens: 1_024 }],
    ["disabled", { type: "disabled" }, undefined],
    ["what it does not say", undefined, undefined],
  ])("lets a model that takes %s think only when asked to", async (takes, off, on) => {
    const standIn = await startAnthropicStandIn({
      models: [
        {
          id: "m",
          name: "M",
          ...(takes.startsWith("what")
            ? {}
            : { thinking: takes.split(", ") as ("adaptive" | "between_tools" | "disabled" | "enabled")[] }),
        },
      ],
      answer: () => ({ text: "hi" }),
    });
    close = standIn.close;
    const driver = driverAt(standIn.url);
    const request = {
      model: "m",
      system: "Be brief.",
      messages: [{ role: "user" as const, text: "hi" }],
      temperature: 0,
      seed: 1,
      maxTokens: 100,
    };
    for (const thinking of [undefined, false, true]) {
      await Array.fromAsync(driver.generate({ ...request, ...(thinking === undefined ? {} : { thinking }) }, never()));
    }
    const config = (thinking: object | undefined) => ({
      model: "m",
      stream: true,
      system: "Be brief.",
      messages: [{ role: "user", content: "hi" }],
      max_tokens: thinking !== undefined && "budget_tokens" in thinking ? 1_124 : 100,
      ...(thinking === undefined ? {} : { thinking }),
    });
    expect(standIn.chats.map(({ body }) => body)).toEqual([config(off), config(off), config(on)]);
  });

  it("sends tools, and counts what the cache held apart", async () => {
    const bodies: unknown[] = [];
    const server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      if (request.method !== "POST") return void response.writeHead(404).end();
      bodies.push(JSON.parse(Buffer.concat(parts).toString()));
      const counts = {
        input_tokens: 5,
        cache_read_input_tokens: 900,
        cache_creation_input_tokens: 60,
        output_tokens: 1,
      };
      response.write(event("message_start", { message: { ...message, usage: counts } }));
      response.write(block({ type: "tool_use", id: "t", name: "now", input: {} }));
      response.write(
        block({ type: "tool_use", id: "t", name: "cut", input: {} }, { type: "input_json_delta", partial_json: '{"a' }),
      );
      const usage = { output_tokens: 9, cache_read_input_tokens: null };
      response.write(event("message_delta", { delta: { stop_reason: "refusal" }, usage }));
      response.end(event("message_stop", {}));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    close = async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
    const driver = driverAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const tools = [{ name: "now", description: "The time.", parameters: { type: "object", properties: {} } }];
    const events = await Array.fromAsync(
      driver.generate({ model: "m", messages: [{ role: "user", text: "hi" }], tools }, never()),
    );
    expect(bodies).toEqual([
      {
        model: "m",
        stream: true,
        max_tokens: 8_192,
        messages: [{ role: "user", content: "hi" }],
        tools: [{ name: "now", description: "The time.", input_schema: { type: "object", properties: {} } }],
      },
    ]);
    expect(events).toMatchObject([
      { kind: "tool", name: "now", args: {} },
      { kind: "text", text: 'cut({"a)' },
      { kind: "end", reason: "refused", tokens: { input: 5, output: 9, cacheRead: 900, cacheWrite: 60 } },
    ]);
  });
});
