import { ClutchError } from "../errors.ts";

/**
 * Every zone's days begin on a quarter of an hour of universal time, whatever
 * its offset (Nepal +5:45, Chatham +12:45) and its clock changes (Lord Howe,
 * half an hour); so sums by quarters make the days of any zone.
 */
export const SLOT_MS = 15 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

export interface LocalDay {
  /** Days of the zone's calendar since 1970-01-01. */
  readonly day: number;
  /** Epoch ms; a multiple of a quarter of an hour. */
  readonly from: number;
  /** Where the next one begins, epoch ms: 24 hours later, or up to two more or less where the clock is changed. */
  readonly until: number;
}

/** The days of one time zone's calendar. */
export interface LocalDays {
  /** The day in which a moment (epoch ms) lies. */
  at(moment: number): LocalDay;
  /** The days that share any moment with `[from, until)`, in order. */
  between(from: number, until: number): readonly LocalDay[];
}

/** The calendars of zones, each of which remembers the days that it was asked for. */
export interface Calendars {
  of(zone: string): LocalDays;
}

export function createCalendars(): Calendars {
  const open = new Map<string, LocalDays>();
  return {
    of(zone) {
      const days = open.get(zone) ?? createLocalDays(zone);
      open.set(zone, days);
      return days;
    },
  };
}

/**
 * `zone` is an IANA name, such as `Europe/Berlin`; throws `bad_config` where it
 * is none. A day begins at the first moment that the calendar shows its date:
 * midnight, or later where a clock change skips midnight.
 */
export function createLocalDays(zone: string): LocalDays {
  const calendar = openCalendar(zone);
  const dayOf = (moment: number): number => {
    const [year = 0, month = 0, day = 0] = calendar.format(moment).split("-").map(Number);
    return Date.UTC(year, month - 1, day) / DAY_MS;
  };
  /** The first quarter of an hour whose date is `day` or later: `guess`, or else found by halving; zones are 14 hours apart at most. */
  const beginOf = (day: number, guess: number): number => {
    if (dayOf(guess) >= day && dayOf(guess - SLOT_MS) < day) return guess;
    let before = Math.floor((day * DAY_MS - DAY_MS) / SLOT_MS);
    let after = before + (2 * DAY_MS) / SLOT_MS;
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (dayOf(middle * SLOT_MS) >= day) after = middle;
      else before = middle;
    }
    return after * SLOT_MS;
  };
  const find = (day: number): LocalDay => {
    const from = byDay.get(day - 1)?.until ?? beginOf(day, day * DAY_MS);
    return { day, from, until: byDay.get(day + 1)?.from ?? beginOf(day + 1, from + DAY_MS) };
  };
  // By quarter of an hour, which saves asking the calendar again and again for calls of the same time.
  const bySlot = new Map<number, LocalDay>();
  const byDay = new Map<number, LocalDay>();
  const at = (moment: number): LocalDay => {
    const slot = Math.floor(moment / SLOT_MS);
    const known = bySlot.get(slot);
    if (known !== undefined) return known;
    const day = dayOf(slot * SLOT_MS);
    const found = byDay.get(day) ?? find(day);
    byDay.set(day, found);
    bySlot.set(slot, found);
    return found;
  };
  return {
    at,
    between(from, until) {
      const days: LocalDay[] = [];
      for (let next = from; next < until; ) {
        const day = at(next);
        days.push(day);
        next = day.until;
      }
      return days;
    },
  };
}

/** `2026-11-22`. */
export const formatDay = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

function openCalendar(zone: string): Intl.DateTimeFormat {
  try {
    // Written year-month-day in this locale.
    return new Intl.DateTimeFormat("sv-SE", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
  } catch (thrown) {
    throw new ClutchError("bad_config", `“${zone.slice(0, 60)}” is no time zone.`, {
      hint: "Write an IANA name, such as Europe/Berlin, America/New_York or UTC.",
      cause: thrown,
    });
  }
}
