import type { Interval } from "./interval.ts";
import { criticalT, NORMAL } from "./student.ts";

/**
 * The interval of a share of `n` independent trials (Wilson 1927, without correction
 * for continuity). It never has no width: 30 of 30 still leaves room for 11 %.
 * `critical` is how many standard errors it reaches, 1.96 where absent.
 */
export function wilsonInterval(share: number, n: number, critical = criticalT(NORMAL)): Interval {
  if (!Number.isFinite(critical) || n <= 0) return { low: 0, high: 1 };
  const square = critical * critical;
  const middle = share + square / (2 * n);
  const reach = critical * Math.sqrt((share * (1 - share)) / n + square / (4 * n * n));
  const size = 1 + square / n;
  return { low: Math.max(0, (middle - reach) / size), high: Math.min(1, (middle + reach) / size) };
}
