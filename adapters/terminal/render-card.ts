import type { Action, Card, Field, Meter } from "../../commands/card.ts";
import type { Chart } from "../../src/charts/chart.ts";
import { type DotChart, isDotChart } from "../../src/charts/dot-chart.ts";
import { createPen, type Pen, type PenOptions } from "./pen.ts";
import { renderChart } from "./render-chart.ts";
import { renderChoices } from "./render-choices.ts";
import { renderDots } from "./render-dots.ts";
import { renderTable } from "./render-table.ts";
import { padEnd, widest, widthOf, wrap } from "./text-layout.ts";

/** Prose is easier to read in lines no longer than this, in columns. */
const PROSE = 100;
const INDENT = "  ";
const MAX_PARTS = 100;
const BAR = 24;
const BAR_AT_LEAST = 10;

/**
 * Draws a card as lines of text, without a line break at the end. No line is
 * wider than `columns` (12 at least). Texts of the card are made harmless, so
 * the only escape sequences are the colours, and without colour there are none:
 * marks and words say the same. A button that confirms is left out, because
 * typing its line would only ask the question again.
 */
export function renderCard(card: Card, options: PenOptions): string {
  const pen = createPen(options);
  const inner = pen.columns - INDENT.length;
  const sections = [
    renderFields(card.fields ?? [], inner, pen),
    card.meter === undefined ? [] : renderMeter(card.meter, inner, pen),
    card.chart === undefined ? [] : renderPicture(card.chart, inner, pen),
    card.table === undefined ? [] : renderTable(card.table, inner, pen),
    card.choices === undefined ? [] : renderChoices(card.choices, inner, pen),
    renderActions(card.actions ?? [], inner, pen),
    paragraphs(card.footer === undefined ? [] : [card.footer], inner, pen).map((row) => pen.paint("quiet", row)),
  ].filter((rows) => rows.length > 0);
  const head = [
    ...renderTitle(card, pen),
    ...paragraphs(card.body ?? [], inner, pen).map((row) => (row === "" ? row : INDENT + row)),
  ];
  return [head, ...sections.map((rows) => ["", ...rows.map((row) => (row === "" ? row : INDENT + row))])]
    .flat()
    .join("\n");
}

const renderPicture = (chart: Chart | DotChart, width: number, pen: Pen): string[] =>
  isDotChart(chart) ? renderDots(chart, width, pen) : renderChart(chart, width, pen);

function renderTitle(card: Card, pen: Pen): string[] {
  const mark = pen.marks.tone[card.tone];
  const hanging = " ".repeat(widthOf(mark) + 1);
  return wrap(pen.line(card.title), Math.min(pen.columns, PROSE) - hanging.length).map(
    (row, index) => (index === 0 ? `${pen.paint(card.tone, mark)} ` : hanging) + pen.paint("title", row),
  );
}

const paragraphs = (texts: readonly string[], width: number, pen: Pen): string[] =>
  texts.slice(0, MAX_PARTS).flatMap((text) => wrap(pen.text(text).trim(), Math.min(width, PROSE)));

function renderFields(fields: readonly Field[], width: number, pen: Pen): string[] {
  const drawn = fields
    .slice(0, MAX_PARTS)
    .map(({ name, value }) => ({ name: pen.line(name), value: pen.text(value).trim() }));
  const names = widest(drawn.map(({ name }) => name));
  if (names > width / 2) {
    return drawn.flatMap(({ name, value }) => [
      ...wrap(`${name}:`, width).map((row) => pen.paint("quiet", row)),
      ...wrap(value, width - 2).map((row) => `  ${row}`),
    ]);
  }
  return drawn.flatMap(({ name, value }) =>
    wrap(value, Math.min(width, PROSE) - names - 2).map(
      (row, index) => `${pen.paint("quiet", padEnd(index === 0 ? name : "", names))}  ${row}`,
    ),
  );
}

function renderMeter(meter: Meter, width: number, pen: Pen): string[] {
  const label = pen.line(meter.label);
  const text = pen.line(meter.text);
  const words = [label, text].filter((word) => word !== "");
  const beside = words.reduce((sum, word) => sum + widthOf(word) + 2, 0);
  const oneRow = width - beside >= BAR_AT_LEAST;
  const drawn = pen.paint("info", bar(meter, Math.min(BAR, oneRow ? width - beside : width), pen));
  const parts = [label, drawn, text].filter((part) => part !== "");
  return oneRow ? [parts.join("  ")] : parts.flatMap((part) => (part === drawn ? [part] : wrap(part, width)));
}

function bar({ value, max }: Meter, size: number, { marks }: Pen): string {
  const share = max > 0 && value > 0 ? Math.min(1, value / max) : 0;
  const steps = marks.parts.length + 1;
  const filled = Math.floor(share * size * steps);
  const part = marks.parts[(filled % steps) - 1] ?? "";
  const drawn = marks.full.repeat(Math.floor(filled / steps)) + part;
  return drawn + marks.empty.repeat(size - widthOf(drawn));
}

function renderActions(actions: readonly Action[], width: number, pen: Pen): string[] {
  return actions
    .filter(({ confirms }) => confirms !== true)
    .slice(0, MAX_PARTS)
    .flatMap(({ label, line }) => {
      const name = pen.line(label);
      const command = pen.line(line);
      if (widthOf(name) + widthOf(command) + 2 <= width) return [`${name}: ${pen.paint("command", command)}`];
      return [...wrap(`${name}:`, width), ...wrap(command, width - 2).map((row) => `  ${pen.paint("command", row)}`)];
    });
}
