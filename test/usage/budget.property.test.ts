import fc from "fast-check";
import { expect, it } from "vitest";
import { detailsOf } from "../../src/local-only/lock-details.ts";
import type { Budget } from "../../src/store/budget-book.ts";
import type { LockEntry } from "../../src/store/lock-journal.ts";
import type { UsageAlert } from "../../src/usage/usage-alert.ts";
import { type Gate, type LockLab, startLockLab } from "../local-only/lock-lab.ts";
import { ALL_TIME, HOUR, MINUTE } from "../store/usage-calls.ts";
import { type BudgetClutch, OWNER, openBudgetClutch, ZONE } from "./budget-lab.ts";

/** What people and time do. */
type Act =
  | { readonly kind: "spend"; readonly usd: number; readonly ago: number }
  | { readonly kind: "passes"; readonly ms: number }
  | { readonly kind: "on"; readonly forMs: number | undefined }
  | { readonly kind: "off"; readonly forMs: number | undefined }
  | { readonly kind: "set"; readonly usdCents: number; readonly period: "day" | "week" }
  | { readonly kind: "clear" }
  | { readonly kind: "daily"; readonly times: string | undefined };

interface Step {
  readonly act: Act;
  /** The write at which Clutch dies, counted from 1; beyond the last one it lives. */
  readonly diesAt: number | undefined;
  /** Posting fails. */
  readonly isMute: boolean;
}

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("spend" as const),
      usd: fc.constantFrom(0.5, 2, 5),
      ago: fc.constantFrom(0, 0, 0, 30 * HOUR),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("passes" as const),
      ms: fc.constantFrom(10 * MINUTE, 3 * HOUR, 11 * HOUR, 25 * HOUR, 80 * HOUR),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("on" as const), forMs: fc.constantFrom(undefined, 2 * HOUR, 20 * HOUR) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("off" as const), forMs: fc.constantFrom(undefined, undefined, HOUR) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("set" as const),
      usdCents: fc.constantFrom(200, 500, 1_000),
      period: fc.constantFrom("day" as const, "day" as const, "week" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("daily" as const),
      times: fc.constantFrom("22:00-07:00", "12:00-15:00", undefined),
    }),
  },
);
const step: fc.Arbitrary<Step> = fc.record({
  act,
  diesAt: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined, freq: 2 }),
  isMute: fc.boolean(),
});

/** Freezes at the nth write, as a process that was killed: what it began is never finished. */
function mortal(diesAt: number | undefined) {
  let count = 0;
  let isSafe = false;
  let die: () => void = () => undefined;
  const death = new Promise<"died">((resolve) => {
    die = () => resolve("died");
  });
  const gate: Gate = async () => {
    count += 1;
    if (isSafe || diesAt === undefined || count < diesAt) return;
    die();
    await new Promise(() => undefined);
  };
  return {
    ...{ gate, death },
    survive() {
      isSafe = true;
    },
  };
}

/** As the calendar on the wall shows it: the day, or the Monday of its week. */
function periodName(at: number, period: Budget["period"]): string {
  const shown = new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE, dateStyle: "short" }).format(at);
  const day = new Date(`${shown}T12:00Z`);
  if (period === "week") day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  return `${period} ${day.toISOString().slice(0, 10)}`;
}

interface World {
  readonly lab: LockLab;
  readonly posted: UsageAlert[];
  /** A death between posting and noting it may post again. */
  deaths: number;
  /** Newest entry of the lock's journal when a budget was first found used up in a period. */
  readonly since: Map<string, number>;
}

async function perform({ lab }: World, { lock, budgets, spend }: BudgetClutch, done: Act): Promise<void> {
  switch (done.kind) {
    case "spend":
      return void (await spend(done.usd, { at: lab.now - done.ago }));
    case "passes":
      lab.now += done.ms;
      return;
    case "on":
      return void (await lock.turnOn({ ...OWNER, forMs: done.forMs }));
    case "off":
      return void (await lock.turnOff({ ...OWNER, restore: "all", forMs: done.forMs }));
    case "set":
      return void (await budgets.set({ period: done.period, usdCents: done.usdCents }, OWNER));
    case "clear":
      return void (await budgets.clear(OWNER));
    case "daily":
      return void (await lock.setDaily(done.times, OWNER));
  }
}

const isPersons = ({ actor }: LockEntry): boolean => actor === OWNER.actor;
const isBudgets = ({ actor }: LockEntry): boolean => actor === "clutch:budget";

