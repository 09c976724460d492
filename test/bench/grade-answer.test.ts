import { describe, expect, it } from "vitest";
import type { Grade } from "../../src/bench/grade.ts";
import { gradeAnswer } from "../../src/bench/grade-answer.ts";
import { codeIn } from "../../src/bench/grade-code.ts";
import { calls, itemOf, says } from "./items.ts";

const scoreOf = async (grade: Grade, text: string): Promise<[number, boolean]> => {
  const { score, passed } = await gradeAnswer(itemOf(grade), says(text));
  return [score, passed];
};

describe("grade fields", () => {
  const grade: Grade = {
    kind: "fields",
    fields: {
      name: { text: "Ana Sá", also: ["A. Sá"] },
      "customer.city": { text: "Zürich" },
      total: { number: 12.5, within: 0.01 },
      paid: { boolean: false },
      due: { date: "2026-11-22" },
      tags: { set: ["red", "Blue"] },
      "items[1].price": { number: 3 },
      note: { absent: true },
    },
  };
  const right = {
    name: "ana sá ",
    customer: { city: "Zürich" },
    total: 12.505,
    paid: false,
    due: "2026-11-22",
    tags: ["blue", "red"],
    items: [{ price: 1 }, { price: 3 }],
    note: null,
  };

  it.each([
    ["all of it", right, 8],
    ["without what may be absent", { ...right, note: undefined }, 8],
    ["another wording", { ...right, name: "A. Sá" }, 8],
    ["more than was asked for", { ...right, extra: 1 }, 8],
    ["another name", { ...right, name: "Ana Sa" }, 7],
    ["a number as text", { ...right, total: "12.5" }, 7],
    ["a number that is off", { ...right, total: 12.52 }, 7],
    ["text as a number", { ...right, name: 3 }, 7],
    ["true for false", { ...right, paid: true }, 7],
    ["no for false", { ...right, paid: "no" }, 7],
    ["null for false", { ...right, paid: null }, 7],
    ["a date written otherwise", { ...right, due: "22.11.2026" }, 7],
    ["a set that lacks one", { ...right, tags: ["red"] }, 7],
    ["a set with one twice", { ...right, tags: ["red", "blue", "blue"] }, 7],
    ["a set as text", { ...right, tags: "red, blue" }, 7],
    ["the second thing first", { ...right, items: [{ price: 3 }, { price: 1 }] }, 7],
    ["too few things", { ...right, items: [{ price: 3 }] }, 7],
    ["what should be absent", { ...right, note: "none" }, 7],
    ["a path that is flat", { ...right, customer: undefined, "customer.city": "Zürich" }, 7],
    ["a city in a list", { ...right, customer: [{ city: "Zürich" }] }, 7],
    ["nothing", {}, 1],
    ["names that every object has", { __proto__: right, constructor: {} }, 1],
  ])("%s", async (_, answer, count) => {
    expect(await scoreOf(grade, JSON.stringify(answer))).toEqual([count / 8, count === 8]);
  });

  it("takes the last of several objects", async () => {
    const text = `For instance \`{"name": "x"}\`, here:\n\n{"name": "Bob"} or rather ${JSON.stringify(right)}`;
    expect(await scoreOf(grade, text)).toEqual([1, true]);
  });

  it("counts what was not asked for only where it is closed", async () => {
    const closed: Grade = {
      kind: "fields",
      fields: { "a.b": { number: 1 }, "c[0]": { text: "x" }, d: { absent: true }, e: { set: ["y"] } },
      closed: true,
    };
    const exact = { a: { b: 1 }, c: ["x"], d: null, e: ["y"] };
    expect(await scoreOf(closed, JSON.stringify(exact))).toEqual([1, true]);
    expect(await scoreOf(closed, JSON.stringify({ ...exact, f: { g: 1, h: 2 } }))).toEqual([4 / 5, false]);
    expect(await scoreOf(closed, JSON.stringify({ ...exact, a: { b: 1, z: 1 }, c: ["x", "y"] }))).toEqual([
      4 / 6,
      false,
    ]);
    expect(await scoreOf({ ...closed, closed: false }, JSON.stringify({ ...exact, f: 1 }))).toEqual([1, true]);
  });
});

