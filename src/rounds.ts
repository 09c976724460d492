import type { Logger } from "pino";

export interface Rounds {
  /** The next round begins so many ms after what is under way; a later one that was planned is dropped. */
  soon(ms: number): void;
  /** Waits for the round that is under way. */
  stop(): Promise<void>;
}

/**
 * The same work again and again, never twice at once, from now on. A round that
 * fails keeps no other from being made, and is logged once for as long as it fails alike.
 */
export function startRounds(parts: {
  readonly round: () => Promise<void>;
  /** From the end of a round to the next, ms. */
  readonly pauseMs: () => number;
  /** Logged where a round fails. */
  readonly complaint: string;
  readonly logger: Logger;
}): Rounds {
  let failure = "";
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let work: Promise<void> = Promise.resolve();

  const next = (ms: number): void => {
    clearTimeout(timer);
    if (stopped) return;
    timer = setTimeout(() => {
      work = once().finally(() => next(parts.pauseMs()));
    }, ms).unref();
  };
  const once = async (): Promise<void> => {
    try {
      await parts.round();
      failure = "";
    } catch (thrown) {
      // It may be so for hours, and is tried all the time.
      const text = String(thrown);
      if (text !== failure) parts.logger.warn({ err: thrown }, parts.complaint);
      failure = text;
    }
  };

  next(0);
  return {
    soon: (ms) => void work.then(() => next(ms)),
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await work;
    },
  };
}
