/** What a wait usually is, and how long it can get. */
export interface Spread {
  readonly n: number;
  readonly median: number;
  readonly shortest: number;
  readonly longest: number;
  /** 95 of 100 are no longer; undefined below 20, where it would be no other than the longest. */
  readonly p95: number | undefined;
}

const LEAST_FOR_P95 = 20;

/** Undefined where there is nothing. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const [shortest] = sorted;
  const longest = sorted.at(-1);
  if (shortest === undefined || longest === undefined) return undefined;
  const n = sorted.length;
  const p95 = n < LEAST_FOR_P95 ? undefined : sorted[Math.ceil(0.95 * n) - 1];
  return { n, median: medianOf(sorted), shortest, longest, p95 };
}

/** The middle one, or the mean of the middle two; NaN of nothing. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const { length } = sorted;
  return ((sorted[(length - 1) >> 1] ?? Number.NaN) + (sorted[length >> 1] ?? Number.NaN)) / 2;
}
