import { splitWords } from "../../commands/command-line.ts";
import { type Block, blocksOf, pages } from "./markdown.ts";

/** Every `sh` block of the documentation. */
export async function shellBlocks(): Promise<readonly Block[]> {
  const all = await Promise.all((await pages()).map(blocksOf));
  return all.flat().filter(({ language }) => ["sh", "bash", "console", "shell"].includes(language));
}

/** The commands of a block, one each, without comments, redirections and what they are piped into. */
export const commandsOf = ({ text }: Block): readonly (readonly string[])[] =>
  text
    .split("\n")
    .flatMap((line) => line.replace(/(^|\s+)#.*$/, "").split(" && "))
    .map((line) => line.replace(/\s+[|>]\s.*$/, "").trim())
    .filter((line) => line !== "")
    .map(splitWords);

/** What `clutch` gets of it; undefined where it is another program. */
export function clutchArguments(words: readonly string[]): readonly string[] | undefined {
  if (words[0] === "clutch") return words.slice(1);
  const dashes = words.indexOf("--");
  return words[0] === "npm" && words[1] === "run" && words[dashes - 1] === "clutch"
    ? words.slice(dashes + 1)
    : undefined;
}
