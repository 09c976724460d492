const ZERO_WIDTH_SPACE = "\u200b";

/** What has no business in a message: control characters, halves of surrogate pairs, and what turns the direction of text. */
const clean = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029]/g, "\n")
    .replaceAll("\t", " ")
    .replace(/(?!\n)\p{Cc}|[\u00ad\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "");

const oneLine = (text: string): string => clean(text).replace(/\s+/g, " ").trim();

/** For places that know no markdown, such as a button's label or an embed's footer. */
export function plainLine(text: string, limit: number): string {
  return cut(oneLine(text).match(/./gsu) ?? [], limit);
}

/** For places that read markdown: everything in it is shown as it stands, and nothing pings, links or becomes an emoji. */
export function markdownText(text: string, limit: number): string {
  return cut(escaped(clean(text).trim()), limit);
}

export function markdownLine(text: string, limit: number): string {
  return cut(escaped(oneLine(text)), limit);
}

/** For the inside of a code block, which only its own fence can end. */
export function codeLine(text: string, limit: number): string {
  return plainLine(text.replaceAll("`", "'"), limit);
}

/** Characters, each with what makes it harmless; a cut between two of them breaks nothing. */
function escaped(text: string): readonly string[] {
  return (
    text
      .replace(/[\\*_~`|<>[\]()]/g, "\\$&")
      // Headings, lists and small print begin a line.
      .replace(/^(\s*)([#+-])/gm, "$1\\$2")
      .replace(/^(\s*\d+)\./gm, "$1\\.")
      // Addresses are linked and names of emojis drawn even without brackets.
      .replace(/:(?=\/\/|[\w~+-]+:)/g, "\\:")
      .replaceAll("@", `@${ZERO_WIDTH_SPACE}`)
      .match(/\\.|@\u200b|./gsu) ?? []
  );
}

function cut(tokens: readonly string[], limit: number): string {
  const whole = tokens.join("");
  if (whole.length <= limit) return whole;
  let kept = "";
  for (const token of tokens) {
    if (kept.length + token.length > limit - 1) break;
    kept += token;
  }
  return limit < 1 ? "" : `${kept.trimEnd()}…`;
}
