import type { Dialect, RawBuilder } from "kysely";

/**
 * A database that is open and ready for Kysely, with the few things that are
 * said differently from one product to another. All other SQL is portable, so
 * that a further database is one more file that makes a `Backend`. Its driver
 * must hand out 64-bit integers as numbers, and begin transactions so that they
 * can't fail halfway because another process wrote in between.
 */
export interface Backend {
  readonly dialect: Dialect;
  /** Where the data is, for messages: an absolute path; never with a password in it. */
  readonly place: string;
  /** Type and constraint of a primary key that counts up and never gives a number twice. */
  readonly idColumn: RawBuilder<unknown>;
  /**
   * Statements after which `table` refuses every update, and every deletion of
   * a row whose `at` is not below the `before` of the one row in `horizon`.
   */
  readonly makeAppendOnly: (table: string, horizon: string) => readonly RawBuilder<unknown>[];
}
