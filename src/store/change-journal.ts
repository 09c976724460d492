import type { Kysely } from "kysely";
import { z } from "zod";
import type { Schema } from "./schema.ts";
import { json, nullable, parseRow } from "./stored-row.ts";

/**
 * What stood, or stands, where a change was made, as OpenClaw writes it there:
 * null where nothing was set, a string such as `provider/model`, the object of
 * an agent's `model` (`{ primary, fallbacks }`), or several slots of the
 * configuration. Kept word for word, so that an undo puts back exactly what was
 * there.
 */
export type ChangeState = string | null | Readonly<Record<string, unknown>>;

export interface NewChange {
  readonly scope: "session" | "agent" | "global" | "config";
  /** Session key, agent id, `defaults` for the global scope, or what slots of the configuration are for. */
  readonly target: string;
  /** OpenClaw's id of the session at the time, for a change of a session. */
  readonly sessionId?: string | undefined;
  /** Session key of the conversation in which the change was typed. */
  readonly place?: string | undefined;
  /** `platform:user`, such as `discord:123`. */
  readonly actor: string;
  readonly before: ChangeState;
  readonly after: ChangeState;
  /** Why the person made it, in their words. */
  readonly reason?: string | undefined;
  /** The change that this one takes back. */
  readonly undoes?: number | undefined;
  /** Names the changes that one command makes together. */
  readonly batch?: string | undefined;
}

export interface Change extends NewChange {
  readonly id: number;
  /** When it was intended, in milliseconds since the epoch. */
  readonly at: number;
  readonly state: "intended" | "done" | "failed";
  /** Why it failed. */
  readonly failure?: string | undefined;
  /** The change that took this one back. */
  readonly undoneBy?: number | undefined;
}

/**
 * The journal of model changes: `intend` before anything is changed, then
 * `done` or `failed`. What is still `intended` after a crash may or may not
 * have happened: look, then settle it. The writes that settle are conditional
 * and return whether they took place, so that two processes never settle one
 * change differently.
 */
export interface ChangeJournal {
  intend(change: NewChange): Promise<number>;
  /**
   * Settles an intended change as done, with what was read back where that
   * differs from what was intended. Marks the change that it undoes, if any, in
   * the same transaction. False where the change was already settled.
   */
  done(id: number, after?: ChangeState): Promise<boolean>;
  /** Settles an intended change as failed. False where it was already settled. */
  failed(id: number, reason: string): Promise<boolean>;
  find(id: number): Promise<Change | undefined>;
  /**
   * The latest change that is done, was not undone and is no undo itself, at
   * this target and typed at this place (all, where neither is given).
   */
  lastUndoable(where: { readonly target?: string; readonly place?: string }): Promise<Change | undefined>;
  /** All changes that are done, were not undone and are no undo themselves, latest first; at one target where it is given. */
  undoable(target?: string): Promise<readonly Change[]>;
  /** The latest change at this target, whatever became of it. */
  latest(target: string): Promise<Change | undefined>;
  /** The changes that one command made together, oldest first, whatever became of them. */
  inBatch(batch: string): Promise<readonly Change[]>;
  /** Marks a done change as undone by another. True where it is so afterwards, false where something else undid it first. */
  markUndone(id: number, by: number): Promise<boolean>;
  /**
   * Changes that are not settled, oldest first. One that is young may belong to
   * another process that is at work on it now.
   */
  unfinished(): Promise<readonly Change[]>;
}

