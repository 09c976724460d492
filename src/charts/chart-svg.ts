import { amount } from "./amount.ts";
import { axisTicks } from "./axis-ticks.ts";
import type { Chart } from "./chart.ts";
import { type Fill, fillOf, patterns } from "./chart-fills.ts";
import { chartLine, cutText, textWidth } from "./chart-text.ts";
import { stackParts } from "./stack-parts.ts";
import { COLOURS, round, svgText as text } from "./svg-parts.ts";
import { sum, type TidyChart, tidyChart } from "./tidy-chart.ts";

/** Size of the drawing in px. Chats show a picture about 400 px wide, so it is small, and its letters are large. */
export const WIDTH = 600;
export const HEIGHT = 400;
export const FONT = "DejaVu Sans";

const EDGE = 24;
const INNER = WIDTH - 2 * EDGE;
const TITLE = 18;
const TEXT = 14;
const LEGEND_ROW = 24;
const SWATCH = 12;
/** Where bars stand, and where the last of them ends: half a label has room beside it. */
const BASE = HEIGHT - 60;
const LABEL = 96;
const RIGHT = WIDTH - LABEL / 2;
/** More bars than this would be too narrow to be told from their neighbours. */
const MAX_BARS = 60;
const WIDEST_BAR = 72;
const LEAST = 2;

/**
 * Draws a chart as SVG, 600 by 400, on a ground of its own that stands out
 * neither from dark nor from light chats. More than 60 bars are added up, and a
 * line at the bottom says so; labels that would touch are left out, never the last.
 * Characters that DejaVu Sans lacks, such as Chinese ones, become boxes.
 */
export function chartSvg(chart: Chart): string {
  const tidy = tidyChart(chart, MAX_BARS);
  const fills = tidy.series.map((_, index) => fillOf(tidy.series, index));
  const legend = drawLegend(tidy, fills);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="${FONT}">`,
    `<defs>${patterns(fills)}</defs>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="${COLOURS.ground}"/>`,
    text(cutText(chartLine(chart.title), TITLE, INNER, true), {
      kind: "title",
      x: EDGE,
      y: 38,
      size: TITLE,
      bold: true,
    }),
    ...legend.parts,
    ...drawPlot(tidy, fills, legend.bottom + 46),
    "</svg>",
  ].join("\n");
}

/** Swatch, name and total of each series, in as many rows as they take. */
function drawLegend({ series, totals, unit }: TidyChart, fills: readonly Fill[]): { parts: string[]; bottom: number } {
  const half = INNER / 2;
  let x = EDGE;
  let y = 68;
  const parts = series.flatMap(({ name }, index) => {
    const total = amount(totals[index] ?? 0, unit);
    const room = half - SWATCH - 30 - textWidth(total, TEXT);
    const label = `${cutText(chartLine(name), TEXT, room)} ${total}`.trim();
    const width = SWATCH + 6 + textWidth(label, TEXT);
    if (x > EDGE && x + width > WIDTH - EDGE) {
      x = EDGE;
      y += LEGEND_ROW;
    }
    const drawn = [
      `<rect class="swatch" x="${x}" y="${y - SWATCH + 1}" width="${SWATCH}" height="${SWATCH}" fill="${fills[index]?.paint ?? "none"}"/>`,
      text(label, { kind: "legend", x: x + SWATCH + 6, y, size: TEXT }),
    ];
    x += width + 18;
    return drawn;
  });
  return { parts, bottom: y };
}

function drawPlot(tidy: TidyChart, fills: readonly Fill[], top: number): string[] {
  const { bars, series, tallest, unit, note } = tidy;
  if (bars.length === 0 || series.length === 0) {
    return [line(EDGE, BASE), inTheMiddle("nothing in this period", (top + BASE) / 2)];
  }
  const ticks = axisTicks(tallest, unit);
  const words = ticks.map((tick) => amount(tick, unit));
  const left = EDGE + Math.max(...[...words, unit].map((word) => textWidth(word, TEXT))) + 10;
  const slot = (RIGHT - left) / bars.length;
  const scale = (BASE - top) / (ticks.at(-1) ?? 1);
  const nothing = `${amount(0, unit)}${unit === "USD" ? "" : ` ${unit}`} in this period`;
  return [
    text(unit, { kind: "unit", x: left - 10, y: top - 18, size: TEXT, anchor: "end", quiet: true }),
    ...ticks.flatMap((tick, index) => [
      line(left, BASE - tick * scale),
      text(words[index] ?? "", {
        kind: "tick",
        x: left - 10,
        y: BASE - tick * scale + 4.5,
        size: TEXT,
        anchor: "end",
        quiet: true,
      }),
    ]),
    ...bars.map(({ values }, index) => drawBar(values, fills, left + (index + 0.5) * slot, slot, scale)),
    ...(tallest > 0 ? [] : [inTheMiddle(nothing, top + (BASE - top) / 4)]),
    ...drawLabels(tidy, left, slot),
    text(note, { kind: "note", x: EDGE, y: HEIGHT - 12, size: TEXT - 1, quiet: true }),
  ];
}

function drawBar(
  values: readonly number[],
  fills: readonly Fill[],
  middle: number,
  slot: number,
  scale: number,
): string {
  const width = Math.min(WIDEST_BAR, slot * 0.78);
  let y = BASE;
  const parts = stackParts(values, scale, LEAST).map((height, index) => {
    y -= height;
    if (height === 0) return "";
    return `<rect class="part" x="${round(middle - width / 2)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fills[index]?.paint ?? "none"}"/>`;
  });
  return `<g class="bar" data-total="${sum(values)}">${parts.join("")}</g>`;
}

/** Below the bars: the last one's, and before it each that is far enough from the next. */
function drawLabels({ bars }: TidyChart, left: number, slot: number): string[] {
  const labels = bars.map(({ label }) => cutText(chartLine(label), TEXT, LABEL));
  const widest = Math.max(...labels.map((label) => textWidth(label, TEXT)));
  const stride = Math.max(1, Math.ceil((widest + 12) / slot));
  return labels.map((label, index) =>
    (bars.length - 1 - index) % stride === 0
      ? text(label, {
          kind: "label",
          x: left + (index + 0.5) * slot,
          y: BASE + 22,
          size: TEXT,
          anchor: "middle",
          quiet: true,
        })
      : "",
  );
}

const inTheMiddle = (words: string, y: number): string =>
  text(words, { kind: "nothing", x: WIDTH / 2, y, size: TITLE, anchor: "middle", quiet: true });

const line = (from: number, y: number): string =>
  `<path d="M${round(from)} ${round(y)}H${WIDTH - EDGE}" stroke="${COLOURS.grid}"/>`;
