import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { terminalTraits } from "../../../adapters/terminal/terminal-traits.ts";

const tty = Object.assign(new PassThrough(), { isTTY: true });
const pipe = new PassThrough();

describe("what a terminal can do", () => {
  it.each([
    {
      name: "a terminal",
      input: tty,
      output: tty,
      env: { TERM: "xterm-256color", LANG: "en_GB.UTF-8" },
      can: "interactive colour",
    },
    { name: "no locale", input: tty, output: tty, env: { TERM: "xterm-256color" }, can: "interactive colour" },
    { name: "NO_COLOR", input: tty, output: tty, env: { TERM: "xterm-256color", NO_COLOR: "1" }, can: "interactive" },
    {
      name: "a plain locale",
      input: tty,
      output: tty,
      env: { TERM: "xterm", LC_ALL: "C", LANG: "x.UTF-8" },
      can: "interactive colour ascii",
    },
    { name: "a dumb terminal", input: tty, output: tty, env: { TERM: "dumb" }, can: "ascii" },
    { name: "piped input", input: pipe, output: tty, env: { TERM: "xterm" }, can: "colour" },
    { name: "piped output", input: tty, output: pipe, env: { TERM: "xterm" }, can: "" },
  ])("with $name", ({ input, output, env, can }) => {
    const traits = Object.entries(terminalTraits(input, output, env));
    expect(traits.flatMap(([name, has]) => (has === true ? [name] : [])).join(" ")).toBe(can);
  });
});
