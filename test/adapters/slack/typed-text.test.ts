import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCommandNames } from "../../../adapters/slack/command-names.ts";
import { afterMention, decodeTyped, quoted } from "../../../adapters/slack/typed-text.ts";
import { splitWords } from "../../../commands/command-line.ts";

describe("what a person typed", () => {
  it.each([
    ["qwen3:8b scope:agent", "qwen3:8b scope:agent"],
    ["a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"],
    ["&amp;lt;", "&lt;"],
    ["<http://example.com|example.com>/qwen", "example.com/qwen"],
    ["<http://example.com/x>", "http://example.com/x"],
    ["<mailto:a@b.de|a@b.de>", "a@b.de"],
    ["<mailto:a@b.de>", "a@b.de"],
    ["<#C0GENERAL|general>", "general"],
    ["<@U0BOB>", "@U0BOB"],
    ["<!here>", "@here"],
    ["“two words” ‘and more’", "\"two words\" 'and more'"],
    ["what’s that", "what’s that"],
    ["a\u00a0b\u200b", "a b"],
  ])("%s -> %s", (slack, typed) => expect(decodeTyped(slack)).toBe(typed));

  it.each([
    ["<@U0CLUTCH> model qwen", "model qwen"],
    ["<@U0CLUTCH|clutch>: model qwen", "model qwen"],
    [" <@U0BOB>, <@U0CLUTCH> model qwen", "model qwen"],
    ["<@U0CLUTCH> <@U0CLUTCH> model", "<@U0CLUTCH> model"],
    ["<@U0CLUTCH>", ""],
    ["hey <@U0CLUTCH>, model qwen", undefined],
    ["see what it says: &gt; <@U0CLUTCH> localonly off", undefined],
    ["&gt; <@U0CLUTCH> localonly off", undefined],
    ["no mention", undefined],
  ])("after the mention in %s comes %s", (text, words) => expect(afterMention(text, "U0CLUTCH")).toBe(words));

  it("takes the first mention for ours until it knows better", () =>
    expect(afterMention("<@U0CLUTCH> model", undefined)).toBe("model"));

  it("is one word again when it is quoted", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (value) => {
        fc.pre(value !== "" && !(value.includes('"') && value.includes("'")));
        expect(splitWords(quoted(value))).toEqual([value]);
      }),
    );
  });
});

describe("names of commands", () => {
  const names = createCommandNames(["model", "usage"], { model: "/llm-model" });

  it.each([
    ["/llm-model", "qwen", "/model qwen"],
    ["/LLM-Model", "", "/model"],
    ["/usage", "week", "/usage week"],
    ["/model", "qwen", "/model qwen"],
    ["/clutch", "model qwen", "/model qwen"],
    ["/clutch", "/llm-model qwen", "/model qwen"],
    ["/clutch", "", "/help"],
    ["/clutch", "clutch model", "/model"],
    ["/other", "thing", "/other thing"],
  ])("%s %s is %s", (slash, text, line) => expect(names.lineOf(slash, text)).toBe(line));

  it("the umbrella has words of its own", () => {
    const own = createCommandNames(["model", "clutch"], {}, ["doctor"]);
    expect(own.lineOf("/clutch", "doctor deep")).toBe("/clutch doctor deep");
    expect(own.lineOfWords("doctor")).toBe("/clutch doctor");
    expect(own.lineOf("/clutch", "clutch doctor")).toBe("/clutch doctor");
    expect(own.lineOf("/clutch", "model qwen")).toBe("/model qwen");
    expect(own.lineOf("/clutch", "")).toBe("/help");
  });
});
