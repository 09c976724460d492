import { afterEach, describe, expect, it } from "vitest";
import { openStore } from "../../src/store/open-store.ts";
import { type LockLab, startLockLab } from "../local-only/lock-lab.ts";
import { DATABASES, newDatabase } from "../store/databases.ts";
import { type BudgetClutch, OWNER, openBudgetClutch } from "./budget-lab.ts";

const DAY = { period: "day", usdCents: 500 } as const;
const HOUR = 60 * 60_000;
/** The lab's clock begins on Sunday, 22 November 2026, at 13:00 in Berlin. */
const MIDNIGHT = Date.parse("2026-11-23T00:00+01:00");

let lab: LockLab;
afterEach(() => lab.stop());

async function open(layers: { readonly guard?: boolean; readonly wall?: boolean } = {}): Promise<BudgetClutch> {
  lab = await startLockLab(layers);
  return openBudgetClutch(lab);
}

/** Used up, with the lock on for it. */
async function locked(): Promise<BudgetClutch> {
  const clutch = await open();
  await clutch.set(DAY);
  await clutch.spend(5);
  await clutch.settle();
  return clutch;
}

describe("the budget", () => {
  it("says nothing below 80 %, and once that it is near", async () => {
    const clutch = await open();
    await clutch.set(DAY);
    await clutch.spend(3.99);
    await clutch.settle();
    expect(await clutch.alerts()).toEqual([]);
    await clutch.spend(0.01);
    await clutch.settle();
    await clutch.settle();
    await (await openBudgetClutch(lab)).settle();
    expect(await clutch.alerts()).toEqual(["near"]);
    expect((await clutch.lock.status()).isOn).toBe(false);
  });

  it("turns local-only mode on when it is used up, until the next day, and says so once", async () => {
    const clutch = await locked();
    const status = await clutch.lock.status();
    expect(status).toMatchObject({
      enforcement: "enforced",
      last: { actor: "clutch:budget", reason: "budget" },
    });
    expect(Math.abs((status.schedule.next?.at ?? 0) - MIDNIGHT)).toBeLessThan(1_000);
    await (await openBudgetClutch(lab)).settle();
    expect(await clutch.alerts()).toEqual(["locked"]);
    expect(await clutch.audited()).toEqual(["budget.set discord:owner ok", "budget.trip clutch:budget ok"]);
    expect(await clutch.budgets.status()).toMatchObject({ hold: "locked", isLocked: true, share: 1 });
  });

  it("a dollar that is a sum of cents is a dollar", async () => {
    const clutch = await open();
    await clutch.set({ period: "day", usdCents: 30 });
    for (const usd of [0.1, 0.1, 0.1]) await clutch.spend(usd);
    await clutch.settle();
    expect((await clutch.lock.status()).isOn).toBe(true);
  });

  it("lets go at midnight, and counts anew", async () => {
    const clutch = await locked();
    lab.now = MIDNIGHT + 1_000;
    await clutch.settle();
    expect((await clutch.lock.status()).enforcement).toBe("off");
    expect(await clutch.budgets.status()).toMatchObject({ share: 0, hold: "ready", isLocked: false });
    expect(await clutch.audited()).toContain("budget.recover clutch:budget ok");
    await clutch.spend(6);
    await clutch.settle();
    expect((await clutch.lock.status()).isOn).toBe(true);
    expect(await clutch.alerts()).toEqual(["locked", "locked"]);
  });

  it("lets go at the next start, where Clutch did not run at midnight", async () => {
    await locked();
    lab.now = MIDNIGHT + 9 * HOUR;
    const next = await openBudgetClutch(lab);
    await next.settle();
    expect((await next.lock.status()).enforcement).toBe("off");
    expect((await next.audited()).filter((entry) => entry.startsWith("budget.recover"))).toHaveLength(1);
  });

  it("counts what comes late, whenever it comes within its period, and not what is of the one before", async () => {
    const clutch = await open();
    await clutch.set(DAY);
    await clutch.spend(9, { at: Date.parse("2026-11-21T23:59:59+01:00") });
    await clutch.settle();
    expect((await clutch.lock.status()).isOn).toBe(false);
    await clutch.spend(5, { at: Date.parse("2026-11-22T00:00:01+01:00") });
    await clutch.settle();
    expect((await clutch.lock.status()).isOn).toBe(true);
  });

  it("does not count local calls, and counts those of unknown locality", async () => {
    const clutch = await open();
    await clutch.set(DAY);
    await clutch.spend(9, { locality: "local" });
    await clutch.settle();
    expect((await clutch.budgets.status())?.spend).toMatchObject({ usd: 0 });
    await clutch.spend(5, { locality: "unknown" });
    await clutch.settle();
    expect((await clutch.lock.status()).isOn).toBe(true);
  });

  it("calls without price or size are shown, and are not zero", async () => {
    const clutch = await open();
    await clutch.set(DAY);
    await clutch.spend(undefined, { rate: undefined });
    await clutch.spend(undefined, { tokens: undefined });
    expect((await clutch.budgets.status())?.spend).toMatchObject({ usd: 0, unpriced: 1, unsized: 1 });
  });
});

