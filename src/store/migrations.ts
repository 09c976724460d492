import { type Kysely, sql } from "kysely";
import { DEFAULT_MIGRATION_TABLE, type Migration, Migrator } from "kysely/migration";
import { ClutchError } from "../errors.ts";
import type { Backend } from "./backend.ts";
import { addBench, addBenchTold } from "./bench-tables.ts";
import { addBudgets } from "./budget-tables.ts";
import type { Schema } from "./schema.ts";
import { addUsage, addWallTraffic } from "./usage-tables.ts";

/**
 * Brings the tables to the newest form. Safe when several processes open the
 * same store at once: the first one migrates, the others wait and find it done.
 *
 * Fails with `store_failed`, and changes nothing, where the store was already
 * taken further by a newer version than this one, or where `beforeChange` does,
 * which is waited for before tables of an older version are changed. All
 * migrations are one transaction. With `upTo` it stops after that migration, as
 * an older version would.
 */
export async function migrate(
  db: Kysely<Schema>,
  backend: Backend,
  { upTo, beforeChange }: { readonly upTo?: string; readonly beforeChange?: () => Promise<void> } = {},
): Promise<void> {
  const migrations = createMigrations(backend);
  const applied = await appliedMigrations(db, backend);
  const newer = applied.find((name) => !Object.hasOwn(migrations, name));
  if (newer !== undefined) {
    throw new ClutchError(
      "store_failed",
      `The store ${backend.place} was written by a newer version of Clutch (this one does not know "${newer}"); nothing in it was changed.`,
      { hint: 'Start the newer version, or name another path under "store" in clutch.config.json.' },
    );
  }
  if (applied.length === Object.keys(migrations).length) return;
  if (applied.length > 0) await beforeChange?.();

  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
    // Without it Kysely takes the table of the same name in any schema for its own.
    ...(backend.schema === undefined ? {} : { migrationTableSchema: backend.schema }),
  });
  const { error } = await (upTo === undefined ? migrator.migrateToLatest() : migrator.migrateTo(upTo));
  if (error === undefined) return;
  if (error instanceof ClutchError) throw error;
  throw new ClutchError("store_failed", `The tables of the store ${backend.place} could not be brought up to date.`, {
    hint: "Nothing was changed. The log has the cause.",
    cause: error,
  });
}

/** Names of migrations that a store has not had yet, and those that it had from a newer version. Changes nothing. */
export function compareMigrations(applied: readonly string[]): {
  readonly pending: readonly string[];
  readonly unknown: readonly string[];
} {
  return {
    pending: MIGRATIONS.map(([name]) => name).filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => MIGRATIONS.every(([known]) => known !== name)),
  };
}

/** Names of migrations that a store has had. */
export async function appliedMigrations(
  db: Kysely<Schema>,
  backend: Pick<Backend, "schema">,
): Promise<readonly string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name, schema }) => name === DEFAULT_MIGRATION_TABLE && schema === backend.schema)) return [];
  const rows = await db
    .$extendTables<{ [DEFAULT_MIGRATION_TABLE]: { name: string } }>()
    .selectFrom(DEFAULT_MIGRATION_TABLE)
    .select("name")
    .execute();
  return rows.map(({ name }) => name);
}

/** They run in the order of their names. One that was released is never edited: a further one follows it. */
const MIGRATIONS: readonly (readonly [name: string, up: (db: Kysely<unknown>, backend: Backend) => Promise<void>])[] = [
  ["0001_changes_audit_expiring", createFirstTables],
  ["0002_returns_watched_batches", addReturnsAndWatched],
  ["0003_config_changes_souls_measurements", addConfigChanges],
  ["0004_locks_leases", addLocks],
  [
    "0005_usage",
    async (db, backend) => {
      await addUsage(db, backend);
      await addWallTraffic(db, backend);
    },
  ],
  ["0006_budgets", addBudgets],
  ["0007_bench", addBench],
  ["0008_bench_told", addBenchTold],
];

const createMigrations = (backend: Backend): Record<string, Migration> =>
  Object.fromEntries(MIGRATIONS.map(([name, up]) => [name, { up: (db: Kysely<unknown>) => up(db, backend) }]));

