import type { Figure } from "../models/figure.ts";
import type { ModelRef } from "../models/model-ref.ts";
import type { Rate } from "../models/usage-call.ts";
import { CLAUDE_SEEDS } from "../registry/claude-seeds.ts";
import { type Price, published } from "../registry/seed-profile.ts";
import { rateIn } from "./price-tier.ts";

interface Replaced {
  /** When the next price came into force, epoch ms. */
  readonly until: number;
  readonly price: Figure<Price>;
}

/** What a model cost before the price that its seed has. */
const REPLACED: ReadonlyMap<string, Replaced> = new Map([
  [
    "claude-sonnet-5-5",
    {
      // "Starting today", says the announcement of that day, without an hour.
      until: Date.parse("2026-10-07T00:00:00Z"),
      price: published<Price>(
        { tiers: [{ input: 2, output: 10, cacheRead: 0.2, cacheWrite: 2.5 }] },
        "anthropic.com/claude-haiku-5-5, which names this price and the next; read in copies",
        "2026-09-28",
      ),
    },
  ],
]);

/** Claude models that came after the catalogue's release (Sonnet 5.5, Haiku 5.5) or that it leaves out (Mythos). */
export function supplementRate({ provider, model }: ModelRef, at: number, promptTokens: number): Rate | undefined {
  if (provider !== "anthropic") return undefined;
  const replaced = REPLACED.get(model);
  const isEarlier = replaced !== undefined && at < replaced.until;
  return rateIn(isEarlier ? replaced.price : CLAUDE_SEEDS.find(({ id }) => id === model)?.price, promptTokens);
}
