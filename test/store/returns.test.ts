import { describe, expect, it } from "vitest";
import { createChangeJournal } from "../../src/store/change-journal.ts";
import { createReturns, type NewReturn } from "../../src/store/returns.ts";
import { DATABASES, newDatabase } from "./databases.ts";
import { openTemp } from "./temp-store.ts";

describe.each(DATABASES)("on %s", (database) => {
  const KEY = "agent:main:discord:channel:1";

  async function open() {
    const { store, time } = await openTemp(await newDatabase(database));
    const journal = createChangeJournal(store.db, () => time.now);
    const returns = createReturns(store.db);
    const change = (undoes?: number) =>
      journal.intend({ scope: "session", target: KEY, actor: "discord:1", before: null, after: "a/b", undoes });
    const entry = (changeId: number, more: Partial<NewReturn> = {}): NewReturn => ({
      sessionKey: KEY,
      backTo: null,
      expects: "a/b",
      since: 5,
      changeId,
      actor: "discord:1",
      ...more,
    });
    return { returns, journal, change, entry };
  }

  it("keeps all of an entry, with what became of its change", async () => {
    const { returns, journal, change, entry } = await open();
    const id = await change();
    const full = entry(id, { backTo: "c/d", dueAt: 99 });
    await returns.add(full);
    expect(await returns.waiting(KEY)).toEqual([{ ...full, id: 1, change: { state: "intended", undone: false } }]);
    await journal.done(id);
    expect((await returns.waiting())[0]?.change).toEqual({ state: "done", undone: false });
    await journal.done(await change(id));
    expect((await returns.waiting())[0]?.change).toEqual({ state: "done", undone: true });
    expect(await returns.waiting("another")).toEqual([]);
  });

  it("an entry belongs to a change that exists", async () => {
    const { returns, entry } = await open();
    await expect(returns.add(entry(404))).rejects.toThrow();
  });

  describe("settling", () => {
    it("gives true to exactly one of many who want the same", async () => {
      const { returns, change, entry } = await open();
      await returns.add(entry(await change()));
      const takers = await Promise.all(Array.from({ length: 8 }, () => returns.settle(1, "waiting", "done")));
      expect(takers.filter(Boolean)).toHaveLength(1);
      expect(await returns.waiting()).toEqual([]);
      expect(await returns.settle(1, "waiting", "dropped")).toBe(false);
      expect(await returns.settle(1, "done", "waiting")).toBe(true);
      expect(await returns.waiting()).toHaveLength(1);
      expect(await returns.settle(404, "waiting", "done")).toBe(false);
    });

    it("puts a new ending in the place of one that waits, and of none else", async () => {
      const { returns, change, entry } = await open();
      const id = await change();
      await returns.add(entry(id));
      expect(await returns.replace(1, entry(id, { dueAt: 7 }))).toBe(true);
      expect(await returns.waiting()).toMatchObject([{ id: 2, dueAt: 7 }]);
      expect(await returns.replace(1, entry(id, { dueAt: 8 }))).toBe(false);
      expect(await returns.waiting()).toMatchObject([{ id: 2, dueAt: 7 }]);
    });
  });

  describe("what a process took and did not finish", () => {
    /** Taken by somebody, its switch as `make` leaves it. */
    async function taken(make: (lab: Awaited<ReturnType<typeof open>>, id: number) => Promise<unknown>) {
      const lab = await open();
      const id = await lab.change();
      await lab.returns.add(lab.entry(id));
      await lab.returns.settle(1, "waiting", "done");
      await make(lab, id);
      return lab.returns;
    }

    it.each([
      ["is interrupted where nothing was done", 1, async ({ journal }, id) => journal.done(id)],
      [
        "is interrupted where going back failed",
        1,
        async ({ journal, change }, id) => {
          await journal.done(id);
          await journal.failed(await change(id), "interrupted");
        },
      ],
      [
        "is left to who is at it",
        0,
        async ({ journal, change }, id) => {
          await journal.done(id);
          await change(id);
        },
      ],
      [
        "is over where it went back",
        0,
        async ({ journal, change }, id) => {
          await journal.done(id);
          await journal.done(await change(id));
        },
      ],
      ["is over where the switch was never made", 0, async ({ journal }, id) => journal.failed(id, "gone")],
    ] as [string, number, (lab: Awaited<ReturnType<typeof open>>, id: number) => Promise<unknown>][])(
      "%s",
      async (_, waiting, make) => {
        const returns = await taken(make);
        expect(await returns.interrupted()).toEqual(Array.from({ length: waiting }, () => 1));
        expect(await returns.waiting()).toEqual([]);
      },
    );

    it("a dropped one stays dropped", async () => {
      const { returns, journal, change, entry } = await open();
      const id = await change();
      await journal.done(id);
      await returns.add(entry(id));
      await returns.settle(1, "waiting", "dropped");
      expect(await returns.interrupted()).toEqual([]);
    });
  });
});
