import { amount } from "../../src/charts/amount.ts";
import type { Chart, ChartSeries } from "../../src/charts/chart.ts";
import { stackParts } from "../../src/charts/stack-parts.ts";
import { sum, type TidyChart, tidyChart } from "../../src/charts/tidy-chart.ts";
import { COLOURS } from "./chart-colours.ts";
import type { Pen, Style } from "./pen.ts";
import { cut, padEnd, widest, widthOf, wrap } from "./text-layout.ts";

/** One bar is one row, and a month should not scroll off the screen. */
const MAX_BARS = 31;
const WIDEST_BAR = 60;
/** A shorter bar goes below its label instead of beside it. */
const SHORTEST_BAR = 8;
const SHORTEST_NAME = 8;
const GAP = 2;
/** Two characters of a series and a space. */
const SWATCH = 3;

/**
 * A chart with a horizontal bar in each row, its label before it and its sum
 * after it, so that figures can be read and every width will do. More than 31
 * bars are added up. What a part stands for is told by its character; colours only repeat it.
 */
export function renderChart(chart: Chart, width: number, pen: Pen): string[] {
  const tidy = tidyChart(chart, MAX_BARS);
  const title = pen.line(chart.title);
  const head = wrap(title === "" ? chart.unit : `${title} (${chart.unit})`, width).map((row) => pen.paint("head", row));
  if (tidy.bars.length === 0 || tidy.series.length === 0) return [...head, ...wrap("nothing in this period", width)];
  const marks = tidy.series.map((_, index) => markOf(tidy.series, index, pen));
  return [
    ...head,
    ...legend(tidy, marks, width, pen),
    ...rows(tidy, marks, width, pen),
    ...(tidy.note === "" ? [] : wrap(tidy.note, width).map((row) => pen.paint("quiet", row))),
  ];
}

interface Mark {
  readonly character: string;
  readonly style: Style;
}

/** Those of one tone take turns, so that neighbours differ. */
function markOf(series: readonly ChartSeries[], index: number, { marks }: Pen): Mark {
  const tone = series[index]?.tone ?? "unknown";
  const before = series.slice(0, index).filter((other) => other.tone === tone).length;
  const characters = marks.stack[tone];
  return { character: characters[before % characters.length] ?? marks.full, style: COLOURS[tone] };
}

/** As many entries in a row as it takes; an entry that no row takes goes on below itself. */
function legend({ series, totals, unit }: TidyChart, marks: readonly Mark[], width: number, pen: Pen): string[] {
  const drawn: string[] = [];
  let used = width;
  for (const [index, { name }] of series.entries()) {
    const { character = "", style = "quiet" } = marks[index] ?? {};
    const total = amount(totals[index] ?? 0, unit);
    const room = width - SWATCH - 1 - widthOf(total);
    const shown = cut(pen.line(name), room < SHORTEST_NAME ? width - SWATCH : room, pen.marks.ellipsis);
    const [first = "", ...below] = wrap(`${shown} ${total}`.trim(), width - SWATCH);
    const entry = `${pen.paint(style, character.repeat(SWATCH - 1))} ${first}`;
    const needed = GAP + SWATCH + widthOf(first);
    if (used + needed <= width) {
      drawn.push(`${drawn.pop() ?? ""}${" ".repeat(GAP)}${entry}`);
      used += needed;
    } else {
      drawn.push(entry, ...below.map((row) => " ".repeat(SWATCH) + row));
      used = below.length > 0 ? width : needed - GAP;
    }
  }
  return drawn;
}

function rows({ bars, tallest, unit }: TidyChart, marks: readonly Mark[], width: number, pen: Pen): string[] {
  const figures = bars.map(({ values }) => amount(sum(values), unit));
  const labels = bars.map(({ label }) => cut(pen.line(label), Math.floor(width / 3), pen.marks.ellipsis));
  const names = widest(labels);
  const room = width - names - GAP - 1 - widest(figures);
  const beside = room >= SHORTEST_BAR;
  const scale = tallest > 0 ? Math.min(WIDEST_BAR, beside ? room : width) / tallest : 0;
  return bars.flatMap(({ label, values }, index) => {
    const bar = drawBar(values, scale, marks, pen);
    const figure = figures[index] ?? "";
    if (beside) return [padEnd(labels[index] ?? "", names + GAP) + (bar === "" ? figure : `${bar} ${figure}`)];
    const name = cut(pen.line(label), width, pen.marks.ellipsis);
    return [...wrap(`${name} ${figure}`.trim(), width), ...(bar === "" ? [] : [bar])];
  });
}

function drawBar(values: readonly number[], scale: number, marks: readonly Mark[], pen: Pen): string {
  let end = 0;
  let columns = 0;
  return stackParts(values, scale, 1)
    .map((part, index) => {
      end += part;
      // Rounding where parts end, not how long they are, keeps the whole bar exact.
      const cells = Math.round(end) - columns;
      columns += cells;
      const { character = "", style = "quiet" } = marks[index] ?? {};
      return pen.paint(style, character.repeat(cells));
    })
    .join("");
}
