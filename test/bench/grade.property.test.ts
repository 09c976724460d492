import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { runCode } from "../../src/bench/code-sandbox.ts";
import type { Grade } from "../../src/bench/grade.ts";
import { gradeAnswer } from "../../src/bench/grade-answer.ts";
import type { BenchItem } from "../../src/bench/suite.ts";
import { itemOf, says } from "./items.ts";

const FIELDS: Grade = {
  kind: "fields",
  fields: { "order.id": { text: "A-7" }, total: { number: 12.5 }, tags: { set: ["x", "y"] } },
  closed: true,
};
const FIELDS_KEY = '{"order": {"id": "A-7"}, "total": 12.5, "tags": ["y", "x"]}';
const CODE: Grade = {
  kind: "code",
  entry: "twice",
  cases: [
    { args: [2], returns: 4 },
    { args: [-1.5], returns: -3 },
  ],
};
const CODE_KEY = "function twice(n) {\n  return 2 * n;\n}";
const FACTS: Grade = {
  kind: "facts",
  must: [["moved to Friday"], ["3200 francs"]],
  mustNot: [["Tuesday"]],
  maxWords: 500,
};
const FACTS_KEY = "The meeting was moved to Friday and costs 3,200 francs.";

const TOOLS: Grade = { kind: "tools", calls: [{ name: "get_weather", args: { city: { text: "Oslo" } } }] };
const CONSTRAINTS: Grade = {
  kind: "constraints",
  checks: [
    { words: { min: 3, max: 3 } },
    { sentences: { max: 1 } },
    { paragraphs: 1 },
    { bullets: 0 },
    { numbered: 0 },
    { lines: 1 },
    { startsWith: "Aye" },
    { endsWith: "captain!" },
    { includes: "aye", times: 2 },
    { excludes: "sir" },
    { noCharacter: ";" },
    { inOrder: ["aye", "captain"] },
    { matches: "^Aye" },
  ],
};
const PERSONA: Grade = {
  kind: "persona",
  turns: [CONSTRAINTS.checks, [{ allCaps: true }, { onlyOneOf: ["YES", "NO"] }]],
};
const ITEMS: readonly BenchItem[] = [
  itemOf(FIELDS),
  itemOf(FACTS),
  itemOf({ kind: "number", value: 4_711.25 }),
  itemOf({ kind: "needle", value: ["AMBER-4417"] }),
  itemOf(CONSTRAINTS),
  itemOf({ kind: "constraints", checks: [{ onlyJson: true }, { allCaps: true }, { lowerCase: true }] }),
  itemOf(PERSONA),
  itemOf(TOOLS, { tools: [{ name: "get_weather", description: "", parameters: { type: "object" } }] }),
];

/** Code is taken out of an answer as ever, but not run. */
const unrun = async (item: BenchItem, text: string) => {
  const verdict = await gradeAnswer(item, says(text, text), {
    run: async ({ calls }) => calls.map(() => ({ kind: "failed", why: "" })),
  });
  return verdict;
};

/** Words that mean nothing to any grader. */
const prose = fc
  .array(
    fc.constantFrom("Here", "you", "are", "sure", "it", "works", "as", "asked", "well", "😀", "“fine”", "so,", "(yes)"),
    { maxLength: 12 },
  )
  .map((words) => words.join(" "));
const thought = fc
  .tuple(fc.constantFrom("think", "thinking", "reasoning"), prose)
  .map(([tag, text]) => `<${tag}>${text} 99 {"a": 1} Tuesday</${tag}>\n`);
const eol = fc.constantFrom("\n", "\n\n", "\r\n");

const wrapped = (key: string, languages: readonly string[]) =>
  fc
    .tuple(
      fc.option(thought, { nil: "" }),
      prose,
      eol,
      fc.constantFrom("```", "~~~", "````"),
      fc.constantFrom(...languages),
      prose,
    )
    .map(
      ([thinking, before, newline, fence, language, after]) =>
        `${thinking}${before}${newline}${fence}${language}\n${key}\n${fence}${newline}${after}`,
    );

const spoken = (key: string) =>
  fc
    .tuple(fc.option(thought, { nil: "" }), prose, eol, fc.constantFrom("", "**", "`", '"'), eol, prose)
    .map(
      ([thinking, before, newline, mark, end, after]) =>
        `${thinking}${before}${newline}${mark}${key}${mark}${end}${after}`,
    );