describe("grade constraints", () => {
  it.each<[string, Extract<Grade, { kind: "constraints" }>["checks"][number], readonly string[], readonly string[]]>([
    ["words", { words: { min: 2, max: 3 } }, ["a b", "a b c"], ["a", "a b c d"]],
    ["sentences", { sentences: { min: 2 } }, ["A. B.", "A! B? C."], ["A."]],
    ["paragraphs", { paragraphs: 2 }, ["a\n\nb"], ["a", "a\nb", "a\n\nb\n\nc"]],
    ["bullets", { bullets: 2 }, ["- a\n- b", "As follows:\n* a\n* b"], ["- a", "- a\n- b\n- c", "1. a\n2. b"]],
    ["numbered", { numbered: 2 }, ["1. a\n2. b"], ["1. a", "- a\n- b"]],
    ["lines", { lines: 2 }, ["a\nb", "a\n\nb"], ["a b", "a\nb\nc"]],
    [
      "startsWith",
      { startsWith: "Dear Ana," },
      ["Dear Ana, hello", "dear  ana, hello"],
      ["Hi. Dear Ana,", "“Dear Ana,”"],
    ],
    ["startsWith a word", { startsWith: "Hi" }, ["Hi there", "Hi, you"], ["History"]],
    ["endsWith", { endsWith: "Over." }, ["It is. Over.", "over.\n"], ["Over", "Over. And out"]],
    ["includes", { includes: "river" }, ["A River."], ["Rivers", "rive"]],
    ["includes times", { includes: "river", times: 2 }, ["river, River"], ["river", "river river river"]],
    ["includes a mark", { includes: "—" }, ["a — b"], ["a - b"]],
    ["excludes", { excludes: "very" }, ["every day"], ["Very good", "not very"]],
    ["noCharacter", { noCharacter: "," }, ["a; b"], ["a, b"]],
    ["allCaps", { allCaps: true }, ["ALL OF IT, 3!"], ["All", "123"]],
    ["lowerCase", { lowerCase: true }, ["all of it", "123"], ["All", "aLl"]],
    [
      "onlyJson",
      { onlyJson: true },
      ['{"a": 1}', "[1]", ' {"a":1}\n'],
      ['```json\n{"a":1}\n```', '{"a":1}.', "1", '"a"'],
    ],
    ["onlyOneOf", { onlyOneOf: ["yes", "no"] }, ["yes", "No\n"], ["yes.", "yes or no", "maybe"]],
    [
      "inOrder",
      { inOrder: ["one", "two", "one"] },
      ["one, two, one"],
      ["one, two", "two, one, one", "one, twone, one"],
    ],
    ["matches", { matches: "^\\p{Lu}\\w+-\\d{4}$" }, ["Code-1234"], ["code-1234", "A Code-1234"]],
  ])("%s", async (_, check, followed, broken) => {
    for (const text of followed)
      expect([text, await scoreOf({ kind: "constraints", checks: [check] }, text)]).toEqual([text, [1, true]]);
    for (const text of broken)
      expect([text, await scoreOf({ kind: "constraints", checks: [check] }, text)]).toEqual([text, [0, false]]);
  });

  it("gives the share that holds", async () => {
    const grade: Grade = {
      kind: "constraints",
      checks: [{ lowerCase: true }, { words: { max: 2 } }, { includes: "x" }, { lines: 1 }],
    };
    expect(await scoreOf(grade, "a b c")).toEqual([0.5, false]);
    expect(await scoreOf(grade, "a x")).toEqual([1, true]);
  });

  it("gives up a pattern that takes for ever", async () => {
    const grade: Grade = { kind: "constraints", checks: [{ matches: "^(\\w+\\s?)+$" }] };
    const { passed, notes } = await gradeAnswer(itemOf(grade), says(`${"a".repeat(60)}!`));
    expect([passed, notes]).toEqual([false, [expect.stringContaining("took too long")]]);
  });
});

describe("grade facts", () => {
  const grade: Grade = {
    kind: "facts",
    must: [["moved to Friday", "on Friday"], ["3,200"], ["Zürich"]],
    mustNot: [["moved to Tuesday", "on Tuesday"]],
    maxWords: 20,
  };
  it.each([
    ["all facts", "The meeting in Zurich is on FRIDAY. It costs 3200.", 1, true],
    ["another wording", "Moved to Friday: the meeting in Zürich, 3,200 francs!", 1, true],
    ["one missing", "The meeting in Zurich is on Friday.", 2 / 3, false],
    ["a fact within another word", "The meeting in Zurich is on Fridays, 13200 francs.", 1 / 3, false],
    ["a falsehood", "The meeting in Zurich is on Friday, not on Tuesday. 3,200.", 0, false],
    ["too long", `Zurich, on Friday, 3,200. ${"so ".repeat(36)}`, 0.5, false],
    ["something else", "The weather was fine.", 0, false],
  ])("%s", async (_, text, score, passed) => {
    expect(await scoreOf(grade, text)).toEqual([score, passed]);
  });
});

describe("grade needle", () => {
  const grade: Grade = { kind: "needle", value: ["AMBER-4417", "amber four"] };
  it.each([
    ["It is amber 4417.", true],
    ["“AMBER\u20114417”", true],
    ["AMBER-44170", false],
    ["AMBER", false],
    ["I do not know.", false],
  ])("%s", async (text, passed) => {
    expect(await scoreOf(grade, text)).toEqual([passed ? 1 : 0, passed]);
  });
});

