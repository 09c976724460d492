import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ChangeState, createChangeJournal, type NewChange } from "../../src/store/change-journal.ts";
import { openStore } from "../../src/store/open-store.ts";
import { DATABASES, newDatabase } from "./databases.ts";
import { openTemp } from "./temp-store.ts";

describe.each(DATABASES)("on %s", (database) => {
  const change: NewChange = {
    scope: "session",
    target: "agent:main:discord:channel:1",
    actor: "discord:123",
    before: null,
    after: "ollama/qwen3:8b",
  };

  async function openJournal() {
    const { store, time, url } = await openTemp(await newDatabase(database));
    return { journal: createChangeJournal(store.db, () => time.now), store, time, url };
  }

  describe("a change", () => {
    it("is unfinished from intend to done, with everything that was said of it", async () => {
      const { journal, time } = await openJournal();
      time.now = 1_763_800_000_123;
      const full: NewChange = { ...change, sessionId: "s-1", place: "agent:main:slack:channel:c", reason: "too slow" };
      const id = await journal.intend(full);
      expect(await journal.unfinished()).toEqual([{ ...full, id, at: time.now, state: "intended" }]);
      time.now += 5_000;
      expect(await journal.done(id)).toBe(true);
      expect(await journal.unfinished()).toEqual([]);
      expect(await journal.lastUndoable({})).toEqual({ ...full, id, at: time.now - 5_000, state: "done" });
    });

    it.each<[string, ChangeState]>([
      ["nothing set", null],
      ["a model", "anthropic/claude-sonnet-5"],
      ["an empty text", ""],
      ["an agent's model with fallbacks", { primary: "a/b", fallbacks: ["c/d", "e/f"], deep: { x: [null, 1, true] } }],
      ["an empty object", {}],
      ["quotes, lines and other scripts", `"'\\\n\u0000 模型 🦞`],
    ])("keeps %s word for word, before and after", async (_, state) => {
      const { journal } = await openJournal();
      await journal.intend({ ...change, before: state, after: state });
      expect(await journal.unfinished()).toMatchObject([{ before: state, after: state }]);
    });

    it("done takes what was read back, null included", async () => {
      const { journal } = await openJournal();
      await journal.done(await journal.intend(change), null);
      expect(await journal.lastUndoable({})).toMatchObject({ after: null });
    });

    it("is settled once: what comes second does nothing and is told so", async () => {
      const { journal, store } = await openJournal();
      const [first, second] = [await journal.intend(change), await journal.intend(change)];
      expect(await journal.done(first)).toBe(true);
      expect(await journal.done(first, "other/model")).toBe(false);
      expect(await journal.failed(first, "late")).toBe(false);
      expect(await journal.failed(second, "gateway gone")).toBe(true);
      expect(await journal.failed(second, "again")).toBe(false);
      expect(await journal.done(second)).toBe(false);
      expect(await journal.done(404)).toBe(false);
      const rows = await store.db.selectFrom("changes").select(["state", "after_json", "failure"]).execute();
      expect(rows).toEqual([
        { state: "done", after_json: '"ollama/qwen3:8b"', failure: null },
        { state: "failed", after_json: '"ollama/qwen3:8b"', failure: "gateway gone" },
      ]);
    });

    it("that something else has spoiled fails with store_failed", async () => {
      const { journal, store } = await openJournal();
      const id = await journal.intend(change);
      await store.db.updateTable("changes").set({ after_json: "{" }).where("id", "=", id).execute();
      await expect(journal.unfinished()).rejects.toMatchObject({ code: "store_failed" });
    });
  });

  it("is found by its id, whatever became of it, and nothing by another one", async () => {
    const { journal } = await openJournal();
    const id = await journal.intend(change);
    expect(await journal.find(id)).toMatchObject({ ...change, id, state: "intended" });
    await journal.done(id);
    const by = await journal.intend({ ...change, undoes: id });
    await journal.done(by);
    expect(await journal.find(id)).toMatchObject({ id, state: "done", undoneBy: by });
    expect(await journal.find(by)).toMatchObject({ id: by, undoes: id });
    expect(await journal.find(404)).toBeUndefined();
  });

  describe("the last change that can be undone", () => {
    it("is looked for at a target, at a place, at both, anywhere", async () => {
      const { journal } = await openJournal();
      const made: number[] = [];
      for (const [target, place] of [
        ["t1", "p1"],
        ["t2", "p1"],
        ["t1", "p2"],
        ["t3", undefined],
      ] as const) {
        const id = await journal.intend({ ...change, target, place });
        await journal.done(id);
        made.push(id);
      }
      const find = async (where: { target?: string; place?: string }) => (await journal.lastUndoable(where))?.id;
      expect(await find({ target: "t1" })).toBe(made[2]);
      expect(await find({ place: "p1" })).toBe(made[1]);
      expect(await find({ target: "t1", place: "p1" })).toBe(made[0]);
      expect(await find({})).toBe(made[3]);
      expect(await find({ target: "t2", place: "p2" })).toBeUndefined();
    });

    it("is the one before, once the last was undone, also when the undo was settled after a restart", async () => {
      const { journal, store, url } = await openJournal();
      const first = await journal.intend(change);
      await journal.done(first);
      const second = await journal.intend({ ...change, before: change.after, after: "x/y" });
      await journal.done(second);
      const undo = await journal.intend({ ...change, before: "x/y", after: change.after, undoes: second });
      expect((await journal.lastUndoable({}))?.id).toBe(second);
      await store.close();

      const again = await openStore(url, { clock: () => 0 });
      const after = createChangeJournal(again.db, () => 0);
      expect(await after.unfinished()).toMatchObject([{ id: undo, undoes: second }]);
      expect(await after.done(undo)).toBe(true);
      expect((await after.lastUndoable({}))?.id).toBe(first);
      await again.close();
    });

    it("stays the same where the undo failed", async () => {
      const { journal } = await openJournal();
      const id = await journal.intend(change);
      await journal.done(id);
      await journal.failed(await journal.intend({ ...change, undoes: id }), "refused");
      expect((await journal.lastUndoable({}))?.id).toBe(id);
    });

    it("is marked by the first that undoes it; saying it again is no harm, another is refused", async () => {
      const { journal } = await openJournal();
      const id = await journal.intend(change);
      const by = await journal.intend(change);
      const other = await journal.intend(change);
      expect(await journal.markUndone(id, by)).toBe(false); // not done yet
      await journal.done(id);
      expect(await journal.markUndone(id, by)).toBe(true);
      expect(await journal.markUndone(id, by)).toBe(true);
      expect(await journal.markUndone(id, other)).toBe(false);
      expect(await journal.markUndone(404, by)).toBe(false);
      expect(await journal.lastUndoable({})).toBeUndefined();
    });

    it("agrees with a plain list, whatever the order of events", async () => {
      const { journal, store } = await openJournal();
      const step = fc.record({
        kind: fc.constantFrom("intend", "undo", "done", "failed"),
        target: fc.constantFrom("a", "b"),
        pick: fc.nat(20),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          await store.db.deleteFrom("changes").execute();
          const model: { id: number; target: string; state: string; undoes?: number; undone: boolean }[] = [];
          for (const { kind, target, pick } of steps) {
            const chosen = model[pick % Math.max(model.length, 1)];
            if (kind === "intend") {
              model.push({ id: await journal.intend({ ...change, target }), target, state: "intended", undone: false });
            } else if (chosen === undefined) {
              // Nothing to act on yet.
            } else if (kind === "undo") {
              const id = await journal.intend({ ...change, target: chosen.target, undoes: chosen.id });
              model.push({ id, target: chosen.target, state: "intended", undoes: chosen.id, undone: false });
            } else {
              const took = kind === "done" ? await journal.done(chosen.id) : await journal.failed(chosen.id, "x");
              expect(took).toBe(chosen.state === "intended");
              if (!took) continue;
              chosen.state = kind;
              const undone = model.find(({ id }) => kind === "done" && id === chosen.undoes);
              if (undone?.state === "done") undone.undone = true;
            }
          }
          const undoable = model.filter((row) => row.state === "done" && !row.undone && row.undoes === undefined);
          for (const target of ["a", "b"]) {
            const expected = undoable.findLast((row) => row.target === target)?.id;
            expect((await journal.lastUndoable({ target }))?.id).toBe(expected);
          }
          const open = model.filter(({ state }) => state === "intended").map(({ id }) => id);
          expect((await journal.unfinished()).map(({ id }) => id)).toEqual(open);
        }),
        { numRuns: 40 },
      );
    });
  });
});
