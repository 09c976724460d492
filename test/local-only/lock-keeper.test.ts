import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import { createLockAlertPosts } from "../../src/local-only/lock-alert-posts.ts";
import type { LockAlert } from "../../src/local-only/lock-alerts.ts";
import { keepLock, type LockKeeper } from "../../src/local-only/lock-keeper.ts";
import type { SessionEvent } from "../../src/openclaw/session-events.ts";
import { type LockLab, ME, startLockLab } from "./lock-lab.ts";

const logger = pino({ level: "silent" });
const BROKEN: LockAlert = { kind: "broken", what: ["The wall is gone."], place: undefined };

let keeper: LockKeeper | undefined;
beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(async () => {
  vi.useRealTimers();
  await keeper?.stop();
});

function watch(over: { isOn?: boolean } = {}) {
  const done: string[] = [];
  let isNews = false;
  const listeners = new Set<(event: SessionEvent) => void>();
  const fake = {
    isOn: over.isOn ?? false,
    keepsAny: false,
    reconcile: async (): Promise<readonly LockAlert[]> => [],
    applySchedule: async (): Promise<readonly LockAlert[]> => [],
    post: async (): Promise<void> => undefined,
  };
  keeper = keepLock({
    care: {
      isOn: () => fake.isOn,
      keepsAny: () => fake.keepsAny,
      async reconcile() {
        done.push("looked");
        return fake.reconcile();
      },
      async applySchedule() {
        done.push("scheduled");
        return fake.applySchedule();
      },
      follow: async () => void done.push("followed"),
      watching: async (ms) => void done.push(`watches for ${ms}`),
    },
    events: {
      on(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      close: () => undefined,
    },
    alerts: {
      news() {
        isNews = true;
      },
      async post() {
        if (!isNews) return;
        isNews = false;
        done.push("posted");
        await fake.post();
      },
    },
    logger,
  });
  const count = (what: string): number => done.filter((one) => one === what).length;
  const emit = (event: SessionEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  return { done, fake, count, emit, pass, listeners };
}

it("looks at once, then follows every 2 s", async () => {
  const { done, count, pass } = watch();
  await pass(1);
  expect(done).toEqual(["watches for 20000", "followed", "scheduled", "looked", "posted"]);
  await pass(10_000);
  expect([count("followed"), count("scheduled"), count("looked")]).toEqual([6, 6, 1]);
  // Renewed before it has run out.
  await pass(10_000);
  expect(count("watches for 20000")).toBeGreaterThan(1);
});

it("looks every 30 s while it is on", async () => {
  const { count, pass, fake } = watch();
  await pass(100_000);
  expect(count("looked")).toBe(1);
  fake.isOn = true;
  await pass(2_000);
  expect(count("looked")).toBe(2);
  await pass(92_000);
  expect(count("looked")).toBe(5);
});

it("looks every 5 minutes while conversations stay local by themselves", async () => {
  const { count, pass, fake } = watch();
  fake.keepsAny = true;
  await pass(299_000);
  expect(count("looked")).toBe(1);
  await pass(602_000);
  expect(count("looked")).toBe(4);
});

it.each(["subscribed", "config"] as const)("looks soon after “%s”, once for a burst", async (kind) => {
  const { count, emit, pass } = watch();
  await pass(1_000);
  for (let nth = 0; nth < 5; nth++) emit({ kind });
  await pass(299);
  expect(count("looked")).toBe(1);
  await pass(700);
  expect(count("looked")).toBe(2);
  emit({ kind: "deleted", key: "x" });
  await pass(1_000);
  expect(count("looked")).toBe(2);
});

it("looks again where something happened meanwhile", async () => {
  const { count, emit, pass, fake } = watch();
  let end: () => void = () => undefined;
  fake.reconcile = () =>
    new Promise((resolve) => {
      end = () => resolve([]);
    });
  await pass(0);
  emit({ kind: "config" });
  await pass(5_000);
  expect(count("looked")).toBe(1);
  fake.reconcile = async () => [];
  end();
  await pass(1_000);
  expect(count("looked")).toBe(2);
});

it("posts what was put down, of the schedule too, and what was before it failed", async () => {
  const { count, pass, fake } = watch();
  await pass(1);
  expect(count("posted")).toBe(1);
  fake.applySchedule = async () => [BROKEN];
  await pass(2_000);
  expect(count("posted")).toBe(2);
  fake.applySchedule = async () => [];
  await pass(10_000);
  expect(count("posted")).toBe(2);
  fake.isOn = true;
  fake.reconcile = () => Promise.reject(new ClutchError("gateway_unreachable", "away"));
  await pass(30_000);
  expect(count("posted")).toBeGreaterThan(2);
});

it.each([
  ["while it is on", true, new ClutchError("gateway_unreachable", "away"), 1_200],
  ["while another one is at it", false, new ClutchError("lock_in_progress", "busy"), 1_200],
  ["while it is off", false, new ClutchError("gateway_unreachable", "away"), 30_000],
])("tries again what failed %s", async (_, isOn, failure, afterMs) => {
  const { count, pass, fake } = watch({ isOn });
  fake.reconcile = () => Promise.reject(failure);
  await pass(0);
  await pass(afterMs - 10);
  expect(count("looked")).toBe(1);
  await pass(2_020);
  expect(count("looked")).toBe(afterMs < 2_000 ? 3 : 2);
});

it("looks although the schedule failed", async () => {
  const { count, pass, fake } = watch();
  fake.applySchedule = () => Promise.reject(new ClutchError("not_verified", "not off yet"));
  await pass(0);
  expect(count("looked")).toBe(1);
});

it("looks while a chat hangs, posts nothing beside that, and does not wait for it to stop", async () => {
  const { count, pass, fake } = watch({ isOn: true });
  let end: () => void = () => undefined;
  fake.post = () =>
    new Promise((resolve) => {
      end = resolve;
    });
  await pass(61_000);
  expect([count("looked"), count("followed") > 25, count("posted")]).toEqual([3, true, 1]);
  // What was found meanwhile is posted as soon as it can be.
  end();
  await pass(10);
  expect(count("posted")).toBe(2);
  vi.useRealTimers();
  await keeper?.stop();
  end();
});

it("stops, and waits for what is under way", async () => {
  const { count, pass, fake, emit, listeners } = watch();
  let end: () => void = () => undefined;
  fake.reconcile = () =>
    new Promise((resolve) => {
      end = () => resolve([]);
    });
  await pass(0);
  emit({ kind: "config" });
  let hasStopped = false;
  const stopped = keeper?.stop().then(() => {
    hasStopped = true;
  });
  await pass(10);
  expect([hasStopped, listeners.size]).toEqual([false, 0]);
  end();
  await stopped;
  await pass(60_000);
  expect(count("looked")).toBe(1);
});

it("two of them on one lock: what is broken is told once, and what comes due is done once", async () => {
  vi.useRealTimers();
  const lab: LockLab = await startLockLab();
  const told: string[] = [];
  const keepers: LockKeeper[] = [];
  const events: ((event: SessionEvent) => void)[] = [];
  const both = [await lab.clutch(), await lab.clutch()];
  for (const { lock, store } of both) {
    keepers.push(
      keepLock({
        care: lock,
        events: {
          on(listener) {
            events.push(listener);
            return () => undefined;
          },
          close: () => undefined,
        },
        alerts: createLockAlertPosts({
          db: store.db,
          targets: async ({ kind, what }) => [
            {
              name: "owner",
              async post() {
                told.push(`${kind}: ${what[0]}`);
                return true;
              },
            },
          ],
          clock: () => lab.now,
          logger,
        }),
        logger,
      }),
    );
  }
  const tell = (): void => {
    for (const listener of events) listener({ kind: "config" });
  };
  await both[0]?.lock.turnOn({ ...ME, forMs: 60_000 });
  await lab.stopWall();
  tell();
  await expect.poll(() => told, { timeout: 15_000 }).toHaveLength(1);
  tell();
  await sleep(1_500);
  await lab.startWall();
  tell();
  await expect.poll(() => told, { timeout: 15_000 }).toHaveLength(2);
  lab.now += 60_000;
  await expect.poll(() => told, { timeout: 15_000 }).toHaveLength(3);
  await sleep(2_500);
  expect(told).toEqual([
    expect.stringMatching(/^broken: The wall is gone/),
    "mended: What was broken holds again.",
    "told: Local-only mode is off now: the time is up, as discord:owner asked.",
  ]);
  for (const one of keepers) await one.stop();
  await lab.stop();
});
