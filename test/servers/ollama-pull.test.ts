import { afterEach, describe, expect, it } from "vitest";
import { startOllamaStandIn } from "../../src/sandbox/stand-in-ollama.ts";
import type { ModelServerOptions, PullProgress } from "../../src/servers/model-server.ts";
import { createOllamaServer } from "../../src/servers/ollama.ts";
import { rawServers } from "./raw-servers.ts";

const NAME = "qwen2.5-coder:32b";
const SIZE_BYTES = 19_851_349_856;

const raw = rawServers();
afterEach(() => raw.closeAll());
const never = (): AbortSignal => new AbortController().signal;
const serverAt = (baseUrl: string, changes: Partial<ModelServerOptions> = {}) =>
  createOllamaServer({ id: "ollama", baseUrl, fetch: globalThis.fetch, timeoutMs: 10_000, ...changes });

/** An Ollama without models, whose registry has one. */
async function standIn(pullStepMs: number): Promise<string> {
  const pullable = [{ name: NAME, contextLength: 32_768, sizeBytes: SIZE_BYTES }];
  const server = await startOllamaStandIn({ models: [], answer: () => ({ text: "hi" }), pullable, pullStepMs });
  raw.closeLater(server);
  return server.url;
}

describe("a download", () => {
  const drain = (events: AsyncIterable<PullProgress>): Promise<PullProgress[]> => Array.fromAsync(events);
  const bytes = (events: readonly PullProgress[]): number[] =>
    events.flatMap(({ doneBytes }) => (doneBytes === undefined ? [] : [doneBytes]));
  const lines = (...values: readonly object[]): Promise<string> =>
    raw.http((_, response) => {
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      response.end(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
    });

  it("goes forward over all layers until the model is there", async () => {
    const server = serverAt(await standIn(0));
    const events = await drain(server.pull(NAME, never()));
    expect(events[0]).toEqual({ step: "pulling manifest" });
    expect(events.at(-1)).toEqual({ step: "success" });
    const done = bytes(events);
    expect(done.length).toBeGreaterThan(10);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(events.at(-4)).toMatchObject({ doneBytes: SIZE_BYTES, totalBytes: SIZE_BYTES });
    expect((await server.list(never())).map(({ name }) => name)).toEqual([NAME]);
    expect((await drain(server.pull(NAME, never()))).at(-1)).toEqual({ step: "success" });
  });

  it("goes on where it was broken off", async () => {
    const server = serverAt(await standIn(5));
    const caller = new AbortController();
    let reached = 0;
    const first = (async () => {
      for await (const { doneBytes = 0 } of server.pull(NAME, caller.signal)) {
        reached = doneBytes;
        if (doneBytes > 5e9) caller.abort("enough");
      }
    })();
    await expect(first).rejects.toBe("enough");
    expect(await server.list(never())).toEqual([]);
    const [start] = bytes(await drain(server.pull(NAME, never()))).filter((done) => done > 0);
    expect(start).toBeGreaterThanOrEqual(reached);
  });

  it("never goes back where the server begins a layer anew", async () => {
    const layer = { status: "pulling a", digest: "sha256:a", total: 100 };
    const url = await lines(
      { ...layer, completed: 60 },
      { ...layer, completed: 20 },
      { status: "pulling b", digest: "sha256:b", total: 10 },
      { ...layer, completed: 100 },
      { status: "success" },
    );
    expect(await drain(serverAt(url).pull("a", never()))).toEqual([
      { step: "pulling a", doneBytes: 60, totalBytes: 100 },
      { step: "pulling a", doneBytes: 60, totalBytes: 100 },
      { step: "pulling b", doneBytes: 60, totalBytes: 110 },
      { step: "pulling a", doneBytes: 100, totalBytes: 110 },
      { step: "success" },
    ]);
  });

  it.each([
    [
      "of a model that the registry does not have",
      "pull model manifest: file does not exist",
      "unknown_model",
      /has no model called “a”\.$/,
    ],
    [
      "without room on the disk",
      "write /var/lib/ollama/x: no space left on device",
      "server_unreachable",
      /could not download the model: write .* no space left on device\.$/,
    ],
    [
      "without a network",
      'pull model manifest: Get "https://registry.ollama.ai":\n no such host',
      "server_unreachable",
      /could not download the model: pull .* no such host\.$/,
    ],
  ])("%s fails with what the server says", async (_, error, code, message) => {
    const url = await lines({ status: "pulling manifest" }, { error });
    await expect(drain(serverAt(url).pull("a", never()))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it("fails where the stream ends before the model is there", async () => {
    const url = await lines({ status: "pulling manifest" });
    await expect(drain(serverAt(url).pull("a", never()))).rejects.toMatchObject({
      code: "server_unreachable",
      message: expect.stringContaining("before it was complete"),
    });
  });

  it("may be silent for as long as loading may take: what came is checked", async () => {
    const url = await raw.http((_, response) => {
      response.write('{"status":"verifying sha256 digest"}\n');
      setTimeout(() => response.end('{"status":"success"}\n'), 400);
    });
    expect(await drain(serverAt(url, { timeoutMs: 100 }).pull("a", never()))).toHaveLength(2);
  });
});
