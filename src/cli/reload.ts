import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { type ErrorCode, toClutchError } from "../errors.ts";
import { changedKeys } from "./changed-keys.ts";
import type { ConfigReader, ReadFor } from "./config-reader.ts";

/** Puts the configuration in force again and again while Clutch runs. */
export interface Reloader {
  /** Never rejects. */
  read(why: ReadFor): Promise<void>;
  /** Puts the present one in force anew where `key` counts, as if that had changed. Never rejects. */
  again(key: string): Promise<void>;
  /** Waits for what is under way; nothing more is read. */
  stop(): Promise<void>;
}

/** What a configuration became, and in sentences how. */
export interface Applied {
  /** The one in force now: that which was asked for, or a still newer one. */
  readonly config: Config;
  readonly notes: readonly string[];
}

/** The file is as it should be, and only its gateway is not there yet or not ready to let Clutch in. */
const MAY_PASS: ReadonlySet<ErrorCode> = new Set(["gateway_unreachable", "gateway_not_ready", "gateway_pairing"]);
const TRY_AGAIN_MS = 30_000;

/**
 * What is good is applied; what is not leaves everything as it was, and the owners
 * are told once what is wrong with it. Where that may pass by itself it is tried
 * again until it has, since nobody will touch the file for it.
 */
export function createReloader(parts: {
  readonly first: Config;
  readonly reader: ConfigReader;
  /** Puts it in force; throws, and then the former one is in force. */
  readonly apply: (next: Config, before: Config, changed: readonly string[]) => Promise<Applied>;
  readonly say: (line: string) => void;
  readonly onApplied: () => void;
  /** Told where not even the former one could be put in force again. */
  readonly onLost: (thrown: unknown) => void;
  /** Aborted once Clutch ends: what that cuts off is nobody's mistake. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Until what may pass by itself is tried again, ms. */
  readonly tryAgainMs?: number;
}): Reloader {
  const { reader, apply, say, logger, tryAgainMs = TRY_AGAIN_MS } = parts;
  let current = parts.first;
  let stopped = false;
  let work: Promise<void> = Promise.resolve();
  let later: NodeJS.Timeout | undefined;

  const read = async (why: ReadFor, isTriedAgain: boolean): Promise<void> => {
    clearTimeout(later);
    const next = await reader.read(why, current);
    if (next === undefined) return;
    const changed = changedKeys(current, next);
    if (changed.length === 0) {
      reader.forget();
      if (why === "signal") say("The configuration was read again; nothing in it has changed.");
      return;
    }
    try {
      const { config, notes } = await apply(next, current, changed);
      const came = changedKeys(current, config);
      current = config;
      reader.forget();
      parts.onApplied();
      logger.info({ changed: came }, "the configuration was read again");
      say(`The configuration was read again. Changed: ${came.join(", ")}. ${notes.join(" ")}`.trimEnd());
    } catch (thrown) {
      if (thrown instanceof LostError) throw thrown;
      if (parts.signal.aborted) return;
      const error = toClutchError(thrown);
      if (!MAY_PASS.has(error.code)) return reader.refuse(error);
      later = setTimeout(() => void inTurn(() => read("file", true)), tryAgainMs).unref();
      if (isTriedAgain) logger.debug({ code: error.code }, `the configuration is not taken yet: ${error.message}`);
      else await reader.refuse(error, `Clutch tries it again every ${Math.ceil(tryAgainMs / 1000)} s.`);
    }
  };

  const inTurn = (job: () => Promise<unknown>): Promise<void> => {
    work = work
      .then(() => (stopped ? undefined : job()))
      .then(
        () => undefined,
        (thrown: unknown) => {
          if (thrown instanceof LostError) parts.onLost(thrown.cause);
          else logger.error({ err: thrown }, "the configuration could not be put in force");
        },
      );
    return work;
  };

  return {
    read: (why) => inTurn(() => read(why, false)),
    again: (key) =>
      inTurn(async () => {
        current = (await apply(current, current, [key])).config;
      }),
    async stop() {
      stopped = true;
      clearTimeout(later);
      await work;
    },
  };
}

/** Neither the new configuration nor the former one is in force. */
export class LostError extends Error {}
