import { z } from "zod";
import type { ExpiringStore } from "../store/expiring-store.ts";
import { type Boundary, boundariesAround, parseDailyTimes } from "./daily-times.ts";
import type { Schedule } from "./lock-status.ts";

/** What the lock is now, as far as time may change it. */
export interface Standing {
  readonly isOn: boolean;
  /** The daily times turned it on, so they may turn it off. */
  readonly bySchedule: boolean;
  /** Until when somebody wanted it so, epoch ms. */
  readonly until: number | undefined;
}

/**
 * The daily times. They are kept in the store, so that they outlive Clutch, and what
 * came due meanwhile is made up for: the newest boundary counts. Only who holds the
 * lock's lease may change them.
 */
export interface LockSchedule {
  /** What comes by itself; the stricter wins where the daily times and somebody's wish differ. */
  read(standing: Standing): Promise<Schedule>;
  /** `22:00-07:00`, or undefined. Throws `bad_option`. What lies before now is past. */
  setDaily(times: string | undefined): Promise<void>;
  /** Whether the daily times want it on at a moment, epoch ms. */
  isWithin(at: number): Promise<boolean>;
  /** The boundary that has come; it comes again until `settled` was called for it. */
  due(): Promise<Boundary | undefined>;
  settled(boundary: Boundary): Promise<void>;
}

const KEY = "schedule";
/** What was applied lies in the past, or little ahead where the clock was put right; by more, ms, it was wrong then. */
const SET_BACK_MS = 24 * 60 * 60_000;

const stored = z.object({
  daily: z.string().optional(),
  /** The boundary that was applied last, epoch ms. */
  applied: z.number().optional(),
});

/** `clock` gives epoch ms. */
export function createLockSchedule(store: ExpiringStore, clock: () => number): LockSchedule {
  const load = async (): Promise<z.output<typeof stored>> => stored.catch({}).parse((await store.get(KEY)) ?? {});
  const save = async (value: z.output<typeof stored>): Promise<void> => void (await store.set(KEY, value));
  const around = (daily: string, at: number) => boundariesAround(parseDailyTimes(daily), at);
  const firstAfter = (daily: string, turns: Boundary["turns"], at: number): Boundary => {
    const { next } = around(daily, at);
    return next.turns === turns ? next : around(daily, next.at).next;
  };

  return {
    async read({ isOn, bySchedule, until }) {
      const { daily } = await load();
      const wished: Boundary | undefined =
        until === undefined ? undefined : { turns: isOn ? "off" : "on", at: Math.max(until, clock()) };
      if (daily === undefined) return { next: wished, daily };
      if (!isOn) {
        const begins = firstAfter(daily, "on", clock());
        return { next: wished !== undefined && wished.at < begins.at ? wished : begins, daily };
      }
      if (wished === undefined) return { next: bySchedule ? firstAfter(daily, "off", clock()) : undefined, daily };
      const isWithin = around(daily, wished.at).last.turns === "on";
      return { next: isWithin ? firstAfter(daily, "off", wished.at) : wished, daily };
    },
    async setDaily(times) {
      if (times === undefined) return save({});
      const { last } = around(times, clock());
      // Within the times it is to be on now; outside of them nothing is due before they begin.
      await save({ daily: times, ...(last.turns === "on" ? {} : { applied: last.at }) });
    },
    async isWithin(at) {
      const { daily } = await load();
      return daily !== undefined && around(daily, at).last.turns === "on";
    },
    async due() {
      const { daily, applied } = await load();
      if (daily === undefined) return undefined;
      const { last } = around(daily, clock());
      const isDone = applied !== undefined && applied >= last.at && applied - clock() < SET_BACK_MS;
      return isDone ? undefined : last;
    },
    async settled({ at }) {
      await save({ ...(await load()), applied: at });
    },
  };
}
