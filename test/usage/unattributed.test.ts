import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { modelConfigOf } from "../../src/openclaw/model-config.ts";
import type { ModelRegistry } from "../../src/registry/model-registry.ts";
import { createUsageLedger } from "../../src/store/usage-ledger.ts";
import { createWallTraffic } from "../../src/store/wall-traffic.ts";
import { createUnattributed } from "../../src/usage/unattributed.ts";
import type { WallStatus } from "../../src/wall/wall-status.ts";
import { openTemp } from "../store/temp-store.ts";
import { usageCall } from "../store/usage-calls.ts";

const NOON = Date.UTC(2026, 10, 28, 12);
const HOUR = 60 * 60_000;
const DAY = { from: NOON - 24 * HOUR, to: NOON };

const CONFIG = {
  models: {
    providers: {
      anthropic: { models: [{ id: "claude-sonnet-5" }] },
      ollama: { baseUrl: "http://tower.local:11434", models: [{ id: "qwen3:8b" }] },
      relay: { baseUrl: "http://127.0.0.1:4000", models: [{ id: "gpt" }] },
      farm: { baseUrl: "https://farm.example/v1", models: [{ id: "big" }] },
      "clutch-canary": { baseUrl: "http://canary.example", models: [{ id: "canary" }] },
    },
  },
};
const localities = { anthropic: "cloud", ollama: "local", relay: "unknown", farm: "cloud" } as const;

async function setUp() {
  const { store, time } = await openTemp();
  const ledger = createUsageLedger(store.db, () => time.now);
  const modelConfig = modelConfigOf(CONFIG);
  const models = Object.entries(localities).map(([provider, kind]) => ({
    ref: { provider, model: modelConfig.providers.get(provider)?.models.keys().next().value ?? "" },
    locality: { kind, evidence: "" },
  }));
  let hosts: Record<string, number> | undefined = {};
  const unattributed = createUnattributed({
    wall: {
      status: async () =>
        hosts &&
        ({ startedAt: 1, hosts: Object.entries(hosts).map(([host, passed]) => ({ host, passed })) } as WallStatus),
    },
    traffic: createWallTraffic(store.db, () => time.now),
    ledger,
    registry: { known: () => undefined, current: async () => ({ models, modelConfig }) } as unknown as Pick<
      ModelRegistry,
      "known" | "current"
    >,
    servers: {},
    clock: () => time.now,
    logger: pino({ level: "silent" }),
  });
  /** The wall counted these until a moment, all since the look before. */
  const passed = async (at: number, counts: typeof hosts) => {
    [time.now, hosts] = [at, counts];
    await unattributed.follow()();
  };
  await passed(NOON - 12 * HOUR, {});
  return { unattributed, ledger, passed, time };
}

describe("connections that no call accounts for", () => {
  it("are those to a cloud provider that are more than its calls, whether these were answered or not", async () => {
    const { unattributed, ledger, passed, time } = await setUp();
    await ledger.record([
      usageCall(0, { at: NOON - 6 * HOUR }),
      usageCall(3, { at: NOON - 5 * HOUR, tokens: undefined, outcome: "failed" }),
      usageCall(1, { at: NOON - 5 * HOUR }),
    ]);
    await passed(NOON - 3 * HOUR, { "api.anthropic.com": 5, "farm.example": 1, "discord.com": 9, "tower.local": 9 });
    time.now = NOON;
    expect(await unattributed.between(DAY)).toEqual([
      { host: "api.anthropic.com", connections: 3 },
      { host: "farm.example", connections: 1 },
    ]);
  });

  it("are none where several calls may have shared one, and of the last hour, in which calls may still run", async () => {
    const { unattributed, ledger, passed, time } = await setUp();
    await ledger.record([0, 3, 6].map((number) => usageCall(number, { at: NOON - 6 * HOUR })));
    await passed(NOON - 4 * HOUR, { "api.anthropic.com": 2 });
    await passed(NOON - 10 * 60_000, { "api.anthropic.com": 90 });
    time.now = NOON;
    expect(await unattributed.between(DAY)).toEqual([]);
    time.now = NOON + 2 * HOUR;
    expect(await unattributed.between({ from: DAY.from, to: time.now })).toEqual([
      { host: "api.anthropic.com", connections: 87 },
    ]);
  });

  it("are of vendors that are not configured too, and never of what answers nearby or is Clutch's own", async () => {
    const { unattributed, passed, time } = await setUp();
    const counts = { "API.openai.com": 2, "127.0.0.1": 50, "192.168.1.9": 50, "canary.example": 50, "tower.local": 50 };
    await passed(NOON - 4 * HOUR, counts);
    time.now = NOON;
    expect(await unattributed.between(DAY)).toEqual([{ host: "API.openai.com", connections: 2 }]);
  });

  it("are none where no wall runs", async () => {
    const { unattributed, passed, time } = await setUp();
    await passed(NOON - 4 * HOUR, undefined);
    time.now = NOON;
    expect(await unattributed.between(DAY)).toEqual([]);
  });
});
