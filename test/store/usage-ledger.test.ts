import { describe, expect, it } from "vitest";
import type { UsageCall } from "../../src/models/usage-call.ts";
import { createUsageLedger } from "../../src/store/usage-ledger.ts";
import type { UsageGroup } from "../../src/store/usage-totals.ts";
import { DATABASES, newDatabase } from "./databases.ts";
import { openTemp, startStoreChild } from "./temp-store.ts";
import {
  ALL_TIME,
  allCalls,
  asFound,
  bothRollups,
  DAY,
  HOUR,
  MINUTE,
  START,
  totalsOf,
  usageCall,
} from "./usage-calls.ts";

const unsized = (number: number) => usageCall(number, { tokens: undefined, usd: undefined });
const numbers = (count: number) => Array.from({ length: count }, (_, number) => number);

describe.each(DATABASES)("on %s", (database) => {
  async function open(url?: string) {
    const { store, time, url: opened } = await openTemp(url ?? (await newDatabase(database)));
    time.now = START + 400 * DAY;
    const ledger = createUsageLedger(store.db, () => time.now);
    const expectTrueRollups = async (zones: number) => {
      const slots = await bothRollups(store.db, "usage_slots");
      expect(slots.stored).toEqual(slots.made);
      const days = await bothRollups(store.db, "usage_days");
      if (zones === 1) expect(days.stored).toEqual(days.made);
    };
    return { store, db: store.db, ledger, time, url: opened, expectTrueRollups };
  }

  describe("a call", () => {
    it("comes back as it was written", async () => {
      const { ledger } = await open();
      const calls = numbers(40).map((number) => usageCall(number));
      expect(await ledger.record(calls)).toEqual({ added: 40, completed: 0, tooOld: 0 });
      expect(await allCalls(ledger)).toEqual(calls);
    });

    it("keeps what is odd: long keys, other scripts, no channel, no duration, aborted, no price of cache", async () => {
      const { ledger } = await open();
      const odd = usageCall(3, {
        sessionKey: `agent:main:slack:channel:${"模".repeat(480)}`,
        model: { provider: "openrouter", model: "meta/llama:free '\"%_" },
        channel: undefined,
        durationMs: undefined,
        outcome: "aborted",
        locality: "unknown",
        rate: { input: 1 / 3, output: 0, cacheRead: undefined, cacheWrite: 0, source: "openclaw", date: "2026-11-22" },
        usd: 0.000_000_000_001,
      });
      await ledger.record([odd]);
      expect(await allCalls(ledger)).toEqual([odd]);
    });

    it("is counted once, however often it is reported", async () => {
      const { ledger, expectTrueRollups } = await open();
      const calls = [usageCall(1), usageCall(1), usageCall(2)];
      expect(await ledger.record(calls)).toEqual({ added: 2, completed: 0, tooOld: 0 });
      expect(await ledger.record(calls)).toEqual({ added: 0, completed: 0, tooOld: 0 });
      expect(await allCalls(ledger)).toHaveLength(2);
      await expectTrueRollups(0);
    });

    it("of unknown size takes the size that is reported later, and never loses it", async () => {
      const { ledger, expectTrueRollups } = await open();
      await ledger.keepDays("UTC");
      await ledger.record([unsized(0), unsized(3)]);
      expect(await ledger.record([usageCall(3), unsized(0)])).toEqual({ added: 0, completed: 1, tooOld: 0 });
      await expectTrueRollups(1);
      expect(await ledger.record([unsized(3)])).toEqual({ added: 0, completed: 0, tooOld: 0 });
      expect(await allCalls(ledger)).toEqual([unsized(0), usageCall(3)]);
      const [sum] = await ledger.totals({ ...ALL_TIME, by: [], zone: "UTC" });
      expect(sum).toMatchObject({ calls: 2, unsized: 1, unpriced: 0, usd: usageCall(3).usd });
    });

    it("is told of when it is new, and again when more is known of it, but not when nothing is", async () => {
      const { ledger } = await open();
      const told: string[][] = [];
      const report = (...calls: ReturnType<typeof usageCall>[]) =>
        ledger.record(calls, (some) => told.push(some.map(({ id, tokens }) => `${id} ${tokens?.input}`)));
      const before = await ledger.version();
      await report(unsized(3), usageCall(6));
      await report(unsized(3), usageCall(6));
      await report(usageCall(3), usageCall(6));
      expect(told).toEqual([["message-3 undefined", "message-6 1006"], ["message-3 1003"]]);
      expect(await ledger.version()).not.toBe(before);
    });

    it("that is completed keeps what the second report leaves open, also within one writing", async () => {
      const { db, time, expectTrueRollups } = await open();
      const ledger = createUsageLedger(
        db,
        () => time.now,
        () => price,
      );
      await ledger.keepDays("UTC");
      // Asked since only the first report knows where it ran.
      const { rate, usd } = usageCall(3);
      const price = { rate, usd, baseline: undefined };
      const live = (number: number) => ({ ...unsized(number), fallback: true, locality: "cloud" as const });
      const late = (number: number) => ({
        ...usageCall(number),
        model: { provider: "anthropic", model: "claude-opus-5" },
        at: usageCall(number).at + 20 * MINUTE,
        channel: undefined,
        durationMs: undefined,
        locality: "unknown" as const,
        fallback: false,
      });
      const both = (number: number) => ({
        ...late(number),
        ...price,
        channel: usageCall(number).channel,
        durationMs: usageCall(number).durationMs,
        locality: "cloud",
        fallback: true,
      });
      await ledger.record([live(1), live(2), late(2)]);
      expect(await ledger.record([late(1)])).toMatchObject({ completed: 1 });
      expect(await allCalls(ledger)).toEqual([both(1), both(2)]);
      await expectTrueRollups(1);
      // Nothing is left where it was counted before.
      const models = await ledger.totals({ ...ALL_TIME, by: ["model"], zone: "UTC" });
      expect(models).toMatchObject([{ model: { model: "claude-opus-5" }, calls: 2 }]);
    });

    it.each([
      ["a negative size", { tokens: { input: -1, output: 1, cacheRead: 0, cacheWrite: 0 } }, { unsized: 1 }],
      ["a broken size", { tokens: { input: 1, output: 0.5, cacheRead: 0, cacheWrite: 0 } }, { unsized: 1 }],
      ["no number", { tokens: { input: Number.NaN, output: 0, cacheRead: 0, cacheWrite: 0 } }, { unsized: 1 }],
      ["a size beyond all", { tokens: { input: 1e300, output: 0, cacheRead: 0, cacheWrite: 0 } }, { unsized: 1 }],
      ["a price beyond all", { usd: 1e9 }, { unpriced: 1 }],
      ["a negative price", { usd: -1 }, { unpriced: 1 }],
      ["a duration beyond all", { durationMs: Number.POSITIVE_INFINITY }, { timed: 1 }],
    ])("with %s is one of unknown size or price, and spoils nothing", async (_, more, expected) => {
      const { ledger, expectTrueRollups } = await open();
      await ledger.record([usageCall(3, more), usageCall(6)]);
      await ledger.record([usageCall(3, more), usageCall(6)]);
      expect(await ledger.totals({ ...ALL_TIME, by: [], zone: "UTC" })).toMatchObject([{ calls: 2, ...expected }]);
      await expectTrueRollups(0);
    });
  });

  describe("totals", () => {
    const zone = "Europe/Berlin";
    const period = { from: START + 30 * HOUR, to: START + 5 * DAY };

    it.each<[string, readonly UsageGroup[]]>([
      ["all in one", []],
      ["each day", ["day"]],
      ["each model", ["model"]],
      ["each day and locality", ["day", "locality"]],
      ["who prices them", ["prices", "baseline"]],
      ["all at once", ["day", "model", "agent", "cause", "channel", "locality", "prices", "baseline"]],
    ])("by %s are those of the rows, with and without kept days, for everything and for a part", async (_, by) => {
      const { ledger } = await open();
      const calls = numbers(1_100).map((number) => usageCall(number));
      await ledger.record(calls);
      const scopes = [undefined, { agentId: "a1" }, { sessionKey: "agent:a1:discord:channel:3" }];
      for (const kept of [false, true]) {
        if (kept) await ledger.keepDays(zone);
        for (const scope of scopes) {
          const query = { ...period, by, zone, scope };
          expect(asFound(await ledger.totals(query), by)).toEqual(totalsOf(calls, query));
        }
      }
    });

    it("come with their days in order, then the largest first", async () => {
      const { ledger } = await open();
      await ledger.record(numbers(600).map((number) => usageCall(number)));
      const totals = await ledger.totals({ ...period, from: START, by: ["locality", "day"], zone });
      const order = totals.map(({ day, locality }) => `${day} ${locality}`);
      expect(order.slice(0, 4)).toEqual([
        "2026-03-28 local",
        "2026-03-28 cloud",
        "2026-03-29 local",
        "2026-03-29 cloud",
      ]);
      // A day of 23 hours.
      expect(totals.slice(2, 4).reduce((sum, { calls }) => sum + calls, 0)).toBe(Math.round((23 * 60) / 7));
    });

    it("of nothing are one row of zeros, or none where they are told apart", async () => {
      const { ledger } = await open();
      expect(await ledger.totals({ ...period, by: [], zone })).toMatchObject([{ calls: 0, usd: 0 }]);
      expect(await ledger.totals({ ...period, by: ["day"], zone })).toEqual([]);
      expect(await ledger.totals({ from: 5, to: 5, by: [], zone })).toMatchObject([{ calls: 0 }]);
      const unknown = { ...period, by: [], zone, scope: { sessionKey: "nobody" } };
      expect(await ledger.totals(unknown)).toMatchObject([{ calls: 0 }]);
    });

    it("are widened to a quarter of an hour, and to all of today where they reach the present", async () => {
      const { ledger, time } = await open();
      const at = (minute: number) => usageCall(minute, { at: START + minute * MINUTE });
      await ledger.record([at(14), at(15), at(29), at(30), at(300)]);
      const calls = async (from: number, to: number) =>
        (await ledger.totals({ from: START + from * MINUTE, to: START + to * MINUTE, by: [], zone }))[0]?.calls;
      expect(await calls(16, 17)).toBe(2);
      expect(await calls(15, 30)).toBe(2);
      time.now = START + 40 * MINUTE;
      expect(await calls(15, 41)).toBe(4);
    });

    it("add up cents exactly, beyond what a number can hold of picodollars", async () => {
      const { ledger } = await open();
      await ledger.keepDays(zone);
      const calls = numbers(30).map((number) => usageCall(number * 3, { usd: 999.000_000_000_001 }));
      await ledger.record(calls);
      for (const by of [[], ["day"], ["model"]] as const) {
        const totals = await ledger.totals({ ...period, from: START, by, zone });
        expect(totals.reduce((sum, { usd }) => sum + usd, 0)).toBeCloseTo(29_970, 8);
      }
    });

    it("in no zone are refused", async () => {
      const { ledger } = await open();
      const totals = ledger.totals({ ...period, by: [], zone: "Mars/Base" });
      await expect(totals).rejects.toMatchObject({ code: "bad_config" });
      await expect(ledger.keepDays("Mars/Base")).rejects.toMatchObject({ code: "bad_config" });
    });
  });

  describe("kept days", () => {
    it("are added up anew where the rules of the zones have changed", async () => {
      const { ledger, db, url } = await open();
      await ledger.record(numbers(300).map((number) => usageCall(number)));
      await ledger.keepDays("Asia/Kathmandu");
      await ledger.keepDays("Asia/Kathmandu");
      await db.updateTable("usage_days").set({ calls: 7n }).execute();
      await db.updateTable("usage_zones").set({ rules: "1999z" }).execute();
      const again = await open(url);
      await again.ledger.keepDays("Asia/Kathmandu");
      await again.expectTrueRollups(1);
    });

    it("of several zones are kept for many calls at once, each of another session and day", async () => {
      const { ledger, expectTrueRollups } = await open();
      for (const zone of ["Pacific/Chatham", "America/St_Johns", "UTC"]) await ledger.keepDays(zone);
      const calls = numbers(500).map((number) =>
        usageCall(number, { at: START - number * DAY, sessionKey: `s${number}`, agentId: `agent${number}` }),
      );
      await ledger.record(calls.map((call) => ({ ...call, tokens: undefined, usd: undefined })));
      expect(await ledger.record(calls.map((call) => ({ ...call, at: call.at - 3 * DAY })))).toMatchObject({
        completed: 500,
      });
      const [sum] = await ledger.totals({ ...ALL_TIME, by: [], zone: "UTC" });
      expect(sum).toMatchObject({ calls: 500, unsized: 0 });
      await expectTrueRollups(3);
    });

    it("of several zones are kept at the same time, of a past of years as well", async () => {
      const { ledger } = await open();
      const calls = numbers(300).map((number) => usageCall(number, { at: START - number * 2 * DAY - 3 * HOUR }));
      await ledger.record(calls.slice(0, 150));
      for (const zone of ["Pacific/Chatham", "America/St_Johns"]) await ledger.keepDays(zone);
      await ledger.record(calls.slice(150));
      for (const zone of ["Pacific/Chatham", "America/St_Johns", "Asia/Tokyo"]) {
        const query = { from: START - 700 * DAY, to: START + DAY, by: ["day"], zone } as const;
        expect(asFound(await ledger.totals(query), query.by)).toEqual(totalsOf(calls, query));
      }
    });
  });

  describe("pricing anew", () => {
    it("changes prices and sums, of the period and of known size only, and says how many", async () => {
      const { ledger, expectTrueRollups } = await open();
      await ledger.keepDays("UTC");
      const calls = numbers(1_200).map((number) => (number === 4 ? unsized(4) : usageCall(number)));
      await ledger.record(calls);
      const rate = { input: 1, output: 1, cacheRead: 1, cacheWrite: 1, source: "override", date: "2026-04-01" };
      const free = (call: { model: { provider: string } }) => (call.model.provider === "ollama" ? 0 : 0.25);
      const period = { from: START, to: usageCall(1_100).at };
      const baseline = { model: { provider: "anthropic", model: "claude-5" }, low: 0.5, high: 0.75, prices: "x, 2026" };
      const price = (call: UsageCall) => ({ locality: call.locality, rate, usd: free(call), baseline });
      expect(await ledger.reprice(price, period)).toBe(1_100);
      expect(await ledger.reprice(price, period)).toBe(0);
      await expectTrueRollups(1);
      const expected = calls.map((call, number) =>
        number >= 1_100 ? call : { ...call, ...(call.tokens === undefined ? { ...call, rate } : price(call)) },
      );
      expect(await allCalls(ledger)).toEqual(expected);
      const [sum] = await ledger.totals({ ...period, by: ["baseline"], zone: "UTC" });
      expect(sum).toMatchObject({ baseline: { prices: "x, 2026" }, based: 1_099, baseLow: 549.5, baseHigh: 824.25 });
      const unpriced = { rate: undefined, usd: undefined, baseline: undefined };
      await ledger.reprice(({ locality }) => ({ locality, ...unpriced }), ALL_TIME);
      expect(await ledger.totals({ ...ALL_TIME, by: [], zone: "UTC" })).toMatchObject([{ unpriced: 1_199, usd: 0 }]);
      await expectTrueRollups(1);
    });
  });

  describe("retention", () => {
    it("deletes old calls, keeps the sums, and does not count again what is read again", async () => {
      const { ledger, time } = await open();
      const calls = numbers(1_500).map((number) => usageCall(number));
      await ledger.record(calls);
      const before = await ledger.totals({ ...ALL_TIME, by: ["day", "model"], zone: "UTC" });
      time.now = usageCall(1_000).at + 10 * DAY;
      expect(await ledger.retain(0)).toBe(0);
      expect(await ledger.retain(10)).toBe(1_000);
      expect(await ledger.retain(10)).toBe(0);
      expect(await allCalls(ledger)).toEqual(calls.slice(1_000));
      expect(await ledger.record(calls)).toEqual({ added: 0, completed: 0, tooOld: 1_000 });
      expect(await ledger.totals({ ...ALL_TIME, by: ["day", "model"], zone: "UTC" })).toEqual(before);
    });

    it("lets old calls in where none were deleted", async () => {
      const { ledger, time } = await open();
      time.now = START + 900 * DAY;
      expect(await ledger.retain(30)).toBe(0);
      expect(await ledger.record([usageCall(1)])).toMatchObject({ added: 1 });
    });
  });

  it("calls come in order, of a session, an agent, a period", async () => {
    const { ledger } = await open();
    const calls = numbers(1_100).map((number) => usageCall(number, number < 20 ? { at: START } : {}));
    await ledger.record(calls);
    const some = async (query: Partial<Parameters<typeof ledger.calls>[0]>) =>
      Array.fromAsync(ledger.calls({ ...ALL_TIME, ...query }));
    expect(await some({})).toEqual(calls);
    expect(await some({ scope: { agentId: "a1" } })).toEqual(calls.filter(({ agentId }) => agentId === "a1"));
    const sessionKey = "agent:a0:discord:channel:2";
    expect(await some({ scope: { sessionKey } })).toEqual(calls.filter((call) => call.sessionKey === sessionKey));
    expect(await some({ from: usageCall(50).at, to: usageCall(60).at })).toEqual(calls.slice(50, 60));
  });

  it("cursors and sessions are remembered", async () => {
    const { ledger } = await open();
    expect(await ledger.cursor("transcripts:a")).toBeUndefined();
    await ledger.setCursor("transcripts:a", "1");
    await ledger.setCursor("transcripts:a", "2");
    await ledger.setCursor("transcripts:b", "x");
    expect([await ledger.cursor("transcripts:a"), await ledger.cursor("transcripts:b")]).toEqual(["2", "x"]);
    await ledger.record([usageCall(2), usageCall(1), usageCall(11)]);
    await ledger.record([usageCall(1)]);
    expect(await ledger.sessionsSeen()).toEqual([
      { sessionKey: usageCall(11).sessionKey, lastAt: usageCall(11).at },
      { sessionKey: usageCall(2).sessionKey, lastAt: usageCall(2).at },
    ]);
  });

  it("several processes that report the same calls at once count each of them once", async () => {
    const { ledger, url, expectTrueRollups } = await open();
    const children = numbers(3).map(() => startStoreChild("record-calls", url));
    for (const child of children) expect(await child.line()).toBe("ready");
    for (const child of children) child.process.stdin.write("go\n");
    for (const child of children) expect(await child.end()).toEqual(["closed"]);
    expect(await allCalls(ledger)).toEqual(numbers(1_000).map((number) => usageCall(number)));
    await expectTrueRollups(1);
  });

  it.each([1, 12])(
    "kill -9 of a writer after %d writings: rows and sums agree, and writing again adds the rest",
    async (writings) => {
      const url = await newDatabase(database);
      const child = startStoreChild("record-forever", url);
      let reported = 0;
      while (reported < writings * 20) reported = Number((await child.line())?.split(" ")[1]);
      child.process.kill("SIGKILL");
      for (const line of await child.end()) reported = Number(line.split(" ")[1]);

      const { ledger, expectTrueRollups } = await open(url);
      const found = await allCalls(ledger);
      expect(found.filter(({ tokens }) => tokens !== undefined).length).toBeGreaterThanOrEqual(reported);
      await expectTrueRollups(1);
      const all = numbers(reported + 40).map((number) => usageCall(number));
      await ledger.record(all);
      expect(await allCalls(ledger)).toEqual(all);
      await expectTrueRollups(1);
    },
  );
});
