import { type Kysely, type RawBuilder, sql } from "kysely";
import { z } from "zod";
import type { ModelRef } from "../models/model-ref.ts";
import {
  USAGE_CAUSES,
  type UsageBaseline,
  type UsageCall,
  type UsageCause,
  type UsageTokens,
} from "../models/usage-call.ts";
import { type Calendars, formatDay, type LocalDay, type LocalDays, SLOT_MS } from "./local-days.ts";
import type { Schema } from "./schema.ts";
import { parseRow } from "./stored-row.ts";
import { ALL_SESSIONS, rangesOf } from "./usage-rollups.ts";
import { baseModel, usdOf } from "./usage-row.ts";
import { USAGE_SUMS, type UsageSum } from "./usage-sums.ts";

/** From a moment on and before another, epoch ms. */
export interface UsagePeriod {
  readonly from: number;
  readonly to: number;
}

/** One session, one agent, or without either the whole system. */
export interface UsageScope {
  readonly sessionKey?: string | undefined;
  readonly agentId?: string | undefined;
}

export type UsageGroup = "day" | "model" | "agent" | "cause" | "channel" | "locality" | "prices" | "baseline";

export interface UsageQuery extends UsagePeriod {
  readonly scope?: UsageScope | undefined;
  /** What to tell apart: each combination that occurs is a row of its own. */
  readonly by: readonly UsageGroup[];
  /** IANA name of the zone whose days are meant. */
  readonly zone: string;
}

/** A sum of calls, with those of day, model and so on that were asked for in `by`. */
export interface UsageTotal extends UsageFigures {
  /** `2026-11-22`. */
  readonly day?: string;
  readonly model?: ModelRef;
  readonly agentId?: string;
  readonly cause?: UsageCause;
  /** Undefined as well where nobody talks there. */
  readonly channel?: string | undefined;
  readonly locality?: UsageCall["locality"];
  /** `priceLabel` of what they cost; undefined as well where they are unpriced. */
  readonly prices?: string | undefined;
  /** What they are compared with, and `priceLabel` of that; undefined as well where with nothing. */
  readonly baseline?: Pick<UsageBaseline, "model" | "prices"> | undefined;
}

export interface UsageFigures {
  readonly calls: number;
  /** Calls of unknown size; their price is not known either. */
  readonly unsized: number;
  /** Calls of known size whose price is not known. */
  readonly unpriced: number;
  readonly failed: number;
  readonly aborted: number;
  readonly fallbacks: number;
  /** Of the calls whose size is known. */
  readonly tokens: UsageTokens;
  /** Of the calls whose price is known. */
  readonly usd: number;
  /** Calls that are compared with a baseline, and what they would have cost there, USD. */
  readonly based: number;
  readonly baseLow: number;
  readonly baseHigh: number;
  /** How many calls `durationMs` is the sum of. */
  readonly timed: number;
  readonly durationMs: number;
}

const COLUMNS: Readonly<Record<UsageGroup, readonly string[]>> = {
  day: ["day"],
  model: ["provider", "model"],
  agent: ["agent"],
  cause: ["cause"],
  channel: ["channel"],
  locality: ["locality"],
  prices: ["prices"],
  baseline: ["base", "base_prices"],
};

const count = z.int().min(0);
const pico = z.string().regex(/^\d+$/).transform(BigInt);
const Row = z.object({
  day: z.int().optional(),
  provider: z.string().optional(),
  model: z.string().optional(),
  agent: z.string().optional(),
  cause: z.enum(USAGE_CAUSES).optional(),
  channel: z.string().optional(),
  locality: z.enum(["local", "cloud", "unknown"]).optional(),
  prices: z.string().optional(),
  base: z.string().optional(),
  base_prices: z.string().optional(),
  calls: count,
  unsized: count,
  unpriced: count,
  failed: count,
  aborted: count,
  fallbacks: count,
  input: count,
  output: count,
  cache_read: count,
  cache_write: count,
  usd_pico: pico,
  based: count,
  base_low_pico: pico,
  base_high_pico: pico,
  timed: count,
  duration_ms: count,
});
type Row = z.output<typeof Row>;

/**
 * The sums of a period, its days in order, then the largest first. Where the days
 * of the zone are kept they are what is added up, which takes the same time
 * however many calls there were; in another zone, and at the ends of a period
 * that are no midnights, the quarters of an hour. Both ends are widened to one of
 * those, and a period that reaches the present has all of today. Without `by` one
 * row comes, also where nothing was called; otherwise only what occurs.
 */
