import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { owner } from "../../src/cli/owner.ts";
import { loadConfig } from "../../src/config.ts";
import { type PersonMachine, personMachine } from "./person-machine.ts";

let machine: PersonMachine;
let file: string;
beforeEach(() => {
  machine = personMachine();
  file = join(machine.cwd, "clutch.config.json");
});
afterEach(() => machine.clear());

const ADA = "discord:123456789012345678";
const run = (action: "add" | "list" | "remove", person = "", json = false) =>
  machine.run((runtime) => owner(action, person, { json }, runtime));

it("makes a configuration where there is none, which nobody else may read", async () => {
  expect(await run("list")).toMatchObject({ code: 0, out: expect.stringContaining("nobody may change anything") });
  expect(existsSync(file)).toBe(false);
  expect(await run("add", ADA)).toMatchObject({ code: 0, out: expect.stringContaining(`${ADA} is an owner now`) });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await loadConfig({ env: {}, cwd: machine.cwd })).access.owners).toEqual([ADA]);
  expect(machine.files()).toEqual(["work/clutch.config.json"]);
});

it("adds, lists and removes, and the rest of the file stays as it was, mode included", async () => {
  const text = `{\n  // mine\n  access: { owners: ["slack:U0AB"], viewers: ["*"] }, // who\n  store: "sqlite:./x.db",\n}\n`;
  writeFileSync(file, text);
  chmodSync(file, 0o640);
  expect((await run("add", ADA)).code).toBe(0);
  expect(readFileSync(file, "utf8")).toBe(text.replace('"slack:U0AB"', `"slack:U0AB", "${ADA}"`));
  expect(statSync(file).mode & 0o777).toBe(0o640);
  expect((await run("add", ADA)).out).toContain("is an owner already");
  expect((await run("list")).out).toBe(`slack:U0AB\n${ADA}\n`);
  expect((await run("remove", ADA)).code).toBe(0);
  expect(readFileSync(file, "utf8")).toBe(text);
  expect(JSON.parse((await run("remove", "slack:U0AB", true)).out)).toMatchObject({
    ok: true,
    owners: [],
    changed: true,
  });
});

it("goes through a link to the file itself", async () => {
  const real = join(machine.home, "dotfiles.json");
  writeFileSync(real, "{}");
  symlinkSync(real, file);
  await run("add", ADA);
  expect(readFileSync(real, "utf8")).toContain(ADA);
  expect(readFileSync(file, "utf8")).toContain(ADA);
});

it.each([
  ["discord:ada", "no id of discord", "Copy User ID"],
  ["slack:ada", "no id of slack", "Copy member ID"],
  ["teams:1", "no platform", "discord:"],
  ["123456789012345678", "no platform", "discord:"],
  ["*", "everybody", "role"],
])("does not take %s", async (person, message, hint) => {
  const { code, err } = await run("add", person);
  expect(code).toBe(2);
  expect(err).toContain(message);
  expect(err).toContain(hint);
  expect(machine.files()).toEqual([]);
});

it("leaves a file alone that it cannot understand, and names no owner who is none", async () => {
  writeFileSync(file, "{ access: ");
  expect(JSON.parse((await run("add", ADA, true)).out)).toMatchObject({ ok: false, error: { code: "bad_config" } });
  expect(readFileSync(file, "utf8")).toBe("{ access: ");
  writeFileSync(file, "{}");
  expect(await run("remove", ADA)).toMatchObject({ code: 2, err: expect.stringContaining("is no owner") });
});

it("says where an id looks too short", async () => {
  expect((await run("add", "discord:123")).out).toContain("17 to 20 digits");
});
