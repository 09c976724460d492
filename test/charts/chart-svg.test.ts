import { Resvg } from "@resvg/resvg-js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Chart } from "../../src/charts/chart.ts";
import { chartSvg, FONT, HEIGHT, WIDTH } from "../../src/charts/chart-svg.ts";
import { sum } from "../../src/charts/tidy-chart.ts";
import { anyChart, chartOf, days, LONG, WITH_FONTS } from "./charts.ts";

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
interface DrawnText extends Box {
  readonly kind: string;
  readonly words: string;
}

const numbers = (element: string, name: string): number => Number(new RegExp(` ${name}="([^"]*)"`).exec(element)?.[1]);
const barsOf = (svg: string): { total: number; parts: string[] }[] =>
  [...svg.matchAll(/<g class="bar"[^>]*>.*?<\/g>/g)].map(([group]) => ({
    total: numbers(group, "data-total"),
    parts: group.match(/<rect[^>]*>/g) ?? [],
  }));
const wordsOf = (svg: string, kind: string): string[] =>
  [...svg.matchAll(new RegExp(`<text class="${kind}"[^>]*>([^<]*)<`, "g"))].map(([, words = ""]) => words);
const heights = (parts: readonly string[]): number => sum(parts.map((part) => numbers(part, "height")));

/** Where the renderer really puts each text, its own letters alone. */
const textsOf = (svg: string): DrawnText[] =>
  [...svg.matchAll(/<text class="(\w+)"[^>]*>([^<]*)<\/text>/g)].flatMap(([element, kind = "", words = ""]) => {
    const alone = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="${FONT}">${element}</svg>`;
    const box = new Resvg(alone, WITH_FONTS).innerBBox();
    return box === undefined ? [] : [{ kind, words, x: box.x, y: box.y, width: box.width, height: box.height }];
  });

const touch = (one: Box, other: Box): boolean =>
  one.x < other.x + other.width &&
  other.x < one.x + one.width &&
  one.y < other.y + other.height &&
  other.y < one.y + one.height;

const ODD_NAMES = chartOf(
  days(40).map(({ values }) => ({ label: LONG, values: [...values, ...values, ...values, ...values, ...values] })),
  {
    title: LONG.toUpperCase(),
    unit: "USD",
    series: Array.from({ length: 10 }, (_, index) => ({
      name: `${index} ${index % 2 ? LONG.toUpperCase() : "@W%m".repeat(50)}`,
      tone: index % 2 ? "cloud" : "local",
    })),
  },
);
const CHARTS: readonly (readonly [string, Chart])[] = [
  ["no bars", chartOf([])],
  ["no series", chartOf(days(3), { series: [] })],
  ["one bar", chartOf(days(1))],
  ["a week", chartOf(days(7))],
  ["a month", chartOf(days(31), { unit: "USD" })],
  ["400 days", chartOf(days(400), { unit: "calls" })],
  ["all zeros", chartOf(days(7).map(({ label }) => ({ label, values: [0, 0] })))],
  [
    "tiny values",
    chartOf(
      days(7).map(({ label }, day) => ({ label, values: [day * 1e-9, 1e-12] })),
      { unit: "USD" },
    ),
  ],
  ["huge values", chartOf(days(7).map(({ label }) => ({ label, values: [1.7e308, 1] })))],
  ["names of 200 characters", ODD_NAMES],
];

describe("a chart as SVG", () => {
  it.each(CHARTS)("keeps every text inside, and none on another: %s", (_, chart) => {
    const texts = textsOf(chartSvg(chart));
    expect(texts.length).toBeGreaterThanOrEqual(2);
    for (const [index, text] of texts.entries()) {
      expect(text.x, text.words).toBeGreaterThanOrEqual(0);
      expect(text.y, text.words).toBeGreaterThanOrEqual(0);
      expect(text.x + text.width, text.words).toBeLessThanOrEqual(WIDTH);
      expect(text.y + text.height, text.words).toBeLessThanOrEqual(HEIGHT);
      for (const other of texts.slice(index + 1))
        expect(touch(text, other), `“${text.words}” and “${other.words}”`).toBe(false);
    }
  });

  it.each([
    ["a week", 7],
    ["a month", 31],
    ["400 days", 400],
  ])("draws bars whose heights are their values: %s", (_, count) => {
    const given = days(count);
    const bars = barsOf(chartSvg(chartOf(given)));
    expect(sum(bars.map(({ total }) => total))).toBe(sum(given.flatMap(({ values }) => values)));
    const [scale = 0] = bars.filter(({ total }) => total > 0).map(({ total, parts }) => heights(parts) / total);
    const tallest = Math.max(...bars.map(({ parts }) => heights(parts)));
    expect(tallest).toBeGreaterThan(120);
    for (const { total, parts } of bars) expect(Math.abs(heights(parts) - total * scale)).toBeLessThan(tallest / 100);
  });

  it("stacks the parts without gaps, on one line, in the order of the series", () => {
    for (const { parts } of barsOf(chartSvg(chartOf(days(7))))) {
      let base = 340;
      for (const part of parts) {
        expect(numbers(part, "y") + numbers(part, "height")).toBeCloseTo(base, 1);
        base = numbers(part, "y");
      }
      expect(base).toBeGreaterThan(80);
    }
    const [bar] = barsOf(chartSvg(chartOf([{ label: "a", values: [3, 1] }])));
    const [local, cloud] = bar?.parts ?? [];
    expect(numbers(local ?? "", "height") / numbers(cloud ?? "", "height")).toBeCloseTo(3, 1);
  });

  it("lets one cloud call among a million be seen", () => {
    const [bar] = barsOf(chartSvg(chartOf([{ label: "a", values: [1e6, 1] }])));
    expect(bar?.parts.map((part) => numbers(part, "height") >= 2)).toEqual([true, true]);
  });

  it("tells tones apart without colour", () => {
    const series = (["local", "cloud", "unknown"] as const).map((tone) => ({ name: tone, tone }));
    const svg = chartSvg(chartOf([{ label: "a", values: [1, 1, 1] }], { series }));
    const swatches = [...svg.matchAll(/class="swatch"[^>]* fill="([^"]*)"/g)].map(([, fill]) => fill);
    expect(swatches).toEqual(["#35c79a", "url(#fill1)", "url(#fill2)"]);
    const marks = [...svg.matchAll(/<pattern[^>]*>.*?<\/pattern>/g)].map(([pattern]) => pattern.includes("<circle"));
    expect(marks).toEqual([false, true]);
    const fills = barsOf(svg)[0]?.parts.map((part) => / fill="([^"]*)"/.exec(part)?.[1]);
    expect(fills).toEqual(swatches);
  });

  it("names series with their totals, ticks with their unit, and the last day always", () => {
    const svg = chartSvg(chartOf(days(30), { unit: "USD" }));
    expect(wordsOf(svg, "legend")).toEqual(["local $15.8M", "cloud $4.16M"]);
    expect(wordsOf(svg, "tick")).toEqual(["$0", "$500k", "$1M", "$1.5M"]);
    expect(wordsOf(svg, "label").at(-1)).toBe("2026-02-02");
    expect(wordsOf(svg, "note")).toEqual([]);
  });

  it("says what it adds up, and where there is nothing", () => {
    expect(wordsOf(chartSvg(chartOf(days(400))), "note")).toEqual([
      "Each bar adds up 7 (the first bar 1) and is named after its first.",
    ]);
    expect(barsOf(chartSvg(chartOf(days(400))))).toHaveLength(58);
    expect(wordsOf(chartSvg(chartOf([])), "nothing")).toEqual(["nothing in this period"]);
    const zeros = chartOf([{ label: "a", values: [0, 0] }], { unit: "USD" });
    expect(wordsOf(chartSvg(zeros), "nothing")).toEqual(["$0 in this period"]);
  });

  it("holds no markup of others", () => {
    const name = '</text><image href="file:///etc/passwd"/>&\u202e\u0007';
    const chart = chartOf([{ label: name, values: [1, 1] }], { title: name, series: [{ name, tone: "local" }] });
    const svg = chartSvg(chart);
    expect(svg).not.toContain("<image");
    expect(svg).not.toMatch(/(?!\n)\p{Cc}|\u202e/u);
    expect(wordsOf(svg, "title")[0]).toContain("&lt;/text&gt;&lt;image");
  });

  it("can be drawn and read for any data", () => {
    fc.assert(
      fc.property(anyChart, (chart) => {
        const svg = chartSvg(chart);
        expect(svg).not.toMatch(/NaN|Infinity|undefined|(?!\n)\p{Cc}|\p{Cs}/u);
        for (const { parts } of barsOf(svg)) expect(heights(parts)).toBeLessThanOrEqual(HEIGHT);
        // The renderer refuses what is not well-formed.
        expect(new Resvg(svg, WITH_FONTS).width).toBe(WIDTH);
      }),
      { numRuns: 100 },
    );
  });
});