export async function readTotals(
  db: Kysely<Schema>,
  calendars: Calendars,
  query: UsageQuery,
  now: number,
): Promise<readonly UsageTotal[]> {
  const { by, zone, scope } = query;
  const columns = [...new Set(by)].flatMap((group) => COLUMNS[group]);
  const calendar = calendars.of(zone);
  const known = await findKnown(db, zone);
  // Cut to the days of the first and the last call, which are left whole.
  const from = Math.max(query.from, calendar.at(known.from).from);
  const wanted = query.to >= now ? calendar.at(query.to).until : query.to;
  const to = Math.min(wanted, calendar.at(known.until - 1).until);
  const { days, parts } =
    known.zoneId === undefined
      ? { days: undefined, parts: by.includes("day") ? calendar.between(from, to) : [{ day: 0, from, until: to }] }
      : splitPeriod(calendar, from, to, known.zoneId);
  const ranges = parts.flatMap((part) => {
    const range = { day: part.day, from: Math.max(part.from, from), until: Math.min(part.until, to) };
    return range.from < range.until ? [range] : [];
  });

  const rows = [
    ...(days === undefined ? [] : await sumDays(db, columns, scope, days)),
    ...(ranges.length === 0 ? [] : await sumSlots(db, columns, scope, ranges)),
  ];
  const totals = merged(rows, columns).map(toTotal);
  return totals.length === 0 && by.length === 0 ? [toTotal(NOTHING)] : totals;
}

/** Whether the days of the zone are kept, and between which moments there is any call. */
async function findKnown(
  db: Kysely<Schema>,
  zone: string,
): Promise<{ readonly zoneId: number | undefined; readonly from: number; readonly until: number }> {
  const { rows } = await sql<{ zone_id: number | null; first: number | null; last: number | null }>`select
    (select id from usage_zones where name = ${zone}) as zone_id,
    (select min(slot) from usage_slots) as first,
    (select max(slot) from usage_slots) as last`.execute(db);
  const { zone_id, first, last } = rows[0] ?? { zone_id: null, first: null, last: null };
  return { zoneId: zone_id ?? undefined, from: (first ?? 0) * SLOT_MS, until: ((last ?? -1) + 1) * SLOT_MS };
}

interface KeptDays {
  readonly zoneId: number;
  /** Both are part of it. */
  readonly first: number;
  readonly last: number;
}

/** A period as whole days, and the days at its ends of which only a part lies in it. */
function splitPeriod(
  calendar: LocalDays,
  from: number,
  to: number,
  zoneId: number,
): { readonly days: KeptDays | undefined; readonly parts: readonly LocalDay[] } {
  const [first, last] = [calendar.at(from), calendar.at(to - 1)];
  const parts = (first.day === last.day ? [first] : [first, last]).filter((day) => day.from < from || day.until > to);
  const days = {
    zoneId,
    first: parts.includes(first) ? first.day + 1 : first.day,
    last: parts.includes(last) ? last.day - 1 : last.day,
  };
  return { days: days.first > days.last ? undefined : days, parts };
}

async function sumDays(
  db: Kysely<Schema>,
  columns: readonly string[],
  scope: UsageScope | undefined,
  days: KeptDays,
): Promise<readonly Row[]> {
  const isBroad = scope === undefined || (scope.agentId === undefined && scope.sessionKey === undefined);
  const kinds =
    isBroad && !columns.includes("agent") && !columns.includes("channel")
      ? sql`agent is null`
      : sql`agent is not null ${ofAgent(scope)}`;
  const session = scope?.sessionKey === undefined ? sql`${ALL_SESSIONS}` : idOfSession(scope.sessionKey);
  // A cross join keeps SQLite from reading the days of all kinds.
  const summed = sql`usage_kinds cross join usage_days
    where ${kinds} and kind_id = usage_kinds.id and session_id = ${session}
      and zone_id = ${days.zoneId} and day between ${days.first} and ${days.last}`;
  return sumRows(db, columns, sql``, summed);
}

async function sumSlots(
  db: Kysely<Schema>,
  columns: readonly string[],
  scope: UsageScope | undefined,
  ranges: readonly LocalDay[],
): Promise<readonly Row[]> {
  const ofSession = scope?.sessionKey === undefined ? sql`` : sql`and session_id = ${idOfSession(scope.sessionKey)}`;
  // A cross join keeps SQLite from going through all slots, looking for the range of each.
  const summed = sql`ranges cross join usage_slots inner join usage_kinds on usage_kinds.id = kind_id
    where slot >= ranges.since and slot < ranges.until ${ofSession} ${ofAgent(scope)}`;
  return sumRows(db, columns, rangesOf(ranges), summed);
}

