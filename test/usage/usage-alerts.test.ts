import { describe, expect, it } from "vitest";
import { parseModelRef } from "../../src/models/model-ref.ts";
import type { UsageCall } from "../../src/models/usage-call.ts";
import { createAlertBox } from "../../src/store/alert-box.ts";
import { createUsageLedger } from "../../src/store/usage-ledger.ts";
import { createUsageAlerts, type SelectedModel } from "../../src/usage/usage-alerts.ts";
import { DATABASES, newDatabase } from "../store/databases.ts";
import { openTemp } from "../store/temp-store.ts";
import { usageCall } from "../store/usage-calls.ts";

const NOON = Date.parse("2026-11-22T12:00+01:00");
const DAY = 24 * 60 * 60_000;
const KEY = "agent:main:discord:channel:1";
const QWEN = { provider: "ollama", model: "qwen3:8b" };
const SONNET = { provider: "anthropic", model: "claude-sonnet-5" };

describe.each(DATABASES)("on %s", (database) => {
  async function open(more: { idlePerDay?: number; hasBudget?: boolean; selected?: SelectedModel | null } = {}) {
    const { store, time } = await openTemp(await newDatabase(database));
    time.now = NOON;
    const clock = () => time.now;
    const ledger = createUsageLedger(store.db, clock);
    const box = createAlertBox(store.db, clock);
    let asked = 0;
    const start = () =>
      createUsageAlerts({
        ...{ box, ledger, clock, zone: "Europe/Berlin" },
        idlePerDay: more.idlePerDay ?? 1,
        hasBudget: async () => more.hasBudget ?? false,
        async selected() {
          asked += 1;
          return more.selected === null ? undefined : (more.selected ?? { model: QWEN, locality: "local" });
        },
      });
    let calls = 0;
    const alerts = { now: start() };
    return {
      time,
      asked: () => asked,
      restart() {
        alerts.now = start();
      },
      async calls(...wanted: Partial<UsageCall>[]): Promise<boolean> {
        const made = wanted.map((one) => {
          calls += 1;
          return usageCall(3, { id: `c${calls}`, at: time.now, sessionKey: KEY, cause: "chat", ...one });
        });
        await ledger.record(made);
        return alerts.now.consider(made);
      },
      waiting: async () => (await box.waiting()).map(({ alert }) => alert),
    };
  }

  describe("a cloud model that stood in for a local one", () => {
    it("is told once a day for each conversation and model, over restarts too", async () => {
      const { calls, waiting, restart, time } = await open();
      expect(await calls({ fallback: true })).toBe(true);
      restart();
      expect(await calls({ fallback: true }, { fallback: true })).toBe(false);
      expect(await waiting()).toEqual([
        {
          ...{ kind: "fallback", sessionKey: KEY, model: SONNET, locality: "cloud", at: NOON },
          selected: { model: QWEN, locality: "local" },
        },
      ]);
      expect(await calls({ fallback: true, sessionKey: "agent:main:slack:channel:c2" })).toBe(true);
      expect(await calls({ fallback: true, model: { provider: "openai", model: "gpt-6" } })).toBe(true);
      time.now += DAY;
      expect(await calls({ fallback: true })).toBe(true);
    });

    it("counts as cloud where its locality is unknown, and is no news where it is local or was asked for", async () => {
      const { calls } = await open();
      expect(await calls({ fallback: true, locality: "local" }, { fallback: false })).toBe(false);
      expect(await calls({ fallback: true, locality: "unknown" })).toBe(true);
    });

    it("is no news where the conversation is set to the cloud, and says so where nobody knows what it is set to", async () => {
      const cloud = await open({ selected: { model: SONNET, locality: "cloud" } });
      expect(await cloud.calls({ fallback: true })).toBe(false);
      expect(await cloud.calls({ fallback: true, model: QWEN, locality: "unknown" })).toBe(false);
      const unknown = await open({ selected: null });
      expect(await unknown.calls({ fallback: true })).toBe(true);
      expect(await unknown.waiting()).toMatchObject([{ kind: "fallback" }]);
      expect((await unknown.waiting())[0]).not.toHaveProperty("selected");
    });

    it("is news where nobody knows where the selected one runs, but not within its provider", async () => {
      const selected = { model: { provider: "llama", model: "qwen" }, locality: "unknown" } as const;
      const { calls, waiting } = await open({ selected });
      const other = { fallback: true, locality: "unknown" } as const;
      expect(await calls({ ...other, model: { provider: "llama", model: "gemma" } })).toBe(false);
      expect(await calls({ ...other, model: { provider: "relay", model: "gemma" } })).toBe(true);
      expect(await calls({ fallback: true })).toBe(true);
      expect(await waiting()).toMatchObject([
        { model: SONNET, locality: "cloud", selected },
        { model: { provider: "relay" }, locality: "unknown", selected },
      ]);
    });
  });

  describe("idle spend", () => {
    const beat = { cause: "heartbeat", usd: 0.6 } as const;

    it("is told once a day above the threshold, with what is not known", async () => {
      const { calls, waiting, restart, time } = await open();
      expect(await calls(beat)).toBe(false);
      expect(await calls({ cause: "chat", usd: 50 }, { ...beat, locality: "local", usd: 50 })).toBe(false);
      expect(await calls({ cause: "cron", usd: 0.4 })).toBe(false);
      expect(await calls({ cause: "cron", usd: undefined, rate: undefined }, { cause: "cron", usd: 0.01 })).toBe(true);
      restart();
      expect(await calls(beat)).toBe(false);
      expect(await waiting()).toMatchObject([
        { kind: "idle", day: "2026-11-22", limit: 1, heartbeats: 1, jobs: 3, unpriced: 1, unsized: 0 },
      ]);
      expect((await waiting())[0]).toHaveProperty("usd", 1.01);
      time.now += DAY;
      expect(await calls(beat)).toBe(false);
      expect(await calls(beat)).toBe(true);
    });

    it("belongs to the day of the call, also where it is heard of after midnight", async () => {
      const { calls, waiting, time } = await open();
      time.now = Date.parse("2026-11-23T00:00:05+01:00");
      const late = Date.parse("2026-11-22T23:59:59+01:00");
      expect(await calls({ ...beat, at: late }, { ...beat, at: late }, beat)).toBe(true);
      expect(await waiting()).toMatchObject([{ kind: "idle", day: "2026-11-22", usd: 1.2, heartbeats: 2 }]);
    });

    it("of any amount is told where the threshold is 0, and none is not", async () => {
      const { calls } = await open({ idlePerDay: 0 });
      expect(await calls({ ...beat, usd: 0 })).toBe(false);
      expect(await calls({ ...beat, usd: 0.0001 })).toBe(true);
    });
  });

  describe("what the budget cannot see", () => {
    const unpriced = { usd: undefined, rate: undefined } as const;

    it("is told once for each model, only while there is a budget", async () => {
      expect(await (await open()).calls(unpriced)).toBe(false);
      const { calls, waiting, restart, time } = await open({ hasBudget: true });
      expect(await calls(unpriced, unpriced)).toBe(true);
      time.now += 40 * DAY;
      restart();
      expect(await calls(unpriced)).toBe(false);
      expect(await calls({ ...unpriced, model: parseModelRef("openai/gpt-6") ?? SONNET })).toBe(true);
      expect(await waiting()).toMatchObject([
        { kind: "uncounted", model: SONNET, lacks: "price" },
        { kind: "uncounted", lacks: "price" },
      ]);
    });

    it("is also a call of unknown size, but for one that failed; local ones are free", async () => {
      const { calls, waiting, time } = await open({ hasBudget: true });
      const unsized = { tokens: undefined, usd: undefined } as const;
      expect(await calls({ ...unsized, outcome: "failed" }, { ...unsized, locality: "local" })).toBe(false);
      expect(await calls({ ...unsized, outcome: "aborted", locality: "unknown" })).toBe(false);
      time.now += 59_000;
      expect(await calls()).toBe(false);
      time.now += 1_000;
      expect(await calls()).toBe(true);
      expect(await calls()).toBe(false);
      expect(await waiting()).toMatchObject([{ kind: "uncounted", lacks: "size", locality: "unknown" }]);
    });

    it("is no call whose size is known a moment later", async () => {
      const { calls, waiting, time } = await open({ hasBudget: true });
      expect(await calls({ id: "late", tokens: undefined, usd: undefined })).toBe(false);
      expect(await calls({ id: "late" })).toBe(false);
      time.now += 600_000;
      expect(await calls()).toBe(false);
      expect(await waiting()).toEqual([]);
    });
  });
});
