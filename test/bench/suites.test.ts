import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { wordLine } from "../../src/bench/answer-text.ts";
import { dryRun } from "../../src/bench/dry-run.ts";
import { gradeAnswer } from "../../src/bench/grade-answer.ts";
import { constraintFlaw } from "../../src/bench/grade-constraints.ts";
import type { BenchItem, Suite } from "../../src/bench/suite.ts";
import { loadSuite } from "../../src/bench/suite-file.ts";
import { TASKS } from "../../src/registry/seed-profile.ts";
import { REASONED } from "./reasoned.ts";

const suites = readdirSync("suites")
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => loadSuite(readFileSync(`suites/${name}`, "utf8"), name));
const itemsOf = (task: Suite["task"]): readonly BenchItem[] =>
  suites.flatMap((suite) => (suite.task === task ? suite.items : []));

const says = (text: string, wordings: readonly string[]): boolean =>
  wordings.some((wording) => wordLine(text).includes(wordLine(wording)));

test("there is a suite for every task", () => {
  expect(suites.map(({ task }) => task).sort()).toEqual([...TASKS].sort());
});

describe.each(suites)("the suite $name", (suite) => {
  test("has families of three and more, and six quick items of different families", () => {
    const families = Map.groupBy(suite.items, ({ family }) => family);
    expect(families.size).toBeGreaterThanOrEqual(8);
    for (const [, items] of families) expect(items.length).toBeGreaterThanOrEqual(3);
    const quick = suite.items.filter(({ level }) => level === "quick");
    expect(new Set(quick.map(({ family }) => family)).size).toBe(quick.length);
    expect(quick).toHaveLength(6);
    expect(suite.items.filter(({ level }) => level !== "full").length).toBeGreaterThanOrEqual(20);
  });

  test("has keys that score 100 %, gives nothing for nothing, and gives no answer away", async () => {
    expect(await dryRun(suite)).toEqual([]);
  });
});

// Not of code: its functions have different names, and the sandbox's own tests show that these are no answer.
test.each(suites.filter(({ task }) => task !== "code"))("$name takes no variant's key for another's", async (suite) => {
  for (const item of suite.items) {
    for (const { id, family, key, grade } of suite.items) {
      if (family !== item.family || id === item.id || areSilent(grade, item.grade)) continue;
      const turns = item.key.turns.map((_, turn) => key.turns[turn] ?? { text: "", toolCalls: [] });
      const verdict = await gradeAnswer(item, { turns });
      expect(verdict.passed, `${id} for ${item.id}`).toBe(false);
    }
  }
});

/** Where neither wants a call, each one's key is right for the other. */
const areSilent = (one: BenchItem["grade"], other: BenchItem["grade"]): boolean =>
  one.kind === "tools" && other.kind === "tools" && one.calls.length + other.calls.length === 0;

test("every problem with a number as its answer is worked out a second time", () => {
  const answers = itemsOf("reasoning").map(({ id, grade }) => [id, grade.kind === "number" ? grade.value : undefined]);
  expect(Object.keys(REASONED).sort()).toEqual(answers.map(([id]) => id).sort());
  for (const [id, value] of answers) expect(REASONED[String(id)]?.(), String(id)).toBeCloseTo(Number(value), 9);
});

test("functions are called with some cases each", () => {
  for (const { id, grade } of itemsOf("code")) {
    const count = grade.kind === "code" ? grade.cases.length : 0;
    expect(count, id).toBeGreaterThanOrEqual(6);
    expect(count, id).toBeLessThanOrEqual(12);
  }
});

test("a summary's facts and falsehoods stand in its text", () => {
  for (const { id, turns, grade } of itemsOf("summary")) {
    const text = turns.map(({ say }) => say).join();
    if (grade.kind !== "facts") throw new Error(id);
    for (const wordings of [...grade.must, ...grade.mustNot])
      expect(says(text, wordings), `${id} ${wordings}`).toBe(true);
  }
});

test("the model before the switch kept the rules that hold in every turn", () => {
  for (const { id, turns, grade } of itemsOf("persona")) {
    if (grade.kind !== "persona") throw new Error(id);
    const replies = turns.flatMap(({ reply }) => (reply === undefined ? [] : [reply]));
    expect(replies.length, id).toBeGreaterThanOrEqual(3);
    const written = grade.turns.map((checks) => checks.map((check) => JSON.stringify(check)));
    const rules = (grade.turns[0] ?? []).filter((check) =>
      written.every((checks) => checks.includes(JSON.stringify(check))),
    );
    expect(rules.length, id).toBeGreaterThan(0);
    for (const reply of replies) {
      for (const rule of rules) expect(constraintFlaw(reply, rule), `${id}: ${reply}`).toBeUndefined();
    }
  }
});

test("what is hidden stands in its sentence, and in no decoy and no question", () => {
  for (const { id, turns, grade, haystack } of itemsOf("recall")) {
    if (grade.kind !== "needle" || haystack === undefined) throw new Error(id);
    expect(says(haystack.needle, grade.value), id).toBe(true);
    const others = [...(haystack.decoys ?? []), ...turns.map(({ say }) => say)];
    expect(haystack.decoys?.length, id).toBeGreaterThanOrEqual(2);
    for (const other of others) expect(says(other, grade.value), `${id}: ${other}`).toBe(false);
  }
});
