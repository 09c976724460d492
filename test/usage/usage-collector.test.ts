import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { UsageCall } from "../../src/models/usage-call.ts";
import { createGuardClient } from "../../src/openclaw/guard-client.ts";
import { createOpenClaw } from "../../src/openclaw/openclaw.ts";
import type { SessionEvent, SessionEvents } from "../../src/openclaw/session-events.ts";
import type { ModelRegistry, RegistrySnapshot } from "../../src/registry/model-registry.ts";
import { createLeases } from "../../src/store/leases.ts";
import { createUsageLedger } from "../../src/store/usage-ledger.ts";
import type { CatchUpProgress } from "../../src/usage/history-reader.ts";
import { openUsageCollector } from "../../src/usage/open-usage-collector.ts";
import type { UsageCollector } from "../../src/usage/usage-collector.ts";
import { openTemp, tempFolder } from "../store/temp-store.ts";
import { type PretendCall, pretendOpenClaw } from "./pretend-openclaw.ts";

const registry = {
  known: () => undefined,
  current: async () =>
    ({
      defaultAgentId: "main",
      models: [],
      modelConfig: {
        agentModels: new Map(),
        channelModels: new Map(),
        defaultModel: { fallbacks: [] },
        providers: new Map(),
      },
    }) as unknown as RegistrySnapshot,
  find: () => ({ bookedAs: "cloud" }),
} as unknown as Pick<ModelRegistry, "known" | "current" | "find">;

const KEY = "agent:main:discord:channel:1";
const ANSWER: PretendCall = { model: "anthropic/claude-sonnet-5", input: 100, outcome: "answered", message: "shown" };

const running: UsageCollector[] = [];
afterEach(async () => {
  for (const collector of running.splice(0)) await collector.stop();
});

async function setUp({ hasGuard = true } = {}) {
  const { store } = await openTemp();
  const world = pretendOpenClaw({ hasGuard, clock: Date.now });
  const ledger = createUsageLedger(store.db, Date.now);
  const listeners = new Set<(event: SessionEvent) => void>();
  const events: SessionEvents = {
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => undefined,
  };
  const open = async () => {
    const { connection, logger } = world;
    const { collector } = await openUsageCollector({
      ...{
        connection,
        registry,
        ledger,
        logger,
        openclaw: createOpenClaw(connection),
        guard: createGuardClient(connection),
      },
      pricer: { price: (call) => ({ ...call, rate: undefined, usd: undefined, baseline: undefined }) },
      ...{ isKeptLocal: () => false, db: store.db, stateDirectory: tempFolder(), servers: {}, clock: Date.now },
    });
    running.push(collector);
    return collector;
  };
  const calls = (): Promise<UsageCall[]> => Array.fromAsync(ledger.calls({ from: 0, to: Number.MAX_SAFE_INTEGER }));
  return {
    ...{ world, ledger, events, open, calls },
    leases: createLeases(store.db, Date.now),
    subscribed: () => {
      for (const listener of listeners) listener({ kind: "subscribed" });
    },
    until: (count: number) => vi.waitFor(async () => expect(await calls()).toHaveLength(count), { timeout: 30_000 }),
    isFollowing: () => vi.waitFor(() => expect(listeners.size).toBe(1), { timeout: 30_000 }),
  };
}

