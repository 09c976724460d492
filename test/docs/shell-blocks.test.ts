import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseCommandLine } from "../../commands/command-line.ts";
import { allCommands } from "../../commands/index.ts";
import { commandLine } from "../../scripts/docs/command-line.ts";
import { ROOT } from "./markdown.ts";
import { clutchArguments, commandsOf, shellBlocks } from "./shell-lines.ts";

/**
 * A block is `sh` where its commands have to be right, `sh run` where test/cli/docs.test.ts
 * runs them too, and `sh elsewhere: REASON` where they belong to another machine.
 */

const blocks = await shellBlocks();
const { scripts } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};

/** Throws where clutch would call it a wrong use. */
async function checkClutch(words: readonly string[]): Promise<void> {
  await commandLine().parseAsync(words, { from: "user" });
  if (words[0] !== "exec") return;
  const line = words.find((word) => word.startsWith("/"));
  if (line !== undefined) parseCommandLine(line, allCommands);
}

function checkNpm(words: readonly string[]): void {
  const [, verb = "", name = ""] = words.filter((word) => !word.startsWith("-"));
  if (verb === "ci" || verb === "start" || verb === "test") return;
  expect(verb, words.join(" ")).toBe("run");
  expect(Object.keys(scripts), words.join(" ")).toContain(name);
}

it("every shell block says whether it can be run here", () => {
  expect(blocks.length).toBeGreaterThan(15);
  const odd = blocks.filter(({ words }) => !/^(run|elsewhere: \S.{5,})?$/.test(words));
  expect(odd.map(({ page, line }) => `${page}:${line}`)).toEqual([]);
  expect(blocks.filter(({ words }) => words.startsWith("elsewhere")).length).toBeLessThan(blocks.length / 3);
});

describe("every command in a shell block can be typed as it stands", () => {
  const lines = blocks
    .filter(({ words }) => !words.startsWith("elsewhere"))
    .flatMap((block) => commandsOf(block).map((words) => ({ where: `${block.page}:${block.line}`, words })));
  it.each(lines.map(({ where, words }) => [`${where} ${words.join(" ")}`, words] as const))("%s", async (_, words) => {
    const own = clutchArguments(words);
    if (own !== undefined) await checkClutch(own);
    else {
      expect(words[0]).toBe("npm");
      checkNpm(words);
    }
  });
});

it.each([
  ["usage", "--perod", "7d"],
  ["modles"],
  ["bench", "compare", "qwen"],
  ["exec", "--as", "x:1", "--in", "session:k", "/modle"],
])("a line that cannot is noticed: %s %s", async (...words) => {
  await expect(checkClutch(words)).rejects.toThrow();
});
