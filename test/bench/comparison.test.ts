import { describe, expect, it } from "vitest";
import type { BenchAnswer } from "../../src/bench/bench-answer.ts";
import { compareModels, modelsIn } from "../../src/bench/comparison.ts";
import { comparisonSentence, differenceWords } from "../../src/bench/comparison-sentence.ts";
import { seededRandom } from "../../src/bench/seeded.ts";
import type { Task } from "../../src/bench/suite.ts";
import { answerOf, answersOf, QWEN, SONNET, taking } from "./answers.ts";

const NAMES = [
  { name: "Qwen2.5-Coder 32B", local: true },
  { name: "Claude Sonnet 5", local: false },
] as const;
const compare = (answers: readonly BenchAnswer[]) => compareModels(answers, QWEN, SONNET);
const say = (answers: readonly BenchAnswer[]) => comparisonSentence(compare(answers), ...NAMES);
const taskOf = (answers: readonly BenchAnswer[], task: Task) =>
  compare(answers).tasks.find(({ subject }) => subject === task);

/** Every fourth item is scored a bit lower, by one model or the other in turn. */
const alike = (task: Task, ms = 9_000) => [
  ...taking(answersOf({ model: QWEN, task, score: (item) => (item % 8 === 0 ? 0.8 : 1) }), ms),
  ...taking(answersOf({ model: SONNET, task, score: (item) => (item % 8 === 4 ? 0.8 : 1) }), 3_000),
];
/** One item of four is right of the one, all of the other. */
const worse = (task: Task, ms = 9_000) => [
  ...taking(answersOf({ model: QWEN, task, score: (item) => Number(item % 4 > 0 || item % 8 === 0) }), ms),
  ...taking(answersOf({ model: SONNET, task }), 3_000),
];
const open = (task: Task, size = 2) => [
  ...taking(answersOf({ model: QWEN, task, size, score: (item) => Number(item % 3 > 0) }), 9_000),
  ...taking(answersOf({ model: SONNET, task, size, score: (item) => Number(item % 4 > 0) }), 3_000),
];

describe("two models on the same items", () => {
  it("are as good as each other only where the interval lies within ten points", () => {
    const found = taskOf(alike("extraction"), "extraction");
    expect(found).toMatchObject({ verdict: "as good as", n: 40, leftOut: 0, points: { value: expect.closeTo(0, 9) } });
    expect(found?.points?.low).toBeGreaterThan(-10);
    expect(found?.points?.low).toBeLessThan(-4);
    // The same scores on few items: the interval is wider, and the verdict another.
    const few = alike("extraction").filter(({ itemId }) => /f[0-4].v[01]$/.test(itemId));
    expect(taskOf(few, "extraction")).toMatchObject({ verdict: "no difference shown", n: 10 });
    const fewer = alike("extraction").filter(({ itemId }) => /f[0-2].v0$/.test(itemId));
    expect(taskOf(fewer, "extraction")).toMatchObject({ verdict: "too few items", n: 3 });
  });

  it("differ where the interval leaves out zero, from either side", () => {
    const answers = worse("code");
    const found = taskOf(answers, "code");
    expect(found).toMatchObject({ verdict: "worse", n: 40, passes: { onlyA: 0, onlyB: 5 } });
    expect(found?.points?.high).toBeLessThan(0);
    expect(compareModels(answers, SONNET, QWEN).tasks[0]).toMatchObject({ verdict: "better" });
  });

  it("are compared on common items only, and failed calls count for nobody", () => {
    const answers = worse("code").map(
      (answer): BenchAnswer =>
        answer.model === SONNET && answer.itemId.startsWith("code/f9")
          ? { ...answer, outcome: "failed", score: 0, passed: false }
          : answer,
    );
    const found = taskOf(answers, "code");
    expect(found).toMatchObject({ n: 36, leftOut: 4, b: { value: 100, n: 36 } });
    expect(say(answers)).toMatch(/4 items that only one of them answered are left out\.$/);
  });

  it("count an item once however often it is asked", () => {
    const twice = worse("code").flatMap((answer) => [answer, { ...answer, repeat: 1 }]);
    expect(compare(twice).tasks).toEqual(compare(worse("code")).tasks);
    const halves = answersOf({ model: QWEN, task: "code" }).flatMap((answer) => [
      answer,
      { ...answer, repeat: 1, score: 0, passed: false },
    ]);
    expect(taskOf([...halves, ...answersOf({ model: SONNET, task: "code" })], "code")).toMatchObject({
      a: { value: 50, n: 40 },
      n: 40,
    });
  });

  it("do not share families across suites or tasks", () => {
    const answers = [...worse("code"), ...worse("extraction")].map((answer) => ({ ...answer, family: "same" }));
    expect(compare(answers).overall.points?.families).toBe(2);
  });

  it("take what is written as score for a score", () => {
    const odd = answersOf({ model: QWEN, task: "code", score: (item) => [Number.NaN, 7, -3, 0.5][item % 4] ?? 0 });
    expect(taskOf([...odd, ...answersOf({ model: SONNET, task: "code" })], "code")?.a).toMatchObject({ value: 37.5 });
  });

  it("may differ where only one of many task types says so", () => {
    // One item in five, always Qwen's: p is about 0.02 for this task alone.
    const suspicious = [
      ...answersOf({ model: QWEN, task: "recall", size: 2, score: (item) => Number(item % 4 !== 1) }),
      ...answersOf({ model: SONNET, task: "recall", size: 2 }),
    ];
    expect(taskOf(suspicious, "recall")).toMatchObject({ verdict: "worse", hint: undefined });
    const many = [...suspicious, ...(["code", "summary", "tools", "persona"] as const).flatMap((task) => open(task))];
    expect(taskOf(many, "recall")).toMatchObject({ verdict: "no difference shown", hint: "worse" });
    expect(say(many)).toContain(
      "For recall your Qwen2.5-Coder 32B may be worse than Claude Sonnet 5 (n=20, difference -47 to -4 points), which can be chance where so many task types are compared; for code, ",
    );
    expect(say(many)).toMatch(/ points\)\. Your Qwen2\.5-Coder 32B takes about as long\.$/);
  });
});