describe("while it follows", () => {
  it("a call is in the ledger a moment after it was made, and whoever listens is told of it once", async () => {
    const { world, events, open, until, isFollowing } = await setUp();
    const collector = await open();
    const told: [number, boolean][] = [];
    collector.onRecorded((calls, isLive) => told.push([calls.length, isLive]));
    collector.start(events);
    await isFollowing();
    world.run({ sessionKey: KEY, calls: [ANSWER, { ...ANSWER, message: "dropped" }] });
    await until(2);
    world.run({ sessionKey: KEY, calls: [ANSWER] });
    await until(3);
    await collector.stop();
    expect(told).toEqual([
      [2, true],
      [1, true],
    ]);
  });

  it("without a guard, what OpenClaw shows to nobody is read from the transcript", async () => {
    const { world, events, open, until, calls, isFollowing } = await setUp({ hasGuard: false });
    (await open()).start(events);
    await isFollowing();
    world.run({ sessionKey: KEY, askedBy: "heartbeat", calls: [{ ...ANSWER, message: "hidden" }] });
    await until(1);
    expect(await calls()).toEqual([expect.objectContaining({ cause: "heartbeat" })]);
  });

  it("what happened while the connection was gone is read when it is back", async () => {
    const { world, events, open, until, subscribed, isFollowing } = await setUp();
    (await open()).start(events);
    await isFollowing();
    world.cut(true);
    world.run({ sessionKey: KEY, calls: [ANSWER] });
    world.cut(false);
    subscribed();
    await until(1);
  });

  it("what cannot be written now is written later", async () => {
    const { world, events, open, until, calls, isFollowing } = await setUp();
    const collector = await open();
    collector.start(events);
    await isFollowing();
    await vi.waitFor(() => expect(collector.countedUpTo()).toBeDefined(), { timeout: 30_000 });
    world.failAfter(0);
    world.run({ sessionKey: KEY, calls: [ANSWER] });
    await sleep(1_500);
    expect(await calls()).toEqual([]);
    await until(1);
  });

  it("knows until when everything is counted", async () => {
    const { world, events, open, until } = await setUp();
    const collector = await open();
    expect(collector.countedUpTo()).toBeUndefined();
    const before = Date.now();
    collector.start(events);
    await vi.waitFor(() => expect(collector.countedUpTo()).toBeGreaterThanOrEqual(before), { timeout: 30_000 });
    world.run({ sessionKey: KEY, calls: [ANSWER] });
    const ran = Date.now();
    // What was heard is not in the ledger yet.
    expect(collector.countedUpTo()).toBeLessThanOrEqual(ran);
    await until(1);
    await vi.waitFor(() => expect(collector.countedUpTo()).toBeGreaterThan(ran), { timeout: 30_000 });
    await collector.stop();
    const end = collector.countedUpTo() ?? 0;
    await sleep(20);
    expect((await open()).countedUpTo()).toBe(end);
  });

  it("writes what it heard last before it ends", async () => {
    const { world, events, open, calls, isFollowing } = await setUp();
    const collector = await open();
    collector.start(events);
    await isFollowing();
    world.run({ sessionKey: KEY, calls: [ANSWER] });
    await collector.stop();
    expect(await calls()).toHaveLength(1);
  });

  it("is the only one that does", async () => {
    const { world, events, open, until, leases, isFollowing } = await setUp();
    const first = await open();
    first.start(events);
    await isFollowing();
    const second = await open();
    const told: boolean[] = [];
    second.onRecorded((_, isLive) => told.push(isLive));
    second.start(events);
    await sleep(500);
    world.run({ sessionKey: KEY, calls: [ANSWER] });
    await until(1);
    await sleep(1_000);
    expect(told).toEqual([]);
    expect(await leases.isHeld("usage")).toBe(true);
    await first.stop();
    expect(await leases.isHeld("usage")).toBe(false);
    await vi.waitFor(async () => expect(await leases.isHeld("usage")).toBe(true), { timeout: 30_000 });
    world.run({ sessionKey: KEY, calls: [ANSWER] });
    await until(2);
  });
});

describe("an installation's history", () => {
  it("is read with progress, and not again", async () => {
    const { world, open, calls } = await setUp();
    for (let session = 0; session < 450; session++) {
      world.run({
        sessionKey: `agent:main:discord:channel:${session}`,
        calls: [ANSWER, { ...ANSWER, message: "dropped" }],
      });
    }
    const collector = await open();
    const told: [number, boolean][] = [];
    collector.onRecorded((some, isLive) => told.push([some.length, isLive]));
    const progress: CatchUpProgress[] = [];
    expect(await collector.catchUp({ onProgress: (each) => void progress.push(each) })).toEqual({
      added: 900,
      completed: 0,
    });
    expect(await calls()).toHaveLength(900);
    expect(progress.at(-1)).toEqual({ sessions: 450, done: 450, calls: 900 });
    expect(progress.every(({ calls: count }, index) => count >= (progress[index - 1]?.calls ?? 0))).toBe(true);
    expect(told.reduce((sum, [count]) => sum + count, 0)).toBe(900);
    expect(await collector.catchUp()).toEqual({ added: 0, completed: 0 });
  });

  it("goes on where it was stopped", async () => {
    const { world, open, calls } = await setUp({ hasGuard: false });
    for (let session = 0; session < 40; session++) {
      world.run({ sessionKey: `agent:main:discord:channel:${session}`, calls: [ANSWER] });
    }
    const stopped = new AbortController();
    const collector = await open();
    const stopping = collector.catchUp({
      signal: stopped.signal,
      onProgress: ({ calls: count }) => {
        if (count >= 10) stopped.abort();
      },
    });
    await expect(stopping).rejects.toThrow();
    const before = (await calls()).length;
    expect(before).toBeGreaterThanOrEqual(10);
    expect(before).toBeLessThan(40);
    expect(await collector.catchUp()).toEqual({ added: 40 - before, completed: 0 });
  });

  it("of which a session cannot be read is read but for that one, and later with it", async () => {
    const { world, open, calls } = await setUp({ hasGuard: false });
    for (const session of ["1", "2", "3"])
      world.run({ sessionKey: `agent:main:discord:channel:${session}`, calls: [ANSWER] });
    world.refuse("agent:main:discord:channel:2", true);
    const collector = await open();
    expect(await collector.catchUp()).toEqual({ added: 2, completed: 0 });
    world.refuse("agent:main:discord:channel:2", false);
    expect(await collector.catchUp()).toEqual({ added: 1, completed: 0 });
    expect(await calls()).toHaveLength(3);
  });
});
