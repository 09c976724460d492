import { byFamily, scatter } from "./families.ts";
import type { Estimate, Interval } from "./interval.ts";
import { criticalT, NORMAL, tail } from "./student.ts";
import { wilsonInterval } from "./wilson.ts";

/** Scores of two models, 0 to 1, for the same item. */
export interface ScorePair {
  readonly family: string;
  readonly a: number;
  readonly b: number;
}

/** Of the means, `a` less `b`, -1 to 1. */
export interface PairedDifference extends Estimate {
  /** How likely so large a difference would be between models that are alike. */
  readonly p: number;
}

/** One item, half for each side, that both sides are credited with beside what was seen. */
const CREDIT = 0.5;

/**
 * How much better `a` is than `b`, from items that both answered, with families as in
 * `byFamily`. A t interval with two provisions for few items: each side is credited
 * with half an item that it alone had right (the idea of Bonett and Price 2012, who
 * credit one), or a handful of items that fell alike would prove anything; and what a
 * difference of any size takes to be seen at all is allowed for (`possible`), or ties
 * alone would prove that there is none. Undefined for no pairs.
 */
export function pairedDifference(pairs: readonly ScorePair[]): PairedDifference | undefined {
  if (pairs.length === 0) return undefined;
  const grouped = byFamily(pairs.map(({ family, a, b }) => ({ family, value: a - b })));
  const { n, mean, families, freedom } = grouped;
  const all = { value: mean, n, families: families.length };
  const critical = criticalT(freedom);
  if (!Number.isFinite(critical)) return { ...all, low: -1, high: 1, p: 1 };

  const size = n + 2 * CREDIT;
  const middle = (mean * n) / size;
  const credited = CREDIT ** 2 * ((1 - middle) ** 2 + (1 + middle) ** 2);
  const error = Math.sqrt(scatter(grouped, middle) + credited) / size;
  const parts = pairs.filter(({ a, b }) => isPart(a) || isPart(b)).length;
  // A score with parts tells more than right or wrong does: like two items.
  const { low, high } = possible(mean, n + parts);
  return {
    ...all,
    low: Math.max(-1, Math.min(low, middle - critical * error)),
    high: Math.min(1, Math.max(high, middle + critical * error)),
    p: tail(middle / error, freedom),
  };
}

const isPart = (score: number): boolean => score > 0 && score < 1;

/**
 * Every difference x that can hide behind the one that was found: items that are
 * right or wrong scatter by |x| (1 - |x|) at least where the true difference is x.
 * Towards the side that was found this is Wilson's interval. That scatter is known and
 * not estimated, so the normal distribution serves.
 */
function possible(found: number, n: number): Interval {
  const size = Math.abs(found);
  const { low, high } = wilsonInterval(size, n);
  const share = criticalT(NORMAL) ** 2 / n;
  const excess = share - 2 * size;
  const root = excess ** 2 - 4 * (1 + share) * size ** 2;
  const beyond = excess > 0 && root >= 0 ? -(excess + Math.sqrt(root)) / (2 * (1 + share)) : low;
  return found < 0 ? { low: -high, high: -beyond } : { low: beyond, high };
}
