import { pino } from "pino";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { startRetention } from "../../src/store/retention.ts";
import { DATABASES, newDatabase } from "./databases.ts";
import { openTemp } from "./temp-store.ts";

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
    const days = async () => (await audit.list()).map(({ at }) => at / DAY);
    return { audit, time, append, days, clock: () => time.now };
  }

  describe("retention", () => {
    it("deletes what is older at the start, and again each day", async () => {
      const { audit, append, days, time, clock } = await lab();
      for (const day of [1, 5, 9]) await append(day);
      time.now = 10 * DAY;
      vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
      const stop = startRetention({ audit, days: 7, clock, logger });
      await vi.waitFor(async () => expect(await days()).toEqual([9, 5]));
      time.now = 13 * DAY;
      vi.advanceTimersByTime(DAY);
      await vi.waitFor(async () => expect(await days()).toEqual([9]));
      await stop();
      time.now = 30 * DAY;
      vi.advanceTimersByTime(2 * DAY);
      expect(await days()).toEqual([9]);
    });

    it("keeps everything with 0", async () => {
      const { audit, append, days, time, clock } = await lab();
      await append(1);
      time.now = 10_000 * DAY;
      await startRetention({ audit, days: 0, clock, logger })();
      expect(await days()).toEqual([1]);
    });

    it("survives a store that fails", async () => {
      const stop = startRetention({
        audit: { prune: () => Promise.reject(new Error("full")) } as never,
        days: 7,
        clock: () => 10 * DAY,
        logger,
      });
      await expect(stop()).resolves.toBeUndefined();
    });
  });
});
