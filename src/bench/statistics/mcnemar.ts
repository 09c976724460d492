import { logGamma } from "./student.ts";

/**
 * How likely two models that are alike would differ so unevenly, from the items that
 * only one of them had right: the exact test of McNemar, two-sided. `mid` counts what
 * was found half, which is less cautious and errs a little more than promised now and
 * then (Fagerland, Lydersen and Laake 2013). Either takes items for independent.
 */
export function mcnemar(onlyA: number, onlyB: number, { mid = false } = {}): number {
  const n = onlyA + onlyB;
  const fewer = Math.min(onlyA, onlyB);
  let below = 0;
  for (let count = 0; count < fewer; count += 1) below += chance(count, n);
  const found = chance(fewer, n);
  return Math.min(1, 2 * (below + found) - (mid ? found : 0));
}

/** Of so many heads when a fair coin is thrown n times. */
const chance = (heads: number, n: number): number =>
  Math.exp(logGamma(n + 1) - logGamma(heads + 1) - logGamma(n - heads + 1) - n * Math.LN2);
