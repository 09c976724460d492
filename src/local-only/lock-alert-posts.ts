import type { Kysely } from "kysely";
import type { Logger } from "pino";
import { ClutchError } from "../errors.ts";
import { createAlertBox } from "../store/alert-box.ts";
import { type AlertTarget, createAlertDelivery } from "../store/deliver-alerts.ts";
import { createLeases } from "../store/leases.ts";
import type { Schema } from "../store/schema.ts";
import { type LockAlert, lockAlert } from "./lock-alerts.ts";

/** Posts what the lock has put down for its owners, again where that failed, whichever process put it down. */
export interface LockAlertPosts {
  /** Something may have been put down. */
  news(): void;
  /** Nothing where it is not time yet, or another process is at it. */
  post(): Promise<void>;
}

/** Posting takes its time, and nobody who turns the lock on or off is to wait for it. */
const LEASE = "lock-alerts";

export function createLockAlertPosts(parts: {
  readonly db: Kysely<Schema>;
  /** `at`: when it was put down, epoch ms. */
  readonly targets: (alert: LockAlert, at: number) => Promise<readonly AlertTarget[]>;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}): LockAlertPosts {
  const { db, clock } = parts;
  const leases = createLeases(db, clock);
  const delivery = createAlertDelivery({ ...parts, schema: lockAlert, box: createAlertBox(db, clock, "lock") });
  return {
    news: delivery.news,
    async post() {
      if (!delivery.isDue()) return;
      await leases.hold(LEASE, delivery.deliver, { patienceMs: 0 }).catch((thrown: unknown) => {
        if (!(thrown instanceof ClutchError && thrown.code === "lock_in_progress")) throw thrown;
      });
    },
  };
}
