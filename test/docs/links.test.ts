import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { pages, ROOT } from "./markdown.ts";

/** Links and pictures that lead to somewhere in the project; code is no link. */
async function linksOf(page: string): Promise<readonly string[]> {
  const text = (await readFile(join(ROOT, page), "utf8"))
    .replace(/^\s*```[\s\S]*?^\s*```$/gm, "")
    .replace(/`[^`\n]*`/g, "");
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, to = ""]) => (/^[a-z]+:/.test(to) ? [] : [to]));
}

/** As GitHub names the headings of a page. */
async function anchorsOf(file: string): Promise<readonly string[]> {
  const headings = (await readFile(file, "utf8")).matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

it.each([...(await pages()), "CHANGELOG.md"])("every link in %s leads somewhere", async (page) => {
  const broken: string[] = [];
  for (const link of await linksOf(page)) {
    const [path = "", anchor] = link.split("#");
    const file = path === "" ? join(ROOT, page) : join(ROOT, dirname(page), path);
    if (!existsSync(file)) broken.push(link);
    else if (anchor !== undefined && !(await anchorsOf(file)).includes(anchor)) broken.push(link);
  }
  expect(broken).toEqual([]);
});

it("every page of docs is linked from the README or from a page that is", async () => {
  const reached = new Set(["README.md"]);
  for (const page of reached) {
    for (const link of await linksOf(page)) {
      const path = join(dirname(page), link.split("#")[0] ?? "");
      if (path.endsWith(".md") && existsSync(join(ROOT, path))) reached.add(path);
    }
  }
  expect((await pages()).filter((page) => !reached.has(page))).toEqual([]);
});
