import { z } from "zod";
import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import {
  priceLabel,
  type Rate,
  USAGE_CAUSES,
  type UsageBaseline,
  type UsageCall,
  type UsageTokens,
} from "../models/usage-call.ts";
import { json, nullable, parseRow } from "./stored-row.ts";

/** A call as `usage_calls` has it, without its numbers. */
export interface UsageRow {
  readonly call_id: string;
  readonly at: number;
  readonly session_id: number;
  readonly kind_id: number;
  readonly rate_id: number | null;
  readonly input: number | null;
  readonly output: number | null;
  readonly cache_read: number | null;
  readonly cache_write: number | null;
  readonly usd_pico: number | null;
  readonly base_low_pico: number | null;
  readonly base_high_pico: number | null;
  readonly duration_ms: number | null;
  readonly outcome: string;
  readonly fallback: number;
}

/** What calls are told apart by in the rollups, as `usage_kinds` has it. */
export interface UsageKind {
  /** Null in a kind that stands for all agents and channels. */
  readonly agent: string | null;
  /** Empty where nobody talks there: two nulls would not be the same to a unique key. */
  readonly channel: string | null;
  readonly provider: string;
  readonly model: string;
  readonly locality: string;
  readonly cause: string;
  /** Who states the price, and of when; empty where it is unpriced. */
  readonly prices: string;
  /** What a local call is compared with; both empty where nothing is. */
  readonly base: string;
  readonly base_prices: string;
}

export const KIND_COLUMNS = [
  "agent",
  "channel",
  "provider",
  "model",
  "locality",
  "cause",
  "prices",
  "base",
  "base_prices",
] as const satisfies readonly (keyof UsageKind)[];

export const kindOf = ({ agentId, channel, model, locality, cause, rate, baseline }: UsageCall): UsageKind => ({
  agent: agentId,
  channel: channel ?? "",
  provider: model.provider,
  model: model.model,
  locality,
  cause,
  prices: rate === undefined ? "" : priceLabel(rate),
  base: baseline === undefined ? "" : formatModelRef(baseline.model),
  base_prices: baseline?.prices ?? "",
});

/** The same without agent and channel. */
export const broadKindOf = (call: UsageCall): UsageKind => ({ ...kindOf(call), agent: null, channel: null });

const PICO = 1e12;

/** Of a call: what it costs, by what rate, and what it would have cost elsewhere. */
export type UsagePrice = Pick<UsageCall, "rate" | "usd" | "baseline">;

export type PriceOf = (call: UsageCall) => UsagePrice;

export type PriceColumns = Pick<UsageRow, "rate_id" | "usd_pico" | "base_low_pico" | "base_high_pico">;

/**
 * The price columns of a call. A call costs a whole number of picodollars
 * (1e-12 USD) wherever its rate has six decimals or less per million tokens, so
 * nothing is rounded, and sums don't depend on their order.
 */
export const priceColumns = ({ usd, baseline }: UsagePrice, rateId: number | null): PriceColumns => ({
  rate_id: rateId,
  usd_pico: usd === undefined ? null : picoOf(usd),
  base_low_pico: baseline === undefined ? null : picoOf(baseline.low),
  base_high_pico: baseline === undefined ? null : picoOf(baseline.high),
});

const picoOf = (usd: number): number => Math.round(usd * PICO);

/**
 * A size or price that can't be one (negative, no number, above 2^53) counts as
 * unknown: a source that talks nonsense must neither spoil the sums nor keep the
 * calls beside it from being written. What has no price is compared with nothing.
 */
export function soundCall(call: UsageCall): UsageCall {
  const { tokens } = call;
  const known = tokens && [tokens.input, tokens.output, tokens.cacheRead, tokens.cacheWrite].every(isWhole);
  const sized = known ? call : { ...call, tokens: undefined };
  const priced = known && call.usd !== undefined && isWhole(picoOf(call.usd));
  if (!priced) return { ...sized, usd: undefined, baseline: undefined };
  const { baseline } = call;
  const compared = baseline && isWhole(picoOf(baseline.low)) && isWhole(picoOf(baseline.high));
  return compared ? call : { ...call, baseline: undefined };
}

const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

export function toRow(
  call: UsageCall,
  ids: { readonly session: number; readonly kind: number; readonly rate: number | null },
): UsageRow {
  const { tokens, durationMs } = call;
  return {
    call_id: call.id,
    at: Math.round(call.at),
    session_id: ids.session,
    kind_id: ids.kind,
    input: tokens?.input ?? null,
    output: tokens?.output ?? null,
    cache_read: tokens?.cacheRead ?? null,
    cache_write: tokens?.cacheWrite ?? null,
    ...priceColumns(call, ids.rate),
    duration_ms: durationMs !== undefined && isWhole(Math.round(durationMs)) ? Math.round(durationMs) : null,
    outcome: call.outcome,
    fallback: call.fallback ? 1 : 0,
  };
}