async function createFirstTables(db: Kysely<unknown>, { idColumn, makeAppendOnly }: Backend): Promise<void> {
  await db.schema
    .createTable("changes")
    .addColumn("id", idColumn)
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull().check(sql`state in ('intended', 'done', 'failed')`))
    .addColumn("scope", "text", (column) => column.notNull().check(sql`scope in ('session', 'agent', 'global')`))
    .addColumn("target", "text", (column) => column.notNull())
    .addColumn("session_id", "text")
    .addColumn("place", "text")
    .addColumn("actor", "text", (column) => column.notNull())
    .addColumn("before_json", "text", (column) => column.notNull())
    .addColumn("after_json", "text", (column) => column.notNull())
    .addColumn("reason", "text")
    .addColumn("failure", "text")
    .addColumn("undoes", "bigint", (column) => column.references("changes.id"))
    .addColumn("undone_by", "bigint", (column) => column.references("changes.id"))
    .execute();
  await db.schema.createIndex("changes_target").on("changes").columns(["target", "state", "id"]).execute();
  await db.schema.createIndex("changes_place").on("changes").columns(["place", "state", "id"]).execute();
  await db.schema.createIndex("changes_state").on("changes").column("state").execute();

  await db.schema
    .createTable("audit")
    .addColumn("id", idColumn)
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("actor", "text", (column) => column.notNull())
    .addColumn("place", "text")
    .addColumn("action", "text", (column) => column.notNull())
    .addColumn("target", "text")
    .addColumn("from_text", "text")
    .addColumn("to_text", "text")
    .addColumn("reason", "text")
    .addColumn("result", "text", (column) => column.notNull().check(sql`result in ('ok', 'refused', 'failed')`))
    .addColumn("code", "text")
    .addColumn("correlation", "text")
    .execute();
  await db.schema.createIndex("audit_at").on("audit").column("at").execute();
  await db.schema
    .createTable("audit_horizon")
    .addColumn("before", "bigint", (column) => column.notNull())
    .execute();
  await sql`insert into audit_horizon (before) values (0)`.execute(db);
  for (const statement of makeAppendOnly("audit", "audit_horizon")) await statement.execute(db);

  await db.schema
    .createTable("expiring")
    .addColumn("namespace", "text", (column) => column.notNull())
    .addColumn("key", "text", (column) => column.notNull())
    .addColumn("value", "text", (column) => column.notNull())
    .addColumn("expires", "bigint")
    .addPrimaryKeyConstraint("expiring_key", ["namespace", "key"])
    .execute();
  await db.schema.createIndex("expiring_expires").on("expiring").column("expires").execute();
}

async function addReturnsAndWatched(db: Kysely<unknown>, { idColumn }: Backend): Promise<void> {
  await db.schema.alterTable("changes").addColumn("batch", "text").execute();
  await db.schema.createIndex("changes_batch").on("changes").column("batch").execute();

  await db.schema
    .createTable("returns")
    .addColumn("id", idColumn)
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull().check(sql`state in ('waiting', 'done', 'dropped')`))
    .addColumn("session_key", "text", (column) => column.notNull())
    .addColumn("back_to", "text")
    .addColumn("expects", "text", (column) => column.notNull())
    .addColumn("due_at", "bigint")
    .addColumn("change_id", "bigint", (column) => column.notNull().references("changes.id"))
    .addColumn("actor", "text", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("returns_state").on("returns").columns(["state", "session_key"]).execute();

  await db.schema
    .createTable("watched")
    .addColumn("session_key", "text", (column) => column.primaryKey())
    .addColumn("pin", "text")
    .addColumn("stray", "text")
    .addColumn("at", "bigint", (column) => column.notNull())
    .execute();
}

