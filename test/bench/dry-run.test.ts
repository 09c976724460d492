import { describe, expect, it } from "vitest";
import { dryRun } from "../../src/bench/dry-run.ts";
import { loadSuite } from "../../src/bench/suite-file.ts";

const suite = (items: string) => loadSuite(`suite: try\ntitle: Try\ntask: reasoning\nitems:\n${items}`, "try.yaml");

describe("the dry run of a suite", () => {
  it("finds nothing where all is well", async () => {
    const good = suite(`  - family: sums
    prompt: "What is {{a}} and {{a}}?"
    grade: {kind: number, value: "{{sum}}"}
    key: "It is {{sum}}."
    variants: [{id: a, with: {a: 2, sum: 4}}, {id: b, with: {a: 3, sum: 6}}]
  - family: code
    prompt: Write twice.
    grade: {kind: code, entry: twice, cases: [{args: [2], returns: 4}]}
    key: "const twice = (n) => 2 * n;"
    variants: [{id: a}, {id: b}]
  - family: silence
    prompt: "What is 2 and 2?"
    tools: [{name: add, description: Adds., parameters: {type: object}}]
    grade: {kind: tools, calls: []}
    key: "4"
    variants: [{id: a}, {id: b}]
`);
    expect(await dryRun(good)).toEqual([]);
  });

  it("finds keys that are wrong, prompts that give it away, and families of one", async () => {
    const bad = suite(`  - {family: wrong, prompt: Count., grade: {kind: number, value: 7}, key: "8"}
  - {family: half, prompt: Read., grade: {kind: fields, fields: {a: {number: 1}, b: {number: 2}}}, key: '{"a": 1}'}
  - {family: told, prompt: Say 7., grade: {kind: number, value: 7}, key: "7"}
  - {family: long, prompt: Write., maxTokens: 5, grade: {kind: constraints, checks: [{lines: 1}]}, key: "one two three four five"}
  - {family: wide, prompt: "${"so ".repeat(9_000)}", grade: {kind: number, value: 7}, key: "7"}
  - {family: code, prompt: Write f., grade: {kind: code, entry: f, cases: [{args: [], returns: 1}, {args: [], returns: 2}]}, key: "const f = () => 1"}
`);
    expect((await dryRun(bad)).map(({ kind, about, message }) => `${kind} ${about}: ${message}`)).toEqual([
      "error try/wrong: the key scores 0 %: it says 8",
      "error try/half: the key scores 50 %: b is missing",
      "warning try/told: the prompt said again passes; it gives the answer away",
      "warning try/long: the prompt said again passes; it gives the answer away",
      "warning try/long: the key has some 9 tokens, but maxTokens is 5",
      "warning try/wide: the prompt has 27000 characters, more than many local models are given room for",
      "error try/code: the key scores 50 %: case 2 returned 1",
      ...["wrong", "half", "told", "long", "wide", "code"].map(
        (family) => `warning ${family}: this family has one item; write two variants or more`,
      ),
    ]);
  });

  it("ends with its signal", async () => {
    const slow = suite(
      `  - {family: a, prompt: Write f., grade: {kind: code, entry: f, cases: [{args: [], returns: 1}]}, key: "function f() { for (;;); }"}\n`,
    );
    await expect(dryRun(slow, AbortSignal.timeout(300))).rejects.toThrow();
  });
});
