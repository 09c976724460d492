import type { Logger } from "pino";
import type { z } from "zod";
import type { AlertBox, BoxedAlert } from "./alert-box.ts";
import type { Lease } from "./leases.ts";

/** Somewhere to post an alert. */
export interface AlertTarget {
  readonly name: string;
  /** False where it could not be posted now. */
  post(): Promise<boolean>;
}

/** Says when the box is to be looked into, and does it. */
export interface AlertDelivery {
  /** Something may have been put down. */
  news(): void;
  isDue(): boolean;
  /** With the lease held; what could not be posted is due again soon, and then less and less often. */
  deliver(lease: Lease): Promise<void>;
}

interface Parts<Alert> {
  readonly box: AlertBox;
  readonly schema: z.ZodType<Alert>;
  /** `at`: when it was put down, epoch ms. */
  readonly targets: (alert: Alert, at: number) => Promise<readonly AlertTarget[]>;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}

const DAY_MS = 24 * 60 * 60_000;
/** An alert that could not be posted for so long, ms, is no news any more. */
const STALE_MS = 3 * DAY_MS;
const AGAIN_MS = 30_000;
const SELDOM_MS = 10 * 60_000;

export function createAlertDelivery<Alert>(parts: Parts<Alert>): AlertDelivery {
  const { clock } = parts;
  let dueAt = Number.NEGATIVE_INFINITY;
  let failed = 0;
  return {
    news() {
      dueAt = Number.NEGATIVE_INFINITY;
    },
    isDue: () => dueAt <= clock(),
    async deliver(lease) {
      let isWhole = false;
      // What is put down meanwhile is not among what was read.
      dueAt = Number.POSITIVE_INFINITY;
      try {
        isWhole = await deliverAlerts(parts, lease);
      } finally {
        dueAt = Math.min(dueAt, clock() + (isWhole ? SELDOM_MS : Math.min(AGAIN_MS * 2 ** failed, SELDOM_MS)));
        failed = isWhole ? 0 : failed + 1;
      }
    },
  };
}

/**
 * Posts what waits in the box, each alert once to each of its targets, and leaves
 * there what could not be posted. False where something was left. With the lease
 * held. A process that dies between posting and writing that down posts again.
 */
export async function deliverAlerts<Alert>(parts: Parts<Alert>, lease: Lease): Promise<boolean> {
  const { box, clock, logger } = parts;

  const post = async ({ key, alert, reached, at }: BoxedAlert): Promise<boolean> => {
    const parsed = parts.schema.safeParse(alert);
    if (!parsed.success || at < clock() - STALE_MS) {
      logger.error({ alert }, "an alert could not be posted, and is given up");
      await box.settle(key, "dropped");
      return true;
    }
    const there = [...reached];
    const targets = await parts.targets(parsed.data, at);
    for (const { name, post: send } of targets.filter((target) => !there.includes(target.name))) {
      // Who slept until somebody else took over must not post it a second time.
      await lease.check();
      if (!(await send())) continue;
      there.push(name);
      await box.reached(key, there);
    }
    const isTold = targets.every(({ name }) => there.includes(name));
    if (isTold) await box.settle(key, "told");
    return isTold;
  };

  const told: boolean[] = [];
  for (const waiting of await box.waiting()) told.push(await post(waiting));
  return !told.includes(false);
}
