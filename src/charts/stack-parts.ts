import { sum } from "./tidy-chart.ts";

/**
 * Sizes of the parts of one bar, in proportion to `values`. What is not nothing
 * gets at least `least`, so that one cloud call among thousands can be seen; the
 * larger parts give what that takes, so the bar keeps its size where it can.
 */
export function stackParts(values: readonly number[], scale: number, least: number): number[] {
  const visible = values.map((value) => (value > 0 ? Math.max(least, value * scale) : 0));
  const excess = sum(visible) - sum(values) * scale;
  const spare = sum(visible.map((size) => Math.max(0, size - least)));
  const kept = spare > 0 ? Math.max(0, 1 - excess / spare) : 0;
  return visible.map((size) => (size > least ? least + (size - least) * kept : size));
}
