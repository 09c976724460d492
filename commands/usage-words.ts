import type { UsageFigures } from "../src/store/usage-totals.ts";
import { allTokens } from "../src/usage/usage-figures.ts";
import type { UsageDays } from "../src/usage/usage-period.ts";
import type { UsageSplit } from "../src/usage/usage-report.ts";
import { dollars, tokens } from "./amounts.ts";

const NUMBER = new Intl.NumberFormat("en-US");
export const number = (count: number): string => NUMBER.format(count);

/** “1 call”, “1,204 calls”. */
export const calls = (count: number): string => `${number(count)} ${count === 1 ? "call" : "calls"}`;

/** “67 %”; neither all nor nothing is rounded to. */
export function share(part: number, whole: number): string {
  const percent = Math.round((100 * part) / whole);
  if (percent === 100 && part < whole) return "over 99 %";
  if (percent === 0 && part > 0) return "under 1 %";
  return `${percent} %`;
}

/** Money that is known, and calls that cost something that nobody knows. */
export interface Spend {
  readonly usd: number;
  readonly unknown: number;
}

/** What ran here costs nothing, whatever its size, but for what a person stated a price for. */
export const spendOf = ({ all, local, cloud }: Pick<UsageSplit, "all" | "local" | "cloud">): Spend => ({
  usd: all.usd,
  unknown: cloud.unsized + cloud.unpriced + local.unpriced + (local.usd > 0 ? local.unsized : 0),
});

/** “$4.20”, “at least $4.20”, “an unknown amount”, “nothing”. */
export function spent({ usd, unknown }: Spend): string {
  if (usd === 0) return unknown > 0 ? "an unknown amount" : "nothing";
  return unknown > 0 ? `at least ${dollars(usd)}` : dollars(usd);
}

/** The same in a table's cell: “$4.20+” is at least that, “?” is not known. */
export function costCell({ usd, unknown }: Spend): string {
  if (usd === 0 && unknown > 0) return "?";
  return `${dollars(usd)}${unknown > 0 ? "+" : ""}`;
}

/** “3.1M”; “3.1M+” where some calls are of unknown size, “?” where all are. */
export function tokensCell(sum: UsageFigures): string {
  if (sum.calls > 0 && sum.unsized === sum.calls) return "?";
  return `${tokens(allTokens(sum.tokens))}${sum.unsized > 0 ? "+" : ""}`;
}

/** “75 % of 77 local, $0.31”: short enough to stand beside others. */
export function inShort(split: UsageSplit): string {
  const { all, local } = split;
  if (all.calls === 0) return "no calls";
  return `${share(local.calls, all.calls)} of ${number(all.calls)} local, ${costCell(spendOf(split))}`;
}

const MOST_NAMED = 5;

/** The first few of many. */
export const someOf = (items: readonly string[]): string =>
  [...items.slice(0, MOST_NAMED), ...(items.length > MOST_NAMED ? [`${items.length - MOST_NAMED} more`] : [])].join(
    ", ",
  );

/** “last 7 days”, “today”, “2026-11-01 to 2026-11-15”. */
export const periodName = ({ name }: UsageDays): string => name.replace(/^the /, "");

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
