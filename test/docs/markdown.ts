import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";

export const ROOT = join(import.meta.dirname, "../..");

/** A fenced block: its language, the words after it, and its text. */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly words: string;
  readonly text: string;
}

/** README, CONTRIBUTING and everything below docs/, from the root. */
export async function pages(): Promise<readonly string[]> {
  const entries = await readdir(join(ROOT, "docs"), { recursive: true, withFileTypes: true });
  const docs = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".md"))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
  return ["README.md", "CONTRIBUTING.md", ...docs.sort()];
}

export async function blocksOf(page: string): Promise<readonly Block[]> {
  const lines = (await readFile(join(ROOT, page), "utf8")).split("\n");
  const blocks: Block[] = [];
  let open: { line: number; language: string; words: string; rows: string[] } | undefined;
  for (const [index, row] of lines.entries()) {
    const fence = /^\s*```(\w*)\s*(.*)$/.exec(row);
    if (fence === null) open?.rows.push(row);
    else if (open === undefined) open = { line: index + 1, language: fence[1] ?? "", words: fence[2] ?? "", rows: [] };
    else {
      const { rows, ...rest } = open;
      blocks.push({ page, ...rest, text: `${rows.join("\n")}\n` });
      open = undefined;
    }
  }
  return blocks;
}