describe("the sentence", () => {
  it("says for what it is as good, for what worse, and how long it takes", () => {
    expect(say([...alike("extraction"), ...worse("code")])).toMatch(
      /^For extraction your Qwen2\.5-Coder 32B does as well as Claude Sonnet 5 \(n=40, difference -\d to \+\d points\) and takes 3 times as long; for code it is worse by \d+ to \d+ points \(n=40\)\.$/,
    );
  });

  it.each<[string, BenchAnswer[], string | RegExp]>([
    [
      "nothing at all",
      [],
      "Neither your Qwen2.5-Coder 32B nor Claude Sonnet 5 answered anything, so there is nothing to compare.",
    ],
    [
      "only one model",
      answersOf({ model: QWEN, task: "code" }),
      "Your Qwen2.5-Coder 32B and Claude Sonnet 5 have no item in common that both answered, so there is nothing to compare.",
    ],
    [
      "a server that was down all the time",
      [
        ...answersOf({ model: QWEN, task: "code" }),
        ...answersOf({ model: SONNET, task: "code", more: { outcome: "failed", score: 0, passed: false } }),
      ],
      /no item in common that both answered/,
    ],
    [
      "no common items in one task",
      [...alike("extraction"), ...answersOf({ model: QWEN, task: "recall", families: 2, size: 1 })],
      /3 times as long\. For recall they have no item in common\. 2 items that only one of them answered are left out\.$/,
    ],
    [
      "a few items",
      open("code", 1).filter(({ itemId }) => /f[0-3]/.test(itemId)),
      /^For code there are too few items to tell your Qwen2\.5-Coder 32B from Claude Sonnet 5 \(n=4, difference -\d+ to \+\d+ points\)\. Your Qwen2\.5-Coder 32B takes 3 times as long\.$/,
    ],
    [
      "one item",
      [answerOf(QWEN, "code/a/b"), answerOf(SONNET, "code/a/b")],
      "For code there are too few items to tell your Qwen2.5-Coder 32B from Claude Sonnet 5 (n=1, difference -100 to +100 points).",
    ],
    [
      "no difference shown",
      open("reasoning"),
      /^For reasoning no difference is shown between your Qwen2\.5-Coder 32B and Claude Sonnet 5 \(n=20, difference -\d+ to \+\d+ points\)\. Your Qwen2\.5-Coder 32B takes 3 times as long\.$/,
    ],
    [
      "ties in everything, 20 items",
      [...answersOf({ model: QWEN, task: "code", size: 2 }), ...answersOf({ model: SONNET, task: "code", size: 2 })],
      "For code no difference is shown between your Qwen2.5-Coder 32B and Claude Sonnet 5 (n=20, difference -16 to +16 points). Your Qwen2.5-Coder 32B takes about as long.",
    ],
    [
      "both wrong in everything, 80 items",
      [QWEN, SONNET].flatMap((model) => answersOf({ model, task: "code", size: 8, score: () => 0 })),
      "For code your Qwen2.5-Coder 32B does as well as Claude Sonnet 5 (n=80, difference -5 to +5 points) and takes about as long.",
    ],
    [
      "everything against nothing",
      [...answersOf({ model: QWEN, task: "code" }), ...answersOf({ model: SONNET, task: "code", score: () => 0 })],
      /^For code your Qwen2\.5-Coder 32B is better than Claude Sonnet 5 by \d\d to 100 points \(n=40\) and takes about as long\.$/,
    ],
    [
      "a slight difference in very many items",
      [QWEN, SONNET].flatMap((model) =>
        answersOf({
          model,
          task: "code",
          families: 100,
          size: 10,
          score: (item) => (model === QWEN && item % 3 ? 0.94 : 1),
        }),
      ),
      /^For code your Qwen2\.5-Coder 32B is slightly worse than Claude Sonnet 5 by 3 to 5 points \(n=1000\)/,
    ],
    [
      "two tasks of one kind",
      [...worse("code"), ...worse("tools")],
      /^For code \(by \d+ to \d+ points, n=40\) and tool calls \(by \d+ to \d+ points, n=40\) your Qwen2\.5-Coder 32B is worse than Claude Sonnet 5 and takes 3 times as long\.$/,
    ],
    [
      "many tasks of one kind",
      [...worse("code"), ...open("tools"), ...open("recall", 3), ...open("summary")],
      /; for summaries, tool calls and recall no difference is shown \(n=20 to 30, differences within -\d+ to \+\d+ points\)\. Your Qwen2\.5-Coder 32B takes 3 times as long\.$/,
    ],
    ["a faster one", alike("extraction", 1_000), /\) and is 3 times as fast\.$/],
    ["one that is a little slower", alike("extraction", 4_200), /\) and takes 40 % longer\.$/],
    ["one that is a little faster", alike("extraction", 2_100), /\) and takes 30 % less time\.$/],
    ["times that nobody measured", taking(alike("extraction"), 0), /points\)\.$/],
  ])("is right for %s", (_, answers, expected) => {
    if (expected instanceof RegExp) expect(say(answers)).toMatch(expected);
    else expect(say(answers)).toBe(expected);
  });

  it("keeps names on its line", () => {
    const names = { name: "evil\n\u202e\u0000**name**", local: false };
    expect(comparisonSentence(compare(worse("code")), names, NAMES[1])).toContain("evil **name** is worse");
  });

  it("never claims what the data of equal models can give by chance, in more than 5 of 100 runs", () => {
    const random = seededRandom(5);
    let claims = 0;
    for (let run = 0; run < 1_000; run += 1) {
      const answers = (["code", "tools", "recall", "summary"] as const).flatMap((task) => {
        const hard = Array.from({ length: 10 }, () => random() * 0.6 + 0.4);
        return [QWEN, SONNET].flatMap((model) =>
          // Without times, whose intervals would take most of the time of this test.
          taking(answersOf({ model, task, size: 3, score: (_, family) => Number(random() < (hard[family] ?? 0)) }), 0),
        );
      });
      if (compare(answers).tasks.some(({ verdict }) => verdict === "better" || verdict === "worse")) claims += 1;
    }
    expect(claims).toBeLessThan(50);
    expect(claims).toBeGreaterThan(5);
  });

  it("has a short form for tables", () => {
    const words = (answers: readonly BenchAnswer[]) => compare(answers).tasks.map(differenceWords)[0];
    expect(words(worse("code"))).toMatch(/^worse by \d to \d+ points \(n=40\)$/);
    expect(words(alike("code"))).toMatch(/^as good as \(n=40, -\d to \+\d points\)$/);
    expect(words(open("code"))).toMatch(/^no difference shown \(n=20, -\d+ to \+\d+ points\)$/);
    expect(words(answersOf({ model: QWEN, task: "code" }))).toBe("no item in common");
  });
});

it("names each model once", () => {
  expect(modelsIn([...worse("code"), ...worse("tools")])).toEqual([QWEN, SONNET]);
});
