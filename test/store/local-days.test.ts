import fc from "fast-check";
import { expect, it } from "vitest";
import { createLocalDays, formatDay, SLOT_MS } from "../../src/store/local-days.ts";

const ZONES = [...Intl.supportedValuesOf("timeZone"), "UTC"];
const from = Date.UTC(2025, 0);
const to = Date.UTC(2032, 0);
const dateIn = (zone: string) => {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, dateStyle: "short" });
  return (at: number): string => format.format(at).split("/").reverse().join("-");
};

it("a day is all that the zone's calendar shows with its date, to the millisecond, in every zone", () => {
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), fc.integer({ min: from, max: to }), (zone, moment) => {
      const { day, from: begin, until } = createLocalDays(zone).at(moment);
      const dateAt = dateIn(zone);
      expect(formatDay(day)).toBe(dateAt(moment));
      expect([begin % SLOT_MS, until % SLOT_MS]).toEqual([0, 0]);
      expect(dateAt(begin)).toBe(formatDay(day));
      expect(dateAt(until - 1)).toBe(formatDay(day));
      expect(dateAt(begin - 1)).not.toBe(formatDay(day));
      expect(dateAt(until)).not.toBe(formatDay(day));
    }),
    { numRuns: 300 },
  );
});

it.each([
  ["Europe/Berlin", "2026-03-29", 23],
  ["Europe/Berlin", "2026-10-25", 25],
  ["Australia/Lord_Howe", "2026-10-04", 23.5],
  ["Australia/Lord_Howe", "2026-04-05", 24.5],
  ["Asia/Kathmandu", "2026-06-01", 24],
  ["Pacific/Chatham", "2026-09-27", 23],
  ["Antarctica/Troll", "2026-03-29", 22],
  // Midnight does not exist: the day begins at one o'clock.
  ["Asia/Beirut", "2026-03-29", 23],
  ["Africa/Cairo", "2026-04-24", 23],
  // Midnight comes twice.
  ["America/Nuuk", "2026-10-24", 25],
])("in %s %s has %d hours", (zone, date, hours) => {
  const days = createLocalDays(zone).between(Date.parse(date) - 2 * 86_400_000, Date.parse(date) + 2 * 86_400_000);
  const found = days.find(({ day }) => formatDay(day) === date);
  expect(found && (found.until - found.from) / 3_600_000).toBe(hours);
});

it("days follow each other without a gap, whatever order they were asked for in", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ZONES),
      fc.array(fc.integer({ min: from, max: to }), { maxLength: 5 }),
      (zone, first) => {
        const calendar = createLocalDays(zone);
        for (const moment of first) calendar.at(moment);
        const begin = first[0] ?? from;
        const days = calendar.between(begin, begin + 40 * 86_400_000);
        expect(days[0]?.from).toBeLessThanOrEqual(begin);
        expect(days.at(-1)?.until).toBeGreaterThanOrEqual(begin + 40 * 86_400_000);
        days.slice(1).forEach((day, index) => {
          expect(day).toMatchObject({ day: (days[index]?.day ?? 0) + 1, from: days[index]?.until });
        });
      },
    ),
    { numRuns: 40 },
  );
});

it("a name that is no zone is refused", () => {
  expect(() => createLocalDays("Europe/Atlantis")).toThrow(expect.objectContaining({ code: "bad_config" }));
});
