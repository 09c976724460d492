import type { Chart, ChartBar, ChartSeries } from "./chart.ts";

/** A chart that can be drawn as it is: few enough bars and series, and no value that breaks arithmetic. */
export interface TidyChart extends Chart {
  /** Each bar has exactly one value for each series. */
  readonly bars: readonly ChartBar[];
  /** Of each series over all bars. */
  readonly totals: readonly number[];
  /** Height of the tallest bar; 0 where there is nothing to see. */
  readonly tallest: number;
  /** Says how bars were added up; empty where each is one of the given. */
  readonly note: string;
}

/** More than this many cannot be told apart by colour or pattern. */
const MAX_SERIES = 8;
/** Anything less is nothing, and anything more is a fault of whoever counted; sums stay finite. */
const SMALLEST = 1e-12;
const LARGEST = 1e100;

/**
 * Adds up neighbouring bars until at most `maxBars` are left, each named after
 * the first of its own, and series from the eighth on. Sums stay what they were.
 */
export function tidyChart(chart: Chart, maxBars: number): TidyChart {
  const merged = Math.max(1, Math.ceil(chart.bars.length / maxBars));
  const kept = chart.series.length > MAX_SERIES ? MAX_SERIES - 1 : chart.series.length;
  const series = [...chart.series.slice(0, kept), ...restOf(chart.series.slice(kept))];
  const single = chart.bars.map(({ label, values }): ChartBar => {
    const clean = chart.series.map((_, index) => cleaned(values[index] ?? 0));
    return { label, values: kept < clean.length ? [...clean.slice(0, kept), sum(clean.slice(kept))] : clean };
  });
  const bars = inGroups(single, merged).map(
    (group): ChartBar => ({
      label: group[0]?.label ?? "",
      values: series.map((_, index) => sum(group.map(({ values }) => values[index] ?? 0))),
    }),
  );
  return {
    ...chart,
    series,
    bars,
    totals: series.map((_, index) => sum(bars.map(({ values }) => values[index] ?? 0))),
    tallest: bars.reduce((most, { values }) => Math.max(most, sum(values)), 0),
    note: merged === 1 ? "" : noteOn(merged, chart.bars.length % merged),
  };
}

const noteOn = (merged: number, oldest: number): string =>
  `Each bar adds up ${merged}${oldest === 0 ? "" : ` (the first bar ${oldest})`} and is named after its first.`;

function restOf(rest: readonly ChartSeries[]): ChartSeries[] {
  const [first] = rest;
  if (first === undefined) return [];
  const tone = rest.every((series) => series.tone === first.tone) ? first.tone : "unknown";
  return [{ name: `${rest.length} more`, tone }];
}

/** The first group is the one that may be short: the newest bars are looked at most, and must not seem low. */
function inGroups<T>(items: readonly T[], size: number): T[][] {
  const groups: T[][] = [];
  for (let end = items.length; end > 0; end -= size) groups.unshift(items.slice(Math.max(0, end - size), end));
  return groups;
}

const cleaned = (value: number): number => (value >= SMALLEST ? Math.min(value, LARGEST) : 0);

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
