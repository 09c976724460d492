import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createForcedOff, type ForcedOff } from "../../src/local-only/forced-off.ts";
import { labDirectory } from "./lock-lab.ts";

let directory: string;
let forced: ForcedOff;
beforeEach(() => {
  directory = join(labDirectory(), "not there yet");
  forced = createForcedOff(directory);
});
afterEach(() => rmSync(join(directory, ".."), { recursive: true }));

it("leaves a word until it is forgotten", async () => {
  expect(await forced.read()).toBeUndefined();
  await forced.forget();
  const word = { at: 1_000, actor: "os:me" };
  await forced.write(word);
  expect(await createForcedOff(directory).read()).toEqual(word);
  await forced.write({ ...word, at: 2_000 });
  expect((await forced.read())?.at).toBe(2_000);
  expect(statSync(join(directory, "forced-off.json")).mode & 0o777).toBe(0o600);
  await forced.forget();
  expect(await forced.read()).toBeUndefined();
});

it.each(["", "{", "null", '{"at":"now","actor":"me"}', '{"at":1}'])("takes %j for no word", async (text) => {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "forced-off.json"), text);
  expect(await forced.read()).toBeUndefined();
});
