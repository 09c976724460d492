import { byFamily, type FamilyValue, scatter } from "./families.ts";
import type { Estimate } from "./interval.ts";
import { criticalT } from "./student.ts";
import { wilsonInterval } from "./wilson.ts";

/** A score of several parts tells more than right or wrong does, but never as much as more items than this. */
const MOST_FOR_ONE = 2;

/**
 * Mean of scores from 0 to 1 with the interval for items like these: Wilson's, for as
 * many independent items as would scatter like the families do, reaching as far as
 * Student's t for that number of families. Undefined for no items; all is possible
 * (0 to 1) for one family. Right in simulation (docs/bench.md) where a plain t interval
 * is too narrow near 0 and 1, and Wilson's on the bare number of items where variants
 * of one idea fall together.
 */
export function scoreInterval(scores: readonly FamilyValue[]): Estimate | undefined {
  if (scores.length === 0) return undefined;
  const grouped = byFamily(scores);
  const { n, mean, families, freedom } = grouped;
  const interval = wilsonInterval(mean, independentItems(mean, scatter(grouped, mean), n), criticalT(freedom));
  return {
    value: mean,
    n,
    families: families.length,
    low: Math.min(interval.low, mean),
    high: Math.max(interval.high, mean),
  };
}

/** As many pass or fail items scatter as much. Where nothing scatters nothing is known of it, and items count as they are. */
function independentItems(mean: number, scattered: number, n: number): number {
  if (!(scattered > 0)) return n;
  return Math.min(MOST_FOR_ONE * n, (mean * (1 - mean) * n * n) / scattered);
}
