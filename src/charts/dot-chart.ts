import type { Chart, ChartSeries } from "./chart.ts";

/**
 * Values with how sure they are, one below the other in groups: a dot, and a line as
 * far as the true value may lie, or as values were seen. Without a platform, like `Chart`.
 */
export interface DotChart {
  readonly title: string;
  /** What the numbers on the scale are. */
  readonly unit: string;
  /** Round values from 0 to beyond the largest where absent. */
  readonly ticks?: readonly number[];
  /** Says what the lines are. */
  readonly note: string;
  readonly series: readonly ChartSeries[];
  readonly groups: readonly DotGroup[];
  /** Says in words what it shows, for who cannot see it and for places where it cannot be drawn. */
  readonly alt: string;
}

export interface DotGroup {
  readonly label: string;
  readonly dots: readonly Dot[];
}

export interface Dot {
  /** Its place in `series`. */
  readonly series: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** The same in figures. */
  readonly text: string;
}

export const isDotChart = (chart: Chart | DotChart): chart is DotChart => "groups" in chart;
