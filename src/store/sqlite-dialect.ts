import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { ClutchError } from "../errors.ts";
import { type HeldFile, holdFile } from "./held-file.ts";
import { isLocked, sqliteError } from "./sqlite-error.ts";

/**
 * Kysely's own SQLite dialect over `node:sqlite`, with three differences that
 * several processes on one file need. Who finds the file locked waits `lockWaitMs` at
 * most and lets everything else go on meanwhile: SQLite's own waiting stands still,
 * also for whoever in this process holds the lock. Transactions begin by taking the write
 * lock: one that reads first and writes later would otherwise fail at once when
 * another process has written in between. And migrations run in a transaction,
 * which Kysely leaves out for SQLite although SQLite can: it makes them all or
 * nothing, and the write lock lets one process in at a time.
 *
 * Statements fail with `store_failed` where the cause is outside the program, which
 * is also where the file at `place` is not the one any more that was opened.
 */
export function createSqliteDialect(database: DatabaseSync, place: string, lockWaitMs: number): Dialect {
  return {
    createAdapter: () => Object.defineProperty(new SqliteAdapter(), "supportsTransactionalDdl", { value: true }),
    createDriver: () =>
      Object.assign(
        new SqliteDriver({
          database: asKyselyExpects(database, place),
          onCreateConnection: async (connection) => waitForLocks(connection, lockWaitMs),
        }),
        {
          beginTransaction: async (connection: Parameters<SqliteDriver["beginTransaction"]>[0]) => {
            await connection.executeQuery(CompiledQuery.raw("begin immediate"));
          },
        },
      ),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

const LOCK_RETRY_MS = 20;

/** A statement that met a lock has done nothing, so it may be repeated. */
function waitForLocks(connection: DatabaseConnection, lockWaitMs: number): void {
  const execute = connection.executeQuery.bind(connection);
  connection.executeQuery = async (query, options) => {
    const until = performance.now() + lockWaitMs;
    for (;;) {
      try {
        return await execute(query, options);
      } catch (thrown) {
        const cause = thrown instanceof ClutchError ? thrown.cause : undefined;
        if (!isLocked(cause) || performance.now() >= until) throw thrown;
      }
      await sleep(LOCK_RETRY_MS);
    }
  };
}

/** The part of better-sqlite3's interface that Kysely uses. */
function asKyselyExpects(database: DatabaseSync, place: string): SqliteDatabase {
  const file: HeldFile | undefined = place === ":memory:" ? undefined : holdFile(database, place);
  const guarded = <T>(action: () => T): T => {
    try {
      return action();
    } catch (thrown) {
      throw sqliteError(thrown, place);
    }
  };
  // A value of another type is refused by node:sqlite itself.
  const bind = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[];
  return {
    close: () => (file === undefined ? database.close() : file.close()),
    prepare: (text) => {
      // What was begun can be given up in any case.
      if (text !== "rollback") file?.check();
      const statement = guarded(() => database.prepare(text));
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => guarded(() => statement.all(...bind(parameters))),
        run: (parameters) => guarded(() => statement.run(...bind(parameters))),
        iterate: (parameters) => statement.iterate(...bind(parameters)),
      };
    },
  };
}
