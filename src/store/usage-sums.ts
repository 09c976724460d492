import type { UsageRow } from "./usage-row.ts";

/**
 * What the rollups add up, a column each. Every call is sized and priced, or
 * `unpriced` (its size is known, its price is not), or `unsized`. `timed` are
 * the calls whose duration is in `duration_ms`, `based` those that are compared
 * with a baseline.
 */
export const USAGE_SUMS = [
  "calls",
  "unsized",
  "unpriced",
  "failed",
  "aborted",
  "fallbacks",
  "input",
  "output",
  "cache_read",
  "cache_write",
  "usd_pico",
  "based",
  "base_low_pico",
  "base_high_pico",
  "timed",
  "duration_ms",
] as const;

export type UsageSum = (typeof USAGE_SUMS)[number];

/** Big integers, since picodollars outgrow a number's 2^53 at 9,007 USD. */
export type UsageSums = { readonly [sum in UsageSum]: bigint };

/** What one call adds. */
export function sumsOf(row: UsageRow): UsageSums {
  const unsized = row.input === null;
  return {
    calls: 1n,
    unsized: BigInt(unsized),
    unpriced: BigInt(!unsized && row.usd_pico === null),
    failed: BigInt(row.outcome === "failed"),
    aborted: BigInt(row.outcome === "aborted"),
    fallbacks: BigInt(row.fallback),
    input: BigInt(row.input ?? 0),
    output: BigInt(row.output ?? 0),
    cache_read: BigInt(row.cache_read ?? 0),
    cache_write: BigInt(row.cache_write ?? 0),
    usd_pico: BigInt(row.usd_pico ?? 0),
    based: BigInt(row.base_low_pico !== null),
    base_low_pico: BigInt(row.base_low_pico ?? 0),
    base_high_pico: BigInt(row.base_high_pico ?? 0),
    timed: BigInt(row.duration_ms !== null),
    duration_ms: BigInt(row.duration_ms ?? 0),
  };
}

export const NOTHING = Object.fromEntries(USAGE_SUMS.map((sum) => [sum, 0n])) as UsageSums;
