import type { Rate } from "../models/usage-call.ts";
import type { ModelCost } from "../openclaw/model-config.ts";

/**
 * What OpenClaw's configuration says that a request costs; undefined where it says
 * nothing. OpenClaw fills in 0 for every rate that is missing, and its own examples
 * for cloud models (Bedrock) are all zeros, so a zero there is a blank: without
 * input and output there is no price, and a cache rate of 0 is one that nobody
 * stated. A local model needs no price to be free, and a cloud model that really
 * costs nothing can be stated in `clutch.models.json`.
 */
export function configuredPrice(cost: ModelCost, promptTokens: number): Omit<Rate, "source" | "date"> | undefined {
  const tier = cost.tieredPricing?.find(
    ({ range: [start, end = Number.POSITIVE_INFINITY] }) => promptTokens >= start && promptTokens < end,
  );
  const { input, output, cacheRead, cacheWrite } = tier ?? cost;
  // Some catalogues write -1 for "it depends".
  if (input < 0 || output < 0 || input + output === 0) return undefined;
  return { input, output, cacheRead: filledIn(cacheRead), cacheWrite: filledIn(cacheWrite) };
}

const filledIn = (rate: number): number | undefined => (rate > 0 ? rate : undefined);
