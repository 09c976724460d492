import { isDeepStrictEqual } from "node:util";
import { formatModelRef } from "../models/model-ref.ts";
import { priceLabel, type Rate, type UsageCall } from "../models/usage-call.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { PriceAnew } from "../store/usage-ledger.ts";
import type { CallPricer } from "./call-pricer.ts";

/** What is known now of prices, and of where models run. */
export interface RepriceBy {
  readonly pricer: CallPricer;
  readonly registry: Pick<ModelRegistry, "find">;
}

/**
 * What a call costs by the prices of now. A rate that says the same keeps the
 * stamp that it has: OpenClaw's configuration is read anew each day. Where a call
 * ran is judged only where that was not known: its server could not be asked then.
 */
export function repriced(call: UsageCall, { pricer, registry }: RepriceBy): ReturnType<PriceAnew> {
  const locality = call.locality === "unknown" ? (registry.find(call.model)?.bookedAs ?? "unknown") : call.locality;
  const { rate, usd, baseline } = pricer.price({ ...call, locality });
  return { locality, rate: isSameRate(rate, call.rate) ? call.rate : rate, usd, baseline };
}

function isSameRate(one: Rate | undefined, other: Rate | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return priceLabel(one) === priceLabel(other) && isDeepStrictEqual({ ...one, date: "" }, { ...other, date: "" });
}

/** What new prices would change of a model's calls, USD. */
export interface RepriceRow {
  readonly model: string;
  readonly calls: number;
  readonly changed: number;
  /** Those that turn out to have run here, which was not known. */
  readonly foundLocal: number;
  readonly before: RepriceSums;
  readonly after: RepriceSums;
}

interface RepriceSums {
  readonly usd: number;
  /** Calls of known size whose price is not known. */
  readonly unpriced: number;
  /** Calls that are compared with a baseline, and what they would have cost there. */
  readonly compared: number;
  readonly baseLow: number;
  readonly baseHigh: number;
}

const NOTHING: RepriceSums = { usd: 0, unpriced: 0, compared: 0, baseLow: 0, baseHigh: 0 };

/** Goes through the calls and changes nothing; the models with most changes first, those without any left out. */
export async function previewReprice(calls: AsyncIterable<UsageCall>, by: RepriceBy): Promise<readonly RepriceRow[]> {
  const rows = new Map<string, RepriceRow>();
  for await (const call of calls) {
    const next = { ...call, ...repriced(call, by) };
    const model = formatModelRef(call.model);
    const row = rows.get(model) ?? { model, calls: 0, changed: 0, foundLocal: 0, before: NOTHING, after: NOTHING };
    rows.set(model, {
      model,
      calls: row.calls + 1,
      changed: row.changed + (isDeepStrictEqual(next, call) ? 0 : 1),
      foundLocal: row.foundLocal + (next.locality === "local" && call.locality !== "local" ? 1 : 0),
      before: plus(row.before, call),
      after: plus(row.after, next),
    });
  }
  return [...rows.values()].filter(({ changed }) => changed > 0).sort((a, b) => b.changed - a.changed);
}

const plus = (sums: RepriceSums, { tokens, usd, baseline }: UsageCall): RepriceSums => ({
  usd: sums.usd + (usd ?? 0),
  unpriced: sums.unpriced + (tokens !== undefined && usd === undefined ? 1 : 0),
  compared: sums.compared + (baseline === undefined ? 0 : 1),
  baseLow: sums.baseLow + (baseline?.low ?? 0),
  baseHigh: sums.baseHigh + (baseline?.high ?? 0),
});
