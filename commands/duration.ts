import { ClutchError } from "../src/errors.ts";

const UNITS = { s: 1_000, m: 60_000, h: 60 * 60_000, d: 24 * 60 * 60_000 } as const;
const SHORTEST_MS = 10_000;
const LONGEST_MS = 30 * UNITS.d;
const FORMS = "Write a number and s, m, h or d: for:90s, for:30m, for:2h, for:1d.";

/** Reads `90s`, `30m`, `2h` or `1d` and gives ms. Throws `bad_option`; 10 seconds is the shortest, 30 days the longest. */
export function parseDuration(text: string): number {
  const [, count, unit] = /^(\d{1,9})([smhd])$/i.exec(text.trim()) ?? [];
  if (count === undefined || unit === undefined) {
    throw new ClutchError("bad_option", `“for:${text.slice(0, 20)}” is no length of time.`, { hint: FORMS });
  }
  const ms = Number(count) * UNITS[unit.toLowerCase() as keyof typeof UNITS];
  if (ms < SHORTEST_MS || ms > LONGEST_MS) {
    throw new ClutchError("bad_option", `“for:${text}” is too ${ms < SHORTEST_MS ? "short" : "long"}.`, {
      hint: "10 seconds is the shortest, 30 days the longest.",
    });
  }
  return ms;
}

/** A length of time as people say it, in the largest unit that leaves about two: “90 seconds”, “24 more minutes”. */
export function lasting(ms: number, more = ""): string {
  // Two hours that began a moment ago are two hours still.
  const [size, name] =
    ms < 2 * UNITS.m - UNITS.s
      ? [UNITS.s, "second"]
      : ms < 2 * UNITS.h - UNITS.m
        ? [UNITS.m, "minute"]
        : ms < 2 * UNITS.d - UNITS.h
          ? [UNITS.h, "hour"]
          : [UNITS.d, "day"];
  const count = Math.max(1, Math.round(ms / size));
  return `${count} ${more}${name}${count === 1 ? "" : "s"}`;
}
