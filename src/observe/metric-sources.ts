import { setTimeout as sleep } from "node:timers/promises";
import type { LocalOnly } from "../local-only/local-only.ts";
import type { GatewayConnection } from "../openclaw/connection.ts";
import type { UsageLedger } from "../store/usage-ledger.ts";
import type { UsageTotal } from "../store/usage-totals.ts";
import type { MetricSources } from "./metrics.ts";

/** Guard and wall are asked for so long, ms; a scrape does not wait for a gateway that is busy. */
const LOCK_PATIENCE_MS = 2_000;

/** What a running Clutch tells Prometheus of the gateway, the lock and the ledger. */
export function createMetricSources(parts: {
  readonly connection: Pick<GatewayConnection, "state">;
  readonly localOnly: Pick<LocalOnly, "isOn" | "status">;
  readonly ledger: Pick<UsageLedger, "totals" | "version">;
  /** IANA name of a zone whose days are kept, so that all of the past is few sums. */
  readonly zone: string;
  readonly backedUpAt: () => number | undefined;
  /** Epoch ms. */
  readonly clock: () => number;
}): MetricSources {
  const { connection, localOnly, ledger, zone, clock } = parts;
  const isAttached = (): boolean => connection.state().phase === "ready";
  let read: { readonly version: number; readonly totals: readonly UsageTotal[] } | undefined;
  return {
    isAttached,
    isLocked: localOnly.isOn,
    async lock() {
      if (!isAttached()) return undefined;
      const patience = new AbortController();
      try {
        return await Promise.race([
          localOnly.status(),
          sleep(LOCK_PATIENCE_MS, undefined, { signal: patience.signal, ref: false }),
        ]);
      } catch {
        return undefined;
      } finally {
        patience.abort();
      }
    },
    async usage() {
      try {
        const version = await ledger.version();
        if (read?.version !== version) {
          read = { version, totals: await ledger.totals({ from: 0, to: clock(), by: ["locality"], zone }) };
        }
        return read.totals;
      } catch {
        // The store's own errors are counted; figures that are not known are not shown.
        return undefined;
      }
    },
    backedUpAt: parts.backedUpAt,
  };
}
