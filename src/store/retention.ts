import type { Logger } from "pino";
import type { AuditLog } from "./audit-log.ts";

const DAY_MS = 24 * 60 * 60_000;

/**
 * Deletes audit entries that are older than `days`, now and once a day, until
 * the function that it returns is called. With 0 everything is kept.
 */
export function startRetention(parts: {
  readonly audit: AuditLog;
  readonly days: number;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}): () => Promise<void> {
  const { audit, days, clock, logger } = parts;
  if (days === 0) return async () => undefined;
  const prune = async (): Promise<void> => {
    try {
      const deleted = await audit.prune(clock() - days * DAY_MS);
      if (deleted > 0) logger.info({ deleted, days }, "old audit entries deleted");
    } catch (error) {
      logger.warn({ err: error }, "old audit entries could not be deleted");
    }
  };
  let work = prune();
  const timer = setInterval(() => {
    work = prune();
  }, DAY_MS).unref();
  return () => {
    clearInterval(timer);
    return work;
  };
}
