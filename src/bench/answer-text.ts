/** The most of an answer that is looked at, characters: every grader passes over it a bounded number of times. */
const MOST_CHARS = 1_000_000;

const THINKING_TAG = /<(\/?)(?:think|thinking|thought|reasoning)>/gi;

/**
 * What a model says to the person: the text without what it thought before it,
 * between `<think>` and `</think>` (thinking, thought, reasoning). A closing tag
 * alone ends a thought whose beginning the server kept; an opening one alone begins
 * a thought that was never finished. White space at the ends goes too.
 */
export function visibleText(text: string): string {
  const whole = text.slice(0, MOST_CHARS);
  const said: string[] = [];
  let depth = 0;
  let from = 0;
  for (const { 0: tag, 1: slash, index } of whole.matchAll(THINKING_TAG)) {
    if (slash === "") {
      if (depth++ === 0) said.push(whole.slice(from, index));
    } else if (depth === 0) {
      said.length = 0;
      from = index + tag.length;
    } else if (--depth === 0) {
      from = index + tag.length;
    }
  }
  if (depth === 0) said.push(whole.slice(from));
  return said.join("").trim();
}

/**
 * One spelling for what people and models write in several: straight quotes, plain
 * hyphens and spaces, no marks without width, composed letters. Dashes stay dashes.
 */
export const evenText = (text: string): string =>
  text
    .normalize("NFC")
    .replace(/[\u2018\u2019\u201A\u201B\u2032\u02BC]/g, "'")
    .replace(/[\u201C\u201D\u201E\u201F\u2033\u00AB\u00BB]/g, '"')
    .replace(/[\u2010\u2011\u2212]/g, "-")
    .replace(/\u2026/g, "...")
    .replace(/[\u200B-\u200D\u2060\uFEFF\u00AD]/g, "")
    .replace(/[^\S\n]/g, " ");

/** Letters of scripts that put no spaces between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const IN_WORD = /[\p{L}\p{M}\p{N}]/u;

const isInWord = (char: string | undefined): boolean =>
  char !== undefined && IN_WORD.test(char) && !UNSPACED.test(char);

/**
 * A text in which others are looked for, without regard to case and to how quotes
 * and white space are written, and as whole words: `art` is not in `start`.
 */
export interface Searched {
  /** Where a text ends that stands next from `from` on; undefined where it does not. */
  findEnd(wanted: string, from?: number): number | undefined;
  startsWith(wanted: string): boolean;
  endsWith(wanted: string): boolean;
  equals(wanted: string): boolean;
}

export function searched(text: string): Searched {
  const whole = foldText(text);
  const stands = (at: number, end: number): boolean => isEdge(whole, at) && isEdge(whole, end);
  return {
    findEnd(wanted, from = 0) {
      const sought = foldText(wanted);
      for (let at = whole.indexOf(sought, from); at >= 0 && sought !== ""; at = whole.indexOf(sought, at + 1)) {
        if (stands(at, at + sought.length)) return at + sought.length;
      }
      return undefined;
    },
    startsWith(wanted) {
      const sought = foldText(wanted);
      return whole.startsWith(sought) && stands(0, sought.length);
    },
    endsWith(wanted) {
      const sought = foldText(wanted);
      return whole.endsWith(sought) && stands(whole.length - sought.length, whole.length);
    },
    equals: (wanted) => whole === foldText(wanted),
  };
}

/** How a text compares with others: case, quotes and white space aside. */
export const foldText = (text: string): string => evenText(text).trim().replace(/\s+/g, " ").toLowerCase();

/** False in the middle of a word. */
const isEdge = (text: string, at: number): boolean => !(isInWord(charBefore(text, at)) && isInWord(charAt(text, at)));

const charAt = (text: string, at: number): string | undefined => {
  const code = text.codePointAt(at);
  return code === undefined ? undefined : String.fromCodePoint(code);
};

function charBefore(text: string, at: number): string | undefined {
  if (at === 0) return undefined;
  const unit = text.charCodeAt(at - 1);
  const isSecondHalf = unit >= 0xdc00 && unit <= 0xdfff && at >= 2;
  return charAt(text, isSecondHalf ? at - 2 : at - 1);
}

/** The words of a text between single spaces, with a space at each end: case, marks over letters and punctuation aside. */
export const wordLine = (text: string): string => {
  const even = evenText(text)
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/(?<=\d),(?=\d{3}(?!\d))/g, "")
    .replace(/%/g, " percent ")
    .replace(/(?<!\d)\.|\.(?!\d)|[^\p{L}\p{N}.]+/gu, " ");
  return ` ${even.trim().replace(/\s+/g, " ")} `;
};
