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

const DAYS = [-3, -2, -1, 0, 1, 2, 3];

/**
 * The last boundary before `now` or at it, and the next one after it; epoch ms. A
 * time that a clock change skips is when the clock jumps; one that comes twice
 * begins at its first and ends at its second.
 */
export function boundariesAround(times: DailyTimes, now: number): { readonly last: Boundary; readonly next: Boundary } {
  // In the order of the clock on the wall, which a clock change bends but never turns round.
  const order = ([["on", times.from] as const, ["off", times.to] as const] as const).toSorted((a, b) => a[1] - b[1]);
  let before = Number.NEGATIVE_INFINITY;
  const all = DAYS.flatMap((day) =>
    order.map(([turns, minutes]): Boundary => {
      before = Math.max(before, onDay(now, day, minutes, turns));
      return { turns, at: before };
    }),
  );
  // Of what a clock change makes the same moment, the later one counts.
  const moments = all.filter(({ at }, index) => all[index + 1]?.at !== at);
  const boundaries = moments.filter(({ turns }, index) => moments[index - 1]?.turns !== turns);
  const next = boundaries.findIndex(({ at }) => at > now);
  const [last, coming] = [boundaries[next - 1], boundaries[next]];
  if (last === undefined || coming === undefined) throw new RangeError("seven days hold a boundary before and after");
  return { last, next: coming };
}

const MINUTE_MS = 60_000;
/** Clocks are changed by one of these, minutes. */
const CHANGES = [30, 60, 120];

function onDay(now: number, day: number, minutes: number, turns: Boundary["turns"]): number {
  const today = new Date(now);
  const date = new Date(today.getFullYear(), today.getMonth(), today.getDate() + day, 0, minutes);
  const at = date.getTime();
  if (minutesOf(at) !== minutes) return jumpBefore(at);
  const again = CHANGES.map((change) => at + change * MINUTE_MS).find((later) => minutesOf(later) === minutes);
  return turns === "off" && again !== undefined ? again : at;
}

const minutesOf = (at: number): number => new Date(at).getHours() * 60 + new Date(at).getMinutes();

/** When the clock was put forward: a time that was skipped is shown as the same time after the jump. */
function jumpBefore(at: number): number {
  const offset = (moment: number): number => new Date(moment).getTimezoneOffset();
  let jump = at;
  while (offset(jump - MINUTE_MS) === offset(at)) jump -= MINUTE_MS;
  return jump;
}
