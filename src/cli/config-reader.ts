import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Card } from "../../commands/card.ts";
import type { Config } from "../config.ts";
import { ClutchError, toClutchError } from "../errors.ts";

/** `signal`: somebody asked for it, and is told also where nothing has changed. */
export type ReadFor = "file" | "signal";

/** Reads the configuration again, and tells once what is wrong with one that is not taken. */
export interface ConfigReader {
  /** The file has changed, or somebody asks for it to be read. */
  changed(why: ReadFor): void;
  /** Aborted once that has happened since it was last read, with `ReadFor` for a reason. */
  readonly stale: AbortSignal;
  /** Undefined where it cannot be used; that was told by then. Never rejects. */
  read(why: ReadFor, current: Config): Promise<Config | undefined>;
  /** Tells why it is not taken: what is read stays in force. `next` says what comes of it. Never rejects. */
  refuse(error: ClutchError, next?: string): Promise<void>;
  /** What was told counts no more. */
  forget(): void;
}

/** Some editors write a file in two steps: what cannot be read is read once more after this, ms. */
const SECOND_LOOK_MS = 1_000;
const AS_BEFORE = "Nothing was changed: what was read before stays in force.";

export function createConfigReader(parts: {
  readonly load: () => Promise<Config>;
  readonly say: (line: string) => void;
  readonly tellOwners: (card: Card) => Promise<void>;
  readonly onRefused: () => void;
  readonly logger: Logger;
}): ConfigReader {
  let told = "";
  let since = new AbortController();

  /** A file that is gone is no wish for the defaults: it may be on its way to its place. */
  const load = async (current: Config): Promise<Config> => {
    const next = await parts.load();
    if (next.path !== undefined || current.path === undefined) return next;
    throw new ClutchError("bad_config", `${current.path} is gone.`);
  };
  const settled = async (why: ReadFor, current: Config): Promise<Config> => {
    try {
      return await load(current);
    } catch (thrown) {
      if (why === "signal") throw thrown;
      await sleep(SECOND_LOOK_MS);
      return load(current);
    }
  };

  const refuse: ConfigReader["refuse"] = async (error, next) => {
    parts.onRefused();
    parts.logger.warn({ code: error.code }, `the configuration was not taken: ${error.message}`);
    if (error.message === told) return;
    told = error.message;
    const then = [AS_BEFORE, ...(next === undefined ? [] : [next])].join(" ");
    parts.say(`✗ ${error.message} ${then}`);
    await parts.tellOwners({
      tone: "warning",
      title:
        next === undefined
          ? "The configuration was changed, and cannot be used"
          : "The configuration was changed, and cannot be used yet",
      body: [error.message, then],
      footer: "noticed by Clutch",
    });
  };

  return {
    changed: (why) => since.abort(why),
    get stale() {
      return since.signal;
    },
    async read(why, current) {
      // Before it is read, so that a change of that moment counts as well.
      since = new AbortController();
      try {
        return await settled(why, current);
      } catch (thrown) {
        await refuse(toClutchError(thrown));
        return undefined;
      }
    },
    refuse,
    forget() {
      told = "";
    },
  };
}
