import { ClutchError } from "../errors.ts";
import { createLocalDays, formatDay, type LocalDay, type LocalDays } from "../store/local-days.ts";

const DAY_MS = 24 * 60 * 60_000;
const LONGEST_DAYS = 3_660;

/** Whole days of a zone's calendar. */
export interface UsageDays {
  /** As a sentence has it: “the last 7 days”, “2026-11-01 to 2026-11-15”. */
  readonly name: string;
  /** IANA name. */
  readonly zone: string;
  /** `2026-11-16`; both are part of it. */
  readonly first: string;
  readonly last: string;
  readonly count: number;
  /** From a moment on and before another, epoch ms. */
  readonly from: number;
  readonly to: number;
  /** As many days, directly before. */
  readonly before: { readonly name: string; readonly from: number; readonly to: number };
}

/** Periods to offer; days as `2026-11-22` or `2026-11-01..2026-11-15` and other numbers of days are taken as well. */
export const USAGE_PERIODS = ["7d", "today", "yesterday", "30d", "90d", "this month", "last month"] as const;

const HINT =
  "Write today, yesterday, 7d, 30d, this-month, last-month, a day (2026-11-22) or days (2026-11-01..2026-11-15).";

/**
 * Reads a period as people write it. `now` is epoch ms; today is in it whole,
 * though it is not over, and what is to come after it is not. Throws `bad_option`, and `bad_config` for a zone that is none.
 */
export function parsePeriod(text: string, now: number, zone: string): UsageDays {
  const calendar = createLocalDays(zone);
  const today = calendar.at(now);
  const [first, wanted, name] = daysOf(text, today, calendar);
  if (first.day > today.day) throw refuse(text, "is still to come");
  const last = wanted.day > today.day ? today : wanted;
  if (last.day - first.day >= LONGEST_DAYS) throw refuse(text, "is longer than ten years");
  const count = last.day - first.day + 1;
  return {
    name,
    zone,
    first: formatDay(first.day),
    last: formatDay(last.day),
    count,
    from: first.from,
    to: last.until,
    before: {
      name: count === 1 ? "the day before" : `the ${count} days before`,
      from: dayAt(calendar, first.day - count).from,
      to: first.from,
    },
  };
}

/** Each of the days, `2026-11-16`. */
export const namesOfDays = ({ first, count }: Pick<UsageDays, "first" | "count">): string[] =>
  Array.from({ length: count }, (_, index) => formatDay(numberOf(first) + index));

const numberOf = (date: string): number => Date.parse(`${date}T00:00:00Z`) / DAY_MS;

type Days = readonly [first: LocalDay, last: LocalDay, name: string];

function daysOf(text: string, today: LocalDay, calendar: LocalDays): Days {
  const word = text
    .trim()
    .toLowerCase()
    .replace(/[\s_]+/g, "-");
  const [, count] = /^(\d{1,4})-?d(?:ays?)?$/.exec(word) ?? [];
  if (count !== undefined) return lastDays(Number(count), text, today, calendar);
  const [, from, to = from] = /^(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d))?$/.exec(word) ?? [];
  if (from !== undefined && to !== undefined) return datesOf(from, to, text, calendar);
  switch (word) {
    case "today":
      return [today, today, "today"];
    case "yesterday": {
      const day = calendar.at(today.from - 1);
      return [day, day, "yesterday"];
    }
    case "this-month":
      return [dayAt(calendar, monthOf(today.day)), today, "this month"];
    case "last-month": {
      const last = monthOf(today.day) - 1;
      return [dayAt(calendar, monthOf(last)), dayAt(calendar, last), "last month"];
    }
    default:
      throw refuse(text, "is no period");
  }
}

function lastDays(count: number, text: string, today: LocalDay, calendar: LocalDays): Days {
  if (count === 0) throw refuse(text, "has no day");
  if (count > LONGEST_DAYS) throw refuse(text, "is longer than ten years");
  return [dayAt(calendar, today.day - count + 1), today, count === 1 ? "today" : `the last ${count} days`];
}

function datesOf(from: string, to: string, text: string, calendar: LocalDays): Days {
  const [first, last] = [dayOf(from), dayOf(to)];
  if (first === undefined || last === undefined) throw refuse(text, "names a day that no calendar has");
  if (last < first) throw refuse(text, "ends before it begins");
  return [dayAt(calendar, first), dayAt(calendar, last), first === last ? from : `${from} to ${to}`];
}

/** Days since 1970-01-01; undefined for 2026-02-30, which would be taken for a day in March. */
function dayOf(date: string): number | undefined {
  const day = numberOf(date);
  return Number.isNaN(day) || formatDay(day) !== date ? undefined : day;
}

/** The first day of the month in which a day lies. */
function monthOf(day: number): number {
  const date = new Date(day * DAY_MS);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth()) / DAY_MS;
}

/** A day of the calendar by its number: the zone's noon is at most 14 hours from that of universal time. */
function dayAt(calendar: LocalDays, day: number): LocalDay {
  const near = calendar.at((day + 0.5) * DAY_MS);
  if (near.day === day) return near;
  return calendar.at(near.day < day ? near.until : near.from - 1);
}

const refuse = (text: string, why: string): ClutchError =>
  new ClutchError("bad_option", `The period “${text.slice(0, 40)}” ${why}.`, { hint: HINT });
