import type { Rate, UsageTokens } from "../models/usage-call.ts";

/** What decides the tier of a request: everything that was sent, cached or not. */
export const promptTokens = ({ input, cacheRead, cacheWrite }: UsageTokens): number => input + cacheRead + cacheWrite;

/**
 * What a call costs, USD; undefined where a rate that it needs is not known.
 *
 * A dollar per million tokens is a million picodollars (1e-12 USD) per token, so a
 * rate of up to six decimals, which all but OpenRouter's thirds are, is a whole number
 * of them. The cost is added up in whole picodollars, which is exact, and divided once
 * at the end: the same tokens give the same bits in any order. `Math.round(usd * 1e12)`
 * gives the whole number back for anything below 2,000 USD, and a sum of whole numbers
 * doesn't depend on its order either.
 */
export function costOf(tokens: UsageTokens, rate: Rate): number | undefined {
  let picodollars = 0;
  for (const part of ["input", "output", "cacheRead", "cacheWrite"] as const) {
    if (tokens[part] === 0) continue;
    const usdPerMillion = rate[part];
    if (usdPerMillion === undefined) return undefined;
    picodollars += tokens[part] * Math.round(usdPerMillion * 1e6);
  }
  return picodollars / 1e12;
}
