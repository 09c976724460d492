import type { Kysely } from "kysely";
import { z } from "zod";
import type { Schema } from "./schema.ts";
import { nullable, parseRow } from "./stored-row.ts";

export interface NewReturn {
  readonly sessionKey: string;
  /** The pin to go back to, `provider/model`; null where there was none. */
  readonly backTo: string | null;
  /** The temporary pin. Where another one stands by then, somebody chose it. */
  readonly expects: string;
  /** When it ends, in milliseconds since the epoch; undefined where it lasts one turn. */
  readonly dueAt?: number | undefined;
  /**
   * Only what was said after this moment counts as the one turn. It is the time
   * of the conversation's newest message as the gateway gave it, since the
   * clocks of two machines differ.
   */
  readonly since: number;
  /** The journalled change that made the temporary pin. */
  readonly changeId: number;
  /** Who asked for it. */
  readonly actor: string;
}

export interface Return extends NewReturn {
  readonly id: number;
  readonly change: { readonly state: "intended" | "done" | "failed"; readonly undone: boolean };
}

/**
 * Switches that end by themselves. A row is written before the switch, waits,
 * and is then settled by exactly one process: who gets true from `settle` has
 * it. A row is `done` while its return is made and after it, `dropped` where
 * nothing is left to be done.
 */
export interface Returns {
  add(entry: NewReturn): Promise<void>;
  /** Puts another ending in the place of one that waits. False where that one waits no more; nothing was written then. */
  replace(id: number, entry: NewReturn): Promise<boolean>;
  /** Those that wait, in one session or in all, newest first. */
  waiting(sessionKey?: string): Promise<readonly Return[]>;
  settle(id: number, from: "waiting" | "done", to: "waiting" | "done" | "dropped"): Promise<boolean>;
  /** Those that are `done` although nothing went back and nothing is going back: their process is at it, or died. */
  interrupted(): Promise<readonly number[]>;
}

export function createReturns(db: Kysely<Schema>): Returns {
  const insert = async (handle: Kysely<Schema>, entry: NewReturn): Promise<void> => {
    await handle
      .insertInto("returns")
      .values({
        at: entry.since,
        state: "waiting",
        session_key: entry.sessionKey,
        back_to: entry.backTo,
        expects: entry.expects,
        due_at: entry.dueAt ?? null,
        change_id: entry.changeId,
        actor: entry.actor,
      })
      .execute();
  };
  const settle = async (
    handle: Kysely<Schema>,
    id: number,
    from: "waiting" | "done",
    to: "waiting" | "done" | "dropped",
  ): Promise<boolean> => {
    const { numUpdatedRows } = await handle
      .updateTable("returns")
      .set({ state: to })
      .where("id", "=", id)
      .where("state", "=", from)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  };

  return {
    add: (entry) => insert(db, entry),

    replace: (id, entry) =>
      db.transaction().execute(async (transaction) => {
        if (!(await settle(transaction, id, "waiting", "dropped"))) return false;
        await insert(transaction, entry);
        return true;
      }),

    async waiting(sessionKey) {
      let query = db
        .selectFrom("returns")
        .innerJoin("changes", "changes.id", "returns.change_id")
        .select([
          "returns.id",
          "returns.at",
          "returns.session_key",
          "returns.back_to",
          "returns.expects",
          "returns.due_at",
          "returns.change_id",
          "returns.actor",
          "changes.state as change_state",
          "changes.undone_by",
        ])
        .where("returns.state", "=", "waiting");
      if (sessionKey !== undefined) query = query.where("returns.session_key", "=", sessionKey);
      return (await query.orderBy("returns.id", "desc").execute()).map(toReturn);
    },

    settle: (id, from, to) => settle(db, id, from, to),

    async interrupted() {
      const rows = await db
        .selectFrom("returns")
        .innerJoin("changes", "changes.id", "returns.change_id")
        .select("returns.id")
        .where("returns.state", "=", "done")
        .where("changes.state", "=", "done")
        .where("changes.undone_by", "is", null)
        .where((row) =>
          row.not(
            row.exists(
              row
                .selectFrom("changes as undoing")
                .select("undoing.id")
                .whereRef("undoing.undoes", "=", "returns.change_id")
                .where("undoing.state", "=", "intended"),
            ),
          ),
        )
        .orderBy("returns.id")
        .execute();
      return rows.map(({ id }) => id);
    },
  };
}

const Row = z.object({
  id: z.int(),
  at: z.int(),
  session_key: z.string(),
  back_to: z.string().nullable(),
  expects: z.string(),
  due_at: nullable(z.int()),
  change_id: z.int(),
  actor: z.string(),
  change_state: z.enum(["intended", "done", "failed"]),
  undone_by: nullable(z.int()),
});

function toReturn(stored: unknown): Return {
  const row = parseRow(Row, "returns", stored);
  return {
    id: row.id,
    sessionKey: row.session_key,
    backTo: row.back_to,
    expects: row.expects,
    dueAt: row.due_at,
    since: row.at,
    changeId: row.change_id,
    actor: row.actor,
    change: { state: row.change_state, undone: row.undone_by !== undefined },
  };
}