const idOfSession = (key: string): RawBuilder<unknown> =>
  sql`(select id from usage_sessions where session_key = ${key})`;

const ofAgent = (scope: UsageScope | undefined): RawBuilder<unknown> =>
  scope?.agentId === undefined ? sql`` : sql`and agent = ${scope.agentId}`;

async function sumRows(
  db: Kysely<Schema>,
  columns: readonly string[],
  first: RawBuilder<unknown>,
  summed: RawBuilder<unknown>,
): Promise<readonly Row[]> {
  const groups = columns.map((column) => sql.ref(column));
  const sums = USAGE_SUMS.map((sum) =>
    isPico(sum)
      ? sql`cast(sum(${sql.ref(sum)}) as text) as ${sql.ref(sum)}`
      : sql`cast(sum(${sql.ref(sum)}) as bigint) as ${sql.ref(sum)}`,
  );
  const grouped = groups.length === 0 ? sql`` : sql`group by ${sql.join(groups)}`;
  const found = sql`${first} select ${sql.join([...groups, ...sums])} from ${summed} ${grouped} having sum(calls) > 0`;
  return (await found.execute(db)).rows.map((row) => parseRow(Row, "usage", row));
}

/** Days and parts of days come from different tables, so that one model may come twice. */
function merged(rows: readonly Row[], columns: readonly string[]): readonly Row[] {
  const found = new Map<string, Row>();
  for (const row of rows) {
    const key = JSON.stringify(columns.map((column) => row[column as keyof Row]));
    const before = found.get(key);
    found.set(key, before === undefined ? row : plus(before, row));
  }
  return [...found.values()].sort((a, b) => (a.day ?? 0) - (b.day ?? 0) || b.calls - a.calls);
}

function plus(one: Row, other: Row): Row {
  const numbers = USAGE_SUMS.flatMap((sum) => (isPico(sum) ? [] : [[sum, one[sum] + other[sum]] as const]));
  const picos = PICO_SUMS.map((sum) => [sum, one[sum] + other[sum]] as const);
  return { ...one, ...Object.fromEntries(numbers), ...Object.fromEntries(picos) };
}

/** Sums that outgrow a number, so that they are read as text. */
const PICO_SUMS = ["usd_pico", "base_low_pico", "base_high_pico"] as const;
const isPico = (sum: UsageSum): sum is (typeof PICO_SUMS)[number] => PICO_SUMS.some((each) => each === sum);

const NOTHING: Row = {
  ...({ calls: 0, unsized: 0, unpriced: 0, failed: 0, aborted: 0, fallbacks: 0, timed: 0, duration_ms: 0 } as const),
  ...({ input: 0, output: 0, cache_read: 0, cache_write: 0, usd_pico: 0n } as const),
  ...({ based: 0, base_low_pico: 0n, base_high_pico: 0n } as const),
};

function toTotal(row: Row): UsageTotal {
  const { day, provider, model, agent, cause, channel, locality, prices, base, base_prices } = row;
  return {
    ...(day === undefined ? {} : { day: formatDay(day) }),
    ...(provider === undefined || model === undefined ? {} : { model: { provider, model } }),
    ...(agent === undefined ? {} : { agentId: agent }),
    ...(cause === undefined ? {} : { cause }),
    ...(channel === undefined ? {} : { channel: channel === "" ? undefined : channel }),
    ...(locality === undefined ? {} : { locality }),
    ...(prices === undefined ? {} : { prices: prices === "" ? undefined : prices }),
    ...(base === undefined ? {} : { baseline: base === "" ? undefined : baselineOf(base, base_prices) }),
    calls: row.calls,
    unsized: row.unsized,
    unpriced: row.unpriced,
    failed: row.failed,
    aborted: row.aborted,
    fallbacks: row.fallbacks,
    tokens: { input: row.input, output: row.output, cacheRead: row.cache_read, cacheWrite: row.cache_write },
    usd: usdOf(row.usd_pico),
    based: row.based,
    baseLow: usdOf(row.base_low_pico),
    baseHigh: usdOf(row.base_high_pico),
    timed: row.timed,
    durationMs: row.duration_ms,
  };
}

const baselineOf = (base: string, prices = ""): Pick<UsageBaseline, "model" | "prices"> => ({
  model: baseModel(base),
  prices,
});
