import type { UsageCall } from "../models/usage-call.ts";
import type { UsageLedger } from "../store/usage-ledger.ts";
import type { UsageScope } from "../store/usage-totals.ts";
import { parsePeriod, type UsageDays } from "./usage-period.ts";
import { createUsageReports, type UsageReportParts, type UsageReports } from "./usage-report.ts";

/** What models were asked, as people look at it. */
export interface Usage extends UsageReports {
  /** Reads a period as people write it, in the days of the configured zone. Throws `bad_option`. */
  period(text: string): UsageDays;
  /** The single calls that are still kept, oldest first. */
  calls(days: UsageDays, scope: UsageScope): AsyncIterable<UsageCall>;
}

export interface UsageParts extends UsageReportParts {
  readonly ledger: Pick<UsageLedger, "totals" | "calls">;
  /** IANA name of the zone whose days are meant. */
  readonly zone: string;
  /** Epoch ms. */
  readonly clock: () => number;
}

export function createUsage(parts: UsageParts): Usage {
  const { ledger, zone, clock } = parts;
  return {
    ...createUsageReports(parts),
    period: (text) => parsePeriod(text, clock(), zone),
    calls: ({ from, to }, scope) => ledger.calls({ from, to, scope }),
  };
}
