import { describe, expect, it, type TestContext } from "vitest";
import { ollamaUrl } from "../../src/registry/server-address.ts";
import { createModelServer } from "../../src/servers/drivers.ts";
import type { ModelServer, ServedModel } from "../../src/servers/model-server.ts";
import { OLLAMA_MIN_VERSION } from "../../src/servers/ollama.ts";

/**
 * The drivers against the real thing, where it can be reached: an Ollama at `OLLAMA_HOST`
 * or on this machine, and Claude with `ANTHROPIC_API_KEY`. Reads only, but for one answer
 * of 16 tokens from the smallest model, which costs a fraction of a cent at Anthropic.
 * `npm run test:live` sets CLUTCH_LIVE; without it nothing is sent.
 */
const { env } = process;
const common = { fetch: globalThis.fetch, timeoutMs: 20_000, loadTimeoutMs: 280_000 };
const signal = (): AbortSignal => AbortSignal.timeout(300_000);

interface Live {
  readonly server: ModelServer | undefined;
  readonly missing: string;
  /** The one to ask: cheap, and able to answer. */
  pick(models: readonly ServedModel[]): ServedModel | undefined;
}

const url = ollamaUrl(env["OLLAMA_HOST"]);
const apiKey = env["ANTHROPIC_API_KEY"];
const REAL: readonly (readonly [name: string, live: Live])[] = [
  [
    "Ollama",
    {
      server: url === undefined ? undefined : createModelServer("ollama", { id: "ollama", baseUrl: url, ...common }),
      missing: "OLLAMA_HOST cannot be read as an address",
      pick: (models) =>
        models
          .filter(({ name, remoteHost }) => remoteHost === undefined && !/embed|cloud/i.test(name))
          .toSorted((a, b) => (a.sizeBytes ?? Infinity) - (b.sizeBytes ?? Infinity))[0],
    },
  ],
  [
    "Claude",
    {
      server: apiKey
        ? createModelServer("anthropic", {
            id: "anthropic",
            baseUrl: env["ANTHROPIC_BASE_URL"] || "https://api.anthropic.com",
            apiKey,
            ...common,
          })
        : undefined,
      missing: "ANTHROPIC_API_KEY is not set",
      pick: (models) => models.find(({ name }) => /haiku/.test(name)) ?? models[0],
    },
  ],
];

describe.skipIf(!env["CLUTCH_LIVE"]).each(REAL)("a real %s", (_, { server, missing, pick }) => {
  /** Skips, saying why, where the server cannot be asked. */
  async function reached({ skip }: TestContext): Promise<ModelServer> {
    if (server === undefined) return skip(missing);
    const health = await server.health(signal());
    return health.ok ? server : skip(health.reason);
  }
  async function picked(context: TestContext): Promise<{ readonly server: ModelServer; readonly model: string }> {
    const found = await reached(context);
    const model = pick(await found.list(signal()));
    return model === undefined ? context.skip("It has no model that can answer") : { server: found, model: model.name };
  }

  it("is healthy", async (context) => {
    const health = await (await reached(context)).health(signal());
    if (!health.ok || health.version === undefined) return;
    const recent = health.version.localeCompare(OLLAMA_MIN_VERSION, "en", { numeric: true }) >= 0;
    expect(recent, `version ${health.version} is older than ${OLLAMA_MIN_VERSION}`).toBe(true);
  });

  it("lists and describes its models", async (context) => {
    const { server: found, model } = await picked(context);
    const description = await found.describe(model, signal());
    expect(description.contextLength).toBeGreaterThan(1_000);
    if (found.kind === "ollama") expect(description.architecture?.layers).toBeGreaterThan(0);
    await expect(found.describe("no-such-model", signal())).rejects.toMatchObject({ code: "unknown_model" });
  });

  it("answers with counts and timings", { timeout: 320_000 }, async (context) => {
    const { server: found, model } = await picked(context);
    const messages = [{ role: "user" as const, text: "Count from one to twenty." }];
    const events = await Array.fromAsync(found.generate({ model, messages, maxTokens: 16 }, signal()));
    expect(events.some(({ kind }) => kind === "text")).toBe(true);
    const end = events.at(-1);
    expect(end).toMatchObject({ kind: "end", reason: "length", tokens: { output: expect.any(Number) } });
    if (end?.kind !== "end") return;
    expect(end.tokens.input).toBeGreaterThan(0);
    expect(end.tokens.output).toBeLessThanOrEqual(17);
    expect(end.timings.totalMs).toBeGreaterThan(end.timings.firstTokenMs ?? Infinity);
    if (found.kind === "ollama") expect(end.timings.decodeMs).toBeGreaterThan(0);
  });
});