/** A check cannot be widened in place, so the two tables are made anew; both keep their rows and numbers. */
async function addConfigChanges(db: Kysely<unknown>, { idColumn }: Backend): Promise<void> {
  await db.schema
    .createTable("changes_new")
    .addColumn("id", idColumn)
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull().check(sql`state in ('intended', 'done', 'failed')`))
    .addColumn("scope", "text", (column) =>
      column.notNull().check(sql`scope in ('session', 'agent', 'global', 'config')`),
    )
    .addColumn("target", "text", (column) => column.notNull())
    .addColumn("session_id", "text")
    .addColumn("place", "text")
    .addColumn("actor", "text", (column) => column.notNull())
    .addColumn("before_json", "text", (column) => column.notNull())
    .addColumn("after_json", "text", (column) => column.notNull())
    .addColumn("reason", "text")
    .addColumn("failure", "text")
    .addColumn("undoes", "bigint", (column) => column.references("changes_new.id"))
    .addColumn("undone_by", "bigint", (column) => column.references("changes_new.id"))
    .addColumn("batch", "text")
    .execute();
  await db.schema
    .createTable("returns_new")
    .addColumn("id", idColumn)
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull().check(sql`state in ('waiting', 'done', 'dropped')`))
    .addColumn("session_key", "text", (column) => column.notNull())
    .addColumn("back_to", "text")
    .addColumn("expects", "text", (column) => column.notNull())
    .addColumn("due_at", "bigint")
    .addColumn("change_id", "bigint", (column) => column.notNull().references("changes_new.id"))
    .addColumn("actor", "text", (column) => column.notNull())
    .execute();
  await moveRows(db, "changes", [
    ...["id", "at", "state", "scope", "target", "session_id", "place", "actor", "before_json", "after_json"],
    ...["reason", "failure", "undoes", "undone_by", "batch"],
  ]);
  await moveRows(db, "returns", [
    ...["id", "at", "state", "session_key", "back_to", "expects", "due_at", "change_id", "actor"],
  ]);
  for (const name of ["returns", "changes"]) await db.schema.dropTable(name).execute();
  for (const name of ["changes", "returns"]) await db.schema.alterTable(`${name}_new`).renameTo(name).execute();
  await db.schema.createIndex("changes_target").on("changes").columns(["target", "state", "id"]).execute();
  await db.schema.createIndex("changes_place").on("changes").columns(["place", "state", "id"]).execute();
  await db.schema.createIndex("changes_state").on("changes").column("state").execute();
  await db.schema.createIndex("changes_batch").on("changes").column("batch").execute();
  await db.schema.createIndex("returns_state").on("returns").columns(["state", "session_key"]).execute();

  await db.schema
    .createTable("souls")
    .addColumn("agent_id", "text", (column) => column.primaryKey())
    .addColumn("hash", "text", (column) => column.notNull())
    .addColumn("mirrored_json", "text", (column) => column.notNull())
    .addColumn("former_json", "text", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .execute();

  await db.schema
    .createTable("measurements")
    .addColumn("provider", "text", (column) => column.notNull())
    .addColumn("model", "text", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("value_json", "text", (column) => column.notNull())
    .addColumn("source", "text", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("measurements_key", ["provider", "model", "kind"])
    .execute();
}

async function addLocks(db: Kysely<unknown>, { idColumn }: Backend): Promise<void> {
  await db.schema
    .createTable("locks")
    .addColumn("id", idColumn)
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("wanted", "text", (column) => column.notNull().check(sql`wanted in ('on', 'off')`))
    .addColumn("state", "text", (column) => column.notNull().check(sql`state in ('working', 'done', 'failed')`))
    .addColumn("step", "text", (column) => column.notNull())
    .addColumn("lock_id", "text", (column) => column.notNull())
    .addColumn("actor", "text", (column) => column.notNull())
    .addColumn("place", "text")
    .addColumn("reason", "text")
    .addColumn("details_json", "text", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("leases")
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("holder", "text", (column) => column.notNull())
    .addColumn("until", "bigint", (column) => column.notNull())
    .execute();
}

/** Only where there are rows: a new store has none, and not every database lets rows bring their own numbers. */
async function moveRows(db: Kysely<unknown>, table: string, columns: readonly string[]): Promise<void> {
  const { rows } = await sql`select 1 from ${sql.table(table)} limit 1`.execute(db);
  if (rows.length === 0) return;
  const names = sql.join(columns.map((column) => sql.ref(column)));
  await sql`insert into ${sql.table(`${table}_new`)} (${names}) select ${names} from ${sql.table(table)}`.execute(db);
}