/** `clock` gives milliseconds since the epoch. */
export function createChangeJournal(db: Kysely<Schema>, clock: () => number): ChangeJournal {
  return {
    async intend(change) {
      const row = await db
        .insertInto("changes")
        .values({
          at: clock(),
          state: "intended",
          scope: change.scope,
          target: change.target,
          session_id: change.sessionId ?? null,
          place: change.place ?? null,
          actor: change.actor,
          before_json: JSON.stringify(change.before),
          after_json: JSON.stringify(change.after),
          reason: change.reason ?? null,
          failure: null,
          undoes: change.undoes ?? null,
          undone_by: null,
          batch: change.batch ?? null,
        })
        .returning("id")
        .executeTakeFirstOrThrow();
      return row.id;
    },

    done: (id, after) =>
      db.transaction().execute(async (transaction) => {
        const settled = await transaction
          .updateTable("changes")
          .set({ state: "done", ...(after === undefined ? {} : { after_json: JSON.stringify(after) }) })
          .where("id", "=", id)
          .where("state", "=", "intended")
          .returning("undoes")
          .executeTakeFirst();
        if (settled === undefined) return false;
        if (settled.undoes !== null) await markUndone(transaction, settled.undoes, id);
        return true;
      }),

    async failed(id, reason) {
      const { numUpdatedRows } = await db
        .updateTable("changes")
        .set({ state: "failed", failure: reason })
        .where("id", "=", id)
        .where("state", "=", "intended")
        .executeTakeFirst();
      return numUpdatedRows === 1n;
    },

    async find(id) {
      const row = await db.selectFrom("changes").selectAll().where("id", "=", id).executeTakeFirst();
      return row === undefined ? undefined : toChange(row);
    },

    async lastUndoable({ target, place }) {
      let query = db
        .selectFrom("changes")
        .selectAll()
        .where("state", "=", "done")
        .where("undone_by", "is", null)
        .where("undoes", "is", null);
      if (target !== undefined) query = query.where("target", "=", target);
      if (place !== undefined) query = query.where("place", "=", place);
      const row = await query.orderBy("id", "desc").limit(1).executeTakeFirst();
      return row === undefined ? undefined : toChange(row);
    },

    async undoable(target) {
      let query = db
        .selectFrom("changes")
        .selectAll()
        .where("state", "=", "done")
        .where("undone_by", "is", null)
        .where("undoes", "is", null);
      if (target !== undefined) query = query.where("target", "=", target);
      return (await query.orderBy("id", "desc").execute()).map(toChange);
    },

    async latest(target) {
      const row = await db
        .selectFrom("changes")
        .selectAll()
        .where("target", "=", target)
        .orderBy("id", "desc")
        .limit(1)
        .executeTakeFirst();
      return row === undefined ? undefined : toChange(row);
    },

    async inBatch(batch) {
      const rows = await db.selectFrom("changes").selectAll().where("batch", "=", batch).orderBy("id").execute();
      return rows.map(toChange);
    },

    markUndone: (id, by) => markUndone(db, id, by),

    async unfinished() {
      const rows = await db.selectFrom("changes").selectAll().where("state", "=", "intended").orderBy("id").execute();
      return rows.map(toChange);
    },
  };
}

async function markUndone(db: Kysely<Schema>, id: number, by: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("changes")
    .set({ undone_by: by })
    .where("id", "=", id)
    .where("state", "=", "done")
    .where((column) => column.or([column("undone_by", "is", null), column("undone_by", "=", by)]))
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** A state as a column holds it. */
export const changeState = json.pipe(z.union([z.null(), z.string(), z.record(z.string(), z.unknown())]));

const Row = z.object({
  id: z.int(),
  at: z.int(),
  state: z.enum(["intended", "done", "failed"]),
  scope: z.enum(["session", "agent", "global", "config"]),
  target: z.string(),
  session_id: nullable(z.string()),
  place: nullable(z.string()),
  actor: z.string(),
  before_json: changeState,
  after_json: changeState,
  reason: nullable(z.string()),
  failure: nullable(z.string()),
  undoes: nullable(z.int()),
  undone_by: nullable(z.int()),
  batch: nullable(z.string()),
});

function toChange(stored: unknown): Change {
  const { session_id, before_json, after_json, undone_by, ...row } = parseRow(Row, "changes", stored);
  return { ...row, sessionId: session_id, before: before_json, after: after_json, undoneBy: undone_by };
}
