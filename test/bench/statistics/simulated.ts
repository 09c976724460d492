import { seededRandom } from "../../../src/bench/seeded.ts";
import type { ScorePair } from "../../../src/bench/statistics/paired-difference.ts";
import { criticalT, NORMAL, tail } from "../../../src/bench/statistics/student.ts";

/** How families and models make items easy or hard, on the normal scale that their chance of success is read from. */
export interface World {
  readonly seed: number;
  /** Size of each family. */
  readonly families: readonly number[];
  /** Chance that a model is right, over all items. */
  readonly a: number;
  readonly b: number;
  /** How much families differ for both models alike, and for each by itself; standard deviations. */
  readonly shared: number;
  readonly own: number;
  /** Items are right or wrong where 1. */
  readonly parts: number;
}

/** One run after another from this world. */
export function simulate({ seed, families, a, b, shared, own, parts }: World): () => ScorePair[] {
  const random = seededRandom(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const spread = Math.sqrt(1 + shared ** 2 + own ** 2);
  const score = (level: number): number => {
    const chance = shareBelow(level);
    let right = 0;
    for (let part = 0; part < parts; part += 1) if (random() < chance) right += 1;
    return right / parts;
  };
  const [levelA, levelB] = [quantile(a) * spread, quantile(b) * spread];
  return () =>
    families.flatMap((size, index) => {
      const both = normal() * shared;
      const [easyA, easyB] = [levelA + both + normal() * own, levelB + both + normal() * own];
      return Array.from({ length: size }, () => ({ family: `${index}`, a: score(easyA), b: score(easyB) }));
    });
}

const shareBelow = (z: number): number => (z < 0 ? tail(-z, NORMAL) / 2 : 1 - tail(z, NORMAL) / 2);
const quantile = (share: number): number =>
  share === 0.5 ? 0 : Math.sign(share - 0.5) * criticalT(NORMAL, Math.abs(2 * share - 1));

/** The share of `runs` for which it holds. */
export function shareOf(runs: number, holds: () => boolean): number {
  let count = 0;
  for (let run = 0; run < runs; run += 1) if (holds()) count += 1;
  return count / runs;
}

export const equal = (families: number, size: number): number[] => new Array<number>(families).fill(size);
/** 1, 2, 3, 4, 6, and again. */
export const unequal = (families: number): number[] =>
  Array.from({ length: families }, (_, index) => [1, 2, 3, 4, 6][index % 5] ?? 1);
