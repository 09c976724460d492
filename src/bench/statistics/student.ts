/** What the interval of every figure here promises to hold. */
export const CONFIDENCE = 0.95;

/** So many degrees of freedom are as good as endless: the normal distribution to six figures. */
export const NORMAL = 1e6;

/**
 * How likely Student's t lies so far from zero, on either side. Below one degree of
 * freedom nothing is known, and nothing is unlikely.
 */
export function tail(t: number, freedom: number): number {
  if (!(freedom >= 1)) return 1;
  return incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5);
}

/** The t that is passed, on either side, with a chance of 1 - `confidence`; endless below one degree of freedom. */
export function criticalT(freedom: number, confidence = CONFIDENCE): number {
  if (!(freedom >= 1)) return Number.POSITIVE_INFINITY;
  let [low, high] = [0, 1];
  while (tail(high, freedom) > 1 - confidence) high *= 2;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (tail(middle, freedom) > 1 - confidence) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Natural logarithm of the gamma function, x > 0: Stirling's series from 10 up, where it is exact to 1e-12. */
export function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  for (; at < 10; at += 1) shift += Math.log(at);
  const series = 1 / (12 * at) - 1 / (360 * at ** 3) + 1 / (1260 * at ** 5) - 1 / (1680 * at ** 7);
  return (at - 0.5) * Math.log(at) - at + Math.log(2 * Math.PI) / 2 + series - shift;
}

/** Regularised, 0 to 1, by its continued fraction (Abramowitz and Stegun 26.5.8) on the side where that converges. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const scale = logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x);
  return (Math.exp(scale) / a) * betaFraction(x, a, b);
}

/** Evaluated from the front by Lentz' rule, so that it can stop when nothing changes any more. */
function betaFraction(x: number, a: number, b: number): number {
  let upper = 1;
  let lower = 1 / nonZero(1 - ((a + b) * x) / (a + 1));
  let value = lower;
  for (let m = 1; m < 10_000; m += 1) {
    const before = value;
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    for (const term of [even, odd]) {
      lower = 1 / nonZero(1 + term * lower);
      upper = nonZero(1 + term / upper);
      value *= lower * upper;
    }
    if (Math.abs(value - before) <= 1e-15 * value) break;
  }
  return value;
}

const nonZero = (value: number): number => (Math.abs(value) < 1e-300 ? 1e-300 : value);
