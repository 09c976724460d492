import { type Kysely, sql } from "kysely";
import type { UsageCall } from "../models/usage-call.ts";
import { BATCH, inBatches } from "./in-batches.ts";
import { createCalendars } from "./local-days.ts";
import type { Schema } from "./schema.ts";
import { changeRollups, keepDays, type RollupChange } from "./usage-rollups.ts";
import { kindOf, learnFrom, type PriceOf, priceColumns, pricedCall, rateText, soundCall, toCall } from "./usage-row.ts";
import { readTotals, type UsagePeriod, type UsageQuery, type UsageScope, type UsageTotal } from "./usage-totals.ts";
import { idIn, internKinds, internRates, kindText, selectCalls, takeTurn, writeCalls } from "./usage-writer.ts";

export interface RecordedCalls {
  /** Calls that are new. */
  readonly added: number;
  /** Calls that were there without their size, and have it now. */
  readonly completed: number;
  /** Calls from before what retention has deleted: they may have been counted already, so they are left out. */
  readonly tooOld: number;
}

/**
 * All model calls, a row each, and their sums, which are changed together with
 * the rows: by quarters of an hour, and by the days of the zones that are kept.
 */
export interface UsageLedger {
  /**
   * Writes calls down, some hundreds at a time: where it fails, or the process
   * dies, those before are in the ledger whole, and writing all of them again
   * adds the rest. A call that is there stays as it is, but for what was not known
   * of it: its size, what it was for, and that it stood in for another. `onWritten`
   * is told of those that are new, or better known, as soon as they are in the ledger.
   */
  record(calls: readonly UsageCall[], onWritten?: (calls: readonly UsageCall[]) => void): Promise<RecordedCalls>;
  /**
   * From now on the days of this zone (IANA name) are added up as calls come in,
   * which makes `totals` in that zone fast. The first time it adds up the past.
   */
  keepDays(zone: string): Promise<void>;
  /** Throws `bad_config` for a zone that is none. */
  totals(query: UsageQuery): Promise<readonly UsageTotal[]>;
  /** The calls that are still there, oldest first, read some at a time. */
  calls(query: UsagePeriod & { readonly scope?: UsageScope | undefined }): AsyncIterable<UsageCall>;
  /**
   * Prices the calls of a period anew, with where they ran and what they are
   * compared with, and returns how many of these changed, some hundreds at a time.
   * A call of unknown size keeps a rate at most. Calls that retention has deleted
   * keep what they had.
   */
  reprice(priceAnew: PriceAnew, period: UsagePeriod): Promise<number>;
  /** How far a source was read, in its own words. */
  cursor(source: string): Promise<string | undefined>;
  setCursor(source: string, cursor: string): Promise<void>;
  /** Deletes calls older than so many days, and returns how many; 0 keeps everything. The sums stay. */
  retain(days: number): Promise<number>;
  /** Another number after each write, by whichever process: what was read before may be old. */
  version(): Promise<number>;
  /** Every session with a call, the one with the newest first. */
  sessionsSeen(): Promise<readonly { readonly sessionKey: string; readonly lastAt: number }[]>;
}

/** Where a call that is in the ledger ran, and what it costs. */
export type PriceAnew = (call: UsageCall) => ReturnType<PriceOf> & Pick<UsageCall, "locality">;

const DAY_MS = 24 * 60 * 60_000;

