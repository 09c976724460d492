import { describe, expect, it } from "vitest";
import { checkSuite, loadSuite } from "../../src/bench/suite-file.ts";

const HEAD = "suite: sums\ntitle: Sums\ntask: reasoning\nitems:\n";
const ITEM = `${HEAD}  - family: apples
    prompt: "I have {{a}} apples and buy {{b}}. How many?"
    grade: {kind: number, value: "{{sum}}"}
    key: "{{sum}} apples"
    variants:
      - {id: 1, with: {a: 3, b: 4, sum: 7}}
      - {id: two, level: quick, with: {a: 2, b: 2, sum: 4}}
`;

const told = (text: string): string[] =>
  checkSuite(text).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);

describe("a suite file", () => {
  it("makes an item of every variant and puts its values in", () => {
    const suite = loadSuite(ITEM, "sums.yaml");
    expect(suite.items.map(({ id, level }) => [id, level])).toEqual([
      ["sums/apples/1", "standard"],
      ["sums/apples/two", "quick"],
    ]);
    expect(suite.items[0]).toMatchObject({
      task: "reasoning",
      family: "apples",
      turns: [{ say: "I have 3 apples and buy 4. How many?" }],
      grade: { kind: "number", value: 7 },
      key: { turns: [{ text: "7 apples", toolCalls: [] }] },
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
`;
    expect(told(text)).toMatchInlineSnapshot(`
      [
        "10:29 this must be a number",
        "8:10 write a text, {text, toolCalls}, or {turns: […]} with one of these for each turn",
        "6:5 “promt” is no key here; did you mean “prompt”?",
        "11:32 no text of the item has “{{spare}}”; use it or leave it out",
      ]
    `);
  });
});
