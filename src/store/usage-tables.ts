import { type CreateTableBuilder, type Kysely, sql } from "kysely";
import type { Backend } from "./backend.ts";
import { KIND_COLUMNS } from "./usage-row.ts";
import { USAGE_SUMS, type UsageSum } from "./usage-sums.ts";

/**
 * The tables of the usage ledger. What many calls have in common (session, kind,
 * rate) is written once and pointed at by number, which makes a call's row and a
 * rollup's row small. No foreign keys: those rows are never deleted, and the
 * check would cost more than the row.
 */
export async function addUsage(db: Kysely<unknown>, { idColumn, inKeyOrder }: Backend): Promise<void> {
  await db.schema
    .createTable("usage_state")
    .addColumn("turn", "bigint", (column) => column.notNull())
    .addColumn("horizon", "bigint", (column) => column.notNull())
    .execute();
  await sql`insert into usage_state (turn, horizon) values (0, 0)`.execute(db);
  await db.schema
    .createTable("usage_cursors")
    .addColumn("source", "text", (column) => column.primaryKey())
    .addColumn("cursor", "text", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .execute();

  await db.schema
    .createTable("usage_sessions")
    .addColumn("id", idColumn)
    .addColumn("session_key", "text", (column) => column.notNull().unique())
    .addColumn("last_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("usage_kinds")
    .addColumn("id", idColumn)
    .addColumn("broad_id", "bigint")
    .addColumn("agent", "text")
    .addColumn("channel", "text")
    .addColumn("provider", "text", (column) => column.notNull())
    .addColumn("model", "text", (column) => column.notNull())
    .addColumn("locality", "text", (column) => column.notNull())
    .addColumn("cause", "text", (column) => column.notNull())
    .addColumn("prices", "text", (column) => column.notNull())
    .addColumn("base", "text", (column) => column.notNull())
    .addColumn("base_prices", "text", (column) => column.notNull())
    .addUniqueConstraint("usage_kinds_all", [...KIND_COLUMNS])
    .execute();
  await db.schema
    .createTable("usage_rates")
    .addColumn("id", idColumn)
    .addColumn("rate_json", "text", (column) => column.notNull().unique())
    .execute();

  await db.schema
    .createTable("usage_calls")
    .addColumn("number", idColumn)
    .addColumn("call_id", "text", (column) => column.notNull().unique())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("session_id", "bigint", (column) => column.notNull())
    .addColumn("kind_id", "bigint", (column) => column.notNull())
    .addColumn("rate_id", "bigint")
    .addColumn("input", "bigint")
    .addColumn("output", "bigint")
    .addColumn("cache_read", "bigint")
    .addColumn("cache_write", "bigint")
    .addColumn("usd_pico", "bigint")
    .addColumn("base_low_pico", "bigint")
    .addColumn("base_high_pico", "bigint")
    .addColumn("duration_ms", "bigint")
    .addColumn("outcome", "text", (column) => column.notNull().check(sql`outcome in ('answered', 'failed', 'aborted')`))
    .addColumn("fallback", "integer", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("usage_calls_at").on("usage_calls").column("at").execute();
  await db.schema.createIndex("usage_calls_session").on("usage_calls").columns(["session_id", "at"]).execute();

  await addSums(
    db.schema
      .createTable("usage_slots")
      .addColumn("session_id", "bigint", (column) => column.notNull())
      .addColumn("slot", "bigint", (column) => column.notNull())
      .addColumn("kind_id", "bigint", (column) => column.notNull()),
  )
    .addPrimaryKeyConstraint("usage_slots_key", ["session_id", "slot", "kind_id"])
    .modifyEnd(inKeyOrder)
    .execute();
  await db.schema.createIndex("usage_slots_slot").on("usage_slots").column("slot").execute();

  await db.schema
    .createTable("usage_zones")
    .addColumn("id", idColumn)
    .addColumn("name", "text", (column) => column.notNull().unique())
    .addColumn("rules", "text", (column) => column.notNull())
    .execute();
  await addSums(
    db.schema
      .createTable("usage_days")
      .addColumn("zone_id", "bigint", (column) => column.notNull())
      .addColumn("session_id", "bigint", (column) => column.notNull())
      .addColumn("kind_id", "bigint", (column) => column.notNull())
      .addColumn("day", "bigint", (column) => column.notNull()),
  )
    .addPrimaryKeyConstraint("usage_days_key", ["zone_id", "session_id", "kind_id", "day"])
    .modifyEnd(inKeyOrder)
    .execute();
}

/** Connections through the wall by host, as many as came between two looks at it; the quarters of an hour of both looks are known. */
export async function addWallTraffic(db: Kysely<unknown>, { inKeyOrder }: Backend): Promise<void> {
  await db.schema
    .createTable("wall_traffic")
    .addColumn("to_slot", "bigint", (column) => column.notNull())
    .addColumn("from_slot", "bigint", (column) => column.notNull())
    .addColumn("host", "text", (column) => column.notNull())
    .addColumn("connections", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("wall_traffic_key", ["to_slot", "from_slot", "host"])
    .modifyEnd(inKeyOrder)
    .execute();
}

function addSums<Table extends string, Columns extends string>(
  table: CreateTableBuilder<Table, Columns>,
): CreateTableBuilder<Table, Columns | UsageSum> {
  return USAGE_SUMS.reduce(
    (built, name) => built.addColumn(name, "bigint", (column) => column.notNull()),
    table as CreateTableBuilder<Table, Columns | UsageSum>,
  );
}
