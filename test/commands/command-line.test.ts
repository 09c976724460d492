import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCommandLine, splitWords } from "../../commands/command-line.ts";
import { allCommands } from "../../commands/index.ts";
import { ClutchError } from "../../src/errors.ts";

const parse = (line: string) => {
  const { command, options } = parseCommandLine(line, allCommands);
  return { command: command.name, options };
};

describe("command line", () => {
  it.each([
    ["/model", {}],
    ["model", {}],
    ["/MODEL qwen", { name: "qwen" }],
    ["/model llama3.1:70b", { name: "llama3.1:70b" }],
    ["/model ollama/llama3.1:70b scope:agent", { name: "ollama/llama3.1:70b", scope: "agent" }],
    ["/model scope:global qwen agent:main", { name: "qwen", scope: "global", agent: "main" }],
    ['/model "qwen 2.5"', { name: "qwen 2.5" }],
    ["/model SCOPE:agent qwen", { name: "qwen", scope: "agent" }],
    ["/model name:qwen", { name: "qwen" }],
    ["  /model   qwen  ", { name: "qwen" }],
  ])("reads %s", (line, options) => {
    expect(parse(line)).toEqual({ command: "model", options });
  });

  it.each([
    ["/modle", "unknown_command"],
    ["", "unknown_command"],
    ["/model a b", "bad_option"],
    ["/model a scope:everything", "bad_option"],
    ["/model a scope:", "bad_option"],
    ["/model a scope:agent scope:agent", "bad_option"],
    ["/localonly lock", "bad_option"],
    [`/model ${"x".repeat(501)}`, "bad_option"],
  ])("refuses %s with %s", (line, code) => {
    expect(() => parse(line)).toThrowError(expect.objectContaining({ code }));
  });

  it("says in a refusal what would be right, and repeats little of what was typed", () => {
    try {
      parse(`/model a ${"b".repeat(400)}`);
      expect.unreachable();
    } catch (error) {
      const { message, hint } = error as ClutchError;
      expect(hint).toContain("/model NAME");
      expect(message.length).toBeLessThan(120);
    }
  });

  it("throws nothing but coded errors, whatever is typed", () => {
    const anything = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string().map((text) => `/model ${text}`),
    );
    fc.assert(
      fc.property(anything, (line) => {
        try {
          for (const value of Object.values(parse(line).options)) expect(value).not.toBe("");
        } catch (error) {
          expect(error).toBeInstanceOf(ClutchError);
          expect((error as ClutchError).isFault).toBe(false);
        }
      }),
    );
  });

  it("keeps every quoted word whole", () => {
    const word = fc.string().filter((text) => !text.includes('"'));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (words) => {
        expect(splitWords(words.map((text) => `"${text}"`).join(" "))).toEqual(words);
      }),
    );
  });
});
