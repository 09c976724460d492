import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import { ClutchError } from "../errors.ts";
import type { UsageCall } from "../models/usage-call.ts";
import { startRounds } from "../rounds.ts";
import type { AlertBox } from "../store/alert-box.ts";
import type { BudgetBook } from "../store/budget-book.ts";
import { type AlertTarget, createAlertDelivery } from "../store/deliver-alerts.ts";
import type { Lease, Leases } from "../store/leases.ts";
import type { UsageLedger } from "../store/usage-ledger.ts";
import type { BudgetCare } from "./budget-care.ts";
import { type UsageAlert, usageAlert } from "./usage-alert.ts";
import type { UsageAlerts } from "./usage-alerts.ts";

/** What gives cause to look, as it was when the budget was looked at last. */
interface Seen {
  readonly budgetId: number | undefined;
  readonly isOn: boolean;
  readonly version: number;
}

export interface UsageKeeper {
  /** Calls that are new in the ledger, or better known. Those that were made long ago are no news. */
  recorded(calls: readonly UsageCall[], isLive: boolean): void;
  /** Waits for what is under way. */
  stop(): Promise<void>;
}

/** One process at a time looks after the budget and posts alerts. */
const LEASE = "budget";
/** How often the store is asked for what another process did, ms. */
const FOLLOW_MS = 2_000;
const DAY_MS = 24 * 60 * 60_000;
/** Marks of what was told are kept for so long, ms. */
const REMEMBERED_MS = 400 * DAY_MS;

/**
 * In the process that stays: looks at the budget when the ledger has changed, when
 * somebody set it or turned local-only mode on or off, and when a period ends; and
 * posts what is to be told, again where that failed.
 */
export function keepUsage(parts: {
  readonly care: BudgetCare;
  readonly alerts: UsageAlerts;
  readonly box: AlertBox;
  readonly book: Pick<BudgetBook, "current">;
  readonly ledger: Pick<UsageLedger, "version">;
  readonly leases: Leases;
  /** From memory. */
  readonly isLockOn: () => boolean;
  readonly targets: (alert: UsageAlert) => Promise<readonly AlertTarget[]>;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}): UsageKeeper {
  const { care, alerts, box, book, ledger, leases, isLockOn, clock, logger } = parts;
  /** Calls that were not looked at yet. */
  let fresh: readonly UsageCall[] = [];
  /** When the budget is to be looked at, epoch ms. */
  let checkAt = Number.NEGATIVE_INFINITY;
  const delivery = createAlertDelivery({ ...parts, schema: usageAlert });
  let seen: Seen | undefined;
  const forgetting = box
    .forget(clock() - REMEMBERED_MS)
    .catch((thrown: unknown) => logger.warn({ err: thrown }, "old alerts were not forgotten"));

  const consider = async (): Promise<void> => {
    const calls = fresh;
    if (await alerts.consider(calls)) delivery.news();
    fresh = fresh.slice(calls.length);
  };

  const follow = async (): Promise<void> => {
    const budgetId = (await book.current())?.id;
    // Calls may be read, completed or priced anew by any process.
    const now = { budgetId, isOn: isLockOn(), version: budgetId === undefined ? 0 : await ledger.version() };
    if (!isDeepStrictEqual(now, seen)) checkAt = Number.NEGATIVE_INFINITY;
    seen = now;
  };

  const check = async (lease: Lease): Promise<void> => {
    // What is heard of meanwhile is not in it.
    checkAt = Number.POSITIVE_INFINITY;
    try {
      const { next, news } = await care.check(lease);
      checkAt = Math.min(checkAt, next);
      if (news) delivery.news();
    } catch (thrown) {
      checkAt = Math.min(checkAt, clock() + FOLLOW_MS);
      throw thrown;
    }
  };

  /** The budget is looked after also where single calls cannot be, and the other way round. */
  const round = async (): Promise<void> => {
    try {
      await consider();
    } finally {
      await follow();
      const now = clock();
      if (checkAt <= now || delivery.isDue()) await act(now);
    }
  };

  const act = (now: number): Promise<void> =>
    leases
      .hold(
        LEASE,
        async (lease) => {
          try {
            if (checkAt <= now) await check(lease);
          } finally {
            if (delivery.isDue()) await delivery.deliver(lease);
          }
        },
        { patienceMs: 0 },
      )
      .catch((thrown: unknown) => {
        // Another process is at it.
        if (!(thrown instanceof ClutchError && thrown.code === "lock_in_progress")) throw thrown;
      });

  const rounds = startRounds({
    round,
    pauseMs: () => Math.min(FOLLOW_MS, Math.max(100, checkAt - clock())),
    complaint: "the budget could not be looked after",
    logger,
  });

  return {
    recorded(calls, isLive) {
      const cloud = calls.filter(({ locality }) => locality !== "local");
      if (cloud.length === 0) return;
      if (isLive) fresh = [...fresh, ...cloud];
      rounds.soon(0);
    },
    async stop() {
      await rounds.stop();
      await forgetting;
    },
  };
}
