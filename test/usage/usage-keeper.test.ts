import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { UsageCall } from "../../src/models/usage-call.ts";
import { type AlertBox, createAlertBox } from "../../src/store/alert-box.ts";
import { type BudgetBook, createBudgetBook } from "../../src/store/budget-book.ts";
import type { AlertTarget } from "../../src/store/deliver-alerts.ts";
import { createLeases, type Leases } from "../../src/store/leases.ts";
import { createUsageLedger, type UsageLedger } from "../../src/store/usage-ledger.ts";
import type { UsageAlert } from "../../src/usage/usage-alert.ts";
import { keepUsage, type UsageKeeper } from "../../src/usage/usage-keeper.ts";
import { openTemp } from "../store/temp-store.ts";
import { usageCall } from "../store/usage-calls.ts";
import { logger } from "./budget-lab.ts";

const DAY = 24 * 60 * 60_000;
const OVERRULED: UsageAlert = {
  kind: "overruled",
  spend: { period: "day", usdCents: 500, from: 0, to: DAY, usd: 6, unpriced: 0, unsized: 0 },
  by: "discord:owner",
};
const CLOUD = usageCall(3);

let time: { now: number };
let box: AlertBox;
let book: BudgetBook;
let leases: Leases;
let ledger: UsageLedger;
const keepers: UsageKeeper[] = [];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const opened = await openTemp();
  time = opened.time;
  const clock = () => time.now;
  box = createAlertBox(opened.store.db, clock);
  book = createBudgetBook(opened.store.db, clock);
  leases = createLeases(opened.store.db, clock);
  ledger = createUsageLedger(opened.store.db, clock);
});
afterEach(async () => {
  vi.useRealTimers();
  for (const keeper of keepers.splice(0)) await keeper.stop();
});

function keep(
  over: {
    check?: () => Promise<{ next: number; news: boolean }>;
    isLockOn?: () => boolean;
    targets?: readonly AlertTarget[];
    consider?: (calls: readonly UsageCall[]) => Promise<boolean>;
  } = {},
) {
  const seen = { checks: 0, considered: [] as UsageCall[] };
  const keeper = keepUsage({
    care: {
      async check() {
        seen.checks += 1;
        return (await over.check?.()) ?? { next: Number.POSITIVE_INFINITY, news: false };
      },
    },
    alerts: {
      async consider(calls) {
        const news = await over.consider?.(calls);
        seen.considered.push(...calls);
        return news ?? false;
      },
    },
    ...{ box, book, ledger, leases, logger },
    isLockOn: over.isLockOn ?? (() => false),
    targets: async () => over.targets ?? [],
    clock: () => time.now,
  });
  keepers.push(keeper);
  return { keeper, seen };
}

/** Lets time pass in small steps, each followed by whatever the store has to do. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    time.now += Math.min(left, 1_000);
    await vi.advanceTimersByTimeAsync(Math.min(left, 1_000));
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A target that takes what is posted, or refuses it. */
function target(name: string, isUp: () => boolean = () => true) {
  const posted = { count: 0 };
  return {
    posted,
    name,
    async post() {
      if (!isUp()) return false;
      posted.count += 1;
      return true;
    },
  };
}

it("looks at the start, and then only when there is cause", async () => {
  const { seen } = keep();
  await pass(3_000);
  expect(seen.checks).toBe(1);
  await pass(60_000);
  expect(seen.checks).toBe(1);
});

it("looks when the ledger has changed, and tells of calls that are no history", async () => {
  const { seen, keeper } = keep();
  await book.set({ period: "day", usdCents: 500 }, { actor: "discord:owner", place: undefined });
  await pass(3_000);
  keeper.recorded([{ ...CLOUD, locality: "local" }], true);
  await pass(3_000);
  expect(seen).toEqual({ checks: 1, considered: [] });
  // By another process, or made long ago.
  await ledger.record([CLOUD]);
  keeper.recorded([CLOUD], false);
  await pass(3_000);
  expect(seen).toEqual({ checks: 2, considered: [] });
  await ledger.record([{ ...CLOUD, id: "another" }]);
  const unknown = { ...CLOUD, locality: "unknown" as const };
  keeper.recorded([CLOUD, { ...CLOUD, locality: "local" }, unknown], true);
  await pass(3_000);
  expect(seen).toEqual({ checks: 3, considered: [CLOUD, unknown] });
});

