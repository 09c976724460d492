import type { Kysely } from "kysely";
import type { Schema } from "./schema.ts";

/** What the turn watch has to know of a session after a restart. */
export interface WatchedSession {
  readonly key: string;
  /** The session's own pin when it was last seen, `provider/model`. */
  readonly pin: string | null;
  /** The wrong model that was reported last and still answers, as the watch words it. */
  readonly stray: string | null;
}

export interface WatchedSessions {
  all(): Promise<readonly WatchedSession[]>;
  /** Keeps what is worth keeping: a session with neither pin nor stray is forgotten. */
  save(session: WatchedSession): Promise<void>;
}

/** `clock` gives milliseconds since the epoch. */
export function createWatchedSessions(db: Kysely<Schema>, clock: () => number): WatchedSessions {
  return {
    async all() {
      const rows = await db.selectFrom("watched").select(["session_key", "pin", "stray"]).execute();
      return rows.map(({ session_key, pin, stray }) => ({ key: session_key, pin, stray }));
    },
    async save({ key, pin, stray }) {
      if (pin === null && stray === null) {
        await db.deleteFrom("watched").where("session_key", "=", key).execute();
        return;
      }
      const row = { pin, stray, at: clock() };
      await db
        .insertInto("watched")
        .values({ session_key: key, ...row })
        .onConflict((conflict) => conflict.column("session_key").doUpdateSet(row))
        .execute();
    },
  };
}
