import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { retryAfterSeconds } from "./slack-problems.ts";
import { type Envelope, openSocket, type SocketConnection } from "./socket-connection.ts";

export interface SocketPool {
  /** Resolves after the first attempt: with what went wrong, or undefined once a socket is up. Goes on trying either way. */
  start(): Promise<unknown>;
  stop(): void;
  /** Sockets that are open now. */
  readonly alive: number;
}

export interface SocketPoolOptions {
  /** `apps.connections.open`: a fresh address for each socket. */
  readonly openUrl: () => Promise<string>;
  readonly onEnvelope: (envelope: Envelope) => void;
  /** Called on each change, with why the last attempt failed where one did. */
  readonly onChange: (alive: number, failure: unknown) => void;
  readonly logger: Logger;
}

/** Two, so that Slack always has a socket to deliver to while the other is being replaced. Slack allows ten per app. */
const SOCKETS = 2;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 30_000;
/** A socket that was lost before this counts as a failed attempt, or we would reconnect in a tight loop. */
const SHORT_LIFE_MS = 1_000;

/**
 * Keeps two Socket Mode connections to Slack. When Slack announces the end of
 * one, its successor is opened beside it. Any failure, a refused
 * token included, is retried with growing waits and reported; nothing is
 * thrown. One process per app: Slack gives each payload to one socket only, of
 * whichever process.
 */
export function createSocketPool(options: SocketPoolOptions): SocketPool {
  const { logger } = options;
  const stopping = new AbortController();
  const slots = Array.from({ length: SOCKETS }, () => ({
    live: new Set<SocketConnection>(),
    failure: undefined as unknown,
  }));
  let warned = false;
  const first = Promise.withResolvers<unknown>();

  const aliveNow = (): number => slots.reduce((sum, { live }) => sum + live.size, 0);
  const report = (): void => {
    if (!stopping.signal.aborted)
      options.onChange(aliveNow(), slots.find(({ failure }) => failure !== undefined)?.failure);
  };

  /** Slack counts sockets that are closing for a while, and the other slot's may just have opened. */
  const mindOthers = (appSockets = 0): void => {
    if (warned || appSockets <= aliveNow() + SOCKETS) return;
    warned = true;
    logger.warn(
      { appSockets },
      "another process is connected to this Slack app; commands go to either of them at random",
    );
  };

  const keep = async (slot: (typeof slots)[number]): Promise<void> => {
    let failures = 0;
    let previous: SocketConnection | undefined;
    while (!stopping.signal.aborted) {
      const begun = performance.now();
      try {
        const connection = await openSocket(await options.openUrl(), options.onEnvelope, stopping.signal);
        previous?.retire();
        previous = connection;
        slot.live.add(connection);
        mindOthers(connection.appSockets);
        slot.failure = undefined;
        report();
        first.resolve(undefined);
        connection.gone.then(() => {
          slot.live.delete(connection);
          report();
        });
        const { why, reason } = await connection.leaving;
        logger.debug({ why, reason, alive: aliveNow() }, "Slack socket is leaving");
        failures = why === "lost" && performance.now() - begun < SHORT_LIFE_MS ? failures + 1 : 0;
      } catch (thrown) {
        failures += 1;
        slot.failure = thrown;
        logger.warn({ failures, reason: thrown instanceof Error ? thrown.message : "unknown" }, "no Slack socket");
        report();
        first.resolve(thrown);
      }
      if (failures > 0) await pause(failures, slot.failure);
    }
  };

  const pause = async (failures: number, failure: unknown): Promise<void> => {
    const growing = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1));
    const asked = (retryAfterSeconds(failure) ?? 0) * 1_000;
    const ms = Math.max(asked, growing * (0.75 + Math.random() / 2));
    await delay(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
  };

  return {
    start() {
      for (const slot of slots) keep(slot);
      return first.promise;
    },
    stop() {
      stopping.abort();
      first.resolve(undefined);
    },
    get alive() {
      return aliveNow();
    },
  };
}
