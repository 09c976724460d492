import type { Logger } from "pino";
import { backUp, listBackups } from "./backups.ts";

const DAY_MS = 24 * 60 * 60_000;
/** How often it is looked whether one is due, ms. */
const LOOK_MS = 60 * 60_000;
/** A process that only just began has better things to do, ms. */
const FIRST_LOOK_MS = 30_000;

/**
 * Backs the SQLite store at `file` up once a day, whichever process runs, until the
 * function that it returns is called. A newest backup that lies ahead was made before
 * the clock was set back; it does not count.
 */
export function startDailyBackup(parts: {
  readonly file: string;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
  readonly firstLookMs?: number;
}): () => Promise<void> {
  const { file, clock, logger, firstLookMs = FIRST_LOOK_MS } = parts;
  let work: Promise<void> = Promise.resolve();

  const look = async (): Promise<void> => {
    const now = clock();
    if (listBackups(file).some(({ at }) => at <= now && now - at < DAY_MS)) return;
    try {
      const { path } = await backUp(file, now);
      logger.info({ path }, "the store was backed up");
    } catch (error) {
      logger.error({ err: error }, "the store could not be backed up");
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const next = (ms: number): void => {
    timer = setTimeout(() => {
      work = look().finally(() => next(LOOK_MS));
    }, ms).unref();
  };
  next(firstLookMs);
  return async () => {
    clearTimeout(timer);
    await work;
    // The work has set it again.
    clearTimeout(timer);
  };
}
