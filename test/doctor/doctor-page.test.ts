import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { allChecks } from "../../src/doctor/checks.ts";
import { TESTED_OPENCLAW } from "../../src/doctor/gateway-checks.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/doctor.md"), "utf8");

it.each(allChecks.map(({ part, name }) => ({ part, name })))("docs/doctor.md has $part: $name", ({ part, name }) => {
  if (part === "platforms") expect(page).toContain(name);
  else expect(page).toContain(`| ${name} |`);
});

it("docs/doctor.md names the releases that the doctor goes by", () => {
  expect(page).toContain(`${TESTED_OPENCLAW.oldest} to ${TESTED_OPENCLAW.newest}`);
});

it("no two checks have one name", () => {
  const names = allChecks.map(({ part, name }) => `${part}: ${name}`);
  expect(new Set(names).size).toBe(names.length);
});