async function take(world: World, { act: done, diesAt, isMute }: Step): Promise<void> {
  const { lab, posted } = world;
  lab.now += 1_000;
  const post = async (alert: UsageAlert): Promise<boolean> => {
    if (isMute) return false;
    posted.push(alert);
    return true;
  };
  const { gate, death, survive } = mortal(diesAt);
  const clutch = await openBudgetClutch(lab, { gate, post });
  const whole = async (): Promise<void> => {
    await perform(world, clutch, done);
    await clutch.settle();
    await clutch.deliver();
  };
  const outcome = await Promise.race([whole(), death]);
  if (outcome !== "died") survive();
  const next = outcome === "died" ? await openBudgetClutch(lab, { post }) : clutch;
  if (outcome === "died") {
    world.deaths += 1;
    lab.now += 25_000;
    // What the lock's keeper does at its start.
    await next.lock.applySchedule();
    await next.lock.reconcile();
  }
  await next.settle();
  await next.deliver();
  await expectOrder(world, next);
}

async function expectOrder(world: World, clutch: BudgetClutch): Promise<void> {
  const { lab, since } = world;
  const status = await clutch.lock.status();
  expect(status.enforcement).toBe(status.isOn ? "enforced" : "off");
  const entries = await clutch.journal.after(0);
  const last = entries.at(-1);
  expect(last?.state ?? "done").toBe("done");

  // The budget never opens anything itself, and gives no end to what a person turned on.
  expect(entries.filter((entry) => entry.wanted === "off" && isBudgets(entry))).toEqual([]);
  for (const entry of entries.filter((one) => one.wanted === "on" && isPersons(one))) {
    expect(detailsOf(entry).until?.actor).not.toBe("clutch:budget");
  }

  const budget = await clutch.book.current();
  const isForBudget = last?.wanted === "on" && detailsOf(last).until?.actor === "clutch:budget";
  if (budget === undefined) return void expect(isForBudget).toBe(false);
  const name = periodName(lab.now, budget.period);
  const calls = await Array.fromAsync(clutch.ledger.calls(ALL_TIME));
  const cents = calls
    .filter(({ at }) => periodName(at, budget.period) === name)
    .reduce((sum, { usd = 0 }) => sum + Math.round(usd * 100), 0);
  const shown = await clutch.budgets.status();
  expect(Math.round((shown?.spend.usd ?? 0) * 100)).toBe(cents);

  if (cents < budget.usdCents) {
    expect(isForBudget).toBe(false);
    expect(shown?.hold).toBe("ready");
    return;
  }
  const period = `${budget.id} ${name}`;
  const from = since.get(period) ?? last?.id ?? 0;
  since.set(period, from);
  const after = entries.filter(({ id }) => id > from);
  const off = after.find((entry) => entry.wanted === "off" && isPersons(entry));
  if (off === undefined) {
    expect(status.isOn).toBe(true);
    expect(["locked", "held"]).toContain(shown?.hold);
    return;
  }
  // Overruled: nothing of the budget's comes on again, and that is said.
  expect(after.filter((entry) => entry.id > off.id && isBudgets(entry))).toEqual([]);
  expect(shown?.hold).toBe("overruled");
}

it("holds when it is used up, unless somebody says no, and never takes over", { timeout: 1_800_000 }, async () => {
  const numRuns = process.env["CLUTCH_LONG"] === undefined ? 100 : 1_200;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 9 }), async (steps) => {
      const lab = await startLockLab();
      const world: World = { lab, posted: [], deaths: 0, since: new Map() };
      try {
        const first = { kind: "set", usdCents: 500, period: "day" } as const;
        await take(world, { act: first, diesAt: undefined, isMute: false });
        for (const one of steps) await take(world, one);
        const last = await openBudgetClutch(lab, {
          post: async (alert) => {
            world.posted.push(alert);
            return true;
          },
        });
        await last.deliver();
        expect(await last.box.waiting()).toEqual([]);
        // Each once; a process that dies in the moment of posting does it again.
        const told = await last.store.db.selectFrom("usage_alerts").select("key").where("state", "=", "told").execute();
        expect(world.posted.length).toBeGreaterThanOrEqual(told.length);
        expect(world.posted.length).toBeLessThanOrEqual(told.length + world.deaths);
      } finally {
        await lab.stop();
      }
    }),
    { numRuns, endOnFailure: true },
  );
});
