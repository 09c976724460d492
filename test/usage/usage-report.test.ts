import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { UsageCall } from "../../src/models/usage-call.ts";
import { createUsageLedger } from "../../src/store/usage-ledger.ts";
import type { UsageScope } from "../../src/store/usage-totals.ts";
import { createUsage } from "../../src/usage/usage.ts";
import { USAGE_GROUPS, type UsageSplit } from "../../src/usage/usage-report.ts";
import { DATABASES, newDatabase } from "../store/databases.ts";
import { openTemp } from "../store/temp-store.ts";
import { DAY, usageCall } from "../store/usage-calls.ts";
import { figuresOf } from "./recount.ts";

const ZONE = "Europe/Berlin";
/** The clock is changed in the night after 28 March. */
const NOW = Date.parse("2026-04-02T15:00:00Z");

const call: fc.Arbitrary<UsageCall> = fc
  .record({
    id: fc.uuid(),
    kind: fc.integer({ min: 0, max: 69 }),
    at: fc.integer({ min: NOW - 20 * DAY, max: NOW }),
    sized: fc.integer({ min: 0, max: 9 }),
    timed: fc.boolean(),
    unknown: fc.integer({ min: 0, max: 9 }),
  })
  .map(({ id, kind, at, sized, timed, unknown }) => {
    const made = usageCall(kind, { id, at });
    return {
      ...made,
      ...(sized > 0 ? {} : { tokens: undefined, usd: undefined, baseline: undefined }),
      ...(timed ? {} : { durationMs: undefined }),
      ...(unknown === 0 && made.locality === "cloud" ? { locality: "unknown" as const } : {}),
    };
  });

const SCOPES: readonly UsageScope[] = [{}, { agentId: "a1" }, { sessionKey: usageCall(7).sessionKey }];
const periods = fc.constantFrom("7d", "today", "yesterday", "30d", "2026-03-25..2026-03-30", "this month");

/** Sums of dollars are added up in another order. */
const rounded = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_, each: unknown) => (typeof each === "number" ? Number(each.toFixed(9)) : each));

const splitOf = (calls: readonly UsageCall[]): UsageSplit => ({
  all: figuresOf(calls),
  local: figuresOf(calls.filter(({ locality }) => locality === "local")),
  cloud: figuresOf(calls.filter(({ locality }) => locality !== "local")),
  unknown: figuresOf(calls.filter(({ locality }) => locality === "unknown")),
});

describe.each(DATABASES)("on %s", (database) => {
  it("a report says what its calls say, one by one", { timeout: 300_000 }, async () => {
    const { store, time } = await openTemp(await newDatabase(database));
    time.now = NOW;
    const electricity = { watts: 130, pricePerKWh: 0.15, currency: "USD" };
    const dateOf = (at: number) => new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE, dateStyle: "short" }).format(at);
    const run = async (calls: readonly UsageCall[], period: string, scope: UsageScope) => {
      for (const table of ["usage_calls", "usage_slots", "usage_days", "usage_zones"] as const) {
        await store.db.deleteFrom(table).execute();
      }
      const ledger = createUsageLedger(store.db, () => NOW);
      await ledger.keepDays(ZONE);
      await ledger.record(calls);
      const usage = createUsage({
        ...{ ledger, electricity, zone: ZONE, clock: () => NOW },
        unattributed: async () => [],
        countedUpTo: () => NOW,
      });
      const days = usage.period(period);
      const report = await usage.report(days, scope);

      const ours = calls.filter(
        ({ agentId, sessionKey }) =>
          (scope.agentId ?? agentId) === agentId && (scope.sessionKey ?? sessionKey) === sessionKey,
      );
      const within = ours.filter(({ at }) => dateOf(at) >= days.first && dateOf(at) <= days.last);
      const elsewhere = within.filter(({ locality }) => locality !== "local");
      const compared = within.filter(({ baseline }) => baseline !== undefined);
      const sum = (of: (one: UsageCall) => number | undefined) =>
        compared.reduce((total, one) => total + (of(one) ?? 0), 0);
      const power = (sum(({ durationMs }) => durationMs) / 3_600_000_000) * 130 * 0.15;

      expect(rounded(report.figures)).toEqual(rounded(splitOf(within)));
      expect(rounded(report.before)).toEqual(
        rounded(splitOf(ours.filter(({ at }) => at >= days.before.from && at < days.from))),
      );
      expect(rounded(report.byDay)).toEqual(
        rounded(report.byDay.map(({ day }) => ({ day, ...splitOf(within.filter(({ at }) => dateOf(at) === day)) }))),
      );
      expect(report.byDay).toHaveLength(days.count);
      expect(rounded(report.idle)).toEqual(
        rounded(figuresOf(elsewhere.filter(({ cause }) => cause === "heartbeat" || cause === "cron"))),
      );
      expect(report.standIns.reduce((total, { calls: count }) => total + count, 0)).toBe(
        elsewhere.filter(({ fallback }) => fallback).length,
      );
      expect(new Set(report.prices)).toEqual(
        new Set(elsewhere.flatMap(({ rate }) => (rate === undefined ? [] : [`${rate.source}, ${rate.date}`]))),
      );
      for (const model of report.models) {
        const same = within.filter((one) => one.model.model === model.model.model && one.locality === model.locality);
        expect(rounded(model)).toEqual(rounded({ model: model.model, locality: model.locality, ...figuresOf(same) }));
      }
      expect(report.models.reduce((total, { calls: count }) => total + count, 0)).toBe(within.length);
      expect(rounded(report.savings)).toMatchObject({
        compared: compared.length,
        uncompared: within.filter(
          ({ locality, usd, baseline }) => locality === "local" && usd !== undefined && baseline === undefined,
        ).length,
        low: rounded(sum(({ baseline }) => baseline?.low) - sum(({ usd }) => usd) - power),
        high: rounded(sum(({ baseline }) => baseline?.high) - sum(({ usd }) => usd) - power),
        electricity: {
          cost: rounded(power),
          untimed: compared.filter(({ durationMs }) => durationMs === undefined).length,
        },
      });

      const keyOf = {
        model: ({ model }: UsageCall) => `${model.provider}/${model.model}`,
        agent: ({ agentId }: UsageCall) => agentId,
        cause: ({ cause }: UsageCall) => cause,
        day: ({ at }: UsageCall) => dateOf(at),
        channel: ({ channel }: UsageCall) => channel ?? "",
      };
      for (const by of USAGE_GROUPS) {
        const groups = await usage.groups(days, scope, by);
        const expected = [...Map.groupBy(within, keyOf[by])].map(([name, some]) => ({ name, ...splitOf(some) }));
        const sorted = (rows: readonly { readonly name: string }[]) =>
          rows.toSorted((a, b) => (a.name < b.name ? -1 : 1));
        expect(rounded(sorted(groups))).toEqual(rounded(sorted(expected)));
      }
    };
    // An id that comes twice is one call, and such ids are made now and then.
    const calls = fc.uniqueArray(call, { selector: ({ id }) => id, maxLength: 60 });
    await fc.assert(fc.asyncProperty(calls, periods, fc.constantFrom(...SCOPES), run), {
      numRuns: database === "SQLite" ? 60 : 15,
    });
  });
});