/**
 * One call out of what is known of it and another report of it, or undefined where
 * the report adds nothing: the first that knows the size is believed, and what it
 * leaves open is taken from the other. That a call was more than an answer in a
 * conversation, or stood in for another, is believed of whoever saw it. Where it ran
 * decides what it costs, so that it is priced anew where only the other knows that.
 */
export function learnFrom(known: UsageCall, report: UsageCall, priceOf: PriceOf): UsageCall | undefined {
  const completes = known.tokens === undefined && report.tokens !== undefined;
  const [first, second] = completes ? [report, known] : [known, report];
  const cause = first.cause === "chat" ? second.cause : first.cause;
  const fallback = first.fallback || second.fallback;
  if (!completes)
    return cause === known.cause && fallback === known.fallback ? undefined : { ...known, cause, fallback };
  const call = {
    ...{ ...first, cause, fallback },
    channel: first.channel ?? second.channel,
    locality: first.locality === "unknown" ? second.locality : first.locality,
    durationMs: first.durationMs ?? second.durationMs,
  };
  return call.locality === first.locality ? call : pricedCall(call, priceOf(call));
}

export const pricedCall = (call: UsageCall, { rate, usd, baseline }: UsagePrice): UsageCall =>
  soundCall({ ...call, rate, usd, baseline });

const RateColumn = json.pipe(
  z.object({
    input: z.number(),
    output: z.number(),
    cacheRead: nullable(z.number()),
    cacheWrite: nullable(z.number()),
    source: z.string(),
    date: z.string(),
  }),
);

export const rateText = (rate: Rate): string =>
  JSON.stringify({
    input: rate.input,
    output: rate.output,
    cacheRead: rate.cacheRead ?? null,
    cacheWrite: rate.cacheWrite ?? null,
    source: rate.source,
    date: rate.date,
  });

const Joined = z.object({
  call_id: z.string(),
  at: z.int(),
  session_key: z.string(),
  agent: z.string(),
  channel: z.string(),
  provider: z.string(),
  model: z.string(),
  locality: z.enum(["local", "cloud", "unknown"]),
  cause: z.enum(USAGE_CAUSES),
  base: z.string(),
  base_prices: z.string(),
  rate_json: nullable(RateColumn),
  input: nullable(z.int()),
  output: nullable(z.int()),
  cache_read: nullable(z.int()),
  cache_write: nullable(z.int()),
  usd_pico: nullable(z.int()),
  base_low_pico: nullable(z.int()),
  base_high_pico: nullable(z.int()),
  duration_ms: nullable(z.int()),
  outcome: z.enum(["answered", "failed", "aborted"]),
  fallback: z.int(),
});

/** A row joined with its session, kind and rate; fails with `store_failed` where Clutch did not write it. */
export function toCall(stored: unknown): UsageCall {
  const row = parseRow(Joined, "usage_calls", stored);
  return {
    id: row.call_id,
    at: row.at,
    sessionKey: row.session_key,
    agentId: row.agent,
    channel: row.channel === "" ? undefined : row.channel,
    model: { provider: row.provider, model: row.model },
    locality: row.locality,
    cause: row.cause,
    tokens: toTokens(row),
    durationMs: row.duration_ms,
    outcome: row.outcome,
    fallback: row.fallback === 1,
    rate: row.rate_json,
    usd: row.usd_pico === undefined ? undefined : row.usd_pico / PICO,
    baseline: toBaseline(row),
  };
}

function toBaseline({ base, base_prices, ...row }: z.output<typeof Joined>): UsageBaseline | undefined {
  if (base === "" || row.base_low_pico === undefined || row.base_high_pico === undefined) return undefined;
  const low = row.base_low_pico / PICO;
  return { model: baseModel(base), low, high: row.base_high_pico / PICO, prices: base_prices };
}

/** The model that `base` names. */
export function baseModel(base: string): ModelRef {
  const [provider = "", ...rest] = base.split("/");
  return { provider, model: rest.join("/") };
}

function toTokens({ input, output, cache_read, cache_write }: z.output<typeof Joined>): UsageTokens | undefined {
  if (input === undefined || output === undefined) return undefined;
  return { input, output, cacheRead: cache_read ?? 0, cacheWrite: cache_write ?? 0 };
}

/** A sum of picodollars, which may outgrow a whole number, in USD. */
export const usdOf = (pico: bigint): number => Number(pico) / PICO;
