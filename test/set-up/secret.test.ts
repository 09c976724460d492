import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { referredSecret, typedSecret } from "../../src/set-up/secret.ts";
import { createSetupJournal } from "../../src/set-up/setup-journal.ts";
import { type PersonMachine, personMachine } from "./person-machine.ts";

let machine: PersonMachine;
beforeEach(() => {
  machine = personMachine();
});
afterEach(() => machine.clear());

it("is never taken from the command line itself, and not repeated", async () => {
  const typed = "a-real-token";
  const failure = await referredSecret("--discord-token", typed, { env: {}, cwd: machine.cwd }).catch((error) => error);
  expect(failure).toMatchObject({ code: "bad_option", message: expect.stringContaining("--discord-token") });
  expect(failure.message + failure.hint).not.toContain(typed);
});

it("is referred to, in a file by its whole path, and says where others can read it", async () => {
  const file = join(machine.cwd, "token");
  writeFileSync(file, "abc\n");
  chmodSync(file, 0o644);
  const source = { env: { T: "xyz" }, cwd: machine.cwd };
  expect(await referredSecret("--x", "file:token", source)).toEqual({
    reference: `file:${file}`,
    value: "abc",
    remark: expect.stringContaining("chmod 600"),
  });
  chmodSync(file, 0o600);
  expect(await referredSecret("--x", "file:token", source)).not.toHaveProperty("remark");
  expect(await referredSecret("--x", "env:T", source)).toEqual({ reference: "env:T", value: "xyz" });
  await expect(referredSecret("--x", "env:GONE", source)).rejects.toMatchObject({ code: "bad_config" });
});

it("is typed into a file of its own, and never over another one", () => {
  const directory = join(machine.home, ".config/clutch/secrets");
  const typed = (value: string) => typedSecret("discord-token", value, { env: {}, home: machine.home });
  const usual = join(directory, "discord-token");
  expect(typed("one")).toEqual({ reference: `file:${usual}`, value: "one", write: usual });
  mkdirSync(directory, { recursive: true });
  writeFileSync(usual, "one\n");
  expect(typed("one").write).toBe(usual);
  expect(typed("two")).toEqual({
    reference: `file:${usual}-2`,
    value: "two",
    write: `${usual}-2`,
    remark: expect.stringContaining(`${usual} holds another one`),
  });
  writeFileSync(`${usual}-2`, "two\n");
  expect([typed("two").write, typed("three").write]).toEqual([`${usual}-2`, `${usual}-3`]);
});

it("what init made is remembered once each, and a damaged memory is none", () => {
  const journal = createSetupJournal(machine.home, () => 7);
  expect(journal.read()).toEqual({ version: 1, files: [], steps: [] });
  for (const file of ["/a", "/b", "/a"]) journal.noteFile(file);
  for (const step of ["guard", "config", "guard"]) journal.noteStep(step);
  expect(createSetupJournal(machine.home, () => 8).read()).toEqual({
    version: 1,
    files: ["/a", "/b"],
    steps: [
      { name: "config", at: 7 },
      { name: "guard", at: 7 },
    ],
  });
  writeFileSync(journal.path, "{ broken");
  expect(journal.read().files).toEqual([]);
});
