import { priceLabel, type UsageCall } from "../../src/models/usage-call.ts";
import type { UsageLedger } from "../../src/store/usage-ledger.ts";
import type { UsageGroup, UsageTotal } from "../../src/store/usage-totals.ts";

/** What a ledger with these calls says, counted call by call. */
export function recount(calls: readonly UsageCall[]): Pick<UsageLedger, "totals" | "calls"> {
  const within = (query: Parameters<UsageLedger["calls"]>[0]): readonly UsageCall[] =>
    calls.filter(
      ({ at, sessionKey, agentId }) =>
        at >= query.from &&
        at < query.to &&
        (query.scope?.sessionKey ?? sessionKey) === sessionKey &&
        (query.scope?.agentId ?? agentId) === agentId,
    );
  return {
    async totals(query) {
      const calendar = new Intl.DateTimeFormat("sv-SE", { timeZone: query.zone, dateStyle: "short" });
      const groups = Map.groupBy(within(query), (call) =>
        JSON.stringify(query.by.map((group) => GROUPS[group](call, calendar) ?? null)),
      );
      const totals = [...groups.values()].map((some): UsageTotal => {
        const [first] = some;
        const named = query.by.map((group) => [FIELDS[group], first && GROUPS[group](first, calendar)]);
        return { ...Object.fromEntries(named), ...figuresOf(some) };
      });
      return totals.sort((a, b) => (a.day ?? "").localeCompare(b.day ?? "") || b.calls - a.calls);
    },
    async *calls(query) {
      yield* within(query);
    },
  };
}

const FIELDS: Readonly<Record<UsageGroup, keyof UsageTotal>> = {
  day: "day",
  model: "model",
  agent: "agentId",
  cause: "cause",
  channel: "channel",
  locality: "locality",
  prices: "prices",
  baseline: "baseline",
};

const GROUPS: Readonly<Record<UsageGroup, (call: UsageCall, calendar: Intl.DateTimeFormat) => unknown>> = {
  day: ({ at }, calendar) => calendar.format(at),
  model: ({ model }) => model,
  agent: ({ agentId }) => agentId,
  cause: ({ cause }) => cause,
  channel: ({ channel }) => channel,
  locality: ({ locality }) => locality,
  prices: ({ rate }) => rate && priceLabel(rate),
  baseline: ({ baseline }) => baseline && { model: baseline.model, prices: baseline.prices },
};

/** By the definitions of the figures, in picodollars. */
export function figuresOf(calls: readonly UsageCall[]) {
  const count = (is: (call: UsageCall) => boolean): number => calls.filter(is).length;
  const sum = (of: (call: UsageCall) => number | undefined): number =>
    calls.reduce((total, call) => total + (of(call) ?? 0), 0);
  const dollars = (of: (call: UsageCall) => number | undefined): number =>
    sum((call) => Math.round((of(call) ?? 0) * 1e12)) / 1e12;
  return {
    calls: calls.length,
    unsized: count(({ tokens }) => tokens === undefined),
    unpriced: count(({ tokens, usd }) => tokens !== undefined && usd === undefined),
    failed: count(({ outcome }) => outcome === "failed"),
    aborted: count(({ outcome }) => outcome === "aborted"),
    fallbacks: count(({ fallback }) => fallback),
    tokens: {
      input: sum(({ tokens }) => tokens?.input),
      output: sum(({ tokens }) => tokens?.output),
      cacheRead: sum(({ tokens }) => tokens?.cacheRead),
      cacheWrite: sum(({ tokens }) => tokens?.cacheWrite),
    },
    usd: dollars(({ usd }) => usd),
    based: count(({ baseline }) => baseline !== undefined),
    baseLow: dollars(({ baseline }) => baseline?.low),
    baseHigh: dollars(({ baseline }) => baseline?.high),
    timed: count(({ durationMs }) => durationMs !== undefined),
    durationMs: sum(({ durationMs }) => durationMs),
  };
}
