import { describe, expect, it } from "vitest";
import { createBenchResults } from "../../src/bench/bench-results.ts";
import { planRun } from "../../src/bench/plan-run.ts";
import type { Level } from "../../src/bench/suite.ts";
import type { ModelRef } from "../../src/models/model-ref.ts";
import { createBenchRuns } from "../../src/store/bench-runs.ts";
import { testProfile } from "../registry/test-profile.ts";
import { openTemp } from "../store/temp-store.ts";
import { answersOf, QWEN, SONNET, taking } from "./answers.ts";
import { someSuite } from "./bench-items.ts";

/** Runs of recall in a real store: what each model makes of texts of a level's length. */
async function lab() {
  const { store, time } = await openTemp();
  const runs = createBenchRuns(store.db, () => time.now);
  const results = createBenchResults({
    runs,
    registry: { find: ({ provider, model }) => testProfile(`${provider}/${model}`) },
    machine: () => undefined,
  });
  return {
    results,
    /** `isMarked`: as it is written down since the level is part of an answer. */
    async run(
      model: ModelRef,
      level: Level,
      {
        ms = 3_000,
        score = 1,
        isMarked = true,
        families = 10,
      }: {
        readonly ms?: number;
        readonly score?: number;
        readonly isMarked?: boolean;
        readonly families?: number;
      } = {},
    ) {
      time.now += 60_000;
      const plan = planRun({
        suites: [someSuite(1, { name: "recall", task: "recall" })],
        ...{ level, models: [{ ref: model, local: model === QWEN }], seed: 1, speed: false },
        consent: { usd: 1, evict: false },
      });
      const { id } = await runs.begin({ actor: "test:1", plan });
      const notes = runs.heldBy({ within: (work) => work(store.db) });
      const more = isMarked ? { level } : {};
      for (const answer of taking(answersOf({ model, task: "recall", families, score: () => score, more }), ms)) {
        await notes.answer(id, { model, itemId: answer.itemId, repeat: 0 }, answer, null);
      }
      await runs.end(id, "done");
    },
  };
}

describe.each([
  ["marked with their level", true],
  ["of an earlier version", false],
])("answers after long texts, %s", (_, isMarked) => {
  it("are not held against those at another level", async () => {
    const { results, run } = await lab();
    await run(QWEN, "quick", { isMarked });
    await run(SONNET, "standard", { isMarked, ms: 12_000, score: 0.5 });
    const [compared] = (await results.compare(QWEN, SONNET)).comparisons;
    expect(compared?.differences.map(({ n, verdict }) => [n, verdict])).toEqual([[0, "nothing in common"]]);
    const [advice] = await results.advice();
    expect(advice?.reason).toMatch(/has no question in common with .*, so they do not compare\.$/);
    expect([advice?.unranked.length, advice?.apart.length]).toEqual([0, 1]);

    await run(QWEN, "standard", { ms: 12_000, score: 0.5 });
    expect((await results.history()).drift).toEqual([]);
  });

  it("are held against those at the same one, though there are newer ones at another", async () => {
    const { results, run } = await lab();
    await run(SONNET, "standard", { isMarked });
    await run(QWEN, "standard", { isMarked });
    await run(QWEN, "quick", { isMarked, score: 0 });
    const { comparisons, items, quality } = await results.compare(QWEN, SONNET);
    expect(comparisons[0]?.differences[0]).toMatchObject({ n: 40, leftOut: 0, verdict: "as good as" });
    expect(quality.map(({ score }) => [score.value, score.n])).toEqual([
      [expect.closeTo(100, 9), 40],
      [expect.closeTo(100, 9), 40],
    ]);
    expect(
      items.filter(({ id }) => id === "recall/f0/v0").map(({ level, answers }) => [level, answers.length]),
    ).toEqual([["standard", 2]]);
    await run(QWEN, "standard", { score: 0.5 });
    const [drift] = (await results.history()).drift;
    expect(drift?.earlier).toHaveLength(1);
    expect(drift?.sentence).toContain("worse at recall");
  });
});
