import { ClutchError } from "../errors.ts";

/** From one time of the day to another, by this machine's clock; over midnight where the end comes first. */
export interface DailyTimes {
  /** Minutes after midnight. */
  readonly from: number;
  /** Minutes after midnight. */
  readonly to: number;
}

/** Reads `22:00-07:00`. Throws `bad_option`. */
export function parseDailyTimes(text: string): DailyTimes {
  const [, ...digits] = /^(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})$/.exec(text.trim()) ?? [];
  const [fromHour = 99, fromMinute = 99, toHour = 99, toMinute = 99] = digits.map(Number);
  const isTime = (hour: number, minute: number): boolean => hour <= 23 && minute <= 59;
  const times = { from: fromHour * 60 + fromMinute, to: toHour * 60 + toMinute };
  if (!isTime(fromHour, fromMinute) || !isTime(toHour, toMinute) || times.from === times.to) {
    throw new ClutchError("bad_option", `“daily:${text.slice(0, 20)}” names no two times of the day.`, {
      hint: "Write it as daily:22:00-07:00, by this machine's clock, or daily:never to end it.",
    });
  }
  return times;
}

export const formatDailyTimes = ({ from, to }: DailyTimes): string => `${clockText(from)}-${clockText(to)}`;

const clockText = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

export interface Boundary {
  readonly turns: "on" | "off";
  /** Epoch ms. */
  readonly at: number;
}

/** The last boundary before `now` or at it, and the next one after it; epoch ms. Days with a clock change included. */
export function boundariesAround(times: DailyTimes, now: number): { readonly last: Boundary; readonly next: Boundary } {
  const boundaries = [-2, -1, 0, 1, 2]
    .flatMap((day): Boundary[] => [
      { turns: "on", at: onDay(now, day, times.from) },
      { turns: "off", at: onDay(now, day, times.to) },
    ])
    .toSorted((a, b) => a.at - b.at);
  const next = boundaries.findIndex(({ at }) => at > now);
  const [last, coming] = [boundaries[next - 1], boundaries[next]];
  if (last === undefined || coming === undefined) throw new RangeError("five days hold a boundary before and after");
  return { last, next: coming };
}

/** A time of a day as the clock on the wall shows it; one that a clock change skips is the moment after the gap. */
function onDay(now: number, day: number, minutes: number): number {
  const date = new Date(now);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + day, 0, minutes).getTime();
}
