import { type Kysely, sql } from "kysely";
import { priceLabel, type Rate, USAGE_CAUSES, type UsageCall } from "../../src/models/usage-call.ts";
import type { Schema } from "../../src/store/schema.ts";
import type { UsageLedger } from "../../src/store/usage-ledger.ts";
import type { UsageQuery, UsageTotal } from "../../src/store/usage-totals.ts";

/** 2026-03-28 12:00 in universal time: the clocks of Europe change in the night after. */
export const START = Date.UTC(2026, 2, 28, 12);
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const ALL_TIME = { from: 0, to: Date.UTC(2100, 0) };

const RATE: Rate = {
  input: 3,
  output: 15,
  cacheRead: 0.3,
  cacheWrite: undefined,
  source: "override",
  date: "2026-01-01",
};

/** A call that differs with its number in everything that calls are told apart by; one every 7 minutes. */
export function usageCall(number: number, more: Partial<UsageCall> = {}): UsageCall {
  const cloud = number % 3 === 0;
  return {
    id: `message-${number}`,
    at: START + number * 7 * MINUTE,
    sessionKey: `agent:a${number % 2}:discord:channel:${number % 5}`,
    agentId: `a${number % 2}`,
    channel: number % 4 === 0 ? undefined : "discord",
    model: cloud ? { provider: "anthropic", model: "claude-sonnet-5" } : { provider: "ollama", model: "qwen3:8b" },
    locality: cloud ? "cloud" : "local",
    cause: USAGE_CAUSES[number % USAGE_CAUSES.length] ?? "other",
    tokens: { input: 1_000 + number, output: 10, cacheRead: number, cacheWrite: 0 },
    durationMs: 100 + number,
    outcome: number % 11 === 0 ? "failed" : "answered",
    fallback: number % 13 === 0,
    ...(cloud
      ? {
          rate: RATE,
          usd: (3e6 * (1_000 + number) + 15e6 * 10 + 0.3e6 * number) / 1e12,
          baseline: undefined,
        }
      : here(number)),
    ...more,
  };
}

/** One half of the local calls is unpriced, the other compared with one of two baselines. */
const here = (number: number): Pick<UsageCall, "rate" | "usd" | "baseline"> =>
  number % 2 === 0
    ? { rate: undefined, usd: undefined, baseline: undefined }
    : {
        rate: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, source: "local", date: "2026-03-28" },
        usd: 0,
        baseline: {
          model: { provider: "anthropic", model: number % 5 === 0 ? "claude-opus-5" : "claude-sonnet-5" },
          low: (0.3e6 * (1_000 + 2 * number) + 15e6 * 10) / 1e12,
          high: (3e6 * (1_000 + 2 * number) + 15e6 * 10) / 1e12,
          prices: number % 7 === 0 ? "openclaw" : "genai-prices 0.1.8, 2026-09-23",
        },
      };

export async function allCalls(ledger: UsageLedger): Promise<UsageCall[]> {
  return Array.fromAsync(ledger.calls(ALL_TIME));
}

/** The rollups as they are stored, without cells in which nothing is left, and as the rows that are there make them. */
export async function bothRollups(db: Kysely<Schema>, of: "usage_slots" | "usage_days") {
  const sums = ["calls", "unsized", "unpriced", "failed", "aborted", "fallbacks", "input", "output"].concat(
    "cache_read",
    "cache_write",
    "usd_pico",
    "based",
    "base_low_pico",
    "base_high_pico",
    "timed",
    "duration_ms",
  );
  const bySlot = of === "usage_slots";
  const place = bySlot ? ["session_id", "slot", "kind_id"] : ["kind_id"];
  const columns = sql.join(place.map((column) => sql.ref(column)));
  const stored = await sql`
    select ${columns}, ${sql.join(sums.map((sum) => sql`cast(sum(${sql.ref(sum)}) as bigint) as ${sql.ref(sum)}`))}
    from ${sql.table(of)} inner join usage_kinds on usage_kinds.id = kind_id where ${bySlot ? sql`1 = 1` : sql`session_id = 0 and agent is not null`} group by ${columns} having sum(calls) <> 0 order by ${columns}`.execute(
    db,
  );
  const made = await sql`
    select ${columns}, ${sql.join([
      sql`count(*) as calls`,
      sql`cast(sum(case when input is null then 1 else 0 end) as bigint) as unsized`,
      sql`cast(sum(case when input is not null and usd_pico is null then 1 else 0 end) as bigint) as unpriced`,
      sql`cast(sum(case when outcome = 'failed' then 1 else 0 end) as bigint) as failed`,
      sql`cast(sum(case when outcome = 'aborted' then 1 else 0 end) as bigint) as aborted`,
      sql`cast(sum(fallback) as bigint) as fallbacks`,
      ...["input", "output", "cache_read", "cache_write", "usd_pico"].map(summed),
      sql`count(base_low_pico) as based`,
      ...["base_low_pico", "base_high_pico"].map(summed),
      sql`count(duration_ms) as timed`,
      summed("duration_ms"),
    ])}
    from (select *, at / 900000 as slot from usage_calls) as cut group by ${columns} order by ${columns}`.execute(db);
  return { stored: stored.rows, made: made.rows };
}

