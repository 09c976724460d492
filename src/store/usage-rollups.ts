import { type Kysely, type RawBuilder, sql } from "kysely";
import { inBatches } from "./in-batches.ts";
import { type Calendars, type LocalDay, SLOT_MS } from "./local-days.ts";
import type { Schema } from "./schema.ts";
import type { UsageRow } from "./usage-row.ts";
import { NOTHING, sumsOf, USAGE_SUMS, type UsageSum, type UsageSums } from "./usage-sums.ts";

/** A row that is counted from now on (1n), or no more (-1n). */
export interface RollupChange {
  readonly row: UsageRow;
  readonly sign: 1n | -1n;
}

/** Stands in for the number of a session in `usage_days`. */
export const ALL_SESSIONS = 0;

/** Brings the rollups after the rows, in the transaction that changes the rows and has its turn. */
export async function changeRollups(
  transaction: Kysely<Schema>,
  calendars: Calendars,
  changes: readonly RollupChange[],
): Promise<void> {
  const zones = await transaction.selectFrom("usage_zones").select(["id", "name"]).execute();
  const keepers = zones.map(({ id, name }) => ({ id, days: calendars.of(name) }));
  const broad = keepers.length === 0 ? new Map<number, number>() : await findBroadKinds(transaction, changes);
  const slots = createCells<{ session_id: number; slot: number; kind_id: number }>();
  const days = createCells<{ zone_id: number; session_id: number; kind_id: number; day: number }>();
  for (const { row, sign } of changes) {
    const { session_id, kind_id, at } = row;
    const sums = sumsOf(row);
    slots.add({ session_id, slot: Math.floor(at / SLOT_MS), kind_id }, sums, sign);
    for (const zone of keepers) {
      const zone_id = zone.id;
      const { day } = zone.days.at(at);
      days.add({ zone_id, session_id, kind_id, day }, sums, sign);
      for (const kind of [kind_id, broad.get(kind_id)]) {
        if (kind !== undefined) days.add({ zone_id, session_id: ALL_SESSIONS, kind_id: kind, day }, sums, sign);
      }
    }
  }
  for (const some of inBatches(slots.all())) {
    await transaction
      .insertInto("usage_slots")
      .values([...some])
      .onConflict((conflict) => conflict.columns(["session_id", "slot", "kind_id"]).doUpdateSet(added("usage_slots")))
      .execute();
  }
  for (const some of inBatches(days.all())) {
    await transaction
      .insertInto("usage_days")
      .values([...some])
      .onConflict((conflict) =>
        conflict.columns(["zone_id", "session_id", "kind_id", "day"]).doUpdateSet(added("usage_days")),
      )
      .execute();
  }
}

async function findBroadKinds(
  transaction: Kysely<Schema>,
  changes: readonly RollupChange[],
): Promise<ReadonlyMap<number, number>> {
  const kinds = [...new Set(changes.map(({ row }) => row.kind_id))];
  const rows = await transaction
    .selectFrom("usage_kinds")
    .select(["id", "broad_id"])
    .where("id", "in", kinds)
    .execute();
  return new Map(rows.flatMap(({ id, broad_id }) => (broad_id === null ? [] : [[id, broad_id]])));
}

function createCells<Key extends Readonly<Record<string, number>>>() {
  const cells = new Map<string, { readonly key: Key; readonly sums: Record<UsageSum, bigint> }>();
  return {
    add(key: Key, sums: UsageSums, sign: 1n | -1n): void {
      const text = Object.values(key).join();
      const cell = cells.get(text) ?? { key, sums: { ...NOTHING } };
      cells.set(text, cell);
      for (const sum of USAGE_SUMS) cell.sums[sum] += sign * sums[sum];
    },
    all: (): (Key & UsageSums)[] => [...cells.values()].map(({ key, sums }) => ({ ...key, ...sums })),
  };
}

const added = (table: string): Record<UsageSum, RawBuilder<bigint>> => {
  const entries = USAGE_SUMS.map((sum) => [sum, sql`${sql.ref(`${table}.${sum}`)} + ${sql.ref(`excluded.${sum}`)}`]);
  return Object.fromEntries(entries);
};

/** How many days are cut with one statement. */
const DAYS_AT_ONCE = 100;

/**
 * From now on keeps the sums of the zone's days, and adds up those of the past
 * from the quarters of an hour: once, and again where Node.js brings newer rules
 * of the world's time zones than those by which they were added up.
 */
export async function keepDays(transaction: Kysely<Schema>, calendars: Calendars, zone: string): Promise<void> {
  const days = calendars.of(zone);
  const rules = process.versions["tz"] ?? "";
  const known = await transaction.selectFrom("usage_zones").selectAll().where("name", "=", zone).executeTakeFirst();
  if (known?.rules === rules) return;
  const { id } = await transaction
    .insertInto("usage_zones")
    .values({ name: zone, rules })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ rules }))
    .returning("id")
    .executeTakeFirstOrThrow();
  await transaction.deleteFrom("usage_days").where("zone_id", "=", id).execute();
  const { first, last } = await transaction
    .selectFrom("usage_slots")
    .select((column) => [column.fn.min("slot").as("first"), column.fn.max("slot").as("last")])
    .executeTakeFirstOrThrow();
  if (first === null || last === null) return;
  const past = days.between(Number(first) * SLOT_MS, (Number(last) + 1) * SLOT_MS);
  const columns = sql.join(USAGE_SUMS.map((sum) => sql.ref(sum)));
  const sums = sql.join(USAGE_SUMS.map((sum) => sql`sum(${sql.ref(sum)})`));
  for (let done = 0; done < past.length; done += DAYS_AT_ONCE) {
    await sql`
      ${rangesOf(past.slice(done, done + DAYS_AT_ONCE))}
      insert into usage_days (zone_id, session_id, kind_id, day, ${columns})
      select ${sql.lit(id)}, session_id, kind_id, ranges.day, ${sums}
      from ranges cross join usage_slots
      where slot >= ranges.since and slot < ranges.until
      group by session_id, kind_id, ranges.day`.execute(transaction);
  }
  const all = sql.lit(ALL_SESSIONS);
  await sql`
    insert into usage_days (zone_id, session_id, kind_id, day, ${columns})
    select zone_id, ${all}, kind_id, day, ${sums}
    from usage_days where zone_id = ${id} group by zone_id, kind_id, day`.execute(transaction);
  await sql`
    insert into usage_days (zone_id, session_id, kind_id, day, ${columns})
    select zone_id, ${all}, broad_id, day, ${sums}
    from usage_days inner join usage_kinds on usage_kinds.id = kind_id
    where zone_id = ${id} and session_id = ${all}
    group by zone_id, broad_id, day`.execute(transaction);
}

/** Days, or parts of days, as a table `ranges` of day, first slot and slot after the last. */
export function rangesOf(days: readonly LocalDay[]): RawBuilder<unknown> {
  const rows = days.map(({ day, from, until }) => {
    const numbers = [day, Math.floor(from / SLOT_MS), Math.ceil(until / SLOT_MS)];
    return sql`(${sql.join(numbers.map((number) => sql.lit(number)))})`;
  });
  return sql`with ranges(day, since, until) as (values ${sql.join(rows)})`;
}
