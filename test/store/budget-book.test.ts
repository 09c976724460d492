import { describe, expect, it } from "vitest";
import { createAlertBox } from "../../src/store/alert-box.ts";
import { createBudgetBook } from "../../src/store/budget-book.ts";
import { createLeases } from "../../src/store/leases.ts";
import { createLockJournal } from "../../src/store/lock-journal.ts";
import { DATABASES, newDatabase } from "./databases.ts";
import { openTemp } from "./temp-store.ts";

const ME = { actor: "discord:owner", place: "agent:main:discord:channel:1" };

describe.each(DATABASES)("on %s", (database) => {
  async function open() {
    const { store, time } = await openTemp(await newDatabase(database));
    const clock = () => time.now;
    return { db: store.db, time, clock, book: createBudgetBook(store.db, clock), box: createAlertBox(store.db, clock) };
  }

  it("the budget is the one that was set last, and none after it was taken away", async () => {
    const { book, time } = await open();
    expect(await book.current()).toBeUndefined();
    const first = await book.set({ period: "day", usdCents: 500 }, ME);
    expect(await book.current()).toEqual({ ...ME, id: first.id, at: 1_000, period: "day", usdCents: 500 });
    time.now = 2_000;
    const second = await book.set({ period: "month", usdCents: 100_000_000 }, { actor: "slack:U1", place: undefined });
    expect(second.id).toBeGreaterThan(first.id);
    expect(await book.current()).toEqual({
      ...{ id: second.id, at: 2_000, actor: "slack:U1", place: undefined },
      ...{ period: "month", usdCents: 100_000_000 },
    });
    await book.clear(ME);
    expect(await book.current()).toBeUndefined();
  });

  it("a period keeps the lock that it began after, whatever becomes of it", async () => {
    const { book } = await open();
    const period = { budgetId: 3, starts: 1_774_652_400_000, afterLock: 7, state: "exceeded" } as const;
    expect(await book.period(3, period.starts)).toBeUndefined();
    await book.note(period);
    await book.note({ ...period, budgetId: 4 });
    await book.note({ ...period, afterLock: 99, state: "locked" });
    expect(await book.period(3, period.starts)).toEqual({ ...period, state: "locked" });
    expect(await book.openPeriods()).toHaveLength(2);
    await book.note({ ...period, state: "over" });
    expect(await book.openPeriods()).toEqual([{ ...period, budgetId: 4 }]);
  });

  it("an alert is put down once, waits until it is told, and is a mark until it is forgotten", async () => {
    const { box, time } = await open();
    const added = await Promise.all(Array.from({ length: 8 }, () => box.add("b", { n: 1 })));
    expect(added.filter(Boolean)).toHaveLength(1);
    time.now = 2_000;
    expect(await box.add("a", { text: "模型 'x'" })).toBe(true);
    expect(await box.waiting()).toEqual([
      { key: "b", at: 1_000, alert: { n: 1 }, reached: [] },
      { key: "a", at: 2_000, alert: { text: "模型 'x'" }, reached: [] },
    ]);
    await box.reached("b", ["discord:1"]);
    await box.settle("a", "told");
    expect(await box.waiting()).toEqual([{ key: "b", at: 1_000, alert: { n: 1 }, reached: ["discord:1"] }]);
    await box.settle("b", "dropped");
    expect(await box.waiting()).toEqual([]);
    expect([await box.has("a"), await box.add("a", {}), await box.has("c")]).toEqual([true, false, false]);
    await box.forget(2_000);
    expect([await box.has("a"), await box.has("b")]).toEqual([true, false]);
  });

  it("what followed a change of the lock is told in order, without what failed", async () => {
    const { db, clock } = await open();
    const journal = createLockJournal(db, clock);
    await createLeases(db, clock).hold("lock", async (lease) => {
      const notes = journal.heldBy(lease);
      const entry = { lockId: "l1", actor: "discord:1", details: {} };
      const first = await notes.begin({ ...entry, wanted: "on" });
      const failed = await notes.begin({ ...entry, wanted: "on" });
      await notes.settle(failed.id, "failed");
      const last = await notes.begin({ ...entry, wanted: "off" });
      expect((await journal.after(0)).map(({ id }) => id)).toEqual([first.id, last.id]);
      expect((await journal.after(first.id)).map(({ id }) => id)).toEqual([last.id]);
      expect(await journal.after(last.id)).toEqual([]);
    });
  });
});
