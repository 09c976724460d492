import type { Rate, UsageTokens } from "../models/usage-call.ts";
import { costOf, promptTokens } from "./price-cost.ts";

/** Between what it costs at least and at most, USD. */
interface CostRange {
  readonly low: number;
  readonly high: number;
}

/** What the machine draws while it answers, and what that costs in the person's currency. */
interface Electricity {
  readonly watts: number;
  readonly pricePerKWh: number;
}

/**
 * What a call of a local model would have cost at the baseline's rate. Nobody knows
 * how much of the prompt the vendor would have had in its cache: at the high end
 * nothing (and nothing was paid to write it), at the low end all of it. Both ends are
 * the same where no price for cached tokens is known. The tokens are counted as the
 * local model counts them; another tokenizer may make up to a third more of them.
 */
export function baselineCost(tokens: UsageTokens, rate: Rate): CostRange | undefined {
  const prompt = promptTokens(tokens);
  const call = { input: 0, output: tokens.output, cacheRead: 0, cacheWrite: 0 };
  const high = costOf({ ...call, input: prompt }, rate);
  if (high === undefined) return undefined;
  const cached = costOf({ ...call, cacheRead: prompt }, rate) ?? high;
  return { low: Math.min(cached, high), high };
}

/** Watts times ms in kWh, times the price of one; in the currency of that price. */
export const electricityCost = (durationMs: number, { watts, pricePerKWh }: Electricity): number =>
  ((watts * durationMs) / 3_600_000_000) * pricePerKWh;
