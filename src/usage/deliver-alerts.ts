import type { Logger } from "pino";
import type { AlertBox, BoxedAlert } from "../store/alert-box.ts";
import type { Lease } from "../store/leases.ts";
import { type UsageAlert, usageAlert } from "./usage-alert.ts";

/** Somewhere to post an alert. */
export interface AlertTarget {
  readonly name: string;
  /** False where it could not be posted now. */
  post(): Promise<boolean>;
}

const DAY_MS = 24 * 60 * 60_000;
/** An alert that could not be posted for so long, ms, is no news any more. */
const STALE_MS = 3 * DAY_MS;

/**
 * Posts what waits in the box, each alert once to each of its targets, and leaves
 * there what could not be posted. False where something was left. With the lease
 * held. A process that dies between posting and writing that down posts again.
 */
export async function deliverAlerts(
  parts: {
    readonly box: AlertBox;
    readonly targets: (alert: UsageAlert) => Promise<readonly AlertTarget[]>;
    /** Epoch ms. */
    readonly clock: () => number;
    readonly logger: Logger;
  },
  lease: Lease,
): Promise<boolean> {
  const { box, clock, logger } = parts;

  const post = async ({ key, alert, reached, at }: BoxedAlert): Promise<boolean> => {
    const parsed = usageAlert.safeParse(alert);
    if (!parsed.success || at < clock() - STALE_MS) {
      logger.error({ alert }, "an alert could not be posted, and is given up");
      await box.settle(key, "dropped");
      return true;
    }
    const there = [...reached];
    const targets = await parts.targets(parsed.data);
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
