import { stripVTControlCharacters } from "node:util";

/** Longest text of a card that is drawn, in UTF-16 units; more is a fault of whoever sent it. */
const MAX_TEXT = 4_000;

// What Clutch's own texts use beyond ASCII. The rest is decomposed or becomes "?".
const PLAIN: readonly (readonly [RegExp, string])[] = [
  [/[·–—‐‑−]/g, "-"],
  [/[‘’‚]/g, "'"],
  [/[“”„]/g, '"'],
  [/→/g, "->"],
  [/←/g, "<-"],
  [/×/g, "x"],
  [/≈/g, "~"],
  [/≤/g, "<="],
  [/≥/g, ">="],
  [/•/g, "*"],
];

/**
 * Makes text from outside harmless to a terminal: escape sequences, control
 * characters (C0, C1) and bidirectional overrides go, line breaks stay, tabs
 * become spaces. With `ascii` nothing above U+007E is left either: on a terminal
 * that reads bytes one by one, half of a UTF-8 character can be a C1 control.
 */
export function inert(text: string, ascii = false): string {
  const clean = stripVTControlCharacters(text)
    .toWellFormed()
    .replace(/[\u2028\u2029]/g, "\n")
    .replaceAll("\t", "    ")
    .replace(/(?!\n)\p{Cc}|[\u00ad\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "");
  return ascii ? toAscii(clean) : clean;
}

/** The same for a card's text, cut where it is absurdly long. */
export function inertText(text: string, ascii = false): string {
  return inert(text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text, ascii);
}

/** The same for what must stay on one line, such as a title or a table's cell. */
export function inertLine(text: string, ascii = false): string {
  return inertText(text, ascii).replace(/\s+/g, " ").trim();
}

function toAscii(text: string): string {
  const replaced = PLAIN.reduce((sofar, [pattern, plain]) => sofar.replace(pattern, plain), text);
  return replaced
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^\n\x20-\x7e]/gu, "?");
}
