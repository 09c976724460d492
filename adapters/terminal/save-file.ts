import { writeFile } from "node:fs/promises";
import { basename, join, parse } from "node:path";
import type { Card } from "../../commands/card.ts";

const MOST_TRIES = 1_000;

/**
 * The card without its file, which is written into a folder instead, beside what
 * is there and never over it, readable by its owner alone; the card says where.
 * Never rejects: what cannot be written is told.
 */
export async function saveFile(card: Card, folder: string): Promise<Card> {
  const { file, ...rest } = card;
  if (file === undefined) return card;
  const say = (words: string): Card => ({ ...rest, body: [...(card.body ?? []), words] });
  try {
    // No name, or dots alone, would be the folder's own, and a numbered one then a neighbour of it.
    const own = basename(file.name);
    const name = /^\.*$/.test(own) ? "file" : own;
    return say(`Written to ${await writeNew(join(folder, name), file.text)}`);
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown";
    return { ...say(`${file.name} could not be written into ${folder} (${code}).`), tone: "error" };
  }
}

/** `usage.csv`, or `usage-2.csv` where there is one already, and so on. */
async function writeNew(path: string, text: string): Promise<string> {
  const { dir, name, ext } = parse(path);
  for (let number = 1; ; number++) {
    const next = number === 1 ? path : join(dir, `${name}-${number}${ext}`);
    try {
      await writeFile(next, text, { flag: "wx", mode: 0o600 });
      return next;
    } catch (thrown) {
      const exists = thrown instanceof Error && "code" in thrown && thrown.code === "EEXIST";
      if (!exists || number === MOST_TRIES) throw thrown;
    }
  }
}
