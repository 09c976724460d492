import { z } from "zod";
import { type Rate, USAGE_CAUSES, type UsageCall, type UsageTokens } from "../models/usage-call.ts";
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
}

export const kindOf = ({ agentId, channel, model, locality, cause }: UsageCall): UsageKind => ({
  agent: agentId,
  channel: channel ?? "",
  provider: model.provider,
  model: model.model,
  locality,
  cause,
});

/** The same without agent and channel. */
export const broadKindOf = (call: UsageCall): UsageKind => ({ ...kindOf(call), agent: null, channel: null });

const PICO = 1e12;

/**
 * The price columns of a call. A call costs a whole number of picodollars
 * (1e-12 USD) wherever its rate has six decimals or less per million tokens, so
 * nothing is rounded, and sums don't depend on their order.
 */
export function priceColumns(usd: number | undefined, rateId: number | null): Pick<UsageRow, "usd_pico" | "rate_id"> {
  return { usd_pico: usd === undefined ? null : Math.round(usd * PICO), rate_id: rateId };
}

/**
 * A size or price that can't be one (negative, no number, above 2^53) counts as
 * unknown: a source that talks nonsense must neither spoil the sums nor keep the
 * calls beside it from being written.
 */
export function soundCall(call: UsageCall): UsageCall {
  const { tokens } = call;
  const known = tokens && [tokens.input, tokens.output, tokens.cacheRead, tokens.cacheWrite].every(isWhole);
  const sized = known ? call : { ...call, tokens: undefined, usd: undefined };
  return sized.usd === undefined || isWhole(Math.round(sized.usd * PICO)) ? sized : { ...sized, usd: undefined };
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
    ...priceColumns(call.usd, ids.rate),
    duration_ms: durationMs !== undefined && isWhole(Math.round(durationMs)) ? Math.round(durationMs) : null,
    outcome: call.outcome,
    fallback: call.fallback ? 1 : 0,
  };
}

/**
 * One call out of two reports of it: the one that knows the size is believed,
 * and what it leaves open is taken from the other.
 */
export function completeCall(sized: UsageCall, other: UsageCall): UsageCall {
  return {
    ...sized,
    channel: sized.channel ?? other.channel,
    locality: sized.locality === "unknown" ? other.locality : sized.locality,
    durationMs: sized.durationMs ?? other.durationMs,
    fallback: sized.fallback || other.fallback,
  };
}

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
  rate_json: nullable(RateColumn),
  input: nullable(z.int()),
  output: nullable(z.int()),
  cache_read: nullable(z.int()),
  cache_write: nullable(z.int()),
  usd_pico: nullable(z.int()),
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
  };
}

function toTokens({ input, output, cache_read, cache_write }: z.output<typeof Joined>): UsageTokens | undefined {
  if (input === undefined || output === undefined) return undefined;
  return { input, output, cacheRead: cache_read ?? 0, cacheWrite: cache_write ?? 0 };
}

/** A sum of picodollars, which may outgrow a whole number, in USD. */
export const usdOf = (pico: bigint): number => Number(pico) / PICO;
