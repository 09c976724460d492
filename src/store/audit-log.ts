import type { Kysely } from "kysely";
import { z } from "zod";
import { correlationId } from "../correlation.ts";
import type { Schema } from "./schema.ts";
import { nullable, parseRow } from "./stored-row.ts";

export interface NewAuditEntry {
  /** `platform:user`, such as `discord:123`. */
  readonly actor: string;
  /** Session key of the conversation in which it was typed. */
  readonly place?: string | undefined;
  /** What was asked for, such as `model.use`. */
  readonly action: string;
  /** Session key, agent id or whatever else it was asked for. */
  readonly target?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Why, in the words of the person or of Clutch. */
  readonly reason?: string | undefined;
  readonly result: "ok" | "refused" | "failed";
  /** The error's code, where the result is not `ok`. */
  readonly code?: string | undefined;
  /** Ties together the entries and log lines of one invocation; that of the present one where not given. */
  readonly correlation?: string | undefined;
}

export interface AuditEntry extends NewAuditEntry {
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface AuditFilter {
  readonly actor?: string | undefined;
  readonly place?: string | undefined;
  readonly target?: string | undefined;
  readonly action?: string | undefined;
  /** From this moment on, in milliseconds since the epoch. */
  readonly since?: number | undefined;
  /** Before this moment, in milliseconds since the epoch. */
  readonly until?: number | undefined;
  /** At most so many entries, the newest; 100 where not given. */
  readonly limit?: number | undefined;
}

/**
 * Who did what, append-only: triggers of the database refuse every update, and
 * every deletion that does not come with `prune`. That guards against mistakes
 * in this program; whoever owns the file can still rewrite it.
 */
export interface AuditLog {
  append(entry: NewAuditEntry): Promise<void>;
  /** The entries that fit all that is given, newest first. */
  list(filter?: AuditFilter): Promise<readonly AuditEntry[]>;
  /**
   * Retention: deletes the entries older than `before` (milliseconds since the
   * epoch, taken as now where it lies ahead) and returns how many. The moment
   * is written down first, and the trigger lets deletions through up to it.
   */
  prune(before: number): Promise<number>;
}

/** `clock` gives milliseconds since the epoch; `hide` takes secrets out of what people typed and others answered. */
export function createAuditLog(
  db: Kysely<Schema>,
  clock: () => number,
  hide: <T>(value: T) => T = (same) => same,
): AuditLog {
  return {
    async append(given) {
      const entry = hide(given);
      await db
        .insertInto("audit")
        .values({
          at: clock(),
          actor: entry.actor,
          place: entry.place ?? null,
          action: entry.action,
          target: entry.target ?? null,
          from_text: entry.from ?? null,
          to_text: entry.to ?? null,
          reason: entry.reason ?? null,
          result: entry.result,
          code: entry.code ?? null,
          correlation: entry.correlation ?? correlationId() ?? null,
        })
        .execute();
    },

    async list(filter = {}) {
      let query = db.selectFrom("audit").selectAll();
      for (const column of ["actor", "place", "target", "action"] as const) {
        const value = filter[column];
        if (value !== undefined) query = query.where(column, "=", value);
      }
      if (filter.since !== undefined) query = query.where("at", ">=", filter.since);
      if (filter.until !== undefined) query = query.where("at", "<", filter.until);
      const rows = await query
        .orderBy("id", "desc")
        .limit(filter.limit ?? 100)
        .execute();
      return rows.map(toEntry);
    },

    prune: (before) =>
      db.transaction().execute(async (transaction) => {
        const horizon = Math.min(before, clock());
        await transaction.updateTable("audit_horizon").set({ before: horizon }).execute();
        const { numDeletedRows } = await transaction.deleteFrom("audit").where("at", "<", horizon).executeTakeFirst();
        return Number(numDeletedRows);
      }),
  };
}

const Row = z.object({
  id: z.int(),
  at: z.int(),
  actor: z.string(),
  place: nullable(z.string()),
  action: z.string(),
  target: nullable(z.string()),
  from_text: nullable(z.string()),
  to_text: nullable(z.string()),
  reason: nullable(z.string()),
  result: z.enum(["ok", "refused", "failed"]),
  code: nullable(z.string()),
  correlation: nullable(z.string()),
});

function toEntry(stored: unknown): AuditEntry {
  const { from_text, to_text, ...row } = parseRow(Row, "audit", stored);
  return { ...row, from: from_text, to: to_text };
}
