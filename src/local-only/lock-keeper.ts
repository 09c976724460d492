import type { Logger } from "pino";
import { ClutchError } from "../errors.ts";
import type { SessionEvents } from "../openclaw/session-events.ts";
import type { LockAlert, LockCare } from "./create-local-only.ts";

/** How often the journal is read for what another process did, ms. */
const FOLLOW_MS = 2_000;
/** How often everything is looked at while it is on, ms. */
const LOOK_MS = 30_000;
/** After an event of the gateway, ms: they come in bursts. */
const SETTLE_MS = 300;
const PRESENCE_MS = 20_000;

export interface LockKeeper {
  /** Waits for what is under way. */
  stop(): Promise<void>;
}

/**
 * Watches over the lock in the process that stays: sees to its schedule, and looks
 * whether it still holds after each reconnect, each change of OpenClaw's
 * configuration (a new agent, a new provider, a reloaded plugin) and every 30 s.
 * What is broken is told once, until it is something else.
 */
export function keepLock(parts: {
  readonly care: LockCare & { isOn(): boolean };
  readonly events: SessionEvents;
  readonly onAlert: (alert: LockAlert) => Promise<void>;
  readonly logger: Logger;
}): LockKeeper {
  const { care, onAlert, logger } = parts;
  let told = "";
  let lookedAt = Number.NEGATIVE_INFINITY;
  let presentUntil = Number.NEGATIVE_INFINITY;
  let isWanted = true;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let work: Promise<void> = Promise.resolve();

  const tell = async (alerts: readonly LockAlert[]): Promise<void> => {
    for (const alert of alerts) {
      const text = alert.what.join(" ");
      if (alert.kind === "broken" && text === told) continue;
      if (alert.kind === "broken") told = text;
      await onAlert(alert);
    }
  };

  const round = async (): Promise<void> => {
    const now = performance.now();
    if (now > presentUntil - PRESENCE_MS / 2) {
      await care.watching(PRESENCE_MS);
      presentUntil = now + PRESENCE_MS;
    }
    await care.follow();
    await tell(await care.applySchedule());
    if (!isWanted && !(care.isOn() && now - lookedAt > LOOK_MS)) return;
    isWanted = false;
    lookedAt = now;
    const alerts = await care.reconcile();
    if (alerts.length === 0) told = "";
    await tell(alerts);
  };

  const next = (ms: number): void => {
    clearTimeout(timer);
    if (stopped) return;
    timer = setTimeout(() => {
      work = round()
        .catch((thrown: unknown) => {
          // Another process is at work on it; it is looked at again in a moment.
          if (thrown instanceof ClutchError && thrown.code === "lock_in_progress") isWanted = true;
          else if (care.isOn()) isWanted = true;
          logger.warn({ err: thrown }, "local-only mode could not be looked after");
        })
        .finally(() => next(isWanted ? SETTLE_MS * 4 : FOLLOW_MS));
    }, ms).unref();
  };

  const forget = parts.events.on(({ kind }) => {
    if (kind !== "subscribed" && kind !== "config") return;
    isWanted = true;
    void work.then(() => next(SETTLE_MS));
  });
  next(0);
  return {
    async stop() {
      stopped = true;
      forget();
      clearTimeout(timer);
      await work;
    },
  };
}
