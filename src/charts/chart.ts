/**
 * A bar chart without a platform. Each bar is a stack with one value for each
 * series, in the series' order; what is missing, negative or no number counts as
 * nothing. Adapters draw it as a picture or with characters.
 */
export interface Chart {
  readonly title: string;
  readonly unit: ChartUnit;
  /** From the bottom of the stack to its top. */
  readonly series: readonly ChartSeries[];
  /** From left to right, usually the oldest first. */
  readonly bars: readonly ChartBar[];
  /** Says in words what it shows, for who cannot see it and for places where it cannot be drawn. */
  readonly alt: string;
}

export type ChartUnit = "tokens" | "calls" | "USD";

export interface ChartSeries {
  readonly name: string;
  readonly tone: ChartTone;
}

/** Decides colour and pattern, so that local and cloud look the same in every chart. */
export type ChartTone = "local" | "cloud" | "unknown";

export interface ChartBar {
  readonly label: string;
  readonly values: readonly number[];
}
