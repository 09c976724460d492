import fc from "fast-check";
import { expect, it } from "vitest";
import { BUDGET_PERIODS } from "../../src/store/budget-book.ts";
import { createLocalDays } from "../../src/store/local-days.ts";
import { periodAt } from "../../src/usage/budget-period.ts";

const HOUR = 60 * 60_000;
const at = (text: string): number => Date.parse(text);
const written = ({ from, to }: { from: number; to: number }) =>
  [from, to].map((moment) => new Date(moment).toISOString().slice(0, 16));

it.each([
  // The clocks of Europe go forward on Sunday, 29 March 2026, and back on 25 October.
  ["day", "Europe/Berlin", "2026-03-29T12:00Z", ["2026-03-28T23:00", "2026-03-29T22:00"]],
  ["day", "Europe/Berlin", "2026-10-25T12:00Z", ["2026-10-24T22:00", "2026-10-25T23:00"]],
  ["week", "Europe/Berlin", "2026-03-29T21:59Z", ["2026-03-22T23:00", "2026-03-29T22:00"]],
  ["week", "Europe/Berlin", "2026-03-29T22:00Z", ["2026-03-29T22:00", "2026-04-05T22:00"]],
  ["month", "Europe/Berlin", "2026-03-31T21:59Z", ["2026-02-28T23:00", "2026-03-31T22:00"]],
  ["month", "America/New_York", "2028-02-29T12:00Z", ["2028-02-01T05:00", "2028-03-01T05:00"]],
  // Midnight does not exist in Beirut when summer begins: the day begins at one.
  ["day", "Asia/Beirut", "2026-03-29T12:00Z", ["2026-03-28T22:00", "2026-03-29T21:00"]],
  // Samoa had no 30 December 2011: the week that it is in has six days.
  ["week", "Pacific/Apia", "2011-12-29T12:00Z", ["2011-12-26T10:00", "2012-01-01T10:00"]],
  ["week", "UTC", "1969-12-31T12:00Z", ["1969-12-29T00:00", "1970-01-05T00:00"]],
] as const)("a %s in %s at %s", (period, zone, moment, expected) => {
  expect(written(periodAt(createLocalDays(zone), period, at(moment)))).toEqual(expected);
});

it("periods follow each other without a gap, begin where the calendar says, and hold the moment", () => {
  const zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham", "Asia/Kathmandu"];
  const moment = fc.integer({ min: at("2020-01-01T00:00Z"), max: at("2030-01-01T00:00Z") });
  fc.assert(
    fc.property(fc.constantFrom(...zones), fc.constantFrom(...BUDGET_PERIODS), moment, (zone, period, now) => {
      const days = createLocalDays(zone);
      const { from, to } = periodAt(days, period, now);
      expect(from <= now && now < to).toBe(true);
      expect(periodAt(days, period, from)).toEqual({ from, to });
      expect(periodAt(days, period, to - 1)).toEqual({ from, to });
      expect(periodAt(days, period, to).from).toBe(to);
      const parts = new Intl.DateTimeFormat("en-GB", { timeZone: zone, weekday: "long", day: "numeric" });
      const shown = Object.fromEntries(parts.formatToParts(from).map(({ type, value }) => [type, value]));
      if (period === "week") expect(shown["weekday"]).toBe("Monday");
      if (period === "month") expect(shown["day"]).toBe("1");
      const hours = { day: 24, week: 7 * 24, month: 31 * 24 };
      expect(Math.abs(to - from - hours[period] * HOUR)).toBeLessThanOrEqual((period === "month" ? 73 : 1) * HOUR);
    }),
  );
});
