import stringWidth from "string-width";
import type { Table } from "../../commands/card.ts";
import { clean, cut, escapeSlack } from "./inert-text.ts";

const MAX_ROWS = 100;
const MAX_COLUMNS = 12;
const MAX_CELL = 60;
const FENCE = "```";

/**
 * A table as preformatted text, in pieces of at most `pieceMax` characters,
 * together at most `max`, each headed by the columns' names. Cells are escaped,
 * and a backtick, which could end the fence, is drawn as a quote.
 */
export function tableText(table: Table, pieceMax: number, max: number): string[] {
  const columns = table.columns.slice(0, MAX_COLUMNS);
  if (columns.length === 0) return [];
  const cell = (text: string | undefined): string =>
    cut(
      clean(text ?? "")
        .replace(/\s+/g, " ")
        .replaceAll("`", "'")
        .trim(),
      MAX_CELL,
    );
  const rows = [columns, ...table.rows.slice(0, MAX_ROWS)].map((row) => columns.map((_, index) => cell(row[index])));
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => stringWidth(row[index] ?? ""))));
  const lines = rows.map((row) =>
    escapeSlack(
      row
        .map((text, index) => text + " ".repeat(Math.max(0, (widths[index] ?? 0) - stringWidth(text))))
        .join("  ")
        .trimEnd(),
    ),
  );
  const [head = "", ...body] = lines;
  const pieces: string[] = [];
  let piece = head;
  let used = 2 * FENCE.length + 2;
  let drawn = 0;
  const close = (): void => {
    pieces.push(`${FENCE}\n${piece}\n${FENCE}`);
    used += piece.length + 2 * FENCE.length + 2;
    piece = head;
  };
  for (const line of body) {
    if (used + piece.length + line.length + 1 > max - 40) break;
    if (piece.length + line.length + 1 > pieceMax - 2 * FENCE.length - 60) close();
    piece += `\n${line}`;
    drawn += 1;
  }
  const left = table.rows.length - drawn;
  if (left > 0) piece += `\nand ${left} more`;
  close();
  return pieces;
}
