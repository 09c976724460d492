import type { BudgetLimit } from "../store/budget-book.ts";
import { createLocalDays } from "../store/local-days.ts";
import type { UsageLedger } from "../store/usage-ledger.ts";
import type { UsagePeriod } from "../store/usage-totals.ts";
import { periodAt } from "./budget-period.ts";

/** What was spent in the cloud in the period of a budget that runs now. */
export interface BudgetSpend extends BudgetLimit, UsagePeriod {
  /** USD of the calls whose price is known: it was at least so much. */
  readonly usd: number;
  /** Cloud calls of known size without a price; they are not free. */
  readonly unpriced: number;
  /** Cloud calls of unknown size. */
  readonly unsized: number;
}

/** Reads what a budget is measured by, with one question to the ledger. Unknown locality counts as cloud. */
export type ReadSpend = (limit: BudgetLimit) => Promise<BudgetSpend>;

/** `zone` is the IANA name of the zone whose days, weeks and months are meant. */
export function createSpendReader(ledger: Pick<UsageLedger, "totals">, zone: string, clock: () => number): ReadSpend {
  const days = createLocalDays(zone);
  return async ({ period, usdCents }) => {
    const now = clock();
    const { from, to } = periodAt(days, period, now);
    const totals = await ledger.totals({ from, to: now, by: ["locality"], zone });
    const cloud = totals.filter(({ locality }) => locality !== "local");
    const sum = (of: "usd" | "unpriced" | "unsized"): number => cloud.reduce((all, total) => all + total[of], 0);
    return { period, usdCents, from, to, usd: sum("usd"), unpriced: sum("unpriced"), unsized: sum("unsized") };
  };
}

/** 1 where all of it is spent. */
export const shareOf = ({ usd, usdCents }: Pick<BudgetSpend, "usd" | "usdCents">): number => usd / (usdCents / 100);
