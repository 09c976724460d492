import { stripVTControlCharacters } from "node:util";
import stringWidth from "string-width";

/** Distance of a terminal's tab stops. */
const TAB = 8;

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Columns that a text takes on a terminal. */
export const widthOf = (text: string): number => stringWidth(text);

/**
 * Breaks text into rows of at most `width` columns: at spaces where there are
 * any, else between characters. Leading spaces of a line stay, so code keeps
 * its indentation. Always gives at least one row. A wide character is drawn
 * even where `width` is 1.
 */
export function wrap(text: string, width: number): string[] {
  return text.split("\n").flatMap((line) => wrapLine(line, Math.max(1, width)));
}

function wrapLine(line: string, width: number): string[] {
  const rows: string[] = [];
  let row = "";
  let used = 0;
  const breakRow = (): void => {
    rows.push(row.trimEnd());
    row = "";
    used = 0;
  };
  for (const token of line.match(/ +|[^ ]+/g) ?? []) {
    const needed = widthOf(token);
    if (used + needed <= width) {
      row += token;
      used += needed;
      continue;
    }
    if (row.trim() !== "") breakRow();
    if (token.startsWith(" ")) continue;
    for (const { segment } of graphemes.segment(token)) {
      const columns = widthOf(segment);
      if (used > 0 && used + columns > width) breakRow();
      row += segment;
      used += columns;
    }
  }
  return [...rows, row];
}

/** Shortens to one row of at most `width` columns, the last of them `ellipsis` where something was cut. */
export function cut(text: string, width: number, ellipsis = "…"): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  let used = widthOf(ellipsis);
  for (const { segment } of graphemes.segment(text)) {
    used += widthOf(segment);
    if (used > width) break;
    kept += segment;
  }
  return kept + ellipsis;
}

export const padEnd = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - widthOf(text)));

export const padStart = (text: string, width: number): string => " ".repeat(Math.max(0, width - widthOf(text))) + text;

export const widest = (texts: readonly string[]): number =>
  texts.reduce((most, text) => Math.max(most, widthOf(text)), 0);

/**
 * Rows that a text takes when a terminal breaks it itself. A text that ends
 * exactly at the edge counts its next, empty row, as line editors do.
 */
export function rowsOf(text: string, columns: number): number {
  let offset = 0;
  for (const { segment } of graphemes.segment(stripVTControlCharacters(text))) {
    const needed = segment === "\t" ? TAB - (offset % TAB) : widthOf(segment);
    if (needed === 2 && offset % columns === columns - 1) offset += 1;
    offset += needed;
  }
  return Math.floor(offset / columns) + 1;
}
