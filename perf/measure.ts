/** Small helpers for measurements: percentiles, and lines that read the same everywhere. */

/** The p-th percentile (0 to 100) by the nearest rank; with fewer than 20 values a p95 is the maximum, so say n. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((p / 100) * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 50);

/** Ms that the work took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

export interface Measurement {
  readonly name: string;
  /** What was found, in words with units. */
  readonly found: string;
  /** Found over reference: below the goal is good. */
  readonly ratio: number;
  readonly goal: string;
}

export const report = ({ name, found, ratio, goal }: Measurement): string =>
  `${name.padEnd(34)} ratio ${ratio.toFixed(2).padStart(6)}   ${found}   (goal: ${goal})`;
