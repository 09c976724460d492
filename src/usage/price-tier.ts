import type { Figure } from "../models/figure.ts";
import type { Rate } from "../models/usage-call.ts";
import type { Price, PriceTier } from "../registry/seed-profile.ts";

/** The rate for a prompt of that size; undefined beyond the last limit, about which the price says nothing. */
export function rateIn(price: Figure<Price> | undefined, promptTokens: number): Rate | undefined {
  if (price === undefined) return undefined;
  const [tier] = price.value.tiers
    .filter((each) => promptTokens <= limitOf(each))
    .sort((a, b) => limitOf(a) - limitOf(b));
  if (tier === undefined) return undefined;
  const { input, output, cacheRead, cacheWrite } = tier;
  return { input, output, cacheRead, cacheWrite, source: price.source, date: price.date };
}

const limitOf = ({ upToPromptTokens }: PriceTier): number => upToPromptTokens ?? Number.POSITIVE_INFINITY;
