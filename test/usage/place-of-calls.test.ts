import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { OpenClaw } from "../../src/openclaw/openclaw.ts";
import { createModelRegistry } from "../../src/registry/model-registry.ts";
import { createServerMonitor } from "../../src/registry/server-monitor.ts";
import { createUsageLedger } from "../../src/store/usage-ledger.ts";
import { createSpendReader } from "../../src/usage/budget-spend.ts";
import { createCallPricer } from "../../src/usage/call-pricer.ts";
import { createCallWriter } from "../../src/usage/call-writer.ts";
import type { ObservedCall } from "../../src/usage/observed-call.ts";
import { previewReprice, repriced } from "../../src/usage/reprice.ts";
import { openTemp } from "../store/temp-store.ts";
import { ALL_TIME, allCalls } from "../store/usage-calls.ts";

const configAt = (host: string) => ({
  models: { providers: { ollama: { api: "ollama", baseUrl: `http://${host}:11434`, models: [] } } },
});
const logger = pino({ level: "silent" });

/** Who writes calls down, on an Ollama that can be taken away: registry, monitor and ledger are real. */
async function lab({ up = true, host = "127.0.0.1" } = {}) {
  const { store, time } = await openTemp();
  time.now = Date.UTC(2026, 10, 22, 12);
  const clock = () => time.now;
  const ollama = { up };
  const config = configAt(host);
  const monitor = createServerMonitor({
    fetch: async (input) => {
      if (!ollama.up) throw new TypeError("fetch failed");
      const models = String(input).endsWith("/api/tags") ? [{ name: "qwen3:8b", size: 5e9 }] : [];
      return Response.json({ models });
    },
    ...{ clock, logger },
  });
  const openclaw: Partial<OpenClaw> = {
    listModels: async () => [
      { ref: { provider: "ollama", model: "qwen3:8b" }, name: "qwen3", windowTokens: 32_768, atLocalAddress: true },
    ],
    listAgents: async () => ({ defaultId: "main", ids: ["main"] }),
    readConfig: async () => ({ hash: "1", config, authored: config }),
    readSession: async () => undefined,
  };
  const registry = createModelRegistry({
    ...{ monitor, clock, logger, openclaw: openclaw as OpenClaw, servers: {}, trustedLocal: [], demoProviders: [] },
    measurements: { all: async () => [], save: async () => undefined },
    stated: async () => new Map(),
    machine: () => undefined,
    // A container's name goes with it.
    async resolve() {
      if (!ollama.up) throw new Error("ENOTFOUND");
      return ["172.18.0.3"];
    },
  });
  const pricer = createCallPricer({ book: { rateFor: () => undefined }, baselineOf: () => undefined });
  const ledger = createUsageLedger(store.db, clock, pricer.price);
  const writer = createCallWriter({ ledger, pricer, registry, openclaw: openclaw as OpenClaw, clock });
  const called = (id: string, more: Partial<ObservedCall> = {}): ObservedCall => ({
    ...{ id, at: time.now, sessionKey: "agent:main:discord:channel:1", agentId: "main", cause: "chat" },
    ...{ model: { provider: "ollama", model: "qwen3:8b" }, durationMs: 10, outcome: "answered", fallback: false },
    tokens: { input: 100, output: 10, cacheRead: 0, cacheWrite: 0 },
    ...more,
  });
  return {
    ...{ ollama, registry, pricer, ledger, writer, called, clock },
    /** Until the monitor has noticed how its server is. */
    async pass() {
      for (const _ of [1, 2, 3]) {
        time.now += 20_000;
        await registry.current();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
}

const LOCAL = { locality: "local", rate: { source: "local" } };

describe("where a call ran", () => {
  it.each([
    ["an address", "127.0.0.1"],
    ["a name that leads nowhere then", "ollama"],
  ])("is known of a server at %s that went down: its failed tries are local, in no budget", async (_, host) => {
    const { ollama, registry, ledger, writer, called, clock, pass } = await lab({ host });
    await registry.current();
    ollama.up = false;
    await pass();
    expect(registry.find(called("").model)).toMatchObject({ locality: { kind: "unknown" }, bookedAs: "local" });
    await writer.write([called("tried", { outcome: "failed", tokens: undefined }), called("said")]);
    expect(await allCalls(ledger)).toMatchObject([LOCAL, { ...LOCAL, usd: 0 }]);
    const spend = await createSpendReader(ledger, "UTC", clock)({ period: "day", usdCents: 500 });
    expect(spend).toMatchObject({ usd: 0, unsized: 0, unpriced: 0 });
  });

  it("is judged anew, once its server can be asked, for calls of which it was not known", async () => {
    const { ollama, registry, pricer, ledger, writer, called, pass } = await lab({ up: false });
    await writer.write([called("first"), called("tried", { outcome: "failed", tokens: undefined })]);
    const cloud = { ...called("asked"), model: { provider: "relay", model: "big" } };
    await writer.write([cloud]);
    expect((await allCalls(ledger)).map(({ locality }) => locality)).toEqual(["unknown", "unknown", "unknown"]);

    ollama.up = true;
    await pass();
    const by = { pricer, registry };
    expect(await previewReprice(ledger.calls(ALL_TIME), by)).toMatchObject([
      {
        model: "ollama/qwen3:8b",
        calls: 2,
        changed: 2,
        foundLocal: 2,
        before: { unpriced: 1 },
        after: { unpriced: 0 },
      },
    ]);
    expect(await ledger.reprice((call) => repriced(call, by), ALL_TIME)).toBe(2);
    const sums = await ledger.totals({ ...ALL_TIME, by: ["locality"], zone: "UTC" });
    expect(sums.map(({ locality, calls, unsized }) => ({ locality, calls, unsized }))).toEqual(
      expect.arrayContaining([
        { locality: "local", calls: 2, unsized: 1 },
        { locality: "unknown", calls: 1, unsized: 0 },
      ]),
    );
    expect(await ledger.reprice((call) => repriced(call, by), ALL_TIME)).toBe(0);

    ollama.up = false;
    await pass();
    expect(await ledger.reprice((call) => repriced(call, by), ALL_TIME)).toBe(0);
  });
});
