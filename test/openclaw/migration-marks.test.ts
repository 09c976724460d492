import { expect, it } from "vitest";
import { migrationMarks } from "../../src/openclaw/migration-marks.ts";

it.each([
  ["2026.8.1", false],
  ["2026.9.4", false],
  ["2026.9.5-beta.1", true],
  ["2026.9.5", true],
  ["2026.9.6", true],
  ["2026.10.1", true],
  ["2027.1.0", true],
  ["2025.12.9", false],
])("OpenClaw %s knows the mark of utility models: %s", (version, known) => {
  const { migrations } = migrationMarks(version);
  expect(migrations["modelPolicyAllowlist"]).toBe(true);
  expect("utilityModelSeparation" in migrations).toBe(known);
});
