import type { BudgetSpend } from "../src/usage/budget-spend.ts";
import { dollars } from "./amounts.ts";
import type { Meter } from "./card.ts";
import { calls, spent } from "./usage-words.ts";

/** How a budget is spoken of, in cards and in alerts. */

/** “$5.00 a day”. */
export const limitWords = ({ usdCents, period }: Pick<BudgetSpend, "usdCents" | "period">): string =>
  `${dollars(usdCents / 100)} a ${period}`;

/** “$3.20”, “at least $3.20” where not every call could be counted. */
export const spentWords = ({ usd, unpriced, unsized }: Pick<BudgetSpend, "usd" | "unpriced" | "unsized">): string =>
  spent({ usd, unknown: unpriced + unsized });

/** “2 calls without a known price, 3 calls of unknown size”; undefined where every call is counted. */
export function uncountedWords({ unpriced, unsized }: Pick<BudgetSpend, "unpriced" | "unsized">): string | undefined {
  const parts = [
    ...(unpriced > 0 ? [`${calls(unpriced)} without a known price`] : []),
    ...(unsized > 0 ? [`${calls(unsized)} of unknown size`] : []),
  ];
  return parts.length === 0 ? undefined : parts.join(", ");
}

export const THIS = { day: "today", week: "this week", month: "this month" } as const;

/** “2026-11-23 00:00”; `at` in epoch ms. */
export const momentIn = (at: number, zone: string): string =>
  new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone: zone }).format(at);

/** A bar that is never more than full; its text says what it really is. */
export function spendMeter(spend: BudgetSpend): Meter {
  const max = spend.usdCents / 100;
  const percent = Math.floor((spend.usd / max) * 100);
  return {
    label: "Spent",
    value: Math.min(spend.usd, max),
    max,
    text: `${spentWords(spend)} of ${dollars(max)} (${percent} %)`,
  };
}
