import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Kysely } from "kysely";
import { ClutchError } from "../errors.ts";
import type { Schema } from "./schema.ts";

/** Of whoever does the work now. */
export interface Lease {
  /**
   * To be asked right before whatever others would suffer from. Throws
   * `lock_in_progress` where this process was silent for so long that another one
   * took over, even if that one is done by now; or what the work's own words say.
   */
  check(): Promise<void>;
  /** Checks and writes at once: nothing comes between. Only `db` may be used in there. */
  within<T>(write: (db: Kysely<Schema>) => Promise<T>): Promise<T>;
}

/** What a person is told; of local-only mode where the work is not that. */
export interface LeaseWords {
  /** Another one is at it. */
  busy(): ClutchError;
  /** Another one took over. */
  lost(): ClutchError;
}

/** Work that only one process may do at a time. */
export interface Leases {
  /**
   * Waits for its turn, does the work and lets go. What was left by a process that
   * died is taken over once its lease has run out (20 s). Throws `lock_in_progress`
   * where the turn does not come within `patienceMs`, or what `words` say instead, and
   * whatever `work` throws.
   */
  hold<T>(
    name: string,
    work: (lease: Lease) => Promise<T>,
    options?: { readonly patienceMs?: number | undefined; readonly words?: LeaseWords },
  ): Promise<T>;
  /** Whether somebody is at it now. */
  isHeld(name: string): Promise<boolean>;
}

/** How long a process may be silent before another takes over, ms. */
const LEASE_MS = 20_000;
const RENEW_MS = 5_000;
const LOOK_MS = 100;
const PATIENCE_MS = 60_000;
/** Nobody takes a lease for so long, ms: it was taken before the clock was set back. */
const TOO_FAR_MS = 3 * LEASE_MS;

/** `clock` gives milliseconds since the epoch. */
export function createLeases(db: Kysely<Schema>, clock: () => number): Leases {
  const take = async (name: string, holder: string): Promise<boolean> => {
    const now = clock();
    const until = now + LEASE_MS;
    const row = await db
      .insertInto("leases")
      .values({ name, holder, until })
      .onConflict((conflict) =>
        conflict
          .column("name")
          .doUpdateSet({ holder, until })
          .where((column) =>
            column.or([column("leases.until", "<", now), column("leases.until", ">", now + TOO_FAR_MS)]),
          ),
      )
      .returning("holder")
      .executeTakeFirst();
    return row?.holder === holder;
  };
  /** False where it is another's, or was let go by another: what was known before that is old. */
  const renew = async (name: string, holder: string, by = db): Promise<boolean> => {
    const { numUpdatedRows } = await by
      .updateTable("leases")
      .set({ until: clock() + LEASE_MS })
      .where("name", "=", name)
      .where("holder", "=", holder)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  };

  return {
    async hold(name, work, { patienceMs = PATIENCE_MS, words: { busy, lost } = LOCK_WORDS } = {}) {
      const holder = randomUUID();
      const started = performance.now();
      while (!(await take(name, holder))) {
        if (performance.now() - started > patienceMs) throw busy();
        await sleep(LOOK_MS);
      }
      const renewal = setInterval(() => void renew(name, holder).catch(() => undefined), RENEW_MS).unref();
      try {
        return await work({
          async check() {
            if (!(await renew(name, holder))) throw lost();
          },
          within: (write) =>
            db.transaction().execute(async (transaction) => {
              if (!(await renew(name, holder, transaction))) throw lost();
              return write(transaction);
            }),
        });
      } finally {
        clearInterval(renewal);
        // What was done is done; a lease that cannot be given back runs out.
        await db
          .deleteFrom("leases")
          .where("name", "=", name)
          .where("holder", "=", holder)
          .execute()
          .catch(() => undefined);
      }
    },

    async isHeld(name) {
      const row = await db.selectFrom("leases").select("until").where("name", "=", name).executeTakeFirst();
      const left = row === undefined ? -1 : row.until - clock();
      return left >= 0 && left <= TOO_FAR_MS;
    },
  };
}

const LOCK_WORDS: LeaseWords = {
  busy: () =>
    new ClutchError("lock_in_progress", "Somebody else is turning local-only mode on or off right now.", {
      hint: "Look with /localonly status in a moment.",
    }),
  lost: () =>
    new ClutchError(
      "lock_in_progress",
      "This Clutch did not get on for so long that another one took over; the rest was left to that one.",
      { hint: "Look with /localonly status how it is now." },
    ),
};
