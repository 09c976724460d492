import { describe, expect, it } from "vitest";
import { type AdviceBasis, adviseFor, routingTable } from "../../src/bench/advice.ts";
import type { BenchAnswer } from "../../src/bench/bench-answer.ts";
import type { Level } from "../../src/bench/suite.ts";
import { type AnswerSet, answersOf, HAIKU, QWEN, SONNET, speedOf, taking } from "./answers.ts";

const MODELS = [
  { ref: QWEN, name: "Qwen", local: true },
  { ref: SONNET, name: "Sonnet", local: false },
  { ref: HAIKU, name: "Haiku", local: false },
];
const ALIKE = (item: number): number => (item % 8 === 0 ? 0.8 : 1);
const HALF = (item: number): number => item % 2;
const answers = (model: AnswerSet["model"], usd: number | undefined, score = ALIKE, task: AnswerSet["task"] = "code") =>
  answersOf({ model, task, score, more: { usd } });
const quick = [speedOf(QWEN)];
const slow = [
  speedOf(QWEN, { timings: { promptMs: 60_000, decodeMs: 40_000, firstTokenMs: 61_000, totalMs: 101_000 } }),
];
const basis = (given: readonly BenchAnswer[], speeds = quick): AdviceBasis => ({
  models: MODELS,
  answers: given,
  speeds,
});
const code = (given: readonly BenchAnswer[], speeds = quick) => adviseFor("code", basis(given, speeds));

