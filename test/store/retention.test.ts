import { pino } from "pino";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { startRetention } from "../../src/store/retention.ts";
import { createUsageLedger } from "../../src/store/usage-ledger.ts";
import { DATABASES, newDatabase } from "./databases.ts";
import { openTemp } from "./temp-store.ts";
import { allCalls, usageCall } from "./usage-calls.ts";

describe.each(DATABASES)("on %s", (database) => {
  const DAY = 86_400_000;
  const logger = pino({ level: "silent" });
  afterEach(() => vi.useRealTimers());

  async function lab() {
    const { store, time } = await openTemp(await newDatabase(database));
    const audit = createAuditLog(store.db, () => time.now);
    const append = async (day: number) => {
      time.now = day * DAY;
      await audit.append({ actor: "a", action: "x", result: "ok" });
    };
    const ledger = createUsageLedger(store.db, () => time.now);
    await ledger.keepDays("UTC");
    const call = (day: number) => ledger.record([usageCall(day, { at: day * DAY })]);
    const days = async () => (await audit.list()).map(({ at }) => at / DAY);
    const callDays = async () => (await allCalls(ledger)).map(({ at }) => at / DAY);
    const counted = async () => (await ledger.totals({ from: 0, to: time.now, by: [], zone: "UTC" }))[0]?.calls;
    const parts = { audit, auditDays: 7, ledger, usageDays: 4, clock: () => time.now, logger };
    return { parts, time, append, call, days, callDays, counted };
  }

  describe("retention", () => {
    it("deletes what is older at the start, and again each day", async () => {
      const { parts, append, call, days, callDays, counted, time } = await lab();
      for (const day of [1, 5, 9]) await append(day);
      for (const day of [1, 5, 9]) await call(day);
      time.now = 10 * DAY;
      vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
      const stop = startRetention(parts);
      await vi.waitFor(async () => expect([await days(), await callDays()]).toEqual([[9, 5], [9]]));
      time.now = 14 * DAY;
      vi.advanceTimersByTime(DAY);
      await vi.waitFor(async () => expect([await days(), await callDays()]).toEqual([[9], []]));
      await stop();
      time.now = 30 * DAY;
      vi.advanceTimersByTime(2 * DAY);
      expect(await days()).toEqual([9]);
      // Sums stay.
      expect(await counted()).toBe(3);
    });

    it("keeps everything with 0", async () => {
      const { parts, append, call, days, callDays, time } = await lab();
      await append(1);
      await call(1);
      time.now = 10_000 * DAY;
      await startRetention({ ...parts, auditDays: 0, usageDays: 0 })();
      expect([await days(), await callDays()]).toEqual([[1], [1]]);
      await startRetention({ ...parts, auditDays: 0, usageDays: 7 })();
      expect([await days(), await callDays()]).toEqual([[1], []]);
    });

    it("survives a store that fails, and goes on with the next", async () => {
      const { parts, call, callDays, time } = await lab();
      await call(1);
      time.now = 10 * DAY;
      const audit = { prune: () => Promise.reject(new Error("full")) } as never;
      await expect(startRetention({ ...parts, audit })()).resolves.toBeUndefined();
      expect(await callDays()).toEqual([]);
    });
  });
});
