import type { Dialect, RawBuilder } from "kysely";

/**
 * A database that is open and ready for Kysely, with the few things that are
 * said differently from one product to another. All other SQL is portable, so
 * that a further database is one more file that makes a `Backend`. Its driver
 * must hand out 64-bit integers as numbers, and refuse those that a number
 * can't hold. A transaction must not fail halfway because another process wrote
 * in between: SQLite lets one writer in at a time, PostgreSQL several, which
 * then see what the others have committed. So read nothing in order to write
 * from it, unless the transaction has first written a row that its rivals write
 * too (the usage ledger's `takeTurn`).
 */
export interface Backend {
  readonly dialect: Dialect;
  /** Where the data is, for messages: an absolute path, or an address; never with a password in it. */
  readonly place: string;
  /** The schema that the tables are in, where the product has such a thing. */
  readonly schema?: string;
  /** Type and constraint of a primary key that counts up and never gives a number twice. */
  readonly idColumn: RawBuilder<unknown>;
  /** Ends the making of a table whose rows are to lie in the order of their primary key, where that can be had. */
  readonly inKeyOrder: RawBuilder<unknown>;
  /**
   * Statements after which `table` refuses every update, and every deletion of
   * a row whose `at` is not below the `before` of the one row in `horizon`.
   */
  readonly makeAppendOnly: (table: string, horizon: string) => readonly RawBuilder<unknown>[];
}