describe("advice for a task", () => {
  it("takes the local model where it is as good", () => {
    const found = code([...answers(SONNET, 0.0045, (item) => (item % 16 === 0 ? 0.8 : 1)), ...answers(QWEN, 0)]);
    expect(found.choice?.model.name).toBe("Qwen");
    expect(found.reason).toMatch(
      /^Your Qwen scores 98 of 100 and Sonnet 99: as good as \(n=40, -\d+ to \+\d points\)\. It costs \$0 instead of \$0\.45 for 100 answers\.$/,
    );
  });

  it("takes the best where the local one is more than ten points below, and says by how much", () => {
    const found = code([...answers(SONNET, 0.0045), ...answers(QWEN, 0, HALF)]);
    expect(found.choice?.model.name).toBe("Sonnet");
    expect(found.reason).toMatch(
      /^Sonnet has the best score \(98 of 100, n=40\)\. Your Qwen at \$0 for 100 answers is more than 10 points below: worse by \d+ to \d+ points \(n=40\)\.$/,
    );
  });

  it("does not take a local model for good only because too few items show the difference", () => {
    const few = [...answers(SONNET, 0.0045), ...answers(QWEN, 0, HALF)].filter(({ itemId }) =>
      /f[0-2].v[01]/.test(itemId),
    );
    const found = code(few);
    expect(found.models.find(({ model }) => model.local)?.toBest?.verdict).not.toBe("worse");
    expect(found.choice?.model.name).toBe("Sonnet");
  });

  it("passes over what is too slow for a chat", () => {
    const found = code([...answers(SONNET, 0.0045), ...answers(QWEN, 0)], slow);
    expect(found.choice?.model.name).toBe("Sonnet");
    expect(found.reason).toContain(
      "Your Qwen would do at $0 for 100 answers, but is too slow for a chat: 5.0 tokens/s and 61 s until it begins after 16,000 tokens.",
    );
  });

  it("takes the best although it is slow where nothing else is near", () => {
    const found = code([...answers(SONNET, 0.0045, HALF), ...answers(QWEN, 0)], slow);
    expect(found.choice?.model.name).toBe("Qwen");
    expect(found.reason).toMatch(/It is slow for a chat: 5\.0 tokens\/s and 61 s until/);
  });

  it("does not hold against a model what was not measured, and says so", () => {
    const found = code([...answers(SONNET, 0.0045), ...answers(QWEN, 0)], []);
    expect(found.choice).toMatchObject({
      model: { name: "Qwen" },
      pace: { longFirstTokenMs: undefined, usable: undefined },
    });
    expect(found.reason).toMatch(/How long it takes with a long prompt was not measured\.$/);
  });

  it("reads the speed from the answers where there are no samples", () => {
    const crawling = answers(QWEN, 0).map((answer) => ({
      ...answer,
      timings: { ...answer.timings, decodeMs: 20_000 },
    }));
    expect(code([...answers(SONNET, 0.0045), ...crawling], []).choice?.model.name).toBe("Sonnet");
  });

  it("takes the cheaper of two in the cloud, and an unknown price last", () => {
    expect(code([...answers(SONNET, 0.0045), ...answers(HAIKU, 0.0002)]).choice?.model.name).toBe("Haiku");
    const unpriced = code([...answers(SONNET, 0.0045), ...answers(HAIKU, undefined, () => 1)]);
    expect(unpriced.choice?.model.name).toBe("Sonnet");
    expect(unpriced.reason).toContain("It costs $0.45 instead of an unknown price for 100 answers.");
  });

  it("takes the quicker one at the same price", () => {
    const found = code([
      ...taking(
        answers(SONNET, 0.001, () => 1),
        9_000,
      ),
      ...taking(answers(HAIKU, 0.001), 2_000),
    ]);
    expect(found.choice?.model.name).toBe("Haiku");
    expect(found.reason).toMatch(/It is the quicker one at the same price\.$/);
  });

  it("ranks nothing that answered only a few", () => {
    const down = answers(QWEN, 0).map(
      (answer, index): BenchAnswer => (index < 5 ? answer : { ...answer, outcome: "failed" }),
    );
    const found = code([...answers(SONNET, 0.0045, HALF), ...down]);
    expect(found.choice?.model.name).toBe("Sonnet");
    expect(found.reason).toMatch(/Your Qwen answered too few of the items to be ranked\.$/);
    expect(found.unranked).toEqual([MODELS[0]]);
  });

  it("counts an item once that was asked at several levels, and says of whom nothing compares", () => {
    const recall = (model: AnswerSet["model"], level: Level, families: number, score = ALIKE) =>
      answersOf({ model, task: "recall", families, score, more: { level, usd: 0.001 } });
    const local = [...recall(QWEN, "standard", 5), ...recall(QWEN, "full", 6)];
    const cloud = [...recall(SONNET, "standard", 5), ...recall(HAIKU, "quick", 5, HALF)];
    const found = adviseFor("recall", basis([...local, ...cloud]));
    expect(found.models.map(({ model }) => model.name)).toEqual(expect.arrayContaining(["Qwen", "Sonnet"]));
    expect([found.models.length, found.unranked, found.apart]).toEqual([2, [], [MODELS[2]]]);
    expect(found.reason).toMatch(/Haiku has no question in common with (Qwen|Sonnet), so they do not compare\.$/);
  });

  it.each<[string, BenchAnswer[], string]>([
    ["nothing was answered", [], "No model has answered items of this type."],
    ["nothing was right", answers(QWEN, 0, () => 0), "No model got anything right (n=40)."],
  ])("gives none where %s", (_, given, reason) => {
    expect(code(given)).toMatchObject({ choice: undefined, reason });
  });

  it("counts price and wait from what was measured", () => {
    const [found] = code(taking(answers(SONNET, 0.0045), 3_000)).models;
    expect(found?.usdPer100).toBeCloseTo(0.45, 9);
    expect(found?.wait).toMatchObject({ n: 40, median: 3_120, p95: 3_240 });
  });
});

it("has one row for each task that was answered", () => {
  const rows = routingTable(
    basis([...answers(SONNET, 0.0045), ...answers(QWEN, 0, HALF, "tools"), ...answers(SONNET, 0.01, ALIKE, "tools")]),
  );
  expect(rows.map(({ task, choice }) => [task, choice?.model.name])).toEqual([
    ["code", "Sonnet"],
    ["tools", "Sonnet"],
  ]);
});
