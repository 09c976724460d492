import type { LockEntry, LockJournal } from "../store/lock-journal.ts";
import type { LockRequest } from "./local-only.ts";
import { CLUTCH, type LockAlert, type LockAlerts } from "./lock-alerts.ts";
import { detailsOf, type LockDetails } from "./lock-details.ts";
import type { Holder } from "./lock-holder.ts";
import type { LockSchedule } from "./lock-schedule.ts";
import type { LockSight, LockTurns } from "./lock-turns.ts";

/** What comes by itself: the end of a lock that somebody named, and the daily times. */
export interface ScheduleWork {
  /** Whether something has come due. */
  isDue(): Promise<boolean>;
  /** Does it; with the lease held. */
  apply(holder: Holder): Promise<readonly LockAlert[]>;
}

export function createScheduleWork(parts: {
  readonly turns: LockTurns;
  readonly schedule: LockSchedule;
  readonly journal: LockJournal;
  readonly alerts: LockAlerts;
  /** Epoch ms. */
  readonly clock: () => number;
}): ScheduleWork {
  const { turns, schedule, journal, alerts, clock } = parts;

  const wishDue = (last: LockEntry | undefined): LockDetails["until"] => {
    const until = last === undefined ? undefined : detailsOf(last).until;
    return until !== undefined && until.at <= clock() ? until : undefined;
  };

  const turn = async (
    wanted: "on" | "off",
    { reason, bySchedule }: { readonly reason: string; readonly bySchedule: boolean },
    { last, views }: LockSight,
    holder: Holder,
  ): Promise<readonly LockAlert[]> => {
    const place = last?.place;
    const request: LockRequest = { actor: CLUTCH, reason, place };
    if (wanted === "on" && views.every(({ state }) => state === "absent")) {
      const seen = views.flatMap((view) => (view.state === "absent" ? [view.why] : []));
      const problem = `Local-only mode is to be on now (${reason}), and nothing here can enforce it yet.`;
      return alerts.raise("schedule", { problems: [problem], seen, place });
    }
    await alerts.drop("schedule");
    const changed =
      wanted === "on"
        ? await turns.goOn(request, { bySchedule, until: undefined }, holder)
        : (await turns.goOff(request, { restore: "all", until: undefined }, holder)) !== undefined;
    const meaning =
      wanted === "on"
        ? []
        : ["Every conversation goes to its own model again, also with text that was written while it was on."];
    return changed ? alerts.tell("told", place, `Local-only mode is ${wanted} now: ${reason}.`, ...meaning) : [];
  };

  const endWish = async (
    last: LockEntry,
    { actor }: NonNullable<LockDetails["until"]>,
    sight: LockSight,
    holder: Holder,
  ): Promise<readonly LockAlert[]> => {
    const reason = `the time is up, as ${actor} asked`;
    if (last.wanted === "off") {
      const former = (await journal.turnedOn()).find(({ lockId }) => lockId === last.lockId);
      const bySchedule = former !== undefined && detailsOf(former).bySchedule;
      return turn("on", { reason, bySchedule }, sight, holder);
    }
    if (!(await schedule.isWithin(clock()))) return turn("off", { reason, bySchedule: false }, sight, holder);
    // The stricter of the two wins, and the daily times end it.
    await holder.notes.note(last.id, { ...detailsOf(last), until: undefined, bySchedule: true });
    return alerts.tell("told", last.place, `Local-only mode stays on: ${reason}, and by the daily times it is on now.`);
  };

  const applyDaily = async (sight: LockSight, holder: Holder): Promise<readonly LockAlert[]> => {
    const boundary = await schedule.due();
    if (boundary === undefined) return [];
    const { last } = sight;
    const applies = boundary.turns === "on" || (last?.wanted === "on" && detailsOf(last).bySchedule);
    try {
      const how = { reason: "the daily times", bySchedule: true };
      return applies ? await turn(boundary.turns, how, sight, holder) : [];
    } finally {
      // What was begun is finished in any case; an on that could not begin is tried again.
      const isBegun = boundary.turns === "off" || (await journal.latest())?.wanted === "on";
      if (isBegun) {
        await holder.check();
        await schedule.settled(boundary);
      }
    }
  };

  return {
    isDue: async () => wishDue(await journal.latest()) !== undefined || (await schedule.due()) !== undefined,
    async apply(holder) {
      const sight = await turns.look();
      const wish = wishDue(sight.last);
      return sight.last !== undefined && wish !== undefined
        ? endWish(sight.last, wish, sight, holder)
        : applyDaily(sight, holder);
    },
  };
}
