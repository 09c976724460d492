import { describe, expect, it } from "vitest";
import { fencesIn, jsonObjectsIn } from "../../src/bench/answer-blocks.ts";
import {
  countBullets,
  countLines,
  countNumbered,
  countParagraphs,
  countSentences,
  countWords,
} from "../../src/bench/answer-counts.ts";
import { searched, visibleText, wordLine } from "../../src/bench/answer-text.ts";

describe("what a model says to the person", () => {
  it.each([
    ["nothing else", "Yes.", "Yes."],
    ["after a thought", "<think>Is it? It is.</think>\n\nYes.", "Yes."],
    ["after a thought whose beginning is missing", "Is it? It is.\n</think>\nYes.", "Yes."],
    ["after several thoughts", "<thinking>a</thinking>Yes<think>b</think>.", "Yes."],
    ["after a thought in a thought", "<think>a <think>b</think> c</think>Yes.", "Yes."],
    ["nothing, in a thought that never ends", "<think>Is it? Yes.", ""],
    ["nothing but a thought", "<think>Yes.</think>", ""],
    ["in capitals", "<THINK>no</THINK> Yes.", "Yes."],
    ["of thinking, without tags of it", "I think, <b>so</b> I am </thinker>", "I think, <b>so</b> I am </thinker>"],
  ])("%s", (_, text, said) => {
    expect(visibleText(text)).toBe(said);
  });
});

describe("counting", () => {
  it.each([
    ["", 0],
    ["one", 1],
    ["well-known don't 3.5 e-mail", 4],
    ["a – b - c * d & e", 5],
    ["one—two", 2],
    ["one\u00A0two\tthree\nfour", 4],
    ["1. one two\n2) three\n- four\n# five six", 6],
    ["**bold** _word_ `code`", 3],
    ["2019 was good", 3],
    ["-5 degrees", 2],
    ["***", 0],
  ])("words of %j", (text, words) => {
    expect(countWords(text)).toBe(words);
  });

  it.each([
    ["", 0],
    ["One", 1],
    ["One. Two! Three? Four", 4],
    ["What?! No.", 2],
    ["It costs 3.50 at example.com today.", 1],
    ["Dr. Lee and Mrs. Fox met, e.g. on Monday. They left.", 2],
    ["We meet at 5 p.m. on Monday.", 1],
    ["We meet at 5 p.m. Then we eat.", 2],
    ["Bring salt, oil, etc. and come. Bring salt, etc.", 2],
    ["The answer is B. Because of that.", 2],
    ["Wait... what? Wait... What?", 3],
    ["He said “Stop.” She stopped.", 2],
    ["(It rained.) We stayed.", 2],
    ["all in lower case. two of them!", 2],
    ["- one thing\n- another. And more\n1. third", 4],
    ["# Title\nA text\nover two lines.\n\nAnother", 3],
    ["A paragraph\n\n---\n\nanother", 2],
    ["... !!! ???", 0],
    ["The answer is no. It stays.", 2],
  ])("sentences of %j", (text, sentences) => {
    expect(countSentences(text)).toBe(sentences);
  });

  it.each([
    ["", 0, 0, 0, 0],
    ["a\nb", 1, 2, 0, 0],
    ["a\n\n\n \nb", 2, 2, 0, 0],
    ["a\r\n\r\nb", 2, 2, 0, 0],
    ["a\n\n---\n\nb", 2, 3, 0, 0],
    ["List:\n- a\n  * b\n• c\n+ d", 1, 5, 4, 0],
    ["1. a\n2) b\n10. c", 1, 3, 0, 3],
    ["-a\n*b*\n**c**\n1.a\n3.5 d", 1, 5, 0, 0],
    ["- \n-", 0, 2, 0, 0],
    ["👍\n\n👍", 2, 2, 0, 0],
  ])("paragraphs, lines, bullets and numbers of %j", (text, ...counts) => {
    expect([countParagraphs(text), countLines(text), countBullets(text), countNumbered(text)]).toEqual(counts);
  });
});

describe("looking for a text", () => {
  it.each([
    ["Start the art.", "art", true],
    ["Start", "art", false],
    ["Art", "art", true],
    ["arts", "art", false],
    ["état", "tat", false],
    ["don’t worry", "don't", true],
    ["a\u00A0b\n c", "a b c", true],
    ["co\u2011worker", "co-worker", true],
    ["wow!", "!", true],
    ["a \u2014 b", "\u2014", true],
    ["a - b", "\u2014", false],
    ["你好世界吗", "世界", true],
    ["𝒜art", "art", false],
    ["anything", "", false],
  ])("in %j for %j: %o", (text, wanted, isThere) => {
    expect(searched(text).findEnd(wanted) !== undefined).toBe(isThere);
  });

  it("by its words", () => {
    expect(wordLine("Zürich’s 3,200 people (40%) — “happy”, U.S. 3.5.")).toBe(
      " zurich s 3200 people 40 percent happy u s 3.5 ",
    );
  });
});

describe("fenced blocks", () => {
  it("are found with their language, closed or not", () => {
    expect(
      fencesIn('a\n```JS title\nx\n```\nb\n~~~~\n~~~\ny\n~~~~\n```json {"a":1}```\n  ```\r\n  z\r\n  ```\n```\nopen'),
    ).toEqual([
      { language: "js", content: "x", isComplete: true },
      { language: "", content: "~~~\ny", isComplete: true },
      { language: "", content: 'json {"a":1}', isComplete: true },
      { language: "", content: "  z\r", isComplete: true },
      { language: "", content: "open", isComplete: false },
    ]);
  });
});

describe("JSON of an answer", () => {
  it.each([
    ["alone", '{"a":1}', [{ a: 1 }]],
    ["in a fence", 'Here:\n```json\n{"a":1}\n```\nDone {"b":2}', [{ a: 1 }]],
    ["in two fences", '```\n{"a":1}\n```\n```json\n{"a":2}\n```', [{ a: 1 }, { a: 2 }]],
    ["in a fence that is not closed", '```json\n{"a":1}', [{ a: 1 }]],
    ["in prose", 'It is {"a":{"b":"}"}} as {you} see, it\'s {"c":"\\"{"}.', [{ a: { b: "}" } }, { c: '"{' }]],
    ["in a list", '[{"a":1}]', [{ a: 1 }]],
    ["in a list in prose", 'So: [{"a":1}]', [{ a: 1 }]],
    ["behind a brace that is none", '{ oh, {"a":1}', [{ a: 1 }]],
    ["that is cut", '{"a":1, "b":', []],
    ["that is another language", "{'a': None}", []],
    ["with a comma too many", '{"a":1,}', []],
    ["none", "no", []],
    ["a text", '"{}"', []],
  ])("%s", (_, text, objects) => {
    expect(jsonObjectsIn(text)).toEqual(objects);
  });
});