describe("people", () => {
  it("who turn it off overrule it for this period, which is said once, and not for the next one", async () => {
    const clutch = await locked();
    await clutch.lock.turnOff({ ...OWNER, restore: "all" });
    await clutch.settle();
    await clutch.spend(3);
    await clutch.settle();
    await (await openBudgetClutch(lab)).settle();
    expect((await clutch.lock.status()).isOn).toBe(false);
    expect(await clutch.alerts()).toEqual(["locked", "overruled"]);
    expect(await clutch.budgets.status()).toMatchObject({ hold: "overruled", why: "discord:owner" });
    lab.now = MIDNIGHT;
    await clutch.spend(5);
    await clutch.settle();
    expect((await clutch.lock.status()).isOn).toBe(true);
  });

  it("who turned it on before keep it: nothing is changed, and it is not turned off", async () => {
    const clutch = await open();
    await clutch.set(DAY);
    await clutch.lock.turnOn(OWNER);
    await clutch.spend(5);
    await clutch.settle();
    expect(await clutch.alerts()).toEqual(["held"]);
    expect((await clutch.lock.status()).schedule.next).toBeUndefined();
    lab.now = MIDNIGHT + HOUR;
    await clutch.settle();
    expect((await clutch.lock.status()).last?.actor).toBe("discord:owner");
    expect((await clutch.lock.status()).isOn).toBe(true);
  });

  it("who turn their own lock off when the budget is used up overrule it", async () => {
    const clutch = await open();
    await clutch.set(DAY);
    await clutch.lock.turnOn(OWNER);
    await clutch.spend(5);
    await clutch.settle();
    await clutch.lock.turnOff({ ...OWNER, restore: "all" });
    await clutch.settle();
    expect((await clutch.lock.status()).isOn).toBe(false);
    expect(await clutch.alerts()).toEqual(["held", "overruled"]);
  });

  it("whose lock ends by itself leave the rest of the period to the budget", async () => {
    const clutch = await open();
    await clutch.set(DAY);
    await clutch.lock.turnOn({ ...OWNER, forMs: HOUR });
    await clutch.spend(5);
    await clutch.settle();
    lab.now += HOUR;
    await clutch.settle();
    expect((await clutch.lock.status()).last).toMatchObject({ actor: "clutch:budget", reason: "budget" });
    expect(await clutch.alerts()).toEqual(["held", "locked"]);
  });

  it("who give the lock of the budget another end have it from then on", async () => {
    const clutch = await locked();
    const forMs = MIDNIGHT + 3 * HOUR - lab.now;
    await clutch.lock.turnOn({ ...OWNER, forMs });
    await clutch.settle();
    lab.now = MIDNIGHT + HOUR;
    await clutch.settle();
    expect((await clutch.lock.status()).isOn).toBe(true);
    lab.now = MIDNIGHT + 3 * HOUR + 1_000;
    await clutch.settle();
    expect((await clutch.lock.status()).isOn).toBe(false);
    expect(await clutch.alerts()).toEqual(["locked"]);
  });

  it("who turn it on in the moment in which the budget would are not taken over", async () => {
    const clutch = await open();
    await clutch.set(DAY);
    await clutch.spend(5);
    const [, mine] = await Promise.all([clutch.lock.turnOn(OWNER), clutch.check()]);
    expect(mine).toBeDefined();
    await clutch.settle();
    expect((await clutch.lock.status()).schedule.next).toBeUndefined();
    expect((await clutch.lock.status()).last?.actor).toBe("discord:owner");
  });
});

describe("the daily times", () => {
  it("go on where the budget ends, and end it themselves", async () => {
    const clutch = await open();
    await clutch.set({ period: "day", usdCents: 500 });
    await clutch.lock.setDaily("00:00-23:59", OWNER);
    await clutch.lock.applySchedule();
    await clutch.spend(5);
    await clutch.settle();
    expect(await clutch.alerts()).toEqual(["held"]);
    await clutch.lock.setDaily(undefined, OWNER);
    lab.now = MIDNIGHT + HOUR;
    await clutch.settle();
    expect((await clutch.lock.status()).isOn).toBe(true);
  });

  it("that hold when the budget is raised are not broken by that", async () => {
    const clutch = await locked();
    await clutch.lock.setDaily("00:00-23:59", OWNER);
    await clutch.lock.applySchedule();
    await clutch.set({ period: "day", usdCents: 5_000 });
    await clutch.settle();
    const status = await clutch.lock.status();
    expect(status.isOn).toBe(true);
    expect(status.schedule.daily).toBe("00:00-23:59");
  });
});

