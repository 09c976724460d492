import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ClutchInLab, type LockLab, ME, startLockLab } from "./lock-lab.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const YOU = { actor: "slack:other" };

let lab: LockLab;
let clutch: ClutchInLab;
let zone: string | undefined;
beforeEach(async () => {
  zone = process.env["TZ"];
  process.env["TZ"] = "Europe/Berlin";
  lab = await startLockLab();
  at("2026-11-22T12:00");
  clutch = await lab.clutch();
});
afterEach(async () => {
  await lab.stop();
  if (zone === undefined) delete process.env["TZ"];
  else process.env["TZ"] = zone;
});

/** By the clock of the machine. */
const at = (local: string): void => {
  lab.now = new Date(`${local}:00`).getTime();
};
const next = async (): Promise<string> => {
  const { schedule } = await clutch.lock.status();
  if (schedule.next === undefined) return "nothing";
  const date = new Date(schedule.next.at);
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${schedule.next.turns} on ${date.getDate()} at ${two(date.getHours())}:${two(date.getMinutes())}`;
};
const isOn = async () => (await clutch.lock.status()).isOn;
const off = (forMs?: number) => clutch.lock.turnOff({ ...ME, restore: "all", forMs });
/** What a keeper does every 2 s. Clutch may have been away before. */
async function goesBy(): Promise<string[]> {
  await clutch.lock.follow();
  const alerts = await clutch.lock.applySchedule();
  await clutch.lock.reconcile();
  expect(await clutch.lock.applySchedule()).toEqual([]);
  return alerts.map(({ kind, what }) => `${kind}: ${what[0]}`);
}
/** Clutch starts again. */
const restart = async () => {
  clutch = await lab.clutch();
};

describe("on for a while", () => {
  it("ends by itself, not before, and once", async () => {
    const { status } = await clutch.lock.turnOn({ ...ME, forMs: 2 * HOUR });
    expect(status.schedule).toEqual({ next: { turns: "off", at: lab.now + 2 * HOUR }, daily: undefined });
    lab.now += 2 * HOUR - 1;
    expect(await goesBy()).toEqual([]);
    lab.now += 1;
    expect(await goesBy()).toEqual(["told: Local-only mode is off now: the time is up, as discord:owner asked."]);
    expect(await isOn()).toBe(false);
    expect(await next()).toBe("nothing");
    lab.now += 100 * HOUR;
    expect(await goesBy()).toEqual([]);
  });

  it("ends although Clutch was away at that time", async () => {
    await clutch.lock.turnOn({ ...ME, forMs: 2 * HOUR });
    lab.now += 20 * HOUR;
    await restart();
    expect(await goesBy()).toHaveLength(1);
    expect(await isOn()).toBe(false);
  });

  it("is replaced by another while, and kept by an on without one", async () => {
    await clutch.lock.turnOn({ ...ME, forMs: HOUR });
    expect(await clutch.lock.turnOn({ ...YOU, forMs: 5 * HOUR })).toMatchObject({ changed: false });
    expect(await clutch.lock.turnOn(ME)).toMatchObject({ changed: false });
    lab.now += 4 * HOUR;
    expect(await goesBy()).toEqual([]);
    lab.now += HOUR;
    expect(await goesBy()).toEqual(["told: Local-only mode is off now: the time is up, as slack:other asked."]);
  });

  it("is replaced by a shorter one", async () => {
    await clutch.lock.turnOn({ ...ME, forMs: 5 * HOUR });
    await clutch.lock.turnOn({ ...ME, forMs: HOUR });
    lab.now += HOUR;
    expect(await goesBy()).toHaveLength(1);
  });

  it("does not end a lock that came after it", async () => {
    await clutch.lock.turnOn({ ...ME, forMs: HOUR });
    await off();
    expect(await next()).toBe("nothing");
    await clutch.lock.turnOn(ME);
    lab.now += 2 * HOUR;
    expect(await goesBy()).toEqual([]);
    expect(await isOn()).toBe(true);
  });

  it("stays planned when the lock is mended", async () => {
    await clutch.lock.turnOn({ ...ME, forMs: HOUR });
    await clutch.wall.open((await clutch.wall.status())?.id ?? "");
    await clutch.lock.reconcile();
    lab.now += HOUR;
    expect(await goesBy()).toHaveLength(1);
  });

  it("ends also where turning on was finished by another Clutch", async () => {
    lab.gateway.stop();
    await expect(clutch.lock.turnOn({ ...ME, forMs: HOUR })).rejects.toThrow();
    lab.gateway.start();
    await restart();
    await clutch.lock.reconcile();
    expect(await isOn()).toBe(true);
    lab.now += HOUR;
    expect(await goesBy()).toHaveLength(1);
    expect(await isOn()).toBe(false);
  });

  it("is tried again where it could not end", async () => {
    await clutch.lock.turnOn({ ...ME, forMs: HOUR });
    lab.now += HOUR;
    await lab.stopWall();
    await expect(clutch.lock.applySchedule()).rejects.toThrow("not off yet");
    // It is begun: the rest is up to whoever looks, and the audit log is not written full.
    expect(await clutch.lock.applySchedule()).toEqual([]);
    await expect(clutch.lock.reconcile()).rejects.toThrow("not off yet");
    await lab.startWall();
    await clutch.lock.reconcile();
    expect(await isOn()).toBe(false);
  });
});

describe("off for a while", () => {
  it("turns on again", async () => {
    await clutch.lock.turnOn(ME);
    const { status } = await off(HOUR);
    expect(status.schedule.next).toEqual({ turns: "on", at: lab.now + HOUR });
    lab.now += HOUR;
    await restart();
    expect(await goesBy()).toEqual(["told: Local-only mode is on now: the time is up, as discord:owner asked."]);
    expect(await isOn()).toBe(true);
    expect(await next()).toBe("nothing");
  });

  it.each([["never was on"], ["was off already"]])("also where it %s", async (how) => {
    if (how === "was off already") {
      await clutch.lock.turnOn(ME);
      await off();
    }
    expect(await off(HOUR)).toMatchObject({ changed: false });
    expect(await next()).toBe("on on 22 at 13:00");
    lab.now += HOUR;
    expect(await goesBy()).toHaveLength(1);
    expect(await isOn()).toBe(true);
  });

  it("is forgotten where somebody turns it on before", async () => {
    await clutch.lock.turnOn(ME);
    await off(HOUR);
    await clutch.lock.turnOn(ME);
    await off();
    lab.now += 2 * HOUR;
    expect(await goesBy()).toEqual([]);
    expect(await isOn()).toBe(false);
  });

  it("is told once where nothing can enforce it then, and done when something can", async () => {
    await clutch.lock.turnOn(ME);
    await off(HOUR);
    lab.now += HOUR;
    lab.gateway.stop();
    await lab.stopWall();
    const alerts = await clutch.lock.applySchedule();
    expect(alerts).toMatchObject([
      {
        kind: "broken",
        what: [expect.stringMatching(/cannot|no wall/), expect.anything(), expect.stringMatching(/is to be on now/)],
      },
    ]);
    for (let nth = 0; nth < 5; nth++) expect(await clutch.lock.applySchedule()).toEqual([]);
    // No row for each time that it was tried.
    expect(await clutch.journal.turnedOn()).toHaveLength(1);
    lab.gateway.start();
    await lab.startWall();
    expect(await goesBy()).toHaveLength(1);
    expect(await isOn()).toBe(true);
  });
});

describe("daily", () => {
  const daily = (times: string | undefined = "22:00-07:00") => clutch.lock.setDaily(times, ME);

  it("turns on and off, and says what comes next", async () => {
    expect((await daily()).schedule.daily).toBe("22:00-07:00");
    expect(await next()).toBe("on on 22 at 22:00");
    expect(await goesBy()).toEqual([]);
    at("2026-11-22T22:00");
    expect(await goesBy()).toEqual(["told: Local-only mode is on now: the daily times."]);
    expect(await next()).toBe("off on 23 at 07:00");
    at("2026-11-23T06:59");
    expect(await goesBy()).toEqual([]);
    at("2026-11-23T07:00");
    expect(await goesBy()).toEqual(["told: Local-only mode is off now: the daily times."]);
    expect(await next()).toBe("on on 23 at 22:00");
    await clutch.lock.setDaily(undefined, ME);
    at("2026-11-23T23:00");
    expect(await goesBy()).toEqual([]);
    expect(await next()).toBe("nothing");
  });

  it("set within the times, it is on at once", async () => {
    at("2026-11-22T23:00");
    await daily();
    expect(await goesBy()).toHaveLength(1);
    expect(await isOn()).toBe(true);
  });

  it("set outside of the times, nothing happens, whatever was before", async () => {
    await clutch.lock.turnOn(ME);
    await daily();
    expect(await goesBy()).toEqual([]);
    expect(await isOn()).toBe(true);
  });

  it.each([
    ["on", "2026-11-22T21:00", "2026-11-22T23:30", true],
    ["off", "2026-11-22T23:00", "2026-11-23T08:00", false],
    ["on and off", "2026-11-22T21:00", "2026-11-23T08:00", false],
    ["off and on", "2026-11-22T23:00", "2026-11-23T22:30", true],
    ["all of a week", "2026-11-22T21:00", "2026-11-29T23:30", true],
  ])("makes up for %s that came while Clutch was away", async (_, before, after, wanted) => {
    at(before);
    await daily();
    await goesBy();
    at(after);
    await restart();
    await goesBy();
    expect(await isOn()).toBe(wanted);
  });

  it.each([
    ["2026-03-28T23:00", "2026-03-29T06:59", "2026-03-29T07:00"],
    ["2026-10-24T23:00", "2026-10-25T06:59", "2026-10-25T07:00"],
  ])("over a clock change (%s)", async (begins, within, ends) => {
    at(begins);
    await daily();
    await goesBy();
    at(within);
    expect(await goesBy()).toEqual([]);
    expect(await isOn()).toBe(true);
    at(ends);
    expect(await goesBy()).toHaveLength(1);
    expect(await isOn()).toBe(false);
  });

  it("does not end a lock that somebody turned on, and does not say so either", async () => {
    await daily();
    await clutch.lock.turnOn(ME);
    expect(await next()).toBe("nothing");
    at("2026-11-22T22:00");
    expect(await goesBy()).toEqual([]);
    at("2026-11-23T07:00");
    expect(await goesBy()).toEqual([]);
    expect(await isOn()).toBe(true);
  });

  it("does not turn on again what somebody turned off within the times", async () => {
    at("2026-11-22T23:00");
    await daily();
    await goesBy();
    await off();
    expect(await next()).toBe("on on 23 at 22:00");
    lab.now += HOUR;
    await restart();
    expect(await goesBy()).toEqual([]);
    at("2026-11-23T07:00");
    expect(await goesBy()).toEqual([]);
    at("2026-11-23T22:00");
    expect(await goesBy()).toHaveLength(1);
  });

  it("off for a while within the times: on again, and off at their end", async () => {
    at("2026-11-22T23:00");
    await daily();
    await goesBy();
    await off(HOUR);
    at("2026-11-23T00:00");
    await goesBy();
    expect(await isOn()).toBe(true);
    expect(await next()).toBe("off on 23 at 07:00");
    at("2026-11-23T07:00");
    expect(await goesBy()).toHaveLength(1);
    expect(await isOn()).toBe(false);
  });

  it("off for a while beyond their beginning: on at their beginning", async () => {
    await daily();
    await clutch.lock.turnOn(ME);
    await off(11 * HOUR);
    expect(await next()).toBe("on on 22 at 22:00");
    at("2026-11-22T22:00");
    await goesBy();
    expect(await isOn()).toBe(true);
    at("2026-11-22T23:00");
    expect(await goesBy()).toEqual([]);
    at("2026-11-23T07:00");
    await goesBy();
    expect(await isOn()).toBe(false);
  });

  it("on for a while that ends within the times: on until their end", async () => {
    at("2026-11-22T21:00");
    await daily();
    await clutch.lock.turnOn({ ...ME, forMs: 2 * HOUR });
    expect(await next()).toBe("off on 23 at 07:00");
    at("2026-11-22T22:00");
    expect(await goesBy()).toEqual([]);
    at("2026-11-22T23:00");
    expect(await goesBy()).toEqual([
      "told: Local-only mode stays on: the time is up, as discord:owner asked, and by the daily times it is on now.",
    ]);
    expect(await next()).toBe("off on 23 at 07:00");
    at("2026-11-23T07:00");
    await goesBy();
    expect(await isOn()).toBe(false);
  });

  it("on for a while that ends after the times: on until then", async () => {
    at("2026-11-22T23:00");
    await daily();
    await goesBy();
    await clutch.lock.turnOn({ ...ME, forMs: 10 * HOUR });
    expect(await next()).toBe("off on 23 at 09:00");
    at("2026-11-23T07:00");
    expect(await goesBy()).toEqual([]);
    at("2026-11-23T09:00");
    expect(await goesBy()).toHaveLength(1);
  });

  it("is done once by two that watch", async () => {
    await daily();
    at("2026-11-22T22:00");
    const both = [clutch, await lab.clutch()];
    const alerts = await Promise.allSettled(both.map(({ lock }) => lock.applySchedule()));
    expect(alerts.flatMap((one) => (one.status === "fulfilled" ? one.value : []))).toHaveLength(1);
    for (const { lock } of both) expect(await lock.applySchedule()).toEqual([]);
    expect(await clutch.journal.turnedOn()).toHaveLength(1);
  });

  it("is told once where nothing can enforce it, and done as soon as something can", async () => {
    await daily();
    at("2026-11-22T22:00");
    lab.gateway.stop();
    await lab.stopWall();
    const told: number[] = [];
    for (let nth = 0; nth < 4; nth++) told.push((await clutch.lock.applySchedule()).length);
    expect(told).toEqual([1, 0, 0, 0]);
    expect(await clutch.journal.turnedOn()).toEqual([]);
    at("2026-11-23T01:00");
    lab.gateway.start();
    await lab.startWall();
    await goesBy();
    expect(await isOn()).toBe(true);
  });

  it("refuses what names no times, and keeps what was", async () => {
    await daily();
    await expect(daily("25:00-07:00")).rejects.toThrow(expect.objectContaining({ code: "bad_option" }));
    expect((await clutch.lock.status()).schedule.daily).toBe("22:00-07:00");
  });
});

describe("the clock is put right while the daily times hold", () => {
  const daily = (times: string) => clutch.lock.setDaily(times, ME);

  it("forward over the beginning: it begins late, and once", async () => {
    await daily("22:00-07:00");
    at("2026-11-22T21:30");
    expect(await goesBy()).toEqual([]);
    at("2026-11-22T22:30");
    expect(await goesBy()).toHaveLength(1);
    expect([await isOn(), await goesBy()]).toEqual([true, []]);
  });

  it("back over the end: it stays off, and the end comes no second time", async () => {
    await daily("22:00-07:00");
    at("2026-11-22T22:00");
    await goesBy();
    at("2026-11-23T07:10");
    expect(await goesBy()).toHaveLength(1);
    at("2026-11-23T06:10");
    expect([await goesBy(), await isOn()]).toEqual([[], false]);
    at("2026-11-23T07:10");
    expect([await goesBy(), await isOn()]).toEqual([[], false]);
    at("2026-11-23T22:00");
    expect([(await goesBy()).length, await isOn()]).toEqual([1, true]);
  });

  it("from a year that it never was: the times go on to hold", async () => {
    at("2031-11-22T12:00");
    await daily("22:00-07:00");
    at("2031-11-22T22:00");
    await goesBy();
    at("2031-11-23T07:00");
    await goesBy();
    expect(await isOn()).toBe(false);
    at("2026-11-22T22:00");
    expect([(await goesBy()).length, await isOn()]).toEqual([1, true]);
    at("2026-11-23T07:00");
    expect([(await goesBy()).length, await isOn()]).toEqual([1, false]);
  });
});
