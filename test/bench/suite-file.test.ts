import Ajv from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { checkSuite, loadSuite } from "../../src/bench/suite-file.ts";
import { suiteFileSchema } from "../../src/bench/suite-schema.ts";
import { ClutchError } from "../../src/errors.ts";

const HEAD = "suite: sums\ntitle: Sums\ntask: reasoning\nitems:\n";
const APPLES = `${HEAD}  - family: apples
    system: You count.
    prompt: "I have {{a}} apples and buy {{ b }}: {{list}}. How many?"
    maxTokens: 64
    grade: {kind: number, value: "{{sum}}"}
    key: "{{sum}} apples"
    variants:
      - {id: 1, with: {a: 3, b: 4, sum: 7, list: [x, {y: 1}]}}
      - {id: two, level: quick, with: {a: "{{b}}", b: true, sum: 4, list: null}}
`;

/** A file with one item, all its lines but the family given. */
const one = (...lines: readonly string[]): string =>
  `${HEAD}  - family: apples\n${lines.map((line) => `    ${line}\n`).join("")}`;
const PROMPT = "prompt: How many?";
const GRADE = "grade: {kind: number, value: 7}";
const KEY = "key: '7'";

const told = (text: string): string[] =>
  checkSuite(text).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);

describe("a suite file", () => {
  it("makes an item of every variant and puts its values in", () => {
    const { items, ...suite } = loadSuite(APPLES, "sums.yaml");
    expect(suite).toEqual({
      name: "sums",
      title: "Sums",
      task: "reasoning",
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const common = { task: "reasoning", family: "apples", system: "You count.", maxTokens: 64 };
    expect(items).toEqual([
      {
        ...common,
        id: "sums/apples/1",
        level: "standard",
        turns: [{ say: 'I have 3 apples and buy 4: ["x",{"y":1}]. How many?' }],
        grade: { kind: "number", value: 7 },
        key: { turns: [{ text: "7 apples", toolCalls: [] }] },
      },
      {
        ...common,
        id: "sums/apples/two",
        level: "quick",
        // What is put in is not looked through again.
        turns: [{ say: "I have {{b}} apples and buy true: null. How many?" }],
        grade: { kind: "number", value: 4 },
        key: { turns: [{ text: "4 apples", toolCalls: [] }] },
      },
    ]);
  });

  it("is JSON as well, and the same then, whatever its layout", () => {
    const asJson = loadSuite(JSON.stringify(parse(APPLES), undefined, 2), "sums.json");
    expect(asJson).toEqual(loadSuite(`# Sums\n${APPLES.replaceAll("\n", "\r\n")}`, "sums.yaml"));
    expect(loadSuite(APPLES.replace("buy", "get"), "sums.yaml").hash).not.toBe(asJson.hash);
  });

  it("has items without variants, told apart by ids of their own", () => {
    const item = `  - {family: apples, ${PROMPT}, ${GRADE}, ${KEY}}\n`;
    const { items } = loadSuite(HEAD + item + item.replace("apples", "apples, id: b"), "");
    expect(items.map(({ id, level, maxTokens }) => [id, level, maxTokens])).toEqual([
      ["sums/apples", "standard", 512],
      ["sums/apples/b", "standard", 512],
    ]);
    expect(told(HEAD + item + item)).toEqual(["6:5 the id “apples” is there twice"]);
  });

  it("has items of every kind", () => {
    const { items } = loadSuite(
      `suite: all
title: All
task: tools
items:
  - {family: code, prompt: Write add., grade: {kind: code, entry: add, cases: [{args: [1, 2], returns: 3}, {args: [], throws: true}, {args: [], returns: null}]}, key: "function add() {}"}
  - {family: fields, prompt: Read., grade: {kind: fields, closed: true, fields: {"a.b[0].c": {text: x, also: [y]}, b: {number: 1, within: 0.1}, c: {boolean: true}, d: {date: 2026-11-22}, e: {set: [x]}, f: {absent: true}}}, key: "{}"}
  - {family: number, prompt: Count., haystack: {needle: It is here., at: 0.25, decoys: [It was here.]}, grade: {kind: number, value: 1, within: 0.5}, key: "1"}
  - family: constraints
    prompt: Write.
    grade:
      kind: constraints
      checks: [{words: {min: 1, max: 2}}, {sentences: {max: 1}}, {paragraphs: 1}, {bullets: 0}, {numbered: 0}, {lines: 1}, {startsWith: a}, {endsWith: b}, {includes: c, times: 2}, {excludes: d}, {noCharacter: "😀"}, {allCaps: true}, {lowerCase: true}, {onlyJson: true}, {onlyOneOf: [a, b]}, {inOrder: [a, b]}, {matches: "^(?i:a)$"}]
    key: ""
  - {family: facts, prompt: Sum up., grade: {kind: facts, must: [[a, b]], mustNot: [], maxWords: 10}, key: a}
  - family: tools
    prompt: Call.
    tools: [{name: get, description: Gets., parameters: {type: object, properties: {x: {type: string}}}}]
    grade: {kind: tools, calls: [{name: get, args: {x: {text: y}}, optional: [z]}]}
    key: {toolCalls: [{name: get, args: {x: y}}]}
  - family: persona
    turns: [{say: Hi, reply: Aye}, {say: Well?}, {say: And?}]
    grade: {kind: persona, turns: [[{startsWith: Aye}], [{startsWith: Aye}]]}
    key: {turns: [Aye, {text: Aye}]}
  - {family: needle, prompt: Where?, grade: {kind: needle, value: [here]}, key: here}
`,
      "all.yaml",
    );
    expect(items.map(({ grade, family }) => grade.kind === family)).toEqual(Array(8).fill(true));
    expect(items.find(({ family }) => family === "persona")?.key.turns).toEqual([
      { text: "Aye", toolCalls: [] },
      { text: "Aye", toolCalls: [] },
    ]);
    expect(items.find(({ family }) => family === "number")?.haystack).toEqual({
      needle: "It is here.",
      at: 0.25,
      decoys: ["It was here."],
    });
  });

  it("names all that is wrong at once, with its place", () => {
    const text = `${HEAD}  - family: apples
    promt: how many?
    grade: {kind: number, value: "{{sum}}"}
    key: 7
    variants:
      - {id: 1, with: {sum: seven}}
      - {id: 2, with: {sum: 7, spare: 1}}
  - {family: pears, prompt: "{{what}}", grade: {kind: nummer}, key: x}
`;
    expect(told(text)).toEqual([
      "10:29 this must be a number",
      "8:10 write a text, {text, toolCalls}, or {turns: […]} with one of these for each turn",
      "6:5 “promt” is no key here; did you mean “prompt”?",
      "11:32 no text of the item has “{{spare}}”; use it or leave it out",
      "12:29 “{{what}}” stands for no value of the variant; there are none here",
    ]);
  });

  it("throws bad_suite, with the file, the item and what to read", () => {
    const load = () => loadSuite(one(PROMPT, GRADE), "my/sums.yaml");
    expect(load).toThrow(ClutchError);
    expect(load).toThrow("my/sums.yaml, line 5, column 5 (apples): “key” is missing.");
    try {
      load();
    } catch (error) {
      expect(error).toMatchObject({
        code: "bad_suite",
        isFault: false,
        hint: expect.stringContaining("docs/bench-suites.md"),
      });
    }
    const keys = Array.from({ length: 60 }, (_, index) => `k${index}x: 1`);
    expect(() => loadSuite(one(...keys, PROMPT, GRADE, KEY), "f")).toThrow(
      /line 6, column 5 \(apples\): “k0x” is no key here.*line 45, column 5.*… and 20 more\.$/s,
    );
  });
});

describe("what is wrong is told with its place and what to write", () => {
  it.each<readonly [string, string, readonly (string | RegExp)[]]>([
    ["no YAML", "suite: [", [/^1:9 this is not YAML: /]],
    ["two keys", "suite: a\nsuite: b", [/^2:1 this is not YAML: .*unique/]],
    ["two documents", "suite: a\n---\nsuite: b", [/not YAML/]],
    ["a tag", "suite: !!js/function x", [/not YAML/]],
    ["nothing", "", ["1:1 this must be a mapping of keys to values"]],
    ["a list", "- a", ["1:1 this must be a mapping of keys to values"]],
    ["no head", "items: []", ["1:1 “suite” is missing", "1:1 “title” is missing", "1:1 “task” is missing", /^1:8 /]],
    ["a name with capitals", `${APPLES.replace("suite: sums", "suite: Sums")}`, [/^1:8 a name has lower-case letters/]],
    ["another task", APPLES.replace("reasoning", "maths"), [/^3:7 .*"code"/]],
    ["neither prompt nor turns", one(GRADE, KEY), ["5:5 write a prompt, or turns"]],
    ["both", one(PROMPT, "turns: [{say: a}]", GRADE, KEY), ["7:12 write a prompt or turns, not both"]],
    ["a key without quotes", one(PROMPT, GRADE, "key: 7"), [/^8:10 write a text/]],
    ["a prompt without quotes", one("prompt: 7", GRADE, KEY), ["6:13 this must be text; put it in quotes"]],
    ["a kind that there is not", one(PROMPT, "grade: {kind: fact}", KEY), [/write a kind: code, fields/]],
    ["no kind", one(PROMPT, "grade: {value: 7}", KEY), [/write a kind: code, fields/]],
    [
      "a rule that there is not",
      one(PROMPT, "grade: {kind: fields, fields: {a: {txt: x}}}", KEY),
      [/^7:39 write one of text, number/],
    ],
    [
      "a rule with the wrong value",
      one(PROMPT, "grade: {kind: fields, fields: {a: {number: x}}}", KEY),
      ["7:48 this must be a number"],
    ],
    [
      "a rule with too much",
      one(PROMPT, "grade: {kind: fields, fields: {a: {text: x, within: 1}}}", KEY),
      [/“within” is no key here; there are text, also/],
    ],
    [
      "a date that is none",
      one(PROMPT, "grade: {kind: fields, fields: {a: {date: 2026-02-30}}}", KEY),
      [/^7:46 a date looks like/],
    ],
    [
      "a path that is none",
      one(PROMPT, "grade: {kind: fields, fields: {a..b: {text: x}}}", KEY),
      [/^7:\d+ a path looks like/],
    ],
    [
      "a check that there is not",
      one(PROMPT, "grade: {kind: constraints, checks: [{word: {max: 3}}]}", KEY),
      [/write one of words, sentences/],
    ],
    [
      "a range without ends",
      one(PROMPT, "grade: {kind: constraints, checks: [{words: {}}]}", KEY),
      [/write min, max or both/],
    ],
    [
      "a range upside down",
      one(PROMPT, "grade: {kind: constraints, checks: [{words: {min: 3, max: 2}}]}", KEY),
      [/min is more than max/],
    ],
    [
      "a pattern that is none",
      one(PROMPT, "grade: {kind: constraints, checks: [{matches: '('}]}", KEY),
      [/regular expression/i],
    ],
    ["two characters", one(PROMPT, "grade: {kind: constraints, checks: [{noCharacter: ab}]}", KEY), [/one character/]],
    [
      "white space to look for",
      one(PROMPT, "grade: {kind: constraints, checks: [{includes: ' '}]}", KEY),
      [/more than white space/],
    ],
    [
      "a case without result",
      one(PROMPT, "grade: {kind: code, entry: f, cases: [{args: []}]}", KEY),
      [/write either returns/],
    ],
    [
      "a case with two",
      one(PROMPT, "grade: {kind: code, entry: f, cases: [{args: [], returns: 1, throws: true}]}", KEY),
      [/write either returns/],
    ],
    [
      "a number that JSON has not",
      one(PROMPT, "grade: {kind: code, entry: f, cases: [{args: [.nan], returns: 1}]}", KEY),
      [/^7:/],
    ],
    [
      "a function's name",
      one(PROMPT, "grade: {kind: code, entry: f-g, cases: [{args: [], returns: 1}]}", KEY),
      [/write the function's name/],
    ],
    [
      "a tool that there is not",
      one(
        PROMPT,
        "tools: [{name: get, description: Gets., parameters: {type: object}}]",
        "grade: {kind: tools, calls: [{name: set, args: {}}]}",
        KEY,
      ),
      [/“set” is none of the item's tools: get/],
    ],
    ["no tools", one(PROMPT, "grade: {kind: tools, calls: []}", KEY), [/needs the tools/]],
    [
      "a tool twice",
      one(
        PROMPT,
        "tools: [{name: get, description: Gets., parameters: {type: object}}, {name: get, description: Gets., parameters: {type: object}}]",
        "grade: {kind: tools, calls: []}",
        KEY,
      ),
      [/there twice/],
    ],
    [
      "a key for too many turns",
      one(PROMPT, GRADE, "key: {turns: [a, b]}"),
      [/the key answers 2 turns, but the tested model answers 1/],
    ],
    [
      "checks for too few turns",
      one("turns: [{say: a}, {say: b}]", "grade: {kind: persona, turns: [[{lines: 1}]]}", "key: {turns: [a, b]}"),
      [/the checks are for 1 turn, but the tested model answers 2/],
    ],
    ["a reply too late", one("turns: [{say: a}, {say: b, reply: c}]", GRADE, KEY), [/turns with a reply come first/]],
    ["nothing left to answer", one("turns: [{say: a, reply: c}]", GRADE, KEY), [/the last turn has no reply/]],
    ["a needle beyond the end", one(PROMPT, "haystack: {needle: x, at: 1.5}", GRADE, KEY), [/^7:31 /]],
    ["an id twice", APPLES.replace("id: two", "id: 1"), ["13:9 the id “apples/1” is there twice"]],
    ["an id beside variants", APPLES.replace("    system:", "    id: x\n    system:"), [/leave this out/]],
    ["a name in a key", APPLES.replace("{kind: number", '{kind: number, "{{a}}": 1'), [/names are replaced in values/]],
    ["a name that cannot be one", APPLES.replace("sum: 7", "sum: 7, a-b: 1"), [/a name to replace looks like/]],
  ])("%s", (_, text, wanted) => {
    const problems = told(text);
    expect(problems.length, problems.join("\n")).toBe(wanted.length);
    for (const [index, each] of wanted.entries()) {
      expect(problems[index]).toEqual(typeof each === "string" ? each : expect.stringMatching(each));
    }
  });
});

describe("a suite file has limits", () => {
  const bomb = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
  for (let level = 0; level < 8; level++) {
    const [here, above] = ["bcdefghi"[level], "abcdefgh"[level]];
    bomb.push(`${here}: &${here} [${Array(10).fill(`*${above}`).join(", ")}]`);
  }
  const variants = (count: number, values: string): string =>
    `    variants:\n${Array.from({ length: count }, (_, index) => `      - {id: ${index}, with: ${values}}\n`).join("")}`;
  const long = "x".repeat(60_000);

  it.each([
    ["a bomb of aliases", bomb.join("\n"), /aliases repeat too much/],
    ["brackets without end", `items: ${"[".repeat(100_000)}`, /nested too deeply|not YAML/],
    ["two megabytes", `# ${"x".repeat(2 * 1024 * 1024)}`, /larger than 2 MB/],
    ["too many items", one('prompt: "{{a}}?"', GRADE, KEY) + variants(2_001, "{a: 1}"), /at most 2,000 items/],
    ["a prompt too long", one(`prompt: "${long.repeat(4)}"`, GRADE, KEY), /200000/],
    [
      "a prompt that grows too long",
      one('prompt: "{{a}}{{a}}{{a}}{{a}}"', GRADE, KEY) + variants(1, `{a: ${long}}`),
      /longer than 200000 characters/,
    ],
    [
      "items that grow too large together",
      one(`prompt: "{{a}} ${long.repeat(3)}"`, GRADE, KEY) + variants(300, "{a: 1}"),
      /larger than 32 million/,
    ],
    ["a title too long", APPLES.replace("Sums", "x".repeat(101)), /100/],
  ])("%s", (_, text, message) => {
    const problems = told(text);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.at(-1)).toMatch(message);
  });

  it("and lets a few aliases be", () => {
    const text = `${HEAD}  - {family: a, prompt: &p How many?, ${GRADE}, key: &k "7"}\n  - {family: b, prompt: *p, ${GRADE}, key: *k}\n`;
    expect(loadSuite(text, "").items[1]?.turns).toEqual([{ say: "How many?" }]);
  });

  it("and never breaks, whatever is in it", () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc.record({ suite: fc.anything(), items: fc.anything() }).map((value) => JSON.stringify(value) ?? ""),
      fc
        .array(
          fc.constantFrom(
            ...APPLES.split("\n"),
            "  - ",
            "{{",
            "*a",
            "&a x",
            "? ",
            ": ",
            "[",
            "}",
            "!!x",
            "<<: *a",
            "__proto__: 1",
            "\t",
          ),
          { maxLength: 30 },
        )
        .map((lines) => lines.join("\n")),
    );
    fc.assert(
      fc.property(anything, (text) => {
        const { suite, problems } = checkSuite(text);
        expect(suite === undefined).toBe(problems.length > 0);
        for (const { line, column } of problems) expect(Math.min(line, column)).toBeGreaterThan(0);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("the schema for editors", () => {
  const isValid = new Ajv.default({ strict: false }).compile(suiteFileSchema());

  it("takes what the loader takes, names to replace too", () => {
    expect(isValid(parse(APPLES)), JSON.stringify(isValid.errors)).toBe(true);
    expect(
      isValid(
        parse(
          one(
            "prompt: x",
            'grade: {kind: code, entry: "{{e}}", cases: "{{c}}"}',
            "key: x",
            "variants: [{id: 1, with: {e: f, c: []}}]",
          ),
        ),
      ),
    ).toBe(true);
  });

  it.each([
    ["a key that there is not", APPLES.replace("prompt:", "promt:")],
    ["a kind that there is not", APPLES.replace("kind: number", "kind: nummer")],
    ["a level that there is not", APPLES.replace("level: quick", "level: fast")],
    ["text that is no name", APPLES.replace('"{{sum}}"}', "many}")],
  ])("refuses %s", (_, text) => {
    expect(isValid(parse(text))).toBe(false);
  });
});
