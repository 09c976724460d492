import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lasting, parseDuration } from "../../commands/duration.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe("a length of time", () => {
  it.each([
    ["90s", 90 * SECOND],
    ["10s", 10 * SECOND],
    ["30m", 30 * MINUTE],
    ["2h", 2 * HOUR],
    ["1D", DAY],
    ["30d", 30 * DAY],
    [" 5m ", 5 * MINUTE],
  ])("%j is read", (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(["9s", "0m", "31d", "721h", "999999999d"])("%j is out of bounds", (text) =>
    expect(() => parseDuration(text)).toThrow(/too (short|long)/),
  );
  it.each(["", "30", "m", "-5m", "1.5h", "1h30m", "30 m", "5w", "١٠m", "1e3s", "30m\n5"])("%j is none", (text) =>
    expect(() => parseDuration(text)).toThrow(/no length of time/),
  );

  it.each([
    [1, "1 second"],
    [10 * SECOND, "10 seconds"],
    [90 * SECOND, "90 seconds"],
    [2 * MINUTE, "2 minutes"],
    [23.6 * MINUTE, "24 minutes"],
    [90 * MINUTE, "90 minutes"],
    [2 * HOUR - 500, "2 hours"],
    [36 * HOUR, "36 hours"],
    [30 * DAY - 500, "30 days"],
  ])("%d ms is said as %s", (ms, words) => expect(lasting(ms)).toBe(words));

  it("says what was typed, a moment after it was typed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 30 }), fc.constantFrom("m", "h", "d"), (count, unit) => {
        const words = lasting(parseDuration(`${count}${unit}`) - 300, "more ");
        expect(words).toBe(`${count} more ${{ m: "minute", h: "hour", d: "day" }[unit]}s`);
      }),
    );
  });
});