/** `clock` gives milliseconds since the epoch. `priceOf` is asked where a second report of a call changes what it costs. */
export function createUsageLedger(
  db: Kysely<Schema>,
  clock: () => number,
  priceOf: PriceOf = () => ({ rate: undefined, usd: undefined, baseline: undefined }),
): UsageLedger {
  const calendars = createCalendars();

  const page = async (period: UsagePeriod, scope: UsageScope | undefined, after: { at: number; number: number }) => {
    let query = selectCalls(db)
      .where("at", ">=", period.from)
      .where("at", "<", period.to)
      .where((row) =>
        row.or([row("at", ">", after.at), row.and([row("at", "=", after.at), row("number", ">", after.number)])]),
      );
    if (scope?.sessionKey !== undefined) query = query.where("session_key", "=", scope.sessionKey);
    if (scope?.agentId !== undefined) query = query.where("agent", "=", scope.agentId);
    return query.orderBy("at").orderBy("number").limit(BATCH).execute();
  };

  return {
    async record(calls, onWritten) {
      let [added, completed, tooOld] = [0, 0, 0];
      for (const batch of inBatches(oncePerId(calls.map(soundCall), priceOf))) {
        const { written, ...counts } = await db.transaction().execute(async (transaction) => {
          const { horizon } = await takeTurn(transaction);
          const young = batch.filter(({ at }) => at >= horizon);
          return { ...(await writeCalls(transaction, calendars, young, priceOf)), tooOld: batch.length - young.length };
        });
        if (written.length > 0) onWritten?.(written);
        added += counts.added;
        completed += counts.completed;
        tooOld += counts.tooOld;
      }
      return { added, completed, tooOld };
    },

    keepDays: (zone) =>
      db.transaction().execute(async (transaction) => {
        await takeTurn(transaction);
        await keepDays(transaction, calendars, zone);
      }),

    totals: (query) => readTotals(db, calendars, query, clock()),

    async *calls({ scope, ...period }) {
      for (let after = { at: period.from - 1, number: 0 }; ; ) {
        const rows = await page(period, scope, after);
        for (const row of rows) yield toCall(row);
        const last = rows.at(-1);
        if (last === undefined) return;
        after = last;
      }
    },

    async reprice(priceAnew, period) {
      let changed = 0;
      for (let after = { at: period.from - 1, number: 0 }; ; ) {
        const rows = await page(period, undefined, after);
        const last = rows.at(-1);
        if (last === undefined) return changed;
        const numbers = rows.map(({ number }) => number);
        changed += await db.transaction().execute(async (transaction) => {
          await takeTurn(transaction);
          return repriceRows(transaction, numbers, priceAnew);
        });
        after = last;
      }
    },

    async cursor(source) {
      const row = await db.selectFrom("usage_cursors").select("cursor").where("source", "=", source).executeTakeFirst();
      return row?.cursor;
    },

    async setCursor(source, cursor) {
      const row = { cursor, at: clock() };
      await db
        .insertInto("usage_cursors")
        .values({ source, ...row })
        .onConflict((conflict) => conflict.column("source").doUpdateSet(row))
        .execute();
    },

    async retain(days) {
      if (days === 0) return 0;
      const before = clock() - days * DAY_MS;
      for (let deleted = 0; ; ) {
        const some = await db.transaction().execute(async (transaction) => {
          await takeTurn(transaction);
          return deleteSome(transaction, before);
        });
        if (some === 0) return deleted;
        deleted += some;
      }
    },

    async version() {
      return (await db.selectFrom("usage_state").select("turn").executeTakeFirstOrThrow()).turn;
    },

    async sessionsSeen() {
      const rows = await db
        .selectFrom("usage_sessions")
        .select(["session_key", "last_at"])
        .orderBy("last_at", "desc")
        .execute();
      return rows.map(({ session_key, last_at }) => ({ sessionKey: session_key, lastAt: last_at }));
    },
  };

  async function repriceRows(
    transaction: Kysely<Schema>,
    numbers: readonly number[],
    priceAnew: PriceAnew,
  ): Promise<number> {
    const rows = await selectCalls(transaction).where("number", "in", numbers).execute();
    const priced = rows.map((row) => {
      const call = toCall(row);
      const { locality, ...price } = priceAnew(call);
      return { row, call: pricedCall({ ...call, locality }, price) };
    });
    const calls = priced.map(({ call }) => call);
    const rates = await internRates(transaction, calls);
    const kinds = await internKinds(transaction, calls);
    const changed = priced.flatMap(({ row, call }) => {
      const rateId = call.rate === undefined ? null : idIn(rates, rateText(call.rate));
      const next = { ...priceColumns(call, rateId), kind_id: idIn(kinds, kindText(kindOf(call))) };
      return REPRICED.every((column) => next[column] === row[column]) ? [] : [{ row, next }];
    });
    if (changed.length === 0) return 0;
    const whole = (value: number | null) => sql`cast(${sql.lit(value)} as bigint)`;
    const prices = changed.map(
      ({ row, next }) => sql`(${whole(row.number)}, ${sql.join(REPRICED.map((column) => whole(next[column])))})`,
    );
    const columns = sql.join(REPRICED.map((column) => sql.ref(column)));
    const set = sql.join(REPRICED.map((column) => sql`${sql.ref(column)} = ${sql.ref(`prices.${column}`)}`));
    await sql`
      with prices(number, ${columns}) as (values ${sql.join(prices)})
      update usage_calls set ${set}
      from prices where usage_calls.number = prices.number`.execute(transaction);
    const changes = changed.flatMap(({ row, next }): RollupChange[] => [
      { row, sign: -1n },
      { row: { ...row, ...next }, sign: 1n },
    ]);
    await changeRollups(transaction, calendars, changes);
    return changed.length;
  }
}

/** What of a row follows from prices, and from where it ran. */
const REPRICED = ["kind_id", "rate_id", "usd_pico", "base_low_pico", "base_high_pico"] as const;

/** The horizon follows what was deleted, so that calls older than the retention can still be imported where none were. */
async function deleteSome(transaction: Kysely<Schema>, before: number): Promise<number> {
  const oldest = await transaction
    .selectFrom("usage_calls")
    .select(["number", "at"])
    .where("at", "<", before)
    .orderBy("at")
    .limit(BATCH)
    .execute();
  const newest = oldest.at(-1);
  if (newest === undefined) return 0;
  await transaction
    .deleteFrom("usage_calls")
    .where(
      "number",
      "in",
      oldest.map(({ number }) => number),
    )
    .execute();
  await transaction
    .updateTable("usage_state")
    .set({ horizon: newest.at + 1 })
    .where("horizon", "<=", newest.at)
    .execute();
  return oldest.length;
}

/** Of several reports of one call there is one, with all that they know. */
function oncePerId(calls: readonly UsageCall[], priceOf: PriceOf): readonly UsageCall[] {
  const byId = new Map<string, UsageCall>();
  for (const call of calls) {
    const known = byId.get(call.id);
    byId.set(call.id, known === undefined ? call : (learnFrom(known, call, priceOf) ?? known));
  }
  return [...byId.values()];
}
