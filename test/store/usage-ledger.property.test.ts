import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { UsageCall } from "../../src/models/usage-call.ts";
import { createUsageLedger } from "../../src/store/usage-ledger.ts";
import type { UsageGroup } from "../../src/store/usage-totals.ts";
import { DATABASES, newDatabase } from "./databases.ts";
import { openTemp } from "./temp-store.ts";
import { ALL_TIME, allCalls, asFound, bothRollups, DAY, MINUTE, nothing, totalsOf, usageCall } from "./usage-calls.ts";

/** Days around clock changes: of Europe, North America, Lord Howe and Chatham, Cairo, and one without any. */
const MOMENTS = ["2026-03-29", "2026-11-01", "2026-04-05", "2026-10-04", "2026-04-24", "2026-06-15"].map(Date.parse);
const ZONES = [
  ...["UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"],
  ...["Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Africa/Cairo", "Asia/Kolkata", "America/Nuuk"],
];
/** So few that a question is often about a zone whose days are kept. */
const FEW_ZONES = ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"];
const GROUPS: readonly UsageGroup[] = ["day", "model", "agent", "cause", "channel", "locality", "prices", "baseline"];

const moment = fc
  .tuple(fc.constantFrom(...MOMENTS), fc.integer({ min: -2 * DAY, max: 2 * DAY }))
  .map(([day, offset]) => day + offset);

/** Reports of few calls, so that many are of the same one, and differ in what they know of it. */
const report: fc.Arbitrary<UsageCall> = fc
  .record({
    id: fc.integer({ min: 0, max: 14 }),
    kind: fc.integer({ min: 0, max: 11 }),
    at: moment,
    sized: fc.boolean(),
    usd: fc.option(fc.integer({ min: 0, max: 5e12 }), { nil: undefined }),
    input: fc.integer({ min: 0, max: 1e9 }),
    durationMs: fc.option(fc.integer({ min: 0, max: 1e6 }), { nil: undefined }),
    outcome: fc.constantFrom("answered", "failed", "aborted"),
    fallback: fc.boolean(),
  })
  .map(({ id, kind, at, sized, usd, input, durationMs, outcome, fallback }) =>
    usageCall(kind, {
      id: `call-${id}`,
      at,
      tokens: sized ? { input, output: 1, cacheRead: kind, cacheWrite: 0 } : undefined,
      usd: sized && usd !== undefined ? usd / 1e12 : undefined,
      durationMs,
      outcome,
      fallback,
    }),
  );

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ record: fc.array(report, { maxLength: 12 }) }) },
  { weight: 4, arbitrary: fc.record({ keep: fc.constantFrom(...FEW_ZONES) }) },
  {
    weight: 1,
    arbitrary: fc.record({ reprice: fc.option(fc.integer({ min: 0, max: 11 }), { nil: undefined }), from: moment }),
  },
);

describe.each(DATABASES)("on %s", (database) => {
  it("rollups are the sums of the rows, and totals the sums of the calls, whatever comes in whatever order", async () => {
    const { store, time } = await openTemp(await newDatabase(database));
    const { db } = store;
    time.now = Date.UTC(2027, 0);
    const query = fc.record({
      by: fc.subarray([...GROUPS]),
      zone: fc.constantFrom(...FEW_ZONES),
      from: moment.map((at) => at - (at % (15 * MINUTE))),
      to: moment.map((at) => at - (at % (15 * MINUTE))),
      scope: fc.constantFrom(undefined, { agentId: "a1" }, { sessionKey: usageCall(7).sessionKey }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), fc.array(query, { maxLength: 12 }), async (steps, queries) => {
        for (const table of ["usage_calls", "usage_slots", "usage_days", "usage_zones"] as const) {
          await db.deleteFrom(table).execute();
        }
        const ledger = createUsageLedger(db, () => time.now);
        const zones = new Set<string>();
        const sized = new Map<string, boolean>();
        for (const each of steps) {
          if ("keep" in each) {
            zones.add(each.keep);
            await ledger.keepDays(each.keep);
          } else if ("record" in each) {
            await ledger.record(each.record);
            for (const { id, tokens } of each.record) sized.set(id, sized.get(id) === true || tokens !== undefined);
          } else {
            const unpriced = { locality: "unknown", rate: undefined, usd: undefined, baseline: undefined } as const;
            const price = each.reprice === undefined ? unpriced : usageCall(each.reprice);
            await ledger.reprice(() => price, { from: each.from, to: each.from + DAY });
          }
        }

        const calls = await allCalls(ledger);
        expect(new Map(calls.map(({ id, tokens }) => [id, tokens !== undefined]))).toEqual(sized);
        const slots = await bothRollups(db, "usage_slots");
        expect(slots.stored).toEqual(slots.made);
        for (const each of [...queries, ...[...zones].map((zone) => ({ ...ALL_TIME, by: ["day"] as const, zone }))]) {
          const wide = {
            ...each,
            from: Math.max(each.from, Date.UTC(2026, 0)),
            to: Math.min(each.to, Date.UTC(2027, 0)),
          };
          expect(asFound(await ledger.totals(wide), wide.by)).toEqual(expected(calls, wide));
        }
      }),
      { numRuns: database === "SQLite" ? 100 : 25 },
    );
  });

  it("a day's total is the same from rows, from quarters of an hour and from kept days, in many zones", async () => {
    const { store, time } = await openTemp(await newDatabase(database));
    time.now = Date.UTC(2027, 0);
    const ledger = createUsageLedger(store.db, () => time.now);
    // A call in each quarter of an hour of four days around each clock change.
    const calls = MOMENTS.slice(0, 5).flatMap((day, change) =>
      Array.from({ length: 384 }, (_, quarter) =>
        usageCall(quarter, {
          id: `${change}-${quarter}`,
          at: day - 2 * DAY + quarter * 15 * MINUTE + (quarter % 2) * 899_999,
        }),
      ),
    );
    await ledger.record(calls);
    for (const zone of ZONES) {
      const query = { from: Date.UTC(2026, 0), to: Date.UTC(2027, 0), by: ["day", "locality"], zone } as const;
      const rows = totalsOf(calls, query);
      expect(asFound(await ledger.totals(query), query.by)).toEqual(rows);
      await ledger.keepDays(zone);
      expect(asFound(await ledger.totals(query), query.by)).toEqual(rows);
    }
  });
});

function expected(calls: readonly UsageCall[], query: Parameters<typeof totalsOf>[1]): Map<string, object> {
  const totals = totalsOf(calls, query);
  // Without groups a row of zeros comes as well.
  return totals.size === 0 && query.by.length === 0 ? new Map([["[]", nothing()]]) : totals;
}