describe("an answer that is right", () => {
  it.each([
    ["fields in a fence", FIELDS, wrapped(FIELDS_KEY, ["json", "", "JSON", "json5"])],
    [
      "fields in prose",
      FIELDS,
      fc.tuple(prose, eol, prose).map(([before, newline, after]) => `${before}${newline}${FIELDS_KEY} ${after}`),
    ],
    [
      "a number",
      { kind: "number", value: 1_234.5 } as const,
      fc.oneof(spoken("1,234.5"), spoken("The answer is **1234.50** now."), spoken("$1\u202F234.5")),
    ],
    ["facts", FACTS, spoken(FACTS_KEY)],
    ["a needle", { kind: "needle", value: ["AMBER-4417"] } as const, spoken("It is amber 4417.")],
  ] as const)("stays right in whatever it is wrapped: %s", async (_, grade, answers) => {
    await fc.assert(
      fc.asyncProperty(answers as fc.Arbitrary<string>, async (text) => {
        expect(await gradeAnswer(itemOf(grade), says(text))).toMatchObject({
          score: 1,
          passed: true,
          notes: [],
          outcome: "answered",
        });
      }),
    );
  });

  it("stays right in whatever it is wrapped: code", async () => {
    let code = "";
    const run: typeof runCode = async (job) => {
      code = job.code;
      return [
        { kind: "returned", value: 4 },
        { kind: "returned", value: -3 },
      ];
    };
    await fc.assert(
      fc.asyncProperty(wrapped(CODE_KEY, ["js", "javascript", "", "ts"]), async (text) => {
        await gradeAnswer(itemOf(CODE), says(text), { run });
        expect(code.trim()).toBe(CODE_KEY);
      }),
    );
    expect(await gradeAnswer(itemOf(CODE), says(`\`\`\`js\n${code}\n\`\`\``))).toMatchObject({ passed: true });
  });
});

const noise = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.json(),
  fc
    .array(
      fc.constantFrom(
        "<think>",
        "</think>",
        "```",
        "```js\n",
        "{",
        "}",
        '"',
        "\\",
        "\n",
        " ",
        ".",
        ",",
        "1",
        "-",
        "$",
        "%",
        "/",
        "answer is",
        "\\boxed{",
        "####",
        "twice",
        "function",
        "=",
        "(",
        ")",
        "[",
        "]",
        "name",
        ":",
        "\u{1F600}",
        "\uD800",
        "\0",
        "e9",
        "^",
      ),
      { maxLength: 60 },
    )
    .map((parts) => parts.join("")),
);

describe("an answer that is anything", () => {
  it("never breaks a grader and never passes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...ITEMS, itemOf(CODE)), noise, async (item, text) => {
        const verdict = await unrun(item, text);
        expect(verdict.score).toBeGreaterThanOrEqual(0);
        expect(verdict.score).toBeLessThan(1);
        expect(verdict.passed).toBe(false);
        expect(verdict.notes.length).toBeGreaterThan(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it("gets the same verdict again", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...ITEMS, itemOf(CODE)), noise, async (item, text) => {
        expect(await unrun(item, text)).toEqual(await unrun(item, text));
      }),
      { numRuns: 300 },
    );
  });
});

/** A grader that went over these once more for every part of them would not be done before the test's time is up. */
const LONG: readonly string[] = [
  ...'<think>|</think>|<think></think>|```|```\n|```a\n```\n|`|~|{|[|}|{"a":|{}|{"|"|\\|\\"|1|1,|1.|1,1.|1 |1/|1e|-1|-|$-1|1\'|.|!|. |e.g. |a.b.|a. b|a|aA |A|ä|’|…| |\\n|\\n |\\r\\n|- |1. |*|* a\\n|# |answer is |answer: 1 |answer|result = |\\boxed{|\\boxed{1}|####|#### 1|\\frac{1|\\frac{1}{2}|½|²|^|_|10^|× 10^|%|1 million |rounded to 2 |get_weather(|get_weather|{"name": "get_weather"|<tool_call|twice|twice =|function |const twice|export |I\'m sorry |aye |aye captain |AMBER-|amber 441|moved to |3,200|,200|\u{1F600}|\u0301|世界|\uD800'
    .split("|")
    .map((part) => part.replaceAll("\\n", "\n").replaceAll("\\r", "\r")),
];

describe("an answer of half a million characters", () => {
  it.each(LONG)("of %j", async (part) => {
    const text = part.repeat(Math.ceil(500_000 / part.length));
    for (const item of [...ITEMS, itemOf(CODE)]) expect((await unrun(item, `${text}x`)).passed).toBe(false);
  });

  it("and one of several million, of which the first million counts", async () => {
    const item = itemOf({ kind: "number", value: 7 });
    expect(await gradeAnswer(item, says(`${"so ".repeat(300_000)} 7`))).toMatchObject({ passed: true });
    expect(await gradeAnswer(item, says(`${"so ".repeat(2_000_000)} 7`))).toMatchObject({ passed: false });
  });
});
