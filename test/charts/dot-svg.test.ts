import { Resvg } from "@resvg/resvg-js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chartPng } from "../../src/charts/chart-png.ts";
import { FONT, WIDTH } from "../../src/charts/chart-svg.ts";
import type { DotChart } from "../../src/charts/dot-chart.ts";
import { dotSvg } from "../../src/charts/dot-svg.ts";
import { LONG, WITH_FONTS } from "./charts.ts";
import { anyDotChart, dotChart, GROUPS, MODELS, TASKS_OF_THREE } from "./dot-charts.ts";

interface Drawn {
  readonly kind: string;
  readonly words: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where the renderer really puts each text, its own letters alone. */
const textsOf = (svg: string, height: number): Drawn[] =>
  [...svg.matchAll(/<text class="(\w+)"[^>]*>([^<]*)<\/text>/g)].flatMap(([element, kind = "", words = ""]) => {
    const alone = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="${FONT}">${element}</svg>`;
    const box = new Resvg(alone, WITH_FONTS).innerBBox();
    return box === undefined ? [] : [{ kind, words, x: box.x, y: box.y, width: box.width, height: box.height }];
  });
const touch = (one: Drawn, other: Drawn): boolean =>
  one.x < other.x + other.width &&
  other.x < one.x + one.width &&
  one.y < other.y + other.height &&
  other.y < one.y + one.height;
const wordsOf = (svg: string, kind: string): string[] =>
  [...svg.matchAll(new RegExp(`<text class="${kind}"[^>]*>([^<]*)<`, "g"))].map(([, words = ""]) => words);
const placesOf = (svg: string) => ({
  dots: [...svg.matchAll(/<circle class="dot" cx="([\d.]+)"/g)].map(([, x]) => Number(x)),
  ranges: [...svg.matchAll(/<path class="range" d="M([\d.]+) .*?M([\d.]+) [\d.]+V/g)].map(([, from, to]) => [
    Number(from),
    Number(to),
  ]),
});

const ODD = dotChart(
  TASKS_OF_THREE.map(({ dots }) => ({ label: LONG, dots: dots.map((dot) => ({ ...dot, text: "@W%m".repeat(20) })) })),
  { title: LONG.toUpperCase(), unit: LONG, note: LONG, series: MODELS.map(({ tone }) => ({ name: LONG, tone })) },
);
const CHARTS: readonly (readonly [string, DotChart])[] = [
  ["nothing", dotChart([])],
  ["two task types", dotChart(GROUPS)],
  ["eight task types", dotChart(TASKS_OF_THREE)],
  ["more rows than there is room", dotChart([...TASKS_OF_THREE, ...TASKS_OF_THREE])],
  [
    "speeds",
    dotChart(
      [{ label: "4,000 tokens", dots: [{ series: 2, value: 61.3, low: 48, high: 92.4, text: "61.3 tokens/s" }] }],
      { unit: "tokens/s", ticks: [] },
    ),
  ],
  ["names of 200 characters", ODD],
];

describe("a dot chart as SVG", () => {
  it.each(CHARTS)("keeps every text inside, and none on another: %s", (_, chart) => {
    const { svg, height } = dotSvg(chart);
    const texts = textsOf(svg, height);
    expect(texts.length).toBeGreaterThanOrEqual(2);
    for (const [index, text] of texts.entries()) {
      expect(text.x, text.words).toBeGreaterThanOrEqual(0);
      expect(text.y, text.words).toBeGreaterThanOrEqual(0);
      expect(text.x + text.width, text.words).toBeLessThanOrEqual(WIDTH);
      expect(text.y + text.height, text.words).toBeLessThanOrEqual(height);
      for (const other of texts.slice(index + 1))
        expect(touch(text, other), `“${text.words}” and “${other.words}”`).toBe(false);
    }
  });

  it("puts dots and the ends of lines where their values are on the scale", () => {
    const { svg } = dotSvg(dotChart([{ label: "a", dots: [{ series: 0, value: 50, low: 25, high: 100, text: "" }] }]));
    const ticks = [...svg.matchAll(/<text class="tick" x="([\d.]+)"/g)].map(([, x]) => Number(x));
    const [zero = 0, end = 0] = [ticks[0], ticks.at(-1)];
    const { dots, ranges } = placesOf(svg);
    expect(dots).toEqual([expect.closeTo((zero + end) / 2, 1)]);
    expect(ranges).toEqual([[expect.closeTo(zero + (end - zero) / 4, 1), expect.closeTo(end, 1)]]);
  });

  it("tells local from cloud by shape, and only what is there", () => {
    const { svg } = dotSvg(dotChart(GROUPS));
    expect(svg.match(/<circle class="dot"/g)).toHaveLength(4);
    expect(svg.match(/<path class="dot"/g)).toHaveLength(2);
    expect(wordsOf(svg, "key")).toEqual(["local", "cloud"]);
  });

  it("makes a scale of its own where none is given", () => {
    const { svg } = dotSvg(
      dotChart([{ label: "a", dots: [{ series: 0, value: 0.3, low: 0.1, high: 0.7, text: "" }] }], { ticks: [] }),
    );
    expect(wordsOf(svg, "tick")).toEqual(["0", "0.2", "0.4", "0.6", "0.8"]);
  });

  it("says how many rows are left out", () => {
    expect(wordsOf(dotSvg(dotChart([...TASKS_OF_THREE, ...TASKS_OF_THREE])).svg, "note")).toEqual([
      "Lines: 95 % confidence. 8 more are not shown.",
    ]);
  });

  it("is well-formed and finite whatever it is given, and no text of others is markup", () => {
    fc.assert(
      fc.property(anyDotChart, (chart) => {
        const { svg } = dotSvg(chart);
        expect(svg).not.toMatch(/NaN|Infinity|undefined|<script/);
        new Resvg(svg, { font: { loadSystemFonts: false } });
      }),
      { numRuns: 300 },
    );
  });

  it("becomes a picture of the same height", async () => {
    const png = Buffer.from(await chartPng(dotChart(GROUPS)));
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([2 * WIDTH, 2 * dotSvg(dotChart(GROUPS)).height]);
    expect(png.byteLength).toBeLessThan(200_000);
    expect(png.byteLength).toBeGreaterThan(10_000);
  });
});
