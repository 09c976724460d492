import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { z } from "zod";
import { ClutchError } from "../errors.ts";
import type { UsageCall } from "../models/usage-call.ts";
import type { GatewayConnection } from "../openclaw/connection.ts";
import type { ModelMessages } from "../openclaw/model-messages.ts";
import type { SessionEvents } from "../openclaw/session-events.ts";
import type { Lease, Leases, LeaseWords } from "../store/leases.ts";
import type { UsageLedger } from "../store/usage-ledger.ts";
import type { CallWriter } from "./call-writer.ts";
import type { GuardReader } from "./guard-reader.ts";
import type { CatchUpProgress, CaughtUp, HistoryReader } from "./history-reader.ts";
import { followCalls, type LiveCalls } from "./live-calls.ts";
import type { MessageObserver } from "./observe-messages.ts";
import type { TranscriptReader } from "./transcript-reader.ts";

/** Sees to it that every call of a model is in the ledger, once. */
export interface UsageCollector {
  /** Follows the gateway's events and reads what was missed, until stopped. One process a gateway does this; another waits for its end. */
  start(events: SessionEvents): void;
  stop(): Promise<void>;
  /**
   * Reads what is not in the ledger yet, of all sessions: at first a whole
   * installation's history. It may be stopped anywhere, and goes on from there. Throws
   * `changed_meanwhile` where another process is at it, and the codes of
   * `GatewayConnection.request`.
   */
  catchUp(options?: {
    readonly onProgress?: (progress: CatchUpProgress) => void;
    readonly signal?: AbortSignal;
  }): Promise<CaughtUp>;
  /** Told of calls that are new in the ledger, or better known, with `isLive` false where they are history. */
  onRecorded(listener: (calls: readonly UsageCall[], isLive: boolean) => void): () => void;
  /** Until when all that the gateway knows is in the ledger, epoch ms; undefined before the first catch-up. */
  countedUpTo(): number | undefined;
}

export interface UsageCollectorParts {
  readonly connection: Pick<GatewayConnection, "state">;
  readonly messages: ModelMessages;
  readonly transcripts: TranscriptReader;
  readonly guard: GuardReader;
  readonly observer: MessageObserver;
  readonly writer: CallWriter;
  readonly readHistory: HistoryReader;
  readonly ledger: Pick<UsageLedger, "cursor" | "setCursor">;
  readonly leases: Leases;
  /** What else the process that follows does meanwhile; returns what ends it. */
  readonly alongside: () => () => Promise<void>;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}

const FOLLOWING = "usage";
const READING = "usage-history";
/** How often it is seen whether the process that follows is gone, ms. */
const TURN_MS = 10_000;
/** Whoever follows looks this often whether it missed something, ms. */
const CATCH_UP_MS = 15 * 60_000;
const AGAIN_MS = 30_000;
/** A reading that finds little new is over by then, and what a dead process held is free, ms. */
const PATIENCE_MS = 30_000;
const COUNTED = "counted";
/** How often what is counted is remembered for other processes, ms. */
const REMEMBER_MS = 60_000;

/** Until when the collector of whichever process had everything, epoch ms; undefined where none ever had. */
export const readCounted = async (ledger: Pick<UsageLedger, "cursor">): Promise<number | undefined> =>
  z.coerce
    .number()
    .optional()
    .catch(undefined)
    .parse(await ledger.cursor(COUNTED));

export async function createUsageCollector(parts: UsageCollectorParts): Promise<UsageCollector> {
  const { connection, writer, readHistory, ledger, leases, clock, logger } = parts;
  const stopped = new AbortController();
  let counted = await readCounted(ledger);
  let live: LiveCalls | undefined;
  /** Nothing was missed since the last catch-up. */
  let isUnbroken = false;
  let following: Promise<void> | undefined;

  const catchUp: UsageCollector["catchUp"] = async ({ onProgress, signal = stopped.signal } = {}) => {
    return leases.hold(
      READING,
      async () => {
        const began = clock();
        const caught = await readHistory({ onProgress, signal });
        counted = Math.max(counted ?? 0, began);
        await ledger.setCursor(COUNTED, String(counted));
        return caught;
      },
      { patienceMs: PATIENCE_MS, words: READING_WORDS },
    );
  };

  const countedUpTo = (): number | undefined => {
    const isCurrent = isUnbroken && live?.isIdle() === true && connection.state().phase === "ready";
    if (isCurrent && counted !== undefined) counted = Math.max(counted, clock());
    return counted;
  };

  const follow = async (events: SessionEvents, lease: Lease): Promise<void> => {
    let isDue = true;
    let wake = (): void => undefined;
    const due = (): void => {
      [isDue, isUnbroken] = [true, false];
      wake();
    };
    const forget = events.on(({ kind }) => {
      if (kind === "subscribed") due();
    });
    live = followCalls({ ...parts, onMissed: due });
    const endAlongside = parts.alongside();
    try {
      let readAt = Number.NEGATIVE_INFINITY;
      while (!stopped.signal.aborted) {
        await lease.check();
        if (isDue || performance.now() - readAt > CATCH_UP_MS) {
          isDue = false;
          const isRead = await tryToCatchUp();
          // What came in between was heard, or is due again.
          isUnbroken = isRead && !isDue;
          readAt = isRead ? performance.now() : performance.now() - CATCH_UP_MS + AGAIN_MS;
        }
        const upTo = countedUpTo();
        if (upTo !== undefined) await ledger.setCursor(COUNTED, String(upTo));
        const woken = new AbortController();
        wake = () => woken.abort();
        if (isDue) wake();
        const signal = AbortSignal.any([stopped.signal, woken.signal]);
        await sleep(REMEMBER_MS, undefined, { signal }).catch(() => undefined);
      }
    } finally {
      forget();
      await live.stop();
      const upTo = countedUpTo();
      if (upTo !== undefined) await ledger.setCursor(COUNTED, String(upTo));
      [live, isUnbroken] = [undefined, false];
      await endAlongside();
    }
  };

  const tryToCatchUp = async (): Promise<boolean> => {
    try {
      const { added, completed } = await catchUp();
      if (added + completed > 0) logger.info({ added, completed }, "calls of models were read that nobody had counted");
      return true;
    } catch (thrown) {
      if (!stopped.signal.aborted) logger.warn({ err: thrown }, "what models were asked cannot be read now");
      return false;
    }
  };

  const keepFollowing = async (events: SessionEvents): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        await leases.hold(FOLLOWING, (lease) => follow(events, lease), { patienceMs: 0 });
      } catch (thrown) {
        const isOthers = thrown instanceof ClutchError && thrown.code === "lock_in_progress";
        if (!isOthers) logger.warn({ err: thrown }, "calls of models are not followed for a moment");
        await sleep(TURN_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
      }
    }
  };

  return {
    start(events) {
      following ??= keepFollowing(events);
    },
    async stop() {
      stopped.abort();
      await following;
    },
    catchUp,
    onRecorded: writer.onRecorded,
    countedUpTo,
  };
}

const atIt = (): ClutchError =>
  new ClutchError("changed_meanwhile", "Another Clutch is reading the history right now.", {
    hint: "It goes on by itself; what it has read so far is counted.",
  });
const READING_WORDS: LeaseWords = { busy: atIt, lost: atIt };
