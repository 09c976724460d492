import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import {
  CompiledQuery,
  type Dialect,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { sqliteError } from "./sqlite-error.ts";

/**
 * Kysely's own SQLite dialect over `node:sqlite`, with two differences that
 * several processes on one file need. Transactions begin by taking the write
 * lock: one that reads first and writes later would otherwise fail at once when
 * another process has written in between. And migrations run in a transaction,
 * which Kysely leaves out for SQLite although SQLite can: it makes them all or
 * nothing, and the write lock lets one process in at a time.
 *
 * Statements fail with `store_failed` where the cause is outside the program.
 */
export function createSqliteDialect(database: DatabaseSync, place: string): Dialect {
  return {
    createAdapter: () => Object.defineProperty(new SqliteAdapter(), "supportsTransactionalDdl", { value: true }),
    createDriver: () =>
      Object.assign(new SqliteDriver({ database: asKyselyExpects(database, place) }), {
        beginTransaction: async (connection: Parameters<SqliteDriver["beginTransaction"]>[0]) => {
          await connection.executeQuery(CompiledQuery.raw("begin immediate"));
        },
      }),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** The part of better-sqlite3's interface that Kysely uses. */
function asKyselyExpects(database: DatabaseSync, place: string): SqliteDatabase {
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
    close: () => database.close(),
    prepare: (text) => {
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