it("looks when the budget is set by another process, when the lock changes, and at the moment it was told", async () => {
  let isOn = false;
  let next = Number.POSITIVE_INFINITY;
  const { seen } = keep({ isLockOn: () => isOn, check: async () => ({ next, news: false }) });
  await pass(3_000);
  await book.set({ period: "day", usdCents: 500 }, { actor: "discord:owner", place: undefined });
  await pass(3_000);
  expect(seen.checks).toBe(2);
  isOn = true;
  next = time.now + 30_000;
  await pass(3_000);
  expect(seen.checks).toBe(3);
  await pass(20_000);
  expect(seen.checks).toBe(3);
  next = Number.POSITIVE_INFINITY;
  await pass(10_000);
  expect(seen.checks).toBe(4);
});

it("looks again where that failed, and forgets no call that it could not look at", async () => {
  let isDown = true;
  let checked = 0;
  const { seen, keeper } = keep({
    async check() {
      if (isDown) throw new Error("the ledger is away");
      checked += 1;
      return { next: Number.POSITIVE_INFINITY, news: false };
    },
    async consider() {
      if (isDown) throw new Error("the store is away");
      return false;
    },
  });
  keeper.recorded([CLOUD], true);
  await pass(10_000);
  expect(seen.considered).toEqual([]);
  // One failure does not keep the other from being tried.
  expect(seen.checks).toBeGreaterThan(1);
  isDown = false;
  await pass(5_000);
  expect(seen.considered).toEqual([CLOUD]);
  expect(checked).toBe(1);
});

it("while another process is at it nothing is done, and nothing is forgotten", async () => {
  const other = Promise.withResolvers<void>();
  const held = leases.hold("budget", () => other.promise);
  const { seen } = keep();
  await pass(6_000);
  expect(seen.checks).toBe(0);
  other.resolve();
  await held;
  await pass(4_000);
  expect(seen.checks).toBe(1);
});

it("posts what waits once everywhere, also what was left by a Clutch before", async () => {
  const [one, other] = [target("discord:1"), target("slack:C1")];
  await box.add("a", OVERRULED);
  const { keeper } = keep({ targets: [one, other] });
  await pass(3_000);
  await keeper.stop();
  keep({ targets: [one, other] });
  await pass(30_000);
  expect([one.posted.count, other.posted.count]).toEqual([1, 1]);
  expect(await box.waiting()).toEqual([]);
});

it("tries again where one could not be posted, without posting the others twice, over a restart too", async () => {
  let isUp = false;
  const [one, other] = [target("discord:1"), target("slack:C1", () => isUp)];
  await box.add("a", OVERRULED);
  await box.add("b", OVERRULED);
  const { keeper } = keep({ targets: [one, other] });
  await pass(40_000);
  await keeper.stop();
  expect([one.posted.count, other.posted.count]).toEqual([2, 0]);
  isUp = true;
  keep({ targets: [one, other] });
  await pass(5_000);
  expect([one.posted.count, other.posted.count]).toEqual([2, 2]);
  expect(await box.waiting()).toEqual([]);
});

it("gives up after three days, and on what it cannot read", async () => {
  const never = target("discord:1", () => false);
  await box.add("a", OVERRULED);
  await box.add("b", { kind: "from another version" });
  keep({ targets: [never] });
  await pass(3_000);
  expect((await box.waiting()).map(({ key }) => key)).toEqual(["a"]);
  time.now += 3 * DAY;
  await pass(3_000);
  expect(await box.waiting()).toEqual([]);
  expect(await box.has("a")).toBe(true);
});
