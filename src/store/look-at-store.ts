import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { Kysely, sql } from "kysely";
import { DEFAULT_MIGRATION_TABLE } from "kysely/migration";
import { z } from "zod";
import { GONE, isGone } from "./mend-store.ts";
import { appliedMigrations, compareMigrations } from "./migrations.ts";
import { openBackend } from "./open-store.ts";
import type { Schema } from "./schema.ts";
import { refuseForeign } from "./sqlite-backend.ts";
import { damageOf } from "./sqlite-damage.ts";
import { sqliteError } from "./sqlite-error.ts";
import { sqlitePath, storeFile } from "./store-file.ts";

/** How a store is, looked at without changing anything in it. */
export type StoreLook =
  /** There is no file yet; it is made at the first start. */
  | { readonly kind: "missing"; readonly place: string }
  /** In words: what SQLite found. */
  | { readonly kind: "damaged"; readonly place: string; readonly damage: string }
  | {
      readonly kind: "there";
      readonly product: "SQLite" | "PostgreSQL";
      /** Path or address, without a password. */
      readonly place: string;
      readonly sizeBytes: number;
      /** SQLite's `journal_mode`; `wal` lets others read while one writes. */
      readonly journal?: string;
      /** Whether it was looked through page by page. */
      readonly isChecked: boolean;
      readonly pending: readonly string[];
      /** Migrations of a newer Clutch. */
      readonly unknown: readonly string[];
    };

/** More than this is not checked page by page, bytes: it takes the process a second and more. */
const CHECKED_BYTES = 64 * 1024 ** 2;

/**
 * Looks at the store that `url` names. `whole` checks a file page by page whatever
 * its size. Throws as `openStore` does: `bad_config`, and `store_failed` where it
 * cannot be opened or read.
 */
export async function lookAtStore(
  url: string,
  { whole = false }: { readonly whole?: boolean } = {},
): Promise<StoreLook> {
  if (sqlitePath(url) === ":memory:") return { kind: "missing", place: ":memory:" };
  const file = storeFile(url);
  return file === undefined ? lookAtServer(url) : lookAtFile(file, whole);
}

function lookAtFile(place: string, whole: boolean): StoreLook {
  let database: DatabaseSync | undefined;
  try {
    const stats = statSync(place, { throwIfNoEntry: false });
    if (stats === undefined)
      return isGone(place) ? { kind: "damaged", place, damage: GONE } : { kind: "missing", place };
    const isChecked = whole || stats.size <= CHECKED_BYTES;
    const damage = isChecked ? damageOf(place) : undefined;
    if (damage !== undefined) return { kind: "damaged", place, damage };
    database = new DatabaseSync(place, { readOnly: true, timeout: 2_000 });
    refuseForeign(database, place);
    const values = (query: string): string[] =>
      (database?.prepare(query).all() ?? []).map((row) => String(Object.values(row)[0]));
    const journal = values("pragma journal_mode")[0] ?? "";
    const tables = values("select name from sqlite_schema where type = 'table'");
    const applied = tables.includes(DEFAULT_MIGRATION_TABLE)
      ? values(`select name from ${DEFAULT_MIGRATION_TABLE}`)
      : [];
    const wal = statSync(`${place}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    return {
      kind: "there",
      product: "SQLite",
      place,
      sizeBytes: stats.size + wal,
      journal,
      isChecked,
      ...compareMigrations(applied),
    };
  } catch (thrown) {
    throw sqliteError(thrown, place);
  } finally {
    database?.close();
  }
}

const sizeRow = z.object({ bytes: z.coerce.number() });

async function lookAtServer(url: string): Promise<StoreLook> {
  const backend = await openBackend(url);
  const db = new Kysely<Schema>({ dialect: backend.dialect });
  try {
    const { rows } = await sql`select pg_database_size(current_database()) as bytes`.execute(db);
    const { bytes } = sizeRow.parse(rows[0]);
    const compared = compareMigrations(await appliedMigrations(db, backend));
    return {
      kind: "there",
      product: "PostgreSQL",
      place: backend.place,
      sizeBytes: bytes,
      isChecked: false,
      ...compared,
    };
  } finally {
    await db.destroy();
  }
}
