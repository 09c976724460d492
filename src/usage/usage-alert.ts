import { z } from "zod";
import { BUDGET_PERIODS } from "../store/budget-book.ts";

const model = z.object({ provider: z.string(), model: z.string() });
const locality = z.enum(["local", "cloud", "unknown"]);
const spend = z.object({
  period: z.enum(BUDGET_PERIODS),
  usdCents: z.number(),
  from: z.number(),
  to: z.number(),
  usd: z.number(),
  unpriced: z.number(),
  unsized: z.number(),
});
/** Session key of the conversation in which the budget was set. */
const place = z.string().optional();

/** What the people in charge are told about usage, each once. */
export const usageAlert = z.discriminatedUnion("kind", [
  /** The cloud answered in the place of a model that is local, or may be. */
  z.object({
    kind: z.literal("fallback"),
    sessionKey: z.string(),
    model,
    locality,
    /** What the conversation is set to; undefined where that is not known any more. */
    selected: z.object({ model, locality }).optional(),
    /** Epoch ms. */
    at: z.number(),
  }),
  /** Heartbeats and jobs cost more in the cloud than they are to. */
  z.object({
    kind: z.literal("idle"),
    /** `2026-11-22`. */
    day: z.string(),
    /** At least so much. */
    usd: z.number(),
    limit: z.number(),
    heartbeats: z.number(),
    jobs: z.number(),
    unpriced: z.number(),
    unsized: z.number(),
  }),
  /** What a cloud model costs is not known, so the budget does not see it. */
  z.object({ kind: z.literal("uncounted"), model, locality, lacks: z.enum(["price", "size"]), sessionKey: z.string() }),
  /** The budget is nearly used up. */
  z.object({ kind: z.literal("near"), spend, place }),
  /** It is, and local-only mode came on for it; `problems` is what does not hold as it should. */
  z.object({
    kind: z.literal("locked"),
    spend,
    place,
    enforcement: z.enum(["off", "enforced", "partly", "broken", "changing"]),
    problems: z.array(z.string()),
  }),
  /** It is, and local-only mode was on already. */
  z.object({ kind: z.literal("held"), spend, place }),
  /** It is, and nothing enforces it. */
  z.object({ kind: z.literal("open"), spend, place, why: z.string(), hint: z.string() }),
  /** It is, and somebody turned local-only mode off all the same. */
  z.object({ kind: z.literal("overruled"), spend, place, by: z.string() }),
]);

export type UsageAlert = z.output<typeof usageAlert>;
