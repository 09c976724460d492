import { describe, expect, it } from "vitest";
import { nonceFor, type PromptFacts, prepareItem, promptCharacters, requestFor } from "../../src/bench/bench-prompt.ts";
import { someItem } from "./bench-items.ts";

const facts: PromptFacts = {
  level: "quick",
  windowTokens: 32_768,
  charactersPerToken: undefined,
  seed: 1,
  nonce: "4f00",
};
const tools = [{ name: "look", description: "Looks.", parameters: { type: "object" } }];

describe("the texts of an item", () => {
  it("have the nonce at their front: in the system text where there is one", () => {
    expect(prepareItem(someItem(0), facts)).toEqual({
      system: undefined,
      turns: [{ say: "Note 4f00.\n\nQuestion 0: what is 1 and nothing?", reply: undefined }],
    });
    expect(prepareItem(someItem(0, { system: "Be short." }), facts)).toEqual({
      system: "Note 4f00.\n\nBe short.",
      turns: [{ say: "Question 0: what is 1 and nothing?", reply: undefined }],
    });
  });

  it("have the haystack before the first question", () => {
    const haystack = { needle: "The key is under the mat.", at: 0.5 };
    const [first] = prepareItem(someItem(0, { haystack }), facts).turns;
    expect(first?.say).toMatch(/^Note 4f00\.\n\n[A-Z].*The key is under the mat\..*\n\nQuestion 0/s);
    expect(first?.say.length).toBeGreaterThan(15_500);
    expect(first?.say.length).toBeLessThan(16_100);
    const small = prepareItem(someItem(0, { haystack }), { ...facts, windowTokens: 2_048 }).turns[0];
    expect((small?.say.length ?? 0) / 3).toBeLessThan(2_048);
    expect(promptCharacters(someItem(0, { haystack }), facts)).toBeGreaterThan(15_500);
  });
});

describe("what is sent for a turn", () => {
  const item = someItem(0, {
    tools,
    turns: [{ say: "Hello", reply: "Ahoy." }, { say: "Who are you?" }, { say: "Sure?" }],
  });
  const prepared = prepareItem(item, facts);

  it("has the replies of the model before the switch, and what this one answered", () => {
    const answers = [{ text: "Pip.", toolCalls: [] }];
    expect(requestFor(item, prepared, 1, []).messages.map(({ role, text }) => `${role}: ${text}`)).toEqual([
      "user: Note 4f00.\n\nHello",
      "assistant: Ahoy.",
      "user: Who are you?",
    ]);
    expect(requestFor(item, prepared, 2, answers)).toMatchObject({ maxTokens: 32, tools });
    expect(requestFor(item, prepared, 2, answers).messages.slice(-2)).toEqual([
      { role: "assistant", text: "Pip." },
      { role: "user", text: "Sure?" },
    ]);
  });

  it("has no empty message, which servers refuse", () => {
    const said = (answer: { text: string; toolCalls: { name: string; args: Record<string, unknown> }[] }) =>
      requestFor(item, prepared, 2, [answer]).messages.at(-2)?.text;
    expect(said({ text: " ", toolCalls: [] })).toBe("…");
    expect(said({ text: "", toolCalls: [{ name: "look", args: { at: 1 } }] })).toBe('look {"at":1}');
  });

  it("counts what is sent again with every turn", () => {
    const one = promptCharacters(someItem(0, { turns: [{ say: "x".repeat(100) }] }), facts);
    const two = promptCharacters(someItem(0, { turns: [{ say: "x".repeat(100) }, { say: "y".repeat(50) }] }), facts);
    expect(two - one).toBe(one + 50);
  });
});

it("has the same nonce for the same asking, and another for any other", () => {
  expect(nonceFor(1, "a", 0, 0)).toBe(nonceFor(1, "a", 0, 0));
  const some = [
    nonceFor(1, "a", 0, 0),
    nonceFor(2, "a", 0, 0),
    nonceFor(1, "b", 0, 0),
    nonceFor(1, "a", 0, 1),
    nonceFor(1, "a0", 0),
  ];
  expect(new Set(some).size).toBe(5);
});