describe("another budget", () => {
  it("that is larger lets go at once, and so does taking it away", async () => {
    const clutch = await locked();
    await clutch.set({ period: "day", usdCents: 700 });
    await clutch.settle();
    expect((await clutch.lock.status()).enforcement).toBe("off");
    await clutch.spend(2);
    await clutch.settle();
    expect((await clutch.lock.status()).isOn).toBe(true);
    expect(await clutch.budgets.clear(OWNER)).toBe(true);
    expect(await clutch.budgets.clear(OWNER)).toBe(false);
    await clutch.settle();
    expect((await clutch.lock.status()).enforcement).toBe("off");
    expect(await clutch.budgets.status()).toBeUndefined();
    expect(await clutch.audited()).toEqual([
      "budget.set discord:owner ok",
      "budget.trip clutch:budget ok",
      "budget.set discord:owner ok",
      "budget.recover clutch:budget ok",
      "budget.trip clutch:budget ok",
      "budget.clear discord:owner ok",
      "budget.recover clutch:budget ok",
    ]);
  });

  it("for a longer period moves the end of the lock", async () => {
    const clutch = await locked();
    await clutch.set({ period: "month", usdCents: 500 });
    await clutch.settle();
    const { schedule } = await clutch.lock.status();
    expect(new Date(schedule.next?.at ?? 0).toISOString().slice(0, 16)).toBe("2026-11-30T23:00");
    lab.now = MIDNIGHT + HOUR;
    await clutch.settle();
    expect((await clutch.lock.status()).isOn).toBe(true);
  });

  it("ends an overruling: whoever sets it means it", async () => {
    const clutch = await locked();
    await clutch.lock.turnOff({ ...OWNER, restore: "all" });
    await clutch.settle();
    await clutch.set({ period: "day", usdCents: 400 });
    await clutch.settle();
    expect((await clutch.lock.status()).isOn).toBe(true);
  });

  it("of a preview changes nothing", async () => {
    const clutch = await open();
    await clutch.spend(5);
    expect(await clutch.budgets.preview(DAY)).toMatchObject({ share: 1, hold: "coming", spend: { usd: 5 } });
    expect(await clutch.budgets.status()).toBeUndefined();
  });
});

describe("where nothing can enforce it", () => {
  it("the owners are told once that it is not, and it is, as soon as something can", async () => {
    const clutch = await open({ guard: false, wall: false });
    await clutch.set(DAY);
    expect(await clutch.budgets.status()).toMatchObject({ hold: "open" });
    await clutch.spend(5);
    await clutch.check();
    lab.now += 60_000;
    await clutch.check();
    expect(await clutch.alerts()).toEqual(["open"]);
    const [told] = await clutch.box.waiting();
    expect(told?.alert).toMatchObject({ hint: expect.stringContaining("clutch guard install") });
    expect(await clutch.audited()).toEqual(["budget.set discord:owner ok", "budget.trip clutch:budget failed"]);
    // Trying writes nothing into the lock's journal.
    expect(await clutch.journal.turnedOn()).toEqual([]);

    await lab.startWall();
    const { proxy } = {
      proxy: { enabled: true, proxyUrl: `http://${lab.wall()?.status().listen}`, loopbackMode: "proxy" },
    };
    lab.gateway.setConfig({ ...lab.gateway.config(), proxy });
    lab.now += 60_000;
    await clutch.settle();
    expect((await clutch.lock.status()).isOn).toBe(true);
    expect(await clutch.alerts()).toEqual(["open", "locked"]);
  });
});

describe.each(DATABASES)("on %s", (database) => {
  it("of two that look at the same time one acts", async () => {
    lab = await startLockLab();
    const store = await openStore(await newDatabase(database), { clock: () => lab.now });
    const [one, other] = [await openBudgetClutch(lab, { store }), await openBudgetClutch(lab, { store })];
    await one.set(DAY);
    await one.spend(5);
    const looked = await Promise.allSettled([one.check(), other.check(), one.check(), other.check()]);
    expect(looked.filter(({ status }) => status === "fulfilled").length).toBeGreaterThan(0);
    await one.settle();
    await other.settle();
    expect(await one.alerts()).toEqual(["locked"]);
    expect(await one.journal.turnedOn()).toHaveLength(1);
    await store.close();
  });
});
