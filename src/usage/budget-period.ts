import type { BudgetPeriod } from "../store/budget-book.ts";
import { formatDay, type LocalDay, type LocalDays } from "../store/local-days.ts";
import type { UsagePeriod } from "../store/usage-totals.ts";

/** What all days of one period have in common. 1970-01-01 was a Thursday; weeks begin on Mondays. */
const NAME_OF: Readonly<Record<BudgetPeriod, (day: number) => string | number>> = {
  day: (day) => day,
  week: (day) => Math.floor((day + 3) / 7),
  month: (day) => formatDay(day).slice(0, 7),
};

/** The day, week or month of a zone's calendar in which a moment (epoch ms) lies. */
export function periodAt(days: LocalDays, period: BudgetPeriod, moment: number): UsagePeriod {
  const today = days.at(moment);
  const isOfIt = ({ day }: LocalDay): boolean => NAME_OF[period](day) === NAME_OF[period](today.day);
  let [first, last] = [today, today];
  for (let next = days.at(first.from - 1); isOfIt(next); next = days.at(first.from - 1)) first = next;
  for (let next = days.at(last.until); isOfIt(next); next = days.at(last.until)) last = next;
  return { from: first.from, to: last.until };
}
