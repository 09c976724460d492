import { amount } from "../../src/charts/amount.ts";
import type { Dot, DotChart } from "../../src/charts/dot-chart.ts";
import { type TidyDots, tidyDots } from "../../src/charts/tidy-dots.ts";
import { COLOURS } from "./chart-colours.ts";
import type { Pen } from "./pen.ts";
import { cut, padEnd, widest, widthOf, wrap } from "./text-layout.ts";

/** Eight task types of five models should not scroll off for good. */
const MAX_ROWS = 40;
const WIDEST_SCALE = 50;
/** A shorter scale shows nothing, and figures alone say more. */
const SHORTEST_SCALE = 12;
const GAP = 2;

/**
 * A dot chart with one row for each value: its name, a line with the dot on a scale,
 * and its figures. Where there is no room for a scale, the figures stand alone.
 */
export function renderDots(chart: DotChart, width: number, pen: Pen): string[] {
  const tidy = tidyDots(chart, MAX_ROWS);
  const head = wrap(`${pen.line(tidy.title)} (${pen.line(tidy.unit)})`, width).map((row) => pen.paint("head", row));
  if (tidy.groups.length === 0) return [...head, ...wrap("nothing was measured", width)];
  const dots = tidy.groups.flatMap((group) => group.dots);
  const names = widest(dots.map((dot) => nameOf(dot, tidy, Math.floor(width / 3), pen)));
  const figures = widest(dots.map(({ text }) => pen.line(text)));
  const size = Math.min(WIDEST_SCALE, width - names - figures - 2 * GAP);
  const left = tidy.left === 0 ? "" : `${tidy.left} more are not shown.`;
  return [
    ...head,
    ...tidy.groups.flatMap(({ label, dots: own }) => [
      ...wrap(pen.line(label), width),
      ...own.flatMap((dot) =>
        size < SHORTEST_SCALE ? plain(dot, tidy, width, pen) : [row(dot, tidy, names, size, pen)],
      ),
    ]),
    ...(size < SHORTEST_SCALE ? [] : [" ".repeat(names + GAP) + pen.paint("quiet", scale(tidy, size))]),
    ...wrap(`${pen.line(tidy.note)} ${left}`.trim(), width).map((words) => pen.paint("quiet", words)),
  ];
}

const nameOf = ({ series }: Dot, tidy: TidyDots, width: number, pen: Pen): string =>
  cut(pen.line(tidy.series[series]?.name ?? ""), width, pen.marks.ellipsis);

function plain(dot: Dot, tidy: TidyDots, width: number, pen: Pen): string[] {
  const name = nameOf(dot, tidy, width, pen);
  return wrap(`${name} ${pen.line(dot.text)}`.trim(), width);
}

function row(dot: Dot, tidy: TidyDots, names: number, size: number, pen: Pen): string {
  const tone = tidy.series[dot.series]?.tone ?? "unknown";
  const at = (value: number): number => Math.round((Math.min(value, tidy.end) / tidy.end) * (size - 1));
  const [from, middle, to] = [at(dot.low), at(dot.value), at(dot.high)];
  const { rule, dot: marks } = pen.marks;
  const drawn = `${" ".repeat(from)}${rule.repeat(middle - from)}${marks[tone]}${rule.repeat(to - middle)}`;
  const name = padEnd(nameOf(dot, tidy, names, pen), names + GAP);
  const gap = " ".repeat(size - widthOf(drawn) + GAP);
  return `${name}${pen.paint(COLOURS[tone], drawn)}${gap}${pen.line(dot.text)}`.trimEnd();
}

/** Where the scale begins, and where it ends. */
function scale({ end }: TidyDots, size: number): string {
  const last = amount(end, "tokens");
  return `0${" ".repeat(Math.max(1, size - 1 - last.length))}${last}`;
}
