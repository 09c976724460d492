import { describe, expect, it } from "vitest";
import type { BenchAnswer } from "../../src/bench/bench-answer.ts";
import { type DatedRun, driftOf, driftSentence } from "../../src/bench/drift.ts";
import type { Level } from "../../src/bench/suite.ts";
import { answersOf, QWEN, SONNET, taking } from "./answers.ts";

const NAME = { name: "Qwen", local: true };
const run = (day: number, answers: readonly BenchAnswer[], hash = "h1"): DatedRun => ({
  at: Date.UTC(2026, 10, day),
  suites: [...new Set(answers.map(({ task }) => task))].map((name) => ({ name, hash })),
  answers,
});
const code = (share: (item: number) => number, ms = 3_000) =>
  taking(answersOf({ model: QWEN, task: "code", score: share }), ms);
const GOOD = (item: number) => Number(item % 8 > 0);
const BAD = (item: number) => Number(item % 4 > 1);

describe("drift", () => {
  it("is nothing where the same comes out again, and says how much could hide", () => {
    const [found] = driftOf([run(1, code(GOOD)), run(8, code(GOOD))]);
    expect(found).toMatchObject({ model: QWEN, earlier: [Date.UTC(2026, 10, 1)] });
    expect(found && driftSentence(found, NAME)).toBe(
      "Your Qwen has not changed beyond chance against the run before (n=40, -9 to +9 points).",
    );
  });

  it("shows what became worse and slower", () => {
    const [found] = driftOf([run(8, code(BAD, 6_000)), run(1, code(GOOD))]);
    expect(found && driftSentence(found, NAME)).toMatch(
      /^Your Qwen is now worse at code by \d+ to \d+ points \(n=40\) against the run before\. It now takes 2 times as long\.$/,
    );
    expect(found?.history.map(({ score }) => score.value)).toEqual([87.5, 50]);
  });

  it("takes earlier runs together", () => {
    const [found] = driftOf([run(1, code(GOOD)), run(4, code(GOOD)), run(8, code(BAD))]);
    expect(found?.earlier).toHaveLength(2);
    expect(found && driftSentence(found, NAME)).toContain("against 2 runs before");
  });

  it("compares only what has the same text", () => {
    expect(driftOf([run(1, code(GOOD), "h0"), run(8, code(BAD))])).toEqual([]);
    const tools = answersOf({ model: QWEN, task: "tools" });
    const [found] = driftOf([run(1, code(GOOD), "h0"), run(2, tools), run(8, [...code(BAD), ...tools])]);
    expect(found?.change.tasks.map(({ subject, n }) => [subject, n])).toEqual([
      ["code", 0],
      ["tools", 40],
    ]);
  });

  it("compares a long text only with one of the same level", () => {
    const recall = (level: Level, ms: number, score = GOOD) =>
      taking(answersOf({ model: QWEN, task: "recall", score, more: { level } }), ms);
    expect(driftOf([run(1, recall("quick", 3_000)), run(8, recall("standard", 12_000, BAD))])).toEqual([]);
    const [found] = driftOf([
      run(1, recall("standard", 12_000)),
      run(4, [...recall("quick", 3_000), ...code(GOOD)]),
      run(8, [...recall("standard", 12_000), ...code(GOOD)]),
    ]);
    expect(found?.change.tasks.map(({ subject, n, verdict }) => [subject, n, verdict])).toEqual([
      ["code", 40, "as good as"],
      ["recall", 40, "as good as"],
    ]);
    expect(found && driftSentence(found, NAME)).not.toContain("times as long");
    expect(found?.history.map(({ at, task }) => [new Date(at).getUTCDate(), task])).toEqual([
      [1, "recall"],
      [4, "code"],
      [8, "recall"],
      [8, "code"],
    ]);
  });

  it("knows nothing of a model that was not asked before, or of a single run", () => {
    expect(driftOf([run(1, code(GOOD)), run(8, answersOf({ model: SONNET, task: "code" }))])).toEqual([]);
    expect(driftOf([run(1, code(GOOD))])).toEqual([]);
    expect(driftOf([])).toEqual([]);
  });

  it("does not call a failing server a change of the model", () => {
    const down = code(GOOD).map((answer): BenchAnswer => ({ ...answer, outcome: "failed", score: 0, passed: false }));
    expect(driftOf([run(1, code(GOOD)), run(8, down)])).toEqual([]);
  });
});
