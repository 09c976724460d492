import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { allCommands } from "../../commands/index.ts";
import { commandsPage } from "../../scripts/docs/commands-page.ts";
import { allArguments } from "../../src/cli/arguments/index.ts";

const page = join(import.meta.dirname, "../../docs/commands.md");

it("docs/commands.md is what the definitions say; `npm run docs` writes it anew", async () => {
  expect(await readFile(page, "utf8")).toBe(commandsPage());
});

it("names every form, every option and every subcommand", () => {
  const text = commandsPage();
  for (const { name, forms, options } of allCommands) {
    const own = text.slice(text.indexOf(`### /${name}\n`)).split("\n### ")[0] ?? "";
    for (const { line } of forms) expect(own).toContain(`| \`${line}\` |`);
    for (const option of options) expect(own).toMatch(new RegExp(`^\\| \`${option.name}:?\` \\|`, "m"));
  }
  expect(text.match(/^### clutch \w+/gm)?.length).toBeGreaterThanOrEqual(allArguments.length);
});
