import { z } from "zod";
import type { ExpiringStore } from "../store/expiring-store.ts";
import { type Boundary, boundariesAround, parseDailyTimes } from "./daily-times.ts";
import type { Schedule } from "./lock-status.ts";

/** A change that is to come by itself, once. */
export interface Planned extends Boundary {
  /** Who asked for it, `platform:user`. */
  readonly actor: string;
  /** The lock that it ends; where another one holds by then, it does not apply. */
  readonly lockId: string | undefined;
}

/** What is due now. `daily` is the boundary of the daily times that has come. */
export type Due =
  | { readonly kind: "once"; readonly planned: Planned }
  | { readonly kind: "daily"; readonly boundary: Boundary };

/**
 * What local-only mode does by itself. It is kept in the store, so that it outlives
 * Clutch, and what came due meanwhile is made up for: the newest boundary counts.
 * Only who holds the lock's lease may change it.
 */
export interface LockSchedule {
  read(): Promise<Schedule & { readonly planned: Planned | undefined }>;
  /** Replaces what was planned; undefined plans nothing. */
  plan(planned: Planned | undefined): Promise<void>;
  /** `22:00-07:00`, or undefined. Throws `bad_option`. What lies before now is past. */
  setDaily(times: string | undefined): Promise<void>;
  /** What has come due; it comes again until `settled` was called for it. */
  due(): Promise<Due | undefined>;
  settled(due: Due): Promise<void>;
}

const KEY = "schedule";

const stored = z.object({
  planned: z
    .object({ turns: z.enum(["on", "off"]), at: z.number(), actor: z.string(), lockId: z.string().optional() })
    .optional(),
  daily: z.string().optional(),
  /** The daily boundary that was applied last, epoch ms. */
  applied: z.number().optional(),
});

/** `clock` gives epoch ms. */
export function createLockSchedule(store: ExpiringStore, clock: () => number): LockSchedule {
  const load = async (): Promise<z.output<typeof stored>> => stored.catch({}).parse((await store.get(KEY)) ?? {});
  const save = async (value: z.output<typeof stored>): Promise<void> => void (await store.set(KEY, value));

  return {
    async read() {
      const { planned, daily } = await load();
      const boundary = daily === undefined ? undefined : boundariesAround(parseDailyTimes(daily), clock()).next;
      const coming = [planned, boundary].filter((next) => next !== undefined).toSorted((a, b) => a.at - b.at)[0];
      return {
        next: coming === undefined ? undefined : { turns: coming.turns, at: coming.at },
        daily,
        planned: planned === undefined ? undefined : { ...planned, lockId: planned.lockId },
      };
    },
    async plan(planned) {
      const { planned: _, ...rest } = await load();
      await save(planned === undefined ? rest : { ...rest, planned });
    },
    async setDaily(times) {
      const { daily: _, applied: __, ...rest } = await load();
      if (times === undefined) return save(rest);
      const { last } = boundariesAround(parseDailyTimes(times), clock());
      // Within the times it is to be on now; outside of them nothing is due before they begin.
      await save({ ...rest, daily: times, ...(last.turns === "on" ? {} : { applied: last.at }) });
    },
    async due() {
      const { planned, daily, applied } = await load();
      if (planned !== undefined && planned.at <= clock()) {
        return { kind: "once", planned: { ...planned, lockId: planned.lockId } };
      }
      if (daily === undefined) return undefined;
      const { last } = boundariesAround(parseDailyTimes(daily), clock());
      return applied !== undefined && applied >= last.at ? undefined : { kind: "daily", boundary: last };
    },
    async settled(due) {
      const now = await load();
      if (due.kind === "daily") return save({ ...now, applied: due.boundary.at });
      const { planned, ...rest } = now;
      // A later plan is not the one that came due.
      if (planned?.at === due.planned.at) await save(rest);
    },
  };
}
