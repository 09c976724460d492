import type { ModelRef } from "../models/model-ref.ts";
import { priceLabel, type Rate, type UsageBaseline, type UsageCall } from "../models/usage-call.ts";
import type { PriceBook } from "./price-book.ts";
import { costOf, promptTokens } from "./price-cost.ts";
import { baselineCost } from "./price-savings.ts";

/** A call before it is known what it costs. */
export type UnpricedCall = Omit<UsageCall, "rate" | "usd" | "baseline">;

/** Stamps calls with what they cost and what they would have cost. It asks nobody: every answer is from memory. */
export interface CallPricer {
  /**
   * What ran here is free by its locality, but for a price that a person stated
   * for it; whatever else may run in the cloud and is unpriced where nobody states
   * a price. The size of the prompt decides the rate, so that a call of unknown
   * size has none, unless it ran here.
   */
  price(call: UnpricedCall): UsageCall;
}

export interface CallPricerParts {
  readonly book: PriceBook;
  /** What local calls of an agent are compared with; undefined where nothing in the cloud is configured for it. */
  readonly baselineOf: (agentId: string) => ModelRef | undefined;
}

export function createCallPricer({ book, baselineOf }: CallPricerParts): CallPricer {
  const rateFor = ({ model, at, tokens, locality }: UnpricedCall): Rate | undefined => {
    const stated = tokens && book.rateFor(model, at, promptTokens(tokens));
    if (locality !== "local") return stated;
    return stated?.source === "override" ? stated : ranHere(at);
  };

  /** Tiers go by the prompt of each call, so that it is priced here and never from sums. */
  const compare = ({ agentId, at, tokens, locality }: UnpricedCall): UsageBaseline | undefined => {
    const model = locality === "local" ? baselineOf(agentId) : undefined;
    const rate = model && tokens && book.rateFor(model, at, promptTokens(tokens));
    const cost = rate && baselineCost(tokens, rate);
    return cost && { model, ...cost, prices: priceLabel(rate) };
  };

  return {
    price(call) {
      const rate = rateFor(call);
      const usd = rate && call.tokens && costOf(call.tokens, rate);
      return { ...call, rate, usd, baseline: usd === undefined ? undefined : compare(call) };
    },
  };
}

const ranHere = (at: number): Rate => ({
  ...{ input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
  source: "local",
  date: new Date(at).toISOString().slice(0, 10),
});
