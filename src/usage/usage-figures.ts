import type { UsageTokens } from "../models/usage-call.ts";
import type { UsageFigures } from "../store/usage-totals.ts";

/** All of them together; nothing but zeros where there are none. */
export function sumFigures(figures: readonly UsageFigures[]): UsageFigures {
  const sum = (of: (one: UsageFigures) => number): number => figures.reduce((total, one) => total + of(one), 0);
  return {
    calls: sum(({ calls }) => calls),
    unsized: sum(({ unsized }) => unsized),
    unpriced: sum(({ unpriced }) => unpriced),
    failed: sum(({ failed }) => failed),
    aborted: sum(({ aborted }) => aborted),
    fallbacks: sum(({ fallbacks }) => fallbacks),
    tokens: {
      input: sum(({ tokens }) => tokens.input),
      output: sum(({ tokens }) => tokens.output),
      cacheRead: sum(({ tokens }) => tokens.cacheRead),
      cacheWrite: sum(({ tokens }) => tokens.cacheWrite),
    },
    usd: sum(({ usd }) => usd),
    based: sum(({ based }) => based),
    baseLow: sum(({ baseLow }) => baseLow),
    baseHigh: sum(({ baseHigh }) => baseHigh),
    timed: sum(({ timed }) => timed),
    durationMs: sum(({ durationMs }) => durationMs),
  };
}

/** Read and written, cached or not. */
export const allTokens = ({ input, output, cacheRead, cacheWrite }: UsageTokens): number =>
  input + output + cacheRead + cacheWrite;
