import { amount } from "./amount.ts";
import type { ChartSeries, ChartTone } from "./chart.ts";
import { SHADES, shadeOf } from "./chart-fills.ts";
import { FONT, WIDTH } from "./chart-svg.ts";
import { chartLine, cutText, textWidth } from "./chart-text.ts";
import type { Dot, DotChart } from "./dot-chart.ts";
import { type ChartColours, COLOURS, round, svgText } from "./svg-parts.ts";
import { type TidyDots, tidyDots } from "./tidy-dots.ts";

/** Where a drawing goes decides its colours. */
export interface DotStyle {
  readonly colours: ChartColours;
  /** Value of `fill` for a shade of a tone. */
  readonly shade: (tone: ChartTone, shade: number) => string;
  readonly font: string;
}

const CHAT: DotStyle = { colours: COLOURS, shade: (tone, shade) => SHADES[tone][shade] ?? "none", font: FONT };

const EDGE = 24;
const TITLE = 18;
const TEXT = 14;
const SMALL = 13;
/** From the name of a model to the scale, and from the scale to the figures. */
const LEFT = 208;
const RIGHT = 452;
const FIGURES = RIGHT + 16;
const ROW = 24;
const HEADING = 30;
const REACH = 5;
/** More would be taller than a chat shows at a readable size. */
const MAX_ROWS = 40;

const TONES: readonly (readonly [ChartTone, string])[] = [
  ["local", "local"],
  ["cloud", "cloud"],
  ["unknown", "not known where"],
];

/**
 * Draws a dot chart as SVG, 600 wide and as high as its rows take. Local models are
 * circles, cloud models diamonds, the rest squares: told apart without colours too.
 */
export function dotSvg(chart: DotChart, style = CHAT): { readonly svg: string; readonly height: number } {
  const { colours } = style;
  const tidy = tidyDots(chart, MAX_ROWS);
  const key = drawKey(tidy, style);
  const plot = drawPlot(tidy, 88, style);
  const note = [chartLine(tidy.note), tidy.left === 0 ? "" : `${tidy.left} more are not shown.`].join(" ").trim();
  const height = plot.bottom + 44;
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="${style.font}">`,
    `<rect width="${WIDTH}" height="${height}" fill="${colours.ground}"/>`,
    svgText(
      cutText(chartLine(tidy.title), TITLE, WIDTH - 2 * EDGE, true),
      { kind: "title", x: EDGE, y: 38, size: TITLE, bold: true },
      colours,
    ),
    ...key,
    ...plot.parts,
    svgText(
      cutText(note, SMALL, WIDTH - 2 * EDGE),
      { kind: "note", x: EDGE, y: height - 14, size: SMALL, quiet: true },
      colours,
    ),
    "</svg>",
  ].join("\n");
  return { svg, height };
}

/** What the shapes stand for, those that are there, and the unit at the end of the line. */
function drawKey({ series, groups, unit }: TidyDots, { colours, shade }: DotStyle): string[] {
  const used = new Set(groups.flatMap(({ dots }) => dots.map((dot) => series[dot.series]?.tone)));
  let x = EDGE + REACH;
  const parts = TONES.filter(([tone]) => used.has(tone)).flatMap(([tone, word]) => {
    const drawn = [
      shape("swatch", tone, x, 59, shade(tone, 0)),
      svgText(word, { kind: "key", x: x + 12, y: 64, size: TEXT, quiet: true }, colours),
    ];
    x += 12 + textWidth(word, TEXT) + 18;
    return drawn;
  });
  const words = cutText(chartLine(unit), TEXT, WIDTH - EDGE - x);
  return [
    ...parts,
    svgText(words, { kind: "unit", x: WIDTH - EDGE, y: 64, size: TEXT, anchor: "end", quiet: true }, colours),
  ];
}

function drawPlot(tidy: TidyDots, top: number, style: DotStyle): { parts: string[]; bottom: number } {
  const { colours } = style;
  const { groups, ticks, end, series } = tidy;
  if (groups.length === 0) {
    const words = svgText(
      "nothing was measured",
      { kind: "nothing", x: WIDTH / 2, y: top + 40, size: TITLE, anchor: "middle", quiet: true },
      colours,
    );
    return { parts: [words], bottom: top + 60 };
  }
  const at = (value: number): number => LEFT + ((RIGHT - LEFT) * Math.min(value, end)) / end;
  let y = top;
  const rows = groups.flatMap(({ label, dots }) => {
    y += HEADING;
    const heading = cutText(chartLine(label), TEXT, WIDTH - 2 * EDGE, true);
    return [
      svgText(heading, { kind: "group", x: EDGE, y: y - 8, size: TEXT, bold: true }, colours),
      ...dots.flatMap((dot) => {
        y += ROW;
        return drawRow(dot, series, y - 8, at, style);
      }),
    ];
  });
  const bottom = y + 6;
  const grid = ticks.flatMap((tick) => [
    `<path d="M${round(at(tick))} ${top + 2}V${bottom}" stroke="${colours.grid}"/>`,
    svgText(
      amount(tick, "tokens"),
      { kind: "tick", x: at(tick), y: top - 4, size: SMALL, anchor: "middle", quiet: true },
      colours,
    ),
  ]);
  return { parts: [...grid, ...rows], bottom };
}

/** `y` is the baseline of its texts. */
function drawRow(
  dot: Dot,
  series: readonly ChartSeries[],
  y: number,
  at: (value: number) => number,
  style: DotStyle,
): string[] {
  const { colours } = style;
  const middle = y - 5;
  const { tone, shade } = shadeOf(series, dot.series);
  const colour = style.shade(tone, shade);
  const [from, to] = [round(at(dot.low)), round(at(dot.high))];
  const name = cutText(chartLine(series[dot.series]?.name ?? ""), TEXT, LEFT - EDGE - 14);
  const figures = cutText(chartLine(dot.text), SMALL, WIDTH - 8 - FIGURES);
  return [
    svgText(name, { kind: "name", x: EDGE, y, size: TEXT, quiet: true }, colours),
    `<path class="range" d="M${from} ${middle - 4}V${middle + 4}M${from} ${middle}H${to}M${to} ${middle - 4}V${middle + 4}" stroke="${colour}" stroke-width="2" fill="none"/>`,
    shape("dot", tone, at(dot.value), middle, colour),
    svgText(figures, { kind: "figures", x: FIGURES, y, size: SMALL }, colours),
  ];
}

function shape(kind: string, tone: ChartTone, x: number, y: number, colour: string): string {
  const [cx, cy] = [round(x), round(y)];
  if (tone === "local") return `<circle class="${kind}" cx="${cx}" cy="${cy}" r="${REACH}" fill="${colour}"/>`;
  const far = tone === "cloud" ? REACH + 1.5 : REACH;
  const path =
    tone === "cloud"
      ? `M${cx} ${cy - far}l${far} ${far}l${-far} ${far}l${-far} ${-far}z`
      : `M${cx - far} ${cy - far}h${2 * far}v${2 * far}h${-2 * far}z`;
  return `<path class="${kind}" d="${path}" fill="${colour}"/>`;
}
