import type { Table } from "../../commands/card.ts";
import type { Pen } from "./pen.ts";
import { padEnd, padStart, widest, wrap } from "./text-layout.ts";

const GAP = 2;
const MAX_ROWS = 200;
const MAX_COLUMNS = 20;
/** A column narrower than this breaks names into syllables; then rows are drawn as lists instead. */
const NARROWEST = 8;

/**
 * A table with aligned columns. Too wide a table has its widest columns
 * wrapped; where that is not enough, each row becomes a list of
 * `heading: value`, so that nothing is lost on a narrow terminal.
 */
export function renderTable(table: Table, width: number, pen: Pen): string[] {
  const headings = table.columns.slice(0, MAX_COLUMNS).map(pen.line);
  const rows = table.rows.slice(0, MAX_ROWS).map((row) => headings.map((_, index) => pen.line(row[index] ?? "")));
  const left = table.rows.length - rows.length;
  const more = left > 0 ? [pen.paint("quiet", `and ${left} more`)] : [];
  if (headings.length === 0) return [];
  const widths = shrink(
    headings.map((heading, index) => widest([heading, ...rows.map((row) => row[index] ?? "")])),
    width,
  );
  if (widths === undefined) return [...asLists(headings, rows, width), ...more];

  const numeric = headings.map((_, index) => isNumeric(rows.map((row) => row[index] ?? "")));
  const draw = (cells: readonly string[], style: (text: string) => string): string[] => {
    const wrapped = cells.map((cell, index) => wrap(cell, widths[index] ?? 1));
    const height = Math.max(...wrapped.map((lines) => lines.length));
    return Array.from({ length: height }, (_, line) =>
      style(
        wrapped
          .map((lines, index) => (numeric[index] ? padStart : padEnd)(lines[line] ?? "", widths[index] ?? 0))
          .join(" ".repeat(GAP))
          .trimEnd(),
      ),
    );
  };
  return [
    ...draw(headings, (text) => pen.paint("head", text)),
    pen.paint("head", widths.map((columns) => pen.marks.rule.repeat(columns)).join(" ".repeat(GAP))),
    ...rows.flatMap((row) => draw(row, (text) => text)),
    ...more,
  ];
}

/** Takes columns from the widest until the table fits; undefined where it cannot. */
function shrink(natural: readonly number[], width: number): number[] | undefined {
  const widths = natural.map((columns) => Math.max(1, columns));
  const excess = (): number => widths.reduce((sum, columns) => sum + columns, (widths.length - 1) * GAP) - width;
  while (excess() > 0) {
    const most = Math.max(...widths);
    if (most <= NARROWEST) return undefined;
    widths[widths.indexOf(most)] = most - 1;
  }
  return widths;
}

function asLists(headings: readonly string[], rows: readonly (readonly string[])[], width: number): string[] {
  return rows.flatMap((row, index) => [
    ...(index === 0 ? [] : [""]),
    ...headings.flatMap((heading, column) => {
      const value = row[column] ?? "";
      return value === "" ? [] : wrap(heading === "" ? value : `${heading}: ${value}`, width);
    }),
  ]);
}

/** Numbers, with a sign, currency or unit, or a dash where there is none, are read best from the right. */
const isNumeric = (cells: readonly string[]): boolean =>
  cells.some((cell) => /\d/.test(cell)) &&
  cells.every((cell) => /^$|^[-–—?]$|^[~≈<>≤≥]?\s?[-+−]?[$€£]?\d[\d.,]*(\s?\S{1,6})?$/.test(cell));
