import { describe, expect, it } from "vitest";
import { type Completer, growth, offersFor } from "../../../adapters/terminal/completion.ts";

const asked: string[] = [];
const dispatch: Completer = {
  commands: [
    {
      name: "model",
      summary: "Switch",
      forms: [],
      options: [
        { name: "name", summary: "Which", kind: "text", positional: true },
        { name: "scope", summary: "How far", kind: "choice", choices: ["agent", "session"] },
        { name: "force", summary: "Even so", kind: "flag" },
      ],
    },
    { name: "help", summary: "The core's help", forms: [], options: [] },
    { name: "broken", summary: "", forms: [], options: [{ name: "x", summary: "", kind: "text", positional: true }] },
  ],
  complete(command, option, typed) {
    asked.push(`${command} ${option} ${typed}`);
    if (command === "broken") throw new Error("registry is gone");
    const values = option === "scope" ? ["agent", "session"] : ["a/one", "a/two words", "a/\x1b[31mred"];
    return values.filter((value) => value.startsWith(typed)).map((value) => ({ value, label: "" }));
  },
};

const values = (line: string): string[] => offersFor(line, dispatch).found.map(({ value }) => value);

describe("completion", () => {
  it.each([
    { line: "/", offers: ["/model ", "/help ", "/broken ", "/quit ", "/exit "] },
    { line: "/M", offers: ["/model "] },
    { line: "/model ", offers: ["a/one ", '"a/two words" ', "scope:", "force "] },
    { line: "/model a/o", offers: ["a/one "] },
    { line: "/model a/one ", offers: ["scope:", "force "] },
    { line: "/model a/one scope:agent force ", offers: [] },
    { line: "/model scope:s", offers: ["scope:session "] },
    { line: "/MODEL sc", offers: ["scope:"] },
    { line: "/nope x", offers: [] },
    { line: "/broken x", offers: [] },
    { line: "//model ", offers: [] },
    { line: "hello /mo", offers: [] },
  ])("offers $offers for $line", ({ line, offers }) => expect(values(line)).toEqual(offers));

  it("asks with the option's name and what is typed of its value", () => {
    asked.length = 0;
    values("/model scope:ag");
    expect(asked).toEqual(["model scope ag"]);
  });

  it.each([
    { word: "a", found: [], grown: undefined },
    { word: "a", found: ["ab "], grown: "ab " },
    { word: "b", found: ["ab "], grown: "ab " },
    { word: "a", found: ["abc", "abd"], grown: "ab" },
    { word: "ab", found: ["abc", "abd"], grown: undefined },
    { word: "c", found: ["abc", "abd"], grown: undefined },
    { word: "ab ", found: ["ab "], grown: undefined },
  ])("grows $word among $found to $grown", ({ word, found, grown }) => {
    expect(growth({ word, found: found.map((value) => ({ value, label: "" })) })).toBe(grown);
  });
});
