import { pino } from "pino";
import { describe, expect, it, vi } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import type { OpenClaw } from "../../src/openclaw/openclaw.ts";
import type { SessionEvent } from "../../src/openclaw/session-events.ts";
import type { SessionModels } from "../../src/sessions/session-models.ts";
import { createTemporarySwitches } from "../../src/sessions/temporary-switches.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { createChangeJournal } from "../../src/store/change-journal.ts";
import { createReturns } from "../../src/store/returns.ts";
import { openTemp } from "../store/temp-store.ts";

const KEY = "agent:main:discord:channel:1";
const DAY = 86_400_000;

/** One session behind a gateway that can be made to fail, over a real store; timers run when they are told to. */
async function openLab() {
  const { store, time } = await openTemp();
  const clock = () => time.now;
  const journal = createChangeJournal(store.db, clock);
  const stored = createReturns(store.db);
  const database = { fails: false };
  const returns: typeof stored = {
    ...stored,
    waiting: async (key) => {
      if (database.fails) throw new ClutchError("store_failed", "The database is away.");
      return stored.waiting(key);
    },
  };
  const audit = createAuditLog(store.db, clock);
  const gateway = { pin: "a/b" as string | null, fails: undefined as ClutchError | undefined, undone: 0 };
  const openclaw = {
    readSession: async () => {
      if (gateway.fails !== undefined) throw gateway.fails;
      const [provider = "", model = ""] = (gateway.pin ?? "x/default").split("/");
      return { key: KEY, model: { provider, model }, pinSource: gateway.pin === null ? undefined : "user" };
    },
  } as unknown as OpenClaw;
  const sessions = {
    settleUnfinished: async () => 0,
    undo: async (change: { id: number }) => {
      if (gateway.fails !== undefined) throw gateway.fails;
      gateway.undone++;
      gateway.pin = null;
      const by = await journal.intend({
        scope: "session",
        target: KEY,
        actor: "clutch",
        before: "a/b",
        after: null,
        undoes: change.id,
      });
      await journal.done(by);
    },
  } as unknown as SessionModels;
  const presence = store.expiring("presence");
  const timers: { ms: number; work: () => void }[] = [];
  const service = () =>
    createTemporarySwitches({
      openclaw,
      sessions,
      journal,
      returns,
      audit,
      presence,
      clock,
      logger: pino({ level: "silent" }),
      setTimer: (ms, work) => {
        const timer = { ms, work };
        timers.push(timer);
        return () => {
          if (timers.includes(timer)) timers.splice(timers.indexOf(timer), 1);
        };
      },
    });
  const listeners = new Set<(event: SessionEvent) => void>();
  const events = {
    on: (listener: (event: SessionEvent) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => undefined,
  };
  const arm = async (dueAt: number) => {
    const changeId = await journal.intend({
      scope: "session",
      target: KEY,
      actor: "discord:1",
      before: null,
      after: "a/b",
    });
    await journal.done(changeId);
    await returns.add({
      sessionKey: KEY,
      backTo: null,
      expects: "a/b",
      dueAt,
      since: time.now,
      changeId,
      actor: "discord:1",
    });
  };
  /** Lets the time pass up to the next timer and runs it. */
  const next = async (): Promise<number> => {
    await vi.waitFor(() => expect(timers).toHaveLength(1));
    const [timer] = timers.splice(0);
    if (timer === undefined) return expect.fail("no timer");
    time.now += timer.ms;
    timer.work();
    await vi.waitFor(() => expect(timers).toHaveLength(1));
    return timer.ms;
  };
  const say = (event: SessionEvent) => {
    for (const listener of listeners) listener(event);
  };
  return { service, events, arm, next, say, time, gateway, database, returns, audit, journal, timers, presence };
}

describe("the time", () => {
  it("30 days are waited for in pieces that a timer can hold, and end on the second", async () => {
    const { service, events, arm, next, time, gateway } = await openLab();
    const due = time.now + 30 * DAY;
    await arm(due);
    const temporary = service();
    temporary.start(events);
    let longest = 0;
    time.now = due - 150_000;
    for (let n = 0; n < 10 && gateway.undone === 0; n++) longest = Math.max(longest, await next());
    expect(gateway.undone).toBe(1);
    expect(longest).toBeLessThanOrEqual(60_000);
    expect(time.now - due).toBeLessThanOrEqual(60_000);
    await temporary.stop();
  });

  it("a store that is away: tried again until it is back", async () => {
    const { service, events, arm, next, gateway, database, time } = await openLab();
    await arm(time.now + 10_000);
    const temporary = service();
    temporary.start(events);
    database.fails = true;
    await next();
    expect(await next()).toBe(5_000);
    expect(gateway.undone).toBe(0);
    database.fails = false;
    await next();
    expect(gateway.undone).toBe(1);
    await temporary.stop();
  });

  it("a gateway that is away: tried again until it is back", async () => {
    const { service, events, arm, next, gateway, returns, time } = await openLab();
    await arm(time.now + 10_000);
    const temporary = service();
    temporary.start(events);
    gateway.fails = new ClutchError("gateway_lost", "gone");
    await next();
    await next();
    expect(await returns.waiting()).toHaveLength(1);
    gateway.fails = undefined;
    await next();
    expect([gateway.undone, await returns.waiting()]).toEqual([1, []]);
    await temporary.stop();
  });

  it("a switch that another process writes is heard of, and an early clock is put right by looking again", async () => {
    const { service, events, arm, next, say, gateway, time, timers } = await openLab();
    const temporary = service();
    temporary.start(events);
    await vi.waitFor(() => expect(timers[0]?.ms).toBe(60_000));
    await arm(time.now + 20_000);
    say({ kind: "deleted", key: "agent:main:other" });
    await vi.waitFor(() => expect(timers[0]?.ms).toBe(20_000));
    await next();
    expect(gateway.undone).toBe(1);
    await temporary.stop();
  });
});

describe("several processes", () => {
  it("one of them goes back", async () => {
    const { service, events, arm, gateway, returns, time } = await openLab();
    await arm(time.now);
    const all = [service(), service(), service()];
    for (const one of all) one.start(events);
    for (const one of all) await one.stop();
    expect([gateway.undone, await returns.waiting()]).toEqual([1, []]);
  });

  it("what one of them took is left to it for a minute; had it died, another one does it then", async () => {
    const { service, events, arm, next, gateway, returns, time, presence } = await openLab();
    await arm(time.now);
    await presence.set("return:1", true, 60_000);
    await returns.settle(1, "waiting", "done");
    const temporary = service();
    temporary.start(events);
    await next();
    await next();
    expect(gateway.undone).toBe(1);
    expect(time.now).toBeGreaterThanOrEqual(60_000);
    await temporary.stop();
  });

  it("know of each other while one is at work", async () => {
    const { service, events } = await openLab();
    const [one, other] = [service(), service()];
    expect(await other.isWatched()).toBe(false);
    one.start(events);
    await vi.waitFor(async () => expect(await other.isWatched()).toBe(true));
    await one.stop();
    expect(await other.isWatched()).toBe(false);
  });

  it("a change that another one is making is not judged before it is settled", async () => {
    const { service, events, arm, next, gateway, returns, audit, journal, time, timers } = await openLab();
    await arm(time.now + DAY);
    const undo = await journal.intend({
      scope: "session",
      target: KEY,
      actor: "discord:1",
      before: "a/b",
      after: null,
      undoes: 1,
    });
    gateway.pin = null;
    const temporary = service();
    temporary.start(events);
    await vi.waitFor(() => expect(timers[0]?.ms).toBe(5_000));
    expect(await returns.waiting()).toHaveLength(1);
    await journal.done(undo);
    await next();
    expect(await returns.waiting()).toEqual([]);
    expect(await audit.list()).toEqual([]);
    await temporary.stop();
  });
});

describe("the clock is put right while a switch holds for an hour", () => {
  const HOUR = DAY / 24;

  it("forward over its end: it ends within a minute, and once", async () => {
    const { service, events, arm, next, time, gateway } = await openLab();
    time.now = 10 * DAY;
    await arm(time.now + HOUR);
    service().start(events);
    await next();
    expect(gateway.undone).toBe(0);
    time.now += HOUR;
    expect(await next()).toBeLessThanOrEqual(60_000);
    await vi.waitFor(() => expect(gateway.undone).toBe(1));
    await next();
    expect(gateway.undone).toBe(1);
  });

  it("back: it ends at its time by the clock as it is then, and every timer is short until that", async () => {
    const { service, events, arm, next, time, gateway } = await openLab();
    time.now = 10 * DAY;
    const end = time.now + HOUR;
    await arm(end);
    service().start(events);
    await next();
    time.now -= HOUR;
    while (time.now < end) {
      expect(gateway.undone).toBe(0);
      expect(await next()).toBeLessThanOrEqual(60_000);
    }
    await vi.waitFor(() => expect(gateway.undone).toBe(1));
  });
});
