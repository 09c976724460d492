import { seededRandom } from "../seeded.ts";
import type { FamilyValue } from "./families.ts";
import type { Estimate } from "./interval.ts";
import { criticalT, NORMAL, tail } from "./student.ts";

const RESAMPLES = 10_000;
/** The same data give the same interval. */
const SEED = 20_261_122;

/**
 * The median of ratios, one for each item, with its interval: whole families are drawn
 * anew, with replacement, 10,000 times. What is cut off at both ends is less than 2.5 %
 * for few families, as their spread is seen too small (Hesterberg 2015). 0 to endless
 * for one family; undefined where there is nothing.
 */
export function medianRatio(ratios: readonly FamilyValue[]): Estimate | undefined {
  if (ratios.length === 0) return undefined;
  const names = [...new Set(ratios.map(({ family }) => family))];
  const sorted = ratios
    .map(({ family, value }) => ({ family: names.indexOf(family), value }))
    .sort((one, other) => one.value - other.value);
  const all = {
    value: weightedMedian(
      sorted,
      names.map(() => 1),
    ),
    n: ratios.length,
    families: names.length,
  };
  if (names.length < 2) return { ...all, low: 0, high: Number.POSITIVE_INFINITY };

  const random = seededRandom(SEED);
  const medians = Array.from({ length: RESAMPLES }, () => weightedMedian(sorted, drawn(names.length, random))).sort(
    (one, other) => one - other,
  );
  const cut = Math.floor((RESAMPLES * tailFor(names.length)) / 2);
  return { ...all, low: medians[cut] ?? all.value, high: medians[RESAMPLES - 1 - cut] ?? all.value };
}

/** How often each family was drawn. */
function drawn(families: number, random: () => number): number[] {
  const counts = new Array<number>(families).fill(0);
  for (let draw = 0; draw < families; draw += 1) {
    const family = Math.floor(random() * families);
    counts[family] = (counts[family] ?? 0) + 1;
  }
  return counts;
}

/** Values in their order, each as often as its family was drawn. */
function weightedMedian(sorted: readonly { family: number; value: number }[], counts: readonly number[]): number {
  const half = sorted.reduce((sum, { family }) => sum + (counts[family] ?? 0), 0) / 2;
  let seen = 0;
  let below: number | undefined;
  for (const { family, value } of sorted) {
    const count = counts[family] ?? 0;
    if (count === 0) continue;
    seen += count;
    if (below !== undefined) return (below + value) / 2;
    if (seen > half) return value;
    if (seen === half) below = value;
  }
  return below ?? Number.NaN;
}

/** What lies beyond both ends together. */
const tailFor = (families: number): number =>
  tail(Math.sqrt(families / (families - 1)) * criticalT(families - 1), NORMAL);
