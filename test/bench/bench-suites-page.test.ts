import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dryRun } from "../../src/bench/dry-run.ts";
import { loadSuite } from "../../src/bench/suite-file.ts";

const page = await readFile(join(import.meta.dirname, "../../docs/bench-suites.md"), "utf8");
const examples = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = ""]) => text);
const HEAD = "suite: page\ntitle: Page\ntask: tools\nitems:\n";

describe("docs/bench-suites.md", () => {
  it("shows every kind of grade", () => {
    expect(examples.map((text) => /kind: (\w+)/.exec(text)?.[1]).sort()).toEqual(
      ["fields", "code", "fields", "number", "constraints", "facts", "needle", "tools", "persona"].sort(),
    );
  });

  it.each(examples)("shows what works: %s", async (text) => {
    const suite = loadSuite(text.startsWith("suite:") ? text : HEAD + text, "bench-suites.md");
    const findings = await dryRun(suite);
    expect(findings.filter(({ message }) => !message.includes("one item"))).toEqual([]);
  });
});
