import { describe, expect, it } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import { createBenchRuns } from "../../src/store/bench-runs.ts";
import { createLeases } from "../../src/store/leases.ts";
import { DATABASES, newDatabase } from "./databases.ts";
import { openTemp, startStoreChild } from "./temp-store.ts";

const QWEN = { provider: "ollama", model: "qwen3:8b" };
const KEY = { model: QWEN, itemId: "code/sum/a", repeat: 0 };
const SPEED = { model: QWEN, promptTokens: 500, cold: false, sample: 0 };
const NEW = { actor: "discord:1", place: "discord:77", plan: { seed: 7, items: ["code/sum/a"] } };

describe.each(DATABASES)("on %s", (database) => {
  async function open(url?: string) {
    const { store, time } = await openTemp(url ?? (await newDatabase(database)));
    const runs = createBenchRuns(store.db, () => time.now);
    return { store, time, runs, leases: createLeases(store.db, () => time.now) };
  }

  it("keeps all of a run", async () => {
    const { runs, time } = await open();
    const run = await runs.begin(NEW);
    expect(run).toEqual({
      ...NEW,
      id: run.id,
      at: 1_000,
      heardAt: 1_000,
      state: "open",
      conditions: undefined,
      note: undefined,
    });
    expect(await runs.read(run.id)).toEqual(run);
    expect(await runs.read(run.id + 1)).toBeUndefined();
    time.now = 2_000;
    await runs.note(run.id, "Ollama does not answer.");
    expect(await runs.read(run.id)).toMatchObject({ note: "Ollama does not answer.", heardAt: 2_000 });
    await runs.note(run.id, undefined);
    expect((await runs.read(run.id))?.note).toBeUndefined();
  });

  it("lists the newest first, by state", async () => {
    const { runs } = await open();
    const first = await runs.begin(NEW);
    const second = await runs.begin({ actor: "slack:2", plan: null });
    expect((await runs.list({ limit: 9 })).map(({ id }) => id)).toEqual([second.id, first.id]);
    expect(await runs.end(first.id, "done")).toBe(true);
    expect((await runs.list({ state: "open", limit: 9 })).map(({ id }) => id)).toEqual([second.id]);
    expect((await runs.list({ limit: 1 })).map(({ id }) => id)).toEqual([second.id]);
  });

  it("keeps an answer once, however often it is written", async () => {
    const { runs, leases } = await open();
    const { id } = await runs.begin(NEW);
    await leases.hold("bench", async (lease) => {
      const notes = runs.heldBy(lease);
      expect(await notes.answer(id, KEY, { score: 1 }, { turns: ["right"] })).toBe(true);
      expect(await notes.answer(id, KEY, { score: 0 }, { turns: ["late"] })).toBe(true);
      expect(await notes.answer(id, { ...KEY, repeat: 1 }, { score: 0.5 }, null)).toBe(true);
      expect(await notes.speed(id, SPEED, { ms: 3 })).toBe(true);
      expect(await notes.speed(id, SPEED, { ms: 9 })).toBe(true);
      expect(await notes.speed(id, { ...SPEED, cold: true }, { ms: 70 })).toBe(true);
    });
    expect(await runs.answers(id)).toEqual([{ score: 1 }, { score: 0.5 }]);
    expect(await runs.said(id, KEY)).toEqual({ turns: ["right"] });
    expect(await runs.said(id, { ...KEY, repeat: 2 })).toBeUndefined();
    expect(await runs.answered(id)).toEqual([KEY, { ...KEY, repeat: 1 }]);
    expect(await runs.speeds(id)).toHaveLength(2);
    expect(await runs.timed(id)).toEqual(expect.arrayContaining([SPEED, { ...SPEED, cold: true }]));
  });

  it("keeps nothing of a run that has ended", async () => {
    const { runs, leases } = await open();
    const { id } = await runs.begin(NEW);
    expect(await runs.end(id, "cancelled")).toBe(true);
    expect(await runs.end(id, "done")).toBe(false);
    await leases.hold("bench", async (lease) => {
      expect(await runs.heldBy(lease).answer(id, KEY, {}, {})).toBe(false);
      expect(await runs.heldBy(lease).speed(id, SPEED, {})).toBe(false);
    });
    expect(await runs.answers(id)).toEqual([]);
    expect(await runs.read(id)).toMatchObject({ state: "cancelled" });
  });

  it("remembers how it was at the beginning", async () => {
    const { runs, leases } = await open();
    const { id } = await runs.begin(NEW);
    await leases.hold("bench", async (lease) => {
      await runs.heldBy(lease).conditions(id, { load: 0.2 });
      await runs.heldBy(lease).conditions(id, { load: 9 });
    });
    expect((await runs.read(id))?.conditions).toEqual({ load: 0.2 });
  });

  it("takes nothing from a process that another one took over from", async () => {
    const { runs, leases, time } = await open();
    const { id } = await runs.begin(NEW);
    const words = {
      busy: () => new ClutchError("bench_running", "busy"),
      lost: () => new ClutchError("bench_running", "lost"),
    };
    await leases.hold(
      "bench",
      async (lease) => {
        await expect(leases.hold("bench", async () => 1, { patienceMs: 0, words })).rejects.toThrow("busy");
        time.now += 30_000;
        await leases.hold("bench", (newer) => runs.heldBy(newer).answer(id, KEY, { score: 1 }, null));
        await expect(runs.heldBy(lease).answer(id, { ...KEY, repeat: 1 }, {}, null)).rejects.toThrow("lost");
      },
      { words },
    );
    expect(await runs.answered(id)).toEqual([KEY]);
  });

  it.each([1, 30])("kill -9 of a writer after %d answers: those are there, each once", async (reports) => {
    const url = await newDatabase(database);
    const child = startStoreChild("bench-forever", url);
    const reported: (string | undefined)[] = [];
    while (reported.length < reports) reported.push(await child.line());
    child.process.kill("SIGKILL");
    reported.push(...(await child.end()));
    const { runs } = await open(url);
    const [run] = await runs.list({ state: "open", limit: 1 });
    const found = (await runs.answered(run?.id ?? 0)).map(({ repeat }) => repeat);
    expect(new Set(found).size).toBe(found.length);
    expect([reported.length, reported.length + 1]).toContain(found.length);
    expect(await runs.answers(run?.id ?? 0)).toHaveLength(found.length);
  });

  it("says so where an entry is not its own", async () => {
    const { runs, store } = await open();
    const { id } = await runs.begin(NEW);
    await store.db.updateTable("bench_runs").set({ conditions_json: "{" }).execute();
    await expect(runs.read(id)).rejects.toMatchObject({
      code: "store_failed",
      message: expect.stringContaining("bench_runs"),
    });
  });
});