describe("grade tools", () => {
  const tools = ["get_weather", "send_message"].map((name) => ({
    name,
    description: "",
    parameters: { type: "object" },
  }));
  const grade: Grade = {
    kind: "tools",
    calls: [
      { name: "get_weather", args: { city: { text: "Oslo" } }, optional: ["unit"] },
      { name: "send_message", args: { to: { text: "Ana" }, copies: { number: 2 } } },
    ],
  };
  const item = itemOf(grade, { tools });
  const weather = { name: "get_weather", args: { city: "oslo" } };
  const message = { name: "send_message", args: { to: "Ana", copies: 2 } };

  it.each([
    ["both", [weather, message], 1],
    ["in another order", [message, weather], 1],
    ["with what is optional", [{ ...weather, args: { city: "Oslo", unit: "C" } }, message], 1],
    ["with null for what is not there", [{ ...weather, args: { city: "Oslo", day: null } }, message], 1],
    ["one only", [weather], 0.5],
    ["one with an argument wrong", [weather, { ...message, args: { to: "Ana", copies: 3 } }], 0.75],
    ["one with an argument too many", [weather, { ...message, args: { to: "Ana", copies: 2, now: true } }], 5 / 6],
    ["one too many", [weather, message, message], 2 / 3],
    ["the wrong one", [{ name: "get_time", args: {} }], 0],
    ["the best of two attempts", [weather, { ...weather, args: { city: "Rome" } }, message], 2 / 3],
  ])("%s", async (_, made, score) => {
    const verdict = await gradeAnswer(item, calls(made, "One moment."));
    expect(verdict.score).toBeCloseTo(score, 12);
    expect(verdict).toMatchObject({ passed: score === 1, malformedTool: false, outcome: "answered" });
  });

  it.each([
    ["JSON", '{"name": "get_weather", "arguments": {"city": "Oslo"}}'],
    ["JSON in a fence", 'Sure.\n```json\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n```'],
    ["JSON in prose", 'I call {"name": "get_weather", "parameters": {"city": "Oslo"}} now.'],
    ["JSON of a tool that there is not", '{"name": "weather", "arguments": {"city": "Oslo"}}'],
    ["a list of JSON", '[{"type": "function", "function": {"name": "get_weather", "arguments": "{}"}}]'],
    ["tags", '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>'],
    ["tags around something else", "<function=get_weather><parameter=city>Oslo</parameter></function>"],
    ["another model's marks", '[TOOL_CALLS] [{"name": "get_weather"}]'],
    ["Python", '[get_weather(city="Oslo"), send_message(to="Ana", copies=2)]'],
    ["Python in a fence", 'Let me see.\n```python\nget_weather(city="Oslo")\n```'],
    ["JSON after a thought", '<think>hm</think>{"name": "send_message", "arguments": {}}'],
  ])("no call that is written as %s", async (_, text) => {
    expect(await gradeAnswer(item, says(text))).toMatchObject({ score: 0, passed: false, malformedTool: true });
    const none = itemOf({ kind: "tools", calls: [] }, { tools });
    expect(await gradeAnswer(none, says(text))).toMatchObject({ score: 0, passed: false, malformedTool: true });
  });

  it.each([
    ["speaks of a tool", "I could use get_weather (for Oslo), shall I?"],
    ["has JSON of its own", '{"name": "Ana", "age": 3}'],
    ["shows code", "```js\nfunction get(city) { return 3; }\n```"],
  ])("no call is a text that %s", async (_, text) => {
    expect(await gradeAnswer(item, says(text))).toMatchObject({ score: 0, malformedTool: false });
  });

  it("none where none is needed", async () => {
    const none = itemOf({ kind: "tools", calls: [] }, { tools });
    expect(await gradeAnswer(none, says("It is four."))).toMatchObject({ score: 1, passed: true });
    expect(await gradeAnswer(none, calls([weather], "It is four."))).toMatchObject({ score: 0, passed: false });
    expect(await gradeAnswer(none, says("  "))).toMatchObject({ score: 0, passed: false, outcome: "empty" });
  });
});

describe("grade persona", () => {
  const item = itemOf({
    kind: "persona",
    turns: [[{ startsWith: "Aye" }, { excludes: "you" }], [{ endsWith: "Over." }]],
  });
  it.each([
    ["all turns", ["Aye, it is.", "Done. Over."], 1],
    ["a rule broken", ["Aye, you are.", "Done. Over."], 2 / 3],
    ["the second turn forgotten", ["Aye, it is.", "Done."], 2 / 3],
    ["a turn without a word", ["Aye, it is.", ""], 2 / 3],
    ["a turn too few", ["Aye, it is."], 2 / 3],
    ["none", ["Hello you.", "Bye."], 0],
  ])("%s", async (_, texts, score) => {
    const verdict = await gradeAnswer(item, says(...texts));
    expect(verdict.score).toBeCloseTo(score, 12);
    expect(verdict.passed).toBe(score === 1);
  });
});

