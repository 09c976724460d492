import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { namesOfDays, parsePeriod, USAGE_PERIODS } from "../../src/usage/usage-period.ts";

/** A Sunday, one hour into the day in Berlin. */
const NOW = Date.parse("2026-11-22T00:00:00+01:00") + 3_600_000;
const berlin = (text: string) => parsePeriod(text, NOW, "Europe/Berlin");

describe("a period", () => {
  it.each([
    ["today", "2026-11-22", "2026-11-22", "today", "the day before"],
    ["1d", "2026-11-22", "2026-11-22", "today", "the day before"],
    ["yesterday", "2026-11-21", "2026-11-21", "yesterday", "the day before"],
    ["7d", "2026-11-16", "2026-11-22", "the last 7 days", "the 7 days before"],
    [" 7 Days ", "2026-11-16", "2026-11-22", "the last 7 days", "the 7 days before"],
    ["90d", "2026-08-25", "2026-11-22", "the last 90 days", "the 90 days before"],
    ["this month", "2026-11-01", "2026-11-22", "this month", "the 22 days before"],
    ["This-Month", "2026-11-01", "2026-11-22", "this month", "the 22 days before"],
    ["last month", "2026-10-01", "2026-10-31", "last month", "the 31 days before"],
    ["2026-11-03", "2026-11-03", "2026-11-03", "2026-11-03", "the day before"],
    ["2026-11-01..2026-11-15", "2026-11-01", "2026-11-15", "2026-11-01 to 2026-11-15", "the 15 days before"],
    ["2026-11-20..2026-12-31", "2026-11-20", "2026-11-22", "2026-11-20 to 2026-12-31", "the 3 days before"],
    ["2026-02-28..2026-03-01", "2026-02-28", "2026-03-01", "2026-02-28 to 2026-03-01", "the 2 days before"],
  ])("“%s” is %s to %s", (text, first, last, name, before) => {
    expect(berlin(text)).toMatchObject({ first, last, name, zone: "Europe/Berlin", before: { name: before } });
  });

  it("has the days of the zone, also where the clock is changed", () => {
    const day = (date: string, offset: string) => Date.parse(`${date}T00:00:00${offset}`);
    expect(berlin("2026-10-24..2026-10-26")).toMatchObject({
      from: day("2026-10-24", "+02:00"),
      to: day("2026-10-27", "+01:00"),
      count: 3,
      before: { from: day("2026-10-21", "+02:00"), to: day("2026-10-24", "+02:00") },
    });
    expect(parsePeriod("today", NOW, "America/New_York")).toMatchObject({ first: "2026-11-21" });
  });

  it.each([
    ["", "is no period"],
    ["soon", "is no period"],
    ["7", "is no period"],
    ["-7d", "is no period"],
    ["7d; drop table", "is no period"],
    ["2026-11-01..", "is no period"],
    ["2026-11-01…2026-11-15", "is no period"],
    ["0d", "has no day"],
    ["9999d", "is longer than ten years"],
    ["1900-01-01..2026-01-01", "is longer than ten years"],
    ["2026-02-30", "names a day that no calendar has"],
    ["2026-13-01", "names a day that no calendar has"],
    ["2026-11-15..2026-11-01", "ends before it begins"],
    ["2026-11-23", "is still to come"],
  ])("“%s” is refused: %s", (text, why) => {
    expect(() => berlin(text)).toThrowError(
      expect.objectContaining({ code: "bad_option", message: `The period “${text.slice(0, 40)}” ${why}.` }),
    );
  });

  it("that is offered is one", () => {
    for (const text of USAGE_PERIODS) expect(berlin(text).count).toBeGreaterThan(0);
  });

  it("is made of its days, each named once, and joins the one before, whenever and wherever", () => {
    const zones = ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Pacific/Kiritimati", "Africa/Cairo"];
    const now = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2035, 0) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), now, fc.constantFrom(...zones), (count, at, zone) => {
        const days = parsePeriod(`${count}d`, at, zone);
        const calendar = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short" });
        expect(calendar.format(at)).toBe(days.last);
        expect([calendar.format(days.from), calendar.format(days.to - 1)]).toEqual([days.first, days.last]);
        expect(calendar.format(days.from - 1) < days.first).toBe(true);
        expect(new Set(namesOfDays(days)).size).toBe(count);
        expect([namesOfDays(days)[0], namesOfDays(days).at(-1)]).toEqual([days.first, days.last]);
        expect(days.before.to).toBe(days.from);
        expect(Math.round((days.before.to - days.before.from) / 86_400_000)).toBe(count);
      }),
    );
  });
});
