import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { decideLocality } from "../../src/models/locality.ts";
import { startOllamaStandIn } from "../../src/sandbox/stand-in-ollama.ts";
import { listingOf } from "../../src/servers/listing.ts";
import { createOllamaServer } from "../../src/servers/ollama.ts";
import { modelServerSuite } from "./model-server.suite.ts";

const startStandIn = () =>
  startOllamaStandIn({
    models: [
      { name: "llama3.2:3b", contextLength: 131_072 },
      { name: "alias:latest", contextLength: 131_072, remoteHost: "https://ollama.com:443" },
    ],
    answer: () => ({ text: "hi" }),
  });
const options = { id: "ollama", fetch: globalThis.fetch, timeoutMs: 10_000 };
const never = (): AbortSignal => new AbortController().signal;

const line = (value: object): string =>
  `${JSON.stringify({ model: "m", created_at: "2026-11-22T10:00:00.123456789Z", ...value })}\n`;

modelServerSuite({
  kind: "ollama",
  create: createOllamaServer,
  start: startStandIn,
  models: ["llama3.2:3b", "alias:latest"],
  keyHeader: (key) => ({ name: "authorization", value: `Bearer ${key}` }),
  oddList: {
    models: [{ name: "two\nlines" }, { name: "good", size: "huge", details: 7 }, { name: "x", remote_host: 1 }],
  },
  wire: {
    contentType: "application/x-ndjson",
    opening: "",
    text: (content) => line({ message: { role: "assistant", content }, done: false }),
    thinking: (thinking) => line({ message: { role: "assistant", content: "", thinking }, done: false }),
    tool: (name, args) =>
      line({
        message: { role: "assistant", content: "", tool_calls: [{ function: { index: 0, name, arguments: args } }] },
        done: false,
      }),
    closing: (reason) =>
      line({
        message: { role: "assistant", content: "" },
        done: true,
        done_reason: reason === "length" ? "length" : "stop",
        prompt_eval_count: 11,
        eval_count: 7,
      }),
    failure: (message) => `${JSON.stringify({ error: message })}\n`,
    malformed: '{"model": sk-very-secret-key\n',
    error: (message) => ({ error: message }),
    missing: (model) => ({ status: 404, body: { error: `model '${model}' not found` } }),
  },
});

/** Answers each path with its JSON value, other paths never. */
async function withServer<T>(
  replies: Readonly<Record<string, unknown>>,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const server = createServer((request, response) => {
    const reply = replies[request.url ?? ""];
    if (reply !== undefined) response.end(JSON.stringify(reply));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe("the Ollama driver", () => {
  it("reports version, size, what is in memory and what is remote", async () => {
    const standIn = await startStandIn();
    try {
      const server = createOllamaServer({ ...options, baseUrl: standIn.url });
      expect(await server.health(never())).toMatchObject({ ok: true, version: "0.20.7" });
      expect(await server.list(never())).toEqual([
        { name: "llama3.2:3b", sizeBytes: 19_851_349_856, loaded: false, quantization: "Q4_K_M" },
        {
          name: "alias:latest",
          sizeBytes: 384,
          loaded: false,
          quantization: "Q4_K_M",
          remoteHost: "https://ollama.com:443",
          remoteModel: "alias:latest",
        },
      ]);
      await fetch(`${standIn.url}/api/generate`, { method: "POST", body: JSON.stringify({ model: "llama3.2:3b" }) });
      expect((await server.list(never())).map(({ loaded }) => loaded)).toEqual([true, false]);
    } finally {
      await standIn.close();
    }
  });

  it("reports window and capabilities where the listing has them, and takes blank remote fields as absent", async () => {
    const entry = {
      name: "qwen3:8b",
      remote_host: "",
      remote_model: null,
      capabilities: ["completion", "tools"],
      details: { context_length: 40_960 },
    };
    const models = await withServer({ "/api/tags": { models: [entry] }, "/api/ps": { models: [] } }, (url) =>
      createOllamaServer({ ...options, baseUrl: url }).list(never()),
    );
    expect(models).toEqual([
      { name: "qwen3:8b", contextLength: 40_960, loaded: false, capabilities: ["completion", "tools"] },
    ]);
  });

  it.each([
    ["cannot say it", { "/api/ps": { error: "no such path" } }],
    ["never says it", {}],
  ])("lists all the same where the server %s what is in memory", async (_, ps) => {
    const models = await withServer({ "/api/tags": { models: [{ name: "a:1b" }] }, ...ps }, (url) =>
      createOllamaServer({ ...options, baseUrl: url, timeoutMs: 500 }).list(never()),
    );
    expect(models).toEqual([{ name: "a:1b" }]);
  });

  it("talks to the native API even where the address is that of the OpenAI-compatible one", async () => {
    const { baseUrl } = createOllamaServer({ ...options, baseUrl: "http://127.0.0.1:11434/v1/" });
    expect(baseUrl).toBe("http://127.0.0.1:11434");
  });
});

describe("listingOf", () => {
  const served = [
    { name: "llama3.2:3b" },
    { name: "alias:latest", remoteHost: "https://ollama.com", remoteModel: "gpt-oss:120b" },
    { name: "twice:1b" },
    { name: "twice:1b", remoteModel: "gpt-oss:120b" },
    { name: "host:5000/team/model:latest" },
  ];
  it.each([
    ["llama3.2:3b", { found: true }],
    ["alias", { found: true, remoteHost: "https://ollama.com", remoteModel: "gpt-oss:120b" }],
    ["alias:latest", { found: true, remoteHost: "https://ollama.com", remoteModel: "gpt-oss:120b" }],
    ["twice:1b", { found: true, remoteModel: "gpt-oss:120b" }],
    ["host:5000/team/model", { found: true }],
    ["llama3.2", { found: false }],
    ["", { found: false }],
  ])("of '%s'", (model, listing) => expect(listingOf(served, model)).toEqual(listing));

  it("lets a disguised cloud model be seen through, end to end", async () => {
    const standIn = await startStandIn();
    try {
      const served = await createOllamaServer({ ...options, baseUrl: standIn.url }).list(never());
      const localityOf = (model: string) =>
        decideLocality({
          provider: "ollama",
          model,
          kind: "ollama",
          address: { kind: "loopback", host: "127.0.0.1", evidence: "127.0.0.1 is this machine" },
          listing: listingOf(served, model),
          trustedLocal: [],
        });
      expect(localityOf("llama3.2:3b").kind).toBe("local");
      expect(localityOf("alias")).toEqual({
        kind: "cloud",
        evidence: "Its server passes it on to https://ollama.com:443",
      });
    } finally {
      await standIn.close();
    }
  });
});
