import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { amount } from "../../src/charts/amount.ts";
import { axisTicks } from "../../src/charts/axis-ticks.ts";
import { stackParts } from "../../src/charts/stack-parts.ts";
import { sum, tidyChart } from "../../src/charts/tidy-chart.ts";
import { chartOf, days } from "./charts.ts";

describe("an amount", () => {
  it.each([
    [0, "tokens", "0"],
    [950, "tokens", "950"],
    [12_000, "tokens", "12k"],
    [12_345, "tokens", "12.3k"],
    [999_950, "tokens", "1M"],
    [3_400_000, "calls", "3.4M"],
    [7.25e9, "tokens", "7.25B"],
    [2e12, "tokens", "2T"],
    [1e18, "tokens", "1e18"],
    [0, "USD", "$0"],
    [0.42, "USD", "$0.42"],
    [0.5, "USD", "$0.50"],
    [12.3, "USD", "$12.30"],
    [5, "USD", "$5"],
    [0.00123, "USD", "$0.00123"],
    [1e-7, "USD", "$1e-7"],
    [1_250, "USD", "$1.25k"],
  ] as const)("of %d %s is %s", (value, unit, text) => expect(amount(value, unit)).toBe(text));
});

describe("the axis", () => {
  it.each([
    [7, "calls", [0, 2, 4, 6, 8]],
    [1, "calls", [0, 1, 2]],
    [0, "tokens", [0, 1, 2]],
    [0, "USD", [0, 0.5, 1]],
    [0.42, "USD", [0, 0.2, 0.4, 0.6]],
    [12_000, "tokens", [0, 5_000, 10_000, 15_000]],
    [4_000, "tokens", [0, 1_000, 2_000, 3_000, 4_000]],
  ] as const)("to %d %s", (most, unit, ticks) => {
    const drawn = axisTicks(most, unit);
    expect(drawn).toHaveLength(ticks.length);
    for (const [index, tick] of ticks.entries()) expect(drawn[index]).toBeCloseTo(tick, 9);
  });

  it("has three to five ticks, never stops short, and no two look the same", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-12, max: 1e102, noNaN: true }),
        fc.constantFrom("tokens", "calls", "USD" as const),
        (most, unit) => {
          const ticks = axisTicks(most, unit);
          expect(ticks.length).toBeGreaterThanOrEqual(3);
          expect(ticks.length).toBeLessThanOrEqual(5);
          expect(ticks.at(-1)).toBeGreaterThanOrEqual(most * (1 - 1e-6));
          expect(new Set(ticks.map((tick) => amount(tick, unit))).size).toBe(ticks.length);
        },
      ),
    );
  });
});

describe("the parts of a stack", () => {
  it.each([
    [[30, 10], 2, 1, [60, 20]],
    [[10_000, 1, 0], 0.01, 2, [98.01, 2, 0]],
    [[1, 1], 0.5, 2, [2, 2]],
    [[0, 0], 5, 2, [0, 0]],
    [[], 5, 2, []],
  ])("%j at %d, at least %d", (values, scale, least, parts) => {
    expect(stackParts(values, scale, least).map((part) => Number(part.toFixed(6)))).toEqual(parts);
  });

  it("fill the bar, in the order of their values, and none that counts is lost", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 1e9 }), { minLength: 1, maxLength: 8 }), (values) => {
        const scale = 200 / Math.max(1, sum(values));
        const parts = stackParts(values, scale, 2);
        const some = values.filter((value) => value > 0).length;
        expect(sum(parts)).toBeCloseTo(some === 0 ? 0 : 200, 6);
        for (const [index, value] of values.entries()) {
          expect((parts[index] ?? 0) >= 2).toBe(value > 0);
          for (const [other, less] of values.entries())
            if (less < value) expect(parts[other]).toBeLessThanOrEqual((parts[index] ?? 0) + 1e-9);
        }
      }),
    );
  });
});

describe("a tidied chart", () => {
  it.each([
    [400, 100, 100, "Each bar adds up 4 and is named after its first."],
    [100, 100, 100, ""],
    [101, 100, 51, "Each bar adds up 2 (the first bar 1) and is named after its first."],
    [31, 31, 31, ""],
    [0, 31, 0, ""],
  ])("of %d bars in at most %d has %d, and says: %s", (count, most, left, note) => {
    const tidy = tidyChart(chartOf(days(count)), most);
    expect(tidy.note).toBe(note);
    expect(tidy.bars).toHaveLength(left);
  });

  it("names groups after their first, and lets only the oldest be short", () => {
    const bars = ["a", "b", "c", "d", "e"].map((label) => ({ label, values: [1] }));
    expect(tidyChart(chartOf(bars), 3).bars).toEqual([
      { label: "a", values: [1, 0] },
      { label: "b", values: [2, 0] },
      { label: "d", values: [2, 0] },
    ]);
  });

  it("keeps every sum, over bars and over series, whatever it adds up", () => {
    const chart = fc.record({
      series: fc.array(fc.record({ name: fc.string(), tone: fc.constantFrom("local", "cloud", "unknown" as const) }), {
        minLength: 1,
        maxLength: 12,
      }),
      values: fc.array(fc.array(fc.nat({ max: 1e9 }), { maxLength: 12 }), { maxLength: 60 }),
      most: fc.integer({ min: 1, max: 70 }),
    });
    fc.assert(
      fc.property(chart, ({ series, values, most }) => {
        const tidy = tidyChart(
          chartOf(
            values.map((row, index) => ({ label: `${index}`, values: row })),
            { series },
          ),
          most,
        );
        const given = sum(values.flatMap((row) => row.slice(0, series.length)));
        expect(tidy.bars.length).toBeLessThanOrEqual(most);
        expect(tidy.series.length).toBeLessThanOrEqual(8);
        expect(sum(tidy.totals)).toBe(given);
        expect(sum(tidy.bars.flatMap((bar) => bar.values))).toBe(given);
      }),
    );
  });

  it("counts as nothing what is no amount", () => {
    const bars = [
      { label: "a", values: [Number.NaN, -5] },
      { label: "b", values: [Infinity] },
    ];
    const tidy = tidyChart(chartOf(bars), 10);
    expect(tidy.bars[0]?.values).toEqual([0, 0]);
    expect(Number.isFinite(tidy.tallest)).toBe(true);
  });

  it.each([
    [["cloud", "cloud"], "cloud"],
    [["cloud", "local"], "unknown"],
  ] as const)("calls the rest of many series, %j, %s", (tones, tone) => {
    const series = Array.from({ length: 9 }, (_, index) => ({
      name: `s${index}`,
      tone: tones[index - 7] ?? ("local" as const),
    }));
    expect(tidyChart(chartOf([], { series }), 10).series.at(-1)).toEqual({ name: "2 more", tone });
  });
});

it("an axis of next to nothing is that of nothing", () => {
  for (const most of [5e-324, 1e-310]) expect(axisTicks(most, "USD")).toEqual(axisTicks(0, "USD"));
});
