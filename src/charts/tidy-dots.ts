import { axisTicks } from "./axis-ticks.ts";
import type { Dot, DotChart, DotGroup } from "./dot-chart.ts";

/** A dot chart that can be drawn as it is. */
export interface TidyDots extends DotChart {
  readonly ticks: readonly number[];
  /** The last of the ticks: where the scale ends. */
  readonly end: number;
  /** How many rows were left out. */
  readonly left: number;
}

const LARGEST = 1e100;

/** Leaves out what is no number, what has no series, and all rows after the first `maxRows`; the scale begins at 0. */
export function tidyDots(chart: DotChart, maxRows: number): TidyDots {
  let room = maxRows;
  let left = 0;
  const groups = chart.groups.flatMap(({ label, dots }): DotGroup[] => {
    const fit = dots.filter(({ series, value }) => Number.isFinite(value) && chart.series[series] !== undefined);
    const kept = fit.slice(0, room).map(cleaned);
    room -= kept.length;
    left += fit.length - kept.length;
    return kept.length === 0 ? [] : [{ label, dots: kept }];
  });
  const most = groups.flatMap(({ dots }) => dots).reduce((top, { high }) => Math.max(top, high), 0);
  const given = chart.ticks ?? [];
  const ticks = given.length > 1 ? given : axisTicks(most, "USD");
  return { ...chart, groups, ticks, end: ticks.at(-1) ?? 1, left };
}

function cleaned(dot: Dot): Dot {
  const value = within(dot.value);
  const low = within(Number.isFinite(dot.low) ? dot.low : dot.value);
  const high = within(Number.isFinite(dot.high) ? dot.high : dot.value);
  return { ...dot, value, low: Math.min(low, value), high: Math.max(high, value) };
}

const within = (value: number): number => Math.min(LARGEST, Math.max(0, value));
