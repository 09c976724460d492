const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Longest text that is looked at, in UTF-16 units. */
const MAX_TEXT = 400;

/**
 * A text of others on one line, without what a drawing cannot hold or what could
 * disturb the texts beside it: control characters, marks that turn the reading
 * direction, and towers of accents.
 */
export function chartLine(text: string, longest = MAX_TEXT): string {
  return text
    .slice(0, longest)
    .toWellFormed()
    .normalize("NFC")
    .replace(/\s+/g, " ")
    .replace(/[\p{Cc}\p{Cf}\ufffe\uffff]/gu, "")
    .replace(/(\p{M}{2})\p{M}+/gu, "$1")
    .trim();
}

/** Widest advances of DejaVu Sans 2.37 in units of the font's size, by the characters that come near to them. */
const ADVANCES: readonly (readonly [ems: number, characters: RegExp])[] = [
  [0, /\p{M}/u],
  [0.37, /[ ',\-./:;IJ\\fijl|]/],
  [0.42, /[!()[\]rt]/],
  [0.54, /["*?_`sz]/],
  [0.87, /[#+<=>^~Mw]/],
  [1, /[%@Wm\u00a0-\u00ff]/],
  [0.65, /[$0-9EFLPSTYa-z{}]/],
  [0.79, /[!-~]/],
  [1.43, /[\u0100-\u06ff]/],
];
const WIDEST = 1.74;
/** The bold cut is wider by no more than this factor. */
const BOLD = 1.2;

/** Width in px at a font size in px; rather too large than too small. */
export function textWidth(text: string, size: number, bold = false): number {
  const ems = [...text].reduce((total, character) => total + advanceOf(character), 0);
  return ems * size * (bold ? BOLD : 1);
}

const advanceOf = (character: string): number =>
  ADVANCES.find(([, characters]) => characters.test(character))?.[0] ?? WIDEST;

/** At most `width` px wide, ending in `…` where something was cut; nothing where not even that fits. */
export function cutText(text: string, size: number, width: number, bold = false): string {
  if (textWidth(text, size, bold) <= width) return text;
  let kept = "";
  let used = textWidth("…", size, bold);
  if (used > width) return "";
  for (const { segment } of graphemes.segment(text)) {
    used += textWidth(segment, size, bold);
    if (used > width) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}
