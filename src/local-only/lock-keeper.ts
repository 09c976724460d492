import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { ClutchError } from "../errors.ts";
import type { SessionEvents } from "../openclaw/session-events.ts";
import { startRounds } from "../rounds.ts";
import type { LockAlertPosts } from "./lock-alert-posts.ts";
import type { LockCare } from "./lock-care.ts";

/** How often the journal is read for what another process did, ms. */
const FOLLOW_MS = 2_000;
/** How often everything is looked at while it is on, and tried again where that failed while it is off, ms. */
const LOOK_MS = 30_000;
/** The same while it is off and conversations stay local by themselves, ms: what is local changes. */
const KEPT_MS = 5 * 60_000;
/** After an event of the gateway, ms: they come in bursts. */
const SETTLE_MS = 300;
/** Until what failed is tried again while it is on, ms. */
const RETRY_MS = 1_200;
const PRESENCE_MS = 20_000;
/** A post that is under way has so long to end when the keeper stops, ms: the next Clutch posts what is left. */
const LAST_POST_MS = 2_000;

export interface LockKeeper {
  /** Waits for what is under way, for posts only briefly. */
  stop(): Promise<void>;
}

/**
 * Watches over the lock in the process that stays: sees to its schedule, and looks
 * whether it still holds after each reconnect, each change of OpenClaw's
 * configuration (a new agent, a new provider, a reloaded plugin) and every 30 s; where
 * it is off and conversations stay local by themselves, every 5 minutes. What is to be
 * told is posted apart from that: a chat that hangs takes minutes to say so.
 */
export function keepLock(parts: {
  readonly care: LockCare & { isOn(): boolean };
  readonly events: SessionEvents;
  readonly alerts: LockAlertPosts;
  /** What else is to be told, if anything; asked as often. */
  readonly alsoTell?: () => Promise<void>;
  readonly logger: Logger;
}): LockKeeper {
  const { care, alerts, logger } = parts;
  /** When it is to be looked at, whether it is on or off. */
  let wantedAt = Number.NEGATIVE_INFINITY;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let presentUntil = Number.NEGATIVE_INFINITY;

  const posts = startRounds({
    async round() {
      try {
        await alerts.post();
      } finally {
        await parts.alsoTell?.();
      }
    },
    pauseMs: () => FOLLOW_MS,
    complaint: "what there is to say of local-only mode could not be told",
    logger,
  });
  const news = (): void => {
    alerts.news();
    posts.soon(0);
  };

  const look = async (): Promise<void> => {
    lookedAt = performance.now();
    // An event meanwhile may concern what was looked at before it.
    wantedAt = Number.POSITIVE_INFINITY;
    try {
      await care.reconcile();
    } catch (thrown) {
      const isSoon = care.isOn() || (thrown instanceof ClutchError && thrown.code === "lock_in_progress");
      wantedAt = Math.min(wantedAt, performance.now() + (isSoon ? RETRY_MS : LOOK_MS));
      throw thrown;
    } finally {
      news();
    }
  };

  const lookAt = (): number => {
    if (care.isOn()) return Math.min(wantedAt, lookedAt + LOOK_MS);
    return care.keepsAny() ? Math.min(wantedAt, lookedAt + KEPT_MS) : wantedAt;
  };

  const round = async (): Promise<void> => {
    const now = performance.now();
    if (now > presentUntil - PRESENCE_MS / 2) {
      await care.watching(PRESENCE_MS);
      presentUntil = now + PRESENCE_MS;
    }
    await care.follow();
    try {
      if ((await care.applySchedule()).length > 0) news();
    } finally {
      if (lookAt() <= now) await look();
    }
  };

  const rounds = startRounds({
    round,
    pauseMs: () => Math.min(FOLLOW_MS, Math.max(SETTLE_MS, lookAt() - performance.now())),
    complaint: "local-only mode could not be looked after",
    logger,
  });

  const forget = parts.events.on(({ kind }) => {
    if (kind !== "subscribed" && kind !== "config") return;
    wantedAt = Number.NEGATIVE_INFINITY;
    rounds.soon(SETTLE_MS);
  });
  return {
    async stop() {
      forget();
      const briefly = sleep(LAST_POST_MS, undefined, { ref: false });
      await Promise.all([rounds.stop(), Promise.race([posts.stop(), briefly])]);
    },
  };
}
