import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Card } from "../../commands/card.ts";
import type { Config } from "../config.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import { changedKeys } from "./changed-keys.ts";

/** Reads the configuration again while Clutch runs. */
export interface Reloader {
  /** `signal`: somebody asked for it, and is told also where nothing has changed. Never rejects. */
  read(why: "file" | "signal"): Promise<void>;
  /** Puts the present one in force anew where `key` counts, as if that had changed. Never rejects. */
  again(key: string): Promise<void>;
  /** Waits for what is under way; nothing more is read. */
  stop(): Promise<void>;
}

/** Some editors write a file in two steps: what cannot be read is read once more after this, ms. */
const SECOND_LOOK_MS = 1_000;

/**
 * What is good is applied; what is not leaves everything as it was, and the owners
 * are told once what is wrong with it.
 */
export function createReloader(parts: {
  readonly first: Config;
  readonly load: () => Promise<Config>;
  /** Puts it in force, and gives in sentences how; throws, and then the former one is in force. */
  readonly apply: (next: Config, before: Config, changed: readonly string[]) => Promise<readonly string[]>;
  readonly say: (line: string) => void;
  readonly tellOwners: (card: Card) => Promise<void>;
  readonly onReloaded: (applied: boolean) => void;
  /** Told where not even the former one could be put in force again. */
  readonly onLost: (thrown: unknown) => void;
  readonly logger: Logger;
}): Reloader {
  const { load, apply, say, logger } = parts;
  let current = parts.first;
  let told = "";
  let stopped = false;
  let work: Promise<void> = Promise.resolve();

  const settled = async (why: "file" | "signal"): Promise<Config> => {
    try {
      return await loadAgain();
    } catch (thrown) {
      if (why === "signal") throw thrown;
      await sleep(SECOND_LOOK_MS);
      return loadAgain();
    }
  };
  /** A file that is gone is no wish for the defaults: it may be on its way to its place. */
  const loadAgain = async (): Promise<Config> => {
    const next = await load();
    if (next.path !== undefined || current.path === undefined) return next;
    throw new ClutchError("bad_config", `${current.path} is gone.`);
  };

  const refused = async (error: ClutchError): Promise<void> => {
    parts.onReloaded(false);
    logger.warn({ code: error.code }, `the configuration was not taken: ${error.message}`);
    if (error.message === told) return;
    told = error.message;
    say(`✗ ${error.message} Nothing was changed: what was read before stays in force.`);
    await parts.tellOwners({
      tone: "warning",
      title: "The configuration was changed, and cannot be used",
      body: [error.message, "Nothing was changed: what was read before stays in force."],
      footer: "noticed by Clutch",
    });
  };

  const read = async (why: "file" | "signal"): Promise<void> => {
    let next: Config;
    try {
      next = await settled(why);
    } catch (thrown) {
      return refused(toClutchError(thrown));
    }
    const changed = changedKeys(current, next);
    if (changed.length === 0) {
      told = "";
      if (why === "signal") say("The configuration was read again; nothing in it has changed.");
      return;
    }
    try {
      const notes = await apply(next, current, changed);
      current = next;
      told = "";
      parts.onReloaded(true);
      logger.info({ changed }, "the configuration was read again");
      say(`The configuration was read again. Changed: ${changed.join(", ")}. ${notes.join(" ")}`.trimEnd());
    } catch (thrown) {
      if (thrown instanceof LostError) throw thrown;
      await refused(toClutchError(thrown));
    }
  };

  const next = (job: () => Promise<unknown>): Promise<void> => {
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
    read: (why) => next(() => read(why)),
    again: (key) => next(() => apply(current, current, [key])),
    async stop() {
      stopped = true;
      await work;
    },
  };
}

/** Neither the new configuration nor the former one is in force. */
export class LostError extends Error {}
