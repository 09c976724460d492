import { describe, expect, it } from "vitest";
import { parseCommandLine } from "../../commands/command-line.ts";
import { localOnlyCommand } from "../../commands/localonly.ts";
import { checkLockOptions } from "../../commands/localonly-options.ts";
import { ClutchError } from "../../src/errors.ts";

const optionsOf = (line: string) => parseCommandLine(`/localonly ${line}`, [localOnlyCommand]).options;

/** What a line is refused with; undefined where it is not. */
function refusalOf(line: string): ClutchError | undefined {
  try {
    checkLockOptions(optionsOf(line));
    return undefined;
  } catch (thrown) {
    if (thrown instanceof ClutchError) return thrown;
    throw thrown;
  }
}

describe("options that need one another", () => {
  it.each([
    // Words that there are not.
    ["maybe", "maybe"],
    ["ON", "one of: status, on"],
    ["on off", "off"],
    ["on tomorrow", "tomorrow"],
    ["off restore:some", "some"],
    ["on restor:all", "restor:all"],
    // Here is one conversation, and it is kept or not.
    ["here", "here"],
    ["here status", "here"],
    ["here verify", "here"],
    ["here release", "here"],
    ["here on for:2h", "for:"],
    ["here on daily:22:00-07:00", "daily:"],
    ["here off restore:all", "restore:"],
    // All is of release.
    ["all", "all"],
    ["on all", "all"],
    ["off all", "all"],
    ["verify all", "all"],
    ["here on all", "all"],
    // What ends by itself.
    ["for:2h", "for:"],
    ["status for:2h", "for:"],
    ["verify for:2h", "for:"],
    ["release for:2h", "for:"],
    ["on for:2h daily:22:00-07:00", "daily:"],
    ["daily:22:00-07:00", "daily:"],
    ["off daily:22:00-07:00", "daily:"],
    ["status daily:never", "daily:"],
    // What comes back.
    ["restore:all", "restore:"],
    ["on restore:others", "restore:"],
    ["verify restore:all", "restore:"],
    ["release all restore:all", "restore:"],
    // A reason is of a change, an agent of a conversation.
    ["reason:audit", "reason:"],
    ["status reason:audit", "reason:"],
    ["verify reason:audit", "reason:"],
    ["agent:main", "agent:"],
    ["on agent:main", "agent:"],
    ["release all agent:main", "agent:"],
  ])("/localonly %s is refused", (line, named) => {
    const refusal = refusalOf(line);
    expect(refusal?.code).toBe("bad_option");
    expect(`${refusal?.message} ${refusal?.hint}`).toContain(named);
  });

  it.each([
    "",
    "status",
    "on",
    "on for:90s",
    "on for:2h reason:audit",
    'on daily:22:00-07:00 reason:"quiet hours"',
    "on daily:never",
    "off",
    "off for:2h",
    "off restore:all",
    "off restore:others for:1d reason:over",
    "verify",
    "here on",
    "on here",
    "here off agent:main",
    "here on reason:payroll",
    "release",
    "release agent:main",
    "release all reason:over",
  ])("/localonly %s is understood", (line) => expect(refusalOf(line)).toBeUndefined());

  it("a refusal shows a line that works", () => {
    const lines = [
      "here",
      "all",
      "here on for:2h",
      "on for:2h daily:22:00-07:00",
      "for:2h",
      "off daily:22:00-07:00",
      "restore:all",
      "reason:audit",
      "agent:main",
    ];
    for (const line of lines) {
      const example = /\/localonly ((?:on|off|here|release)(?: [a-z]+:\S+| all| on| off| reason:".*")?)/.exec(
        refusalOf(line)?.hint ?? "",
      )?.[1];
      expect([line, example, refusalOf(example ?? "no example")]).toEqual([line, expect.any(String), undefined]);
    }
  });

  it("every form of it is one", () => {
    for (const { line } of localOnlyCommand.forms) {
      expect([line, refusalOf(line.replace(/^\/localonly ?/, ""))]).toEqual([line, undefined]);
    }
  });
});

describe("who may", () => {
  it.each([
    ["", "viewer"],
    ["status", "viewer"],
    ["verify", "operator"],
    ["here on", "operator"],
    ["here off", "operator"],
    ["release", "operator"],
    ["release all", "owner"],
    ["on", "owner"],
    ["on daily:never", "owner"],
    ["off", "owner"],
    ["off restore:others", "owner"],
  ] as const)("/localonly %s: %s", (line, level) => expect(localOnlyCommand.access(optionsOf(line))).toBe(level));

  it("a “here” that is off is as good as not given", () => {
    expect(localOnlyCommand.access(optionsOf("off here:no"))).toBe("owner");
  });
});

it("has time to try each path", () => {
  const deadline = (line: string) => localOnlyCommand.deadlineMs?.(optionsOf(line));
  for (const line of ["on", "off", "verify"]) expect(deadline(line)).toBeGreaterThan(2 * 60_000);
  for (const line of ["", "here on", "release all"]) expect(deadline(line)).toBeUndefined();
});

it("completes times from memory", () => {
  const complete = (name: string, typed: string) =>
    localOnlyCommand.options
      .find((option) => option.name === name)
      ?.complete?.(typed, undefined as never)
      .map(({ value }) => value);
  expect(complete("for", "2")).toEqual(["2h"]);
  expect(complete("daily", "n")).toEqual(["never"]);
});