describe("grade code", () => {
  const grade: Grade = {
    kind: "code",
    entry: "add",
    cases: [
      { args: [1, 2], returns: 3 },
      { args: [0.1, 0.2], returns: 0.3 },
      { args: ["a"], throws: true },
    ],
  };
  const right =
    "function add(a, b) {\n  if (typeof a !== 'number') throw new TypeError('no number');\n  return a + b;\n}";

  it.each([
    ["in a fence", `\`\`\`js\n${right}\n\`\`\``, 3],
    ["bare", right, 3],
    ["in prose", `Here it is:\n\n${right}\n\nIt adds.`, 3],
    ["before an example", `\`\`\`js\n${right}\n\`\`\`\nUse it:\n\`\`\`js\nconsole.log(add(1, 2)); // 3\n\`\`\``, 3],
    ["after a first attempt", `\`\`\`js\nfunction add() {}\n\`\`\`\nBetter:\n\`\`\`\n${right}\n\`\`\``, 3],
    ["after a thought", `<think>\`\`\`js\nfunction add() {}\n\`\`\`</think>\n\`\`\`js\n${right}\n\`\`\``, 3],
    ["in a fence that is not closed", `\`\`\`js\n${right}`, 3],
    ["in TypeScript", `\`\`\`ts\n${right.replace("a, b", "a: number, b: number")}\n\`\`\``, 3],
    ["without the exception", "function add(a, b) { return a + b; }", 2],
    ["with the wrong sign", "function add(a, b) { return a - b; }", 0],
    ["as text", "function add(a, b) { return String(a + b); }", 0],
    ["always failing", "function add() { throw new Error(); }", 1],
    [
      "overrunning its stack instead of throwing",
      "function add(a, b) { return typeof a === 'string' ? add(a) : a + b; }",
      2,
    ],
    ["asynchronous", "async function add(a, b) { if (typeof a !== 'number') throw 1; return a + b; }", 0],
    ["under another name", "function plus(a, b) { return a + b; } // add", 0],
    ["cut", "```js\nfunction add(a, b) {\n  if (", 0],
  ])("%s", async (_, text, count) => {
    expect(await scoreOf(grade, text)).toEqual([count / 3, count === 3]);
  });

  it("says what came out instead", async () => {
    const { notes } = await gradeAnswer(itemOf(grade), says("const add = async (a) => [a, { x: undefined }];"));
    expect(notes).toEqual([
      "case 1 returned a promise",
      "case 2 returned a promise",
      "case 3 returned a promise instead of throwing",
    ]);
  });

  it.each([
    ["names with a dollar", "```js\nconst $add = 1\n```\n```js\nconst x = 2\n```", "$add", "const $add = 1"],
    ["nothing of fences without the name", "```sh\nnpm i\n```\nfunction add() {}", "add", ""],
  ])("finds %s", (_, text, entry, code) => {
    expect(codeIn(text, entry)).toBe(code);
  });
});

describe("what an answer was", () => {
  const item = itemOf({ kind: "number", value: 42 });
  it.each([
    ["", "empty"],
    ["\n ", "empty"],
    ["<think>42", "empty"],
    ["I'm sorry, but I can't help with that.", "refused"],
    ["**I cannot** do so.", "refused"],
    ["I’m unable to say.", "refused"],
    ["As an AI, I do not add.", "refused"],
    ["Sorry for the delay: it is 42.", "answered"],
    ["I can say that it is 41.", "answered"],
    ["41", "answered"],
  ])("%j is %s", async (text, outcome) => {
    expect(await gradeAnswer(item, says(text))).toMatchObject({ outcome });
  });

  it("cut, whatever else it was", async () => {
    const cut = { turns: [{ text: "<think>so", toolCalls: [], cut: true }] };
    expect(await gradeAnswer(item, cut)).toMatchObject({ outcome: "cut", score: 0 });
    expect(await gradeAnswer(item, { turns: [] })).toMatchObject({ outcome: "empty", score: 0 });
  });

  it("tells of at most a dozen flaws, shortly", async () => {
    const fields = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`f${index}`, { text: "x" }]));
    const { notes } = await gradeAnswer(itemOf({ kind: "fields", fields }), says("{}"));
    expect(notes).toHaveLength(13);
    expect(notes.at(-1)).toBe("and 18 more");
  });
});
