import { expect, it } from "vitest";
import { createSuiteFiles } from "../../src/bench/suite-files.ts";
import { temporaryDir } from "../sandbox/support.ts";

it("reads the suites that came with Clutch, and then knows their names", async () => {
  const files = createSuiteFiles([], await temporaryDir());
  expect(files.known()).toEqual([]);
  const { suites, broken } = await files.load();
  expect(suites).toHaveLength(8);
  expect(broken).toEqual([]);
  expect(files.known()).toEqual(suites.map(({ name }) => name));
});

it("where none came with it, says so to whoever asks for them, and not before", async () => {
  const elsewhere = await temporaryDir();
  const files = createSuiteFiles([], elsewhere, elsewhere);
  expect(files.known()).toEqual([]);
  await expect(files.load()).rejects.toMatchObject({
    code: "bad_config",
    message: "The suites did not come with this copy of Clutch.",
  });
});
