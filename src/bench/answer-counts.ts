import { evenText } from "./answer-text.ts";

const SPACE = "[^\\S\\n]";
const BULLET = new RegExp(`^${SPACE}*[-*+•‣◦▪·–]${SPACE}+\\S`, "u");
const NUMBERED = new RegExp(`^${SPACE}*\\d{1,3}[.)]${SPACE}+\\S`, "u");
const HEADING = /^\s*#{1,6}\s/;
/** What Markdown puts before a line and nobody reads aloud. */
const LINE_MARK = new RegExp(`^(?:${SPACE}*(?:[-*+•‣◦▪·–]|\\d{1,3}[.)]|#{1,6}|>)(?=${SPACE}))?${SPACE}*`, "u");
const SAYS_SOMETHING = /[\p{L}\p{N}\p{Extended_Pictographic}]/u;

const linesIn = (text: string): string[] => evenText(text).split("\n");

/**
 * Words: what stands between white space or long dashes and has a letter or a
 * digit. `well-known`, `don't` and `3.5` are one each; a lone `–` or `*` is none,
 * nor is the `1.` or `-` that begins a line of a list.
 */
export function countWords(text: string): number {
  let words = 0;
  for (const line of linesIn(text)) {
    for (const part of line.replace(LINE_MARK, "").split(/[\s\u2014]+/)) if (/[\p{L}\p{N}]/u.test(part)) words++;
  }
  return words;
}

/** Lines that are not blank. */
export const countLines = (text: string): number => linesIn(text).filter((line) => line.trim() !== "").length;

/** Lines that begin, at any depth, with one of `- * + • ‣ ◦ ▪ · –` and a space. */
export const countBullets = (text: string): number => linesIn(text).filter((line) => BULLET.test(line)).length;

/** Lines that begin, at any depth, with `1.` or `1)` and a space, whatever the number. */
export const countNumbered = (text: string): number => linesIn(text).filter((line) => NUMBERED.test(line)).length;

/** Blocks between blank lines that say something; a ruler such as `---` says nothing, a heading does. */
export const countParagraphs = (text: string): number => blocksIn(linesIn(text), () => false).length;

/**
 * Sentences: they end at `.`, `!` or `?`, at the end of a paragraph, and at the end
 * of a list's line. A full stop within a number or word ends none, nor does one
 * after `Dr.`, `e.g.` and the like; after `p.m.`, `etc.` and three dots only what
 * does not go on in lower case or with a digit begins a new one.
 */
export function countSentences(text: string): number {
  const startsAlone = (line: string, before: string): boolean =>
    BULLET.test(line) || NUMBERED.test(line) || HEADING.test(line) || HEADING.test(before);
  let sentences = 0;
  for (const block of blocksIn(linesIn(text), startsAlone)) sentences += sentencesIn(block.replace(LINE_MARK, ""));
  return sentences;
}

function blocksIn(lines: readonly string[], startsAlone: (line: string, before: string) => boolean): string[] {
  const blocks: string[][] = [[]];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "" || startsAlone(line, lines[index - 1] ?? "")) blocks.push([]);
    blocks.at(-1)?.push(line);
  }
  return blocks.map((block) => block.join("\n")).filter((block) => SAYS_SOMETHING.test(block));
}

const NEVER_LAST = new Set(["mr", "mrs", "ms", "dr", "prof", "vs", "e.g", "i.e", "cf", "approx", "fig"]);
const SELDOM_LAST = new Set(["etc", "st", "inc", "ltd", "co", "jr", "sr", "dept", "est"]);
const DOTTED = /^\p{L}(?:\.\p{L})+$/u;
const CLOSERS = new Set([...`"')]*_\``]);

function sentencesIn(block: string): number {
  let sentences = 0;
  let from = 0;
  for (const { 0: stop, index } of block.matchAll(/[.!?]+/g)) {
    let end = index + stop.length;
    while (CLOSERS.has(block[end] ?? "")) end++;
    if (!/^\s?$/.test(block[end] ?? "") || !endsSentence(block, index, stop, end)) continue;
    if (SAYS_SOMETHING.test(block.slice(from, index))) sentences++;
    from = end;
  }
  return sentences + (SAYS_SOMETHING.test(block.slice(from)) ? 1 : 0);
}

function endsSentence(block: string, index: number, stop: string, end: number): boolean {
  const goesOn = (): boolean => /^[\p{Ll}\d]/u.test(block.slice(end, end + 100).trimStart());
  if (/^\.{2,}$/.test(stop)) return !goesOn();
  if (stop !== ".") return true;
  // No abbreviation is longer.
  const before = block.slice(Math.max(0, index - 12), index);
  const word = (/[\p{L}.]+$/u.exec(before)?.[0] ?? "").toLowerCase();
  if (NEVER_LAST.has(word)) return false;
  return SELDOM_LAST.has(word) || DOTTED.test(word) ? !goesOn() : true;
}
