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
  const sorted = ratios.toSorted((one, other) => one.value - other.value);
  const values = Float64Array.from(sorted, ({ value }) => value);
  const families = Uint32Array.from(sorted, ({ family }) => names.indexOf(family));
  const drawn = new Uint32Array(names.length).fill(1);
  const all = { value: drawnMedian(values, families, drawn, ratios.length), n: ratios.length, families: names.length };
  if (names.length < 2) return { ...all, low: 0, high: Number.POSITIVE_INFINITY };

  const sizes = new Uint32Array(names.length);
  for (const family of families) sizes[family] = (sizes[family] ?? 0) + 1;
  const random = seededRandom(SEED);
  const medians = new Float64Array(RESAMPLES);
  for (let sample = 0; sample < RESAMPLES; sample += 1) {
    drawn.fill(0);
    let count = 0;
    for (let draw = 0; draw < names.length; draw += 1) {
      const family = Math.floor(random() * names.length);
      drawn[family] = (drawn[family] ?? 0) + 1;
      count += sizes[family] ?? 0;
    }
    medians[sample] = drawnMedian(values, families, drawn, count);
  }
  medians.sort();
  const cut = Math.floor((RESAMPLES * tailFor(names.length)) / 2);
  return { ...all, low: medians[cut] ?? all.value, high: medians[RESAMPLES - 1 - cut] ?? all.value };
}

/** Of values in their order, each as often as its family was drawn, `all` in number. */
function drawnMedian(values: Float64Array, families: Uint32Array, drawn: Uint32Array, all: number): number {
  let seen = 0;
  let below = Number.NaN;
  for (let at = 0; at < values.length; at += 1) {
    const count = drawn[families[at] ?? 0] ?? 0;
    if (count === 0) continue;
    const value = values[at] ?? Number.NaN;
    // The half was full just before: the median lies between the two.
    if (2 * seen === all) return (below + value) / 2;
    seen += count;
    if (2 * seen > all) return value;
    below = value;
  }
  return below;
}

/** What lies beyond both ends together. */
const tailFor = (families: number): number =>
  tail(Math.sqrt(families / (families - 1)) * criticalT(families - 1), NORMAL);
