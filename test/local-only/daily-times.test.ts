import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { boundariesAround, formatDailyTimes, parseDailyTimes } from "../../src/local-only/daily-times.ts";

let zone: string | undefined;
beforeEach(() => {
  zone = process.env["TZ"];
  process.env["TZ"] = "Europe/Berlin";
});
afterEach(() => {
  if (zone === undefined) delete process.env["TZ"];
  else process.env["TZ"] = zone;
});

describe("reading", () => {
  it.each([
    ["22:00-07:00", "22:00-07:00"],
    [" 7:05 – 19:30 ", "07:05-19:30"],
    ["00:00-23:59", "00:00-23:59"],
  ])("%j", (text, read) => expect(formatDailyTimes(parseDailyTimes(text))).toBe(read));

  it.each(["", "22:00", "22-07", "24:00-07:00", "22:00-07:60", "22:00-22:00", "22:00-07:00x", "never"])(
    "refuses %j",
    (text) => expect(() => parseDailyTimes(text)).toThrow(expect.objectContaining({ code: "bad_option" })),
  );
});

const at = (iso: string): number => {
  const time = Date.parse(iso);
  if (Number.isNaN(time)) throw new Error(iso);
  return time;
};
const around = (times: string, now: string) => {
  const { last, next } = boundariesAround(parseDailyTimes(times), at(now));
  return [last.turns, new Date(last.at).toISOString(), next.turns, new Date(next.at).toISOString()];
};

describe("in Berlin", () => {
  it.each([
    // An ordinary night, its edges included.
    ["22:00-07:00", "2026-11-22T20:59:59Z", "off 2026-11-22T06:00 on 2026-11-22T21:00"],
    ["22:00-07:00", "2026-11-22T21:00:00Z", "on 2026-11-22T21:00 off 2026-11-23T06:00"],
    ["22:00-07:00", "2026-11-23T05:59:59Z", "on 2026-11-22T21:00 off 2026-11-23T06:00"],
    ["22:00-07:00", "2026-11-23T06:00:00Z", "off 2026-11-23T06:00 on 2026-11-23T21:00"],
    ["09:00-17:00", "2026-11-22T12:00:00Z", "on 2026-11-22T08:00 off 2026-11-22T16:00"],
    // The night of 29 March has an hour less, that of 25 October one more.
    ["22:00-07:00", "2026-03-29T00:00:00Z", "on 2026-03-28T21:00 off 2026-03-29T05:00"],
    ["22:00-07:00", "2026-10-25T00:00:00Z", "on 2026-10-24T20:00 off 2026-10-25T06:00"],
    // 02:30 does not exist on 29 March: it is when the clock jumps from 02:00 to 03:00.
    ["02:30-05:00", "2026-03-29T01:30:00Z", "on 2026-03-29T01:00 off 2026-03-29T03:00"],
    ["22:00-02:30", "2026-03-29T01:30:00Z", "off 2026-03-29T01:00 on 2026-03-29T20:00"],
    // Were it later, these two would begin after they end.
    ["02:30-03:15", "2026-03-29T03:00:00Z", "off 2026-03-29T01:15 on 2026-03-30T00:30"],
    ["03:15-02:30", "2026-03-29T03:00:00Z", "on 2026-03-29T01:15 off 2026-03-30T00:30"],
    // Both within the hour that is not there: nothing of it is left, or all but nothing of the day is open.
    ["02:15-02:45", "2026-03-29T03:00:00Z", "off 2026-03-28T01:45 on 2026-03-30T00:15"],
    ["02:45-02:15", "2026-03-29T03:00:00Z", "on 2026-03-28T01:45 off 2026-03-30T00:15"],
    // 02:30 comes twice on 25 October: it begins at the first and ends at the second.
    ["02:30-05:00", "2026-10-25T01:00:00Z", "on 2026-10-25T00:30 off 2026-10-25T04:00"],
    ["22:00-02:30", "2026-10-25T01:00:00Z", "on 2026-10-24T20:00 off 2026-10-25T01:30"],
    ["02:15-02:45", "2026-10-25T01:15:00Z", "on 2026-10-25T00:15 off 2026-10-25T01:45"],
    // It would end after the next one has begun, so it goes on.
    ["02:45-02:30", "2026-10-25T01:40:00Z", "on 2026-10-24T00:45 off 2026-10-26T01:30"],
    ["00:00-23:59", "2026-10-25T22:58:59Z", "on 2026-10-24T22:00 off 2026-10-25T22:59"],
  ])("daily:%s at %s", (times, now, wanted) => {
    const [lastTurns, lastAt = "", nextTurns, nextAt = ""] = around(times, now);
    expect(`${lastTurns} ${lastAt.slice(0, 16)} ${nextTurns} ${nextAt.slice(0, 16)}`).toBe(wanted);
  });
});

const HOUR_MS = 3_600_000;
const FIRST = at("2026-01-01T00:00:00Z");
const LAST = at("2027-01-01T00:00:00Z");

function clockChanges(): number[] {
  const offset = (moment: number): number => new Date(moment).getTimezoneOffset();
  const found: number[] = [];
  for (let hour = FIRST; hour < LAST; hour += HOUR_MS) if (offset(hour) !== offset(hour - HOUR_MS)) found.push(hour);
  return found;
}

describe.each(["Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Africa/Cairo", "UTC"])("in %s", (name) => {
  it("takes turns, and is on whenever the clock on the wall says so", () => {
    process.env["TZ"] = name;
    const minute = fc.integer({ min: 0, max: 24 * 60 - 1 });
    const jumps = clockChanges();
    expect(jumps.length).toBe(name === "UTC" ? 0 : 2);
    const moment = fc.oneof(
      fc.integer({ min: FIRST, max: LAST }),
      ...jumps.map((jump) => fc.integer({ min: jump - 26 * HOUR_MS, max: jump + 26 * HOUR_MS })),
    );
    fc.assert(
      fc.property(minute, minute, moment, (from, to, now) => {
        fc.pre(from !== to);
        const { last, next } = boundariesAround({ from, to }, now);
        expect(last.at <= now && now < next.at).toBe(true);
        expect(last.turns).not.toBe(next.turns);
        // What comes next is what came last a moment later.
        expect(boundariesAround({ from, to }, next.at).last).toEqual(next);
        const shown = new Date(now).getHours() * 60 + new Date(now).getMinutes();
        const isWithin = from < to ? from <= shown && shown < to : from <= shown || shown < to;
        if (isWithin) expect(last.turns).toBe("on");
      }),
      { numRuns: 500 },
    );
  });
});
