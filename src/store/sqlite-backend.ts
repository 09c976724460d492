import { chmodSync, closeSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { DEFAULT_MIGRATION_TABLE } from "kysely/migration";
import { ClutchError } from "../errors.ts";
import type { Backend } from "./backend.ts";
import { createSqliteDialect } from "./sqlite-dialect.ts";
import { isLocked, sqliteError } from "./sqlite-error.ts";

/** How long to wait for another process to let go of the file, in milliseconds. */
const LOCK_WAIT = 5_000;
const LOCK_RETRY = 100;

/**
 * Opens the database file at `path`, or a database in memory for `:memory:`.
 * A missing file is made with mode 0600, a missing folder with 0700; from an
 * existing file the access of others is taken away. WAL lets several processes
 * read while one writes. `synchronous = NORMAL` keeps what was written through
 * a crash of the process, but a power cut may take the last moments.
 *
 * Fails with `store_failed` (path and remedy in it) before anything in the file
 * is changed: on a directory, a file that is not SQLite or belongs to another
 * program, a place that can't be written, a lock held for more than 5 s.
 */
export async function openSqlite(path: string): Promise<Backend> {
  const inMemory = path === ":memory:";
  const place = inMemory ? path : resolve(path);
  let database: DatabaseSync | undefined;
  try {
    if (!inMemory) createPrivately(place);
    database = new DatabaseSync(place, { timeout: 0 });
    await enterWal(database, place);
    if (!inMemory) makePrivate(place);
    database.exec(`
      pragma synchronous = normal;
      pragma foreign_keys = on;
      pragma recursive_triggers = on;
    `);
  } catch (thrown) {
    database?.close();
    throw sqliteError(thrown, place);
  }
  return {
    dialect: createSqliteDialect(database, place, LOCK_WAIT),
    place,
    idColumn: sql`integer primary key autoincrement`,
    inKeyOrder: sql`without rowid`,
    makeAppendOnly: (table, horizon) => [
      sql`create trigger ${sql.id(`${table}_no_update`)} before update on ${sql.table(table)}
          begin select raise(abort, ${sql.lit(`${table} is append-only`)}); end`,
      sql`create trigger ${sql.id(`${table}_no_delete`)} before delete on ${sql.table(table)}
          when old.at >= (select before from ${sql.table(horizon)})
          begin select raise(abort, ${sql.lit(`${table} is append-only`)}); end`,
    ],
  };
}

/**
 * Never opens a file that exists: closing it again would drop the locks that
 * SQLite holds on it elsewhere in this process
 * (https://www.sqlite.org/howtocorrupt.html, section 2.2).
 */
function createPrivately(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(file, "wx", 0o600));
  } catch (thrown) {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) throw thrown;
    if (stat.isDirectory()) {
      throw new ClutchError("store_failed", `The store ${file} is a folder, and a file is needed.`, {
        hint: 'Name a file in it, such as clutch.db, under "store" in clutch.config.json.',
      });
    }
  }
}

function makePrivate(file: string): void {
  const { mode } = statSync(file);
  if ((mode & 0o077) !== 0) chmodSync(file, mode & 0o700);
}

/**
 * Entering WAL needs the file alone for a moment, and SQLite's own busy timeout
 * does not always apply to it: whoever comes second is refused at once.
 */
async function enterWal(database: DatabaseSync, place: string): Promise<void> {
  for (let waited = 0; ; waited += LOCK_RETRY) {
    try {
      refuseForeign(database, place);
      database.exec("pragma journal_mode = wal");
      return;
    } catch (thrown) {
      if (!isLocked(thrown) || waited >= LOCK_WAIT) throw thrown;
    }
    await sleep(LOCK_RETRY);
  }
}

/** The migrator's own table is the first one that is made in a store. Throws `store_failed`. */
export function refuseForeign(database: DatabaseSync, place: string): void {
  const tables = database.prepare("select name from sqlite_schema where type = 'table'").all();
  if (tables.length === 0 || tables.some(({ name }) => name === DEFAULT_MIGRATION_TABLE)) return;
  throw new ClutchError(
    "store_failed",
    `The store ${place} is the database of another program; it was left as it is.`,
    {
      hint: 'Name another path under "store" in clutch.config.json.',
    },
  );
}
