import { describe, expect, it } from "vitest";
import { continues, joinLines, readAnswer, readTyped } from "../../../adapters/terminal/typed-line.ts";

describe("a typed line", () => {
  it.each([
    { line: " hello ", typed: { kind: "message", text: "hello" } },
    { line: "//etc is a path", typed: { kind: "message", text: "/etc is a path" } },
    { line: "a /model inside", typed: { kind: "message", text: "a /model inside" } },
    { line: "/model qwen", typed: { kind: "command", line: "/model qwen" } },
    { line: "/model \n qwen", typed: { kind: "command", line: "/model qwen" } },
    { line: "/quitting", typed: { kind: "command", line: "/quitting" } },
    { line: "/", typed: { kind: "command", line: "/" } },
    { line: "/help model", typed: { kind: "help", line: "/help model" } },
    { line: "/QUIT", typed: { kind: "quit" } },
    { line: "/exit\tnow", typed: { kind: "quit" } },
  ])("$line", ({ line, typed }) => expect(readTyped(line)).toEqual(typed));

  it.each([
    { line: "a \\", goesOn: true },
    { line: "\\", goesOn: true },
    { line: "a\\\\\\", goesOn: true },
    { line: "a\\\\", goesOn: false },
    { line: "a", goesOn: false },
    { line: "", goesOn: false },
  ])("$line goes on: $goesOn", ({ line, goesOn }) => expect(continues(line)).toBe(goesOn));

  it("is joined without its backslashes", () => expect(joinLines(["a \\", "b\\\\", "\\"])).toBe("a \nb\\\\\n"));

  it.each([
    { line: "y", answer: true },
    { line: " YES ", answer: true },
    { line: "", answer: false },
    { line: "n", answer: false },
    { line: "No", answer: false },
    { line: "yesterday", answer: undefined },
    { line: "/model", answer: undefined },
  ])("$line as an answer is $answer", ({ line, answer }) => expect(readAnswer(line)).toBe(answer));
});
