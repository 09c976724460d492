import type { Logger } from "pino";
import type { AuditLog } from "./audit-log.ts";
import type { UsageLedger } from "./usage-ledger.ts";

const DAY_MS = 24 * 60 * 60_000;

/**
 * Deletes audit entries and single model calls that are older than so many days,
 * now and once a day, until the function that it returns is called. With 0
 * everything is kept; the sums of calls always are.
 */
export function startRetention(parts: {
  readonly audit: AuditLog;
  readonly auditDays: number;
  readonly ledger: Pick<UsageLedger, "retain">;
  readonly usageDays: number;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}): () => Promise<void> {
  const { audit, auditDays, ledger, usageDays, clock, logger } = parts;
  const stores = [
    { what: "audit entries", days: auditDays, prune: () => audit.prune(clock() - auditDays * DAY_MS) },
    { what: "model calls", days: usageDays, prune: () => ledger.retain(usageDays) },
  ].filter(({ days }) => days > 0);
  if (stores.length === 0) return async () => undefined;

  const prune = async (): Promise<void> => {
    for (const { what, days, prune: deleteOld } of stores) {
      try {
        const deleted = await deleteOld();
        if (deleted > 0) logger.info({ deleted, days }, `old ${what} deleted`);
      } catch (error) {
        logger.warn({ err: error }, `old ${what} could not be deleted`);
      }
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