const summed = (column: string) => sql`cast(coalesce(sum(${sql.ref(column)}), 0) as bigint) as ${sql.ref(column)}`;

/** What `totals` is to say of these calls, added up one by one, with the day as the zone's calendar shows it at each. */
export function totalsOf(calls: readonly UsageCall[], { from, to, scope, by, zone }: UsageQuery): Map<string, object> {
  const calendar = new Intl.DateTimeFormat("en-GB", { timeZone: zone, dateStyle: "short" });
  const dayOf = (at: number): string => calendar.format(at).split("/").reverse().join("-");
  const found = new Map<string, ReturnType<typeof nothing>>();
  for (const call of calls) {
    if (call.at < from || call.at >= to) continue;
    if (scope?.sessionKey !== undefined && scope.sessionKey !== call.sessionKey) continue;
    if (scope?.agentId !== undefined && scope.agentId !== call.agentId) continue;
    const prices = call.rate && priceLabel(call.rate);
    // What has no price is compared with nothing.
    const baseline = call.tokens === undefined || call.usd === undefined ? undefined : call.baseline;
    const key = groupKey({ ...call, prices, baseline, day: dayOf(call.at) }, by);
    const sum = found.get(key) ?? nothing();
    found.set(key, sum);
    sum.calls += 1;
    sum.unsized += call.tokens === undefined ? 1 : 0;
    sum.unpriced += call.tokens !== undefined && call.usd === undefined ? 1 : 0;
    sum.failed += call.outcome === "failed" ? 1 : 0;
    sum.aborted += call.outcome === "aborted" ? 1 : 0;
    sum.fallbacks += call.fallback ? 1 : 0;
    for (const kind of ["input", "output", "cacheRead", "cacheWrite"] as const) sum[kind] += call.tokens?.[kind] ?? 0;
    sum.picodollars += Math.round((call.usd ?? 0) * 1e12);
    sum.based += baseline === undefined ? 0 : 1;
    sum.low += Math.round((baseline?.low ?? 0) * 1e12);
    sum.high += Math.round((baseline?.high ?? 0) * 1e12);
    sum.timed += call.durationMs === undefined ? 0 : 1;
    sum.durationMs += call.durationMs ?? 0;
  }
  return found;
}

export const nothing = () => ({
  ...{ calls: 0, unsized: 0, unpriced: 0, failed: 0, aborted: 0, fallbacks: 0, timed: 0, durationMs: 0 },
  ...{ input: 0, output: 0, cacheRead: 0, cacheWrite: 0, picodollars: 0, based: 0, low: 0, high: 0 },
});

/** What `totals` said, in the same form. */
export function asFound(totals: readonly UsageTotal[], by: UsageQuery["by"]): Map<string, object> {
  return new Map(
    totals.map(({ tokens, usd, baseLow, baseHigh, ...total }) => {
      const { day, model, agentId, cause, channel, locality, prices, baseline, ...sums } = total;
      const dollars = { usd, baseLow, baseHigh };
      const [picodollars, low, high] = Object.values(dollars).map((each) => Math.round(each * 1e12));
      return [groupKey(total, by), { ...sums, ...tokens, picodollars, low, high }];
    }),
  );
}

function groupKey(
  group: Partial<Record<"day" | "agentId" | "cause" | "channel" | "locality" | "prices", string | undefined>> & {
    model?: UsageCall["model"] | undefined;
    baseline?: UsageTotal["baseline"];
  },
  by: UsageQuery["by"],
): string {
  const { model, agentId, baseline } = group;
  const nameOf = ({ provider, model: id }: UsageCall["model"]) => [provider, id];
  const base = baseline && [nameOf(baseline.model), baseline.prices];
  const all = { ...group, model: model && nameOf(model), agent: agentId, baseline: base };
  return JSON.stringify(by.map((name) => all[name] ?? null));
}
