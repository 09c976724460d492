import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Kysely } from "kysely";
import { ClutchError } from "../errors.ts";
import type { Schema } from "./schema.ts";

/** Work that only one process may do at a time. */
export interface Leases {
  /**
   * Waits for its turn, does the work and lets go. What was left by a process that
   * died is taken over once its lease has run out (20 s). Throws `lock_in_progress`
   * where the turn does not come within `patienceMs`, and whatever `work` throws.
   */
  hold<T>(name: string, work: () => Promise<T>, options?: { readonly patienceMs?: number }): Promise<T>;
  /** Whether somebody is at it now. */
  isHeld(name: string): Promise<boolean>;
}

/** How long a process may be silent before another takes over, ms. */
const LEASE_MS = 20_000;
const RENEW_MS = 5_000;
const LOOK_MS = 100;
const PATIENCE_MS = 60_000;

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
          .where((column) => column.or([column("leases.holder", "=", holder), column("leases.until", "<", now)])),
      )
      .returning("holder")
      .executeTakeFirst();
    return row?.holder === holder;
  };

  return {
    async hold(name, work, { patienceMs = PATIENCE_MS } = {}) {
      const holder = randomUUID();
      const started = performance.now();
      while (!(await take(name, holder))) {
        if (performance.now() - started > patienceMs) throw busy();
        await sleep(LOOK_MS);
      }
      // A renewal that fails is noticed by nobody but the next one: the work goes on, it is idempotent.
      const renewal = setInterval(() => void take(name, holder).catch(() => undefined), RENEW_MS).unref();
      try {
        return await work();
      } finally {
        clearInterval(renewal);
        await db.deleteFrom("leases").where("name", "=", name).where("holder", "=", holder).execute();
      }
    },

    async isHeld(name) {
      const row = await db.selectFrom("leases").select("until").where("name", "=", name).executeTakeFirst();
      return row !== undefined && row.until >= clock();
    },
  };
}

const busy = (): ClutchError =>
  new ClutchError("lock_in_progress", "Somebody else is turning local-only mode on or off right now.", {
    hint: "Look with /localonly status in a moment.",
  });
