import { randomUUID } from "node:crypto";
import { ClutchError } from "../errors.ts";
import type { AuditLog } from "../store/audit-log.ts";
import type { LockEntry, LockJournal } from "../store/lock-journal.ts";
import type { ForcedOff } from "./forced-off.ts";
import type { LockRequest } from "./local-only.ts";
import { detailsOf, isProvedOf, type LockDetails, NO_DETAILS, stillProved } from "./lock-details.ts";
import type { Holder } from "./lock-holder.ts";
import { isShut, type LayerView, type LockLayer, lastEscape, lookAt } from "./lock-layers.ts";
import type { LockMachine } from "./lock-machine.ts";

/** The journal's latest word, and how each layer is. */
export interface LockSight {
  readonly last: LockEntry | undefined;
  /** In the order of the layers. */
  readonly views: readonly LayerView[];
}

/** Turning it on and off, for people and for the schedule; with the lease held. */
export interface LockTurns {
  look(): Promise<LockSight>;
  /** Since when text may have been written that was to stay local, epoch ms; undefined while it is off. */
  lockedSince(sight: LockSight): Promise<number | undefined>;
  /** True where it was not on before. Codes of `LockMachine.turnOn`. */
  goOn(
    request: LockRequest,
    how: Pick<LockDetails, "until"> & { readonly bySchedule: boolean },
    holder: Holder,
  ): Promise<boolean>;
  /** What stays as somebody set it, and what else they have to know; undefined where it was off already. Codes of `LockMachine.turnOff`. */
  goOff(
    request: LockRequest,
    how: Pick<LockDetails, "until" | "restore"> & { readonly forced?: boolean },
    holder: Holder,
  ): Promise<readonly string[] | undefined>;
  /** Finishes what somebody began. */
  finish(entry: LockEntry, holder: Holder): Promise<void>;
  /** Turns it on because a layer is closed already. */
  adopt(lockId: string, request: LockRequest, holder: Holder): Promise<void>;
  audited(
    action: string,
    request: LockRequest,
    result: "ok" | "failed",
    more?: { readonly to?: string; readonly code?: string },
  ): Promise<void>;
  /** Does it, and writes down in the audit log how it went. */
  recorded<T>(action: string, request: LockRequest, work: () => Promise<T>): Promise<T>;
}

/** For a lock that somebody else turned on, or this Clutch with a store that is lost. */
export const FORMER_UNKNOWN =
  "What helper calls used before is not known any more; those that use a local model now will go on to.";

/** `clutch`, for a schedule, and what acts in its name, such as `clutch:budget`. */
const isClutch = (actor: string): boolean => actor.split(":")[0] === "clutch";

/** Nothing failed, leaked or escaped, and what holds is proved. */
const isAsItShouldBe = (details: LockDetails, layers: readonly LockLayer[], { views }: LockSight): boolean =>
  details.problems.length === 0 &&
  details.verification?.paths.every(({ result }) => result !== "leaks") === true &&
  lastEscape(views) <= details.escapedUntil &&
  isProvedOf({ ...details, proved: stillProved(details, layers, views) }, details.layers);

export function createLockTurns(parts: {
  readonly layers: readonly LockLayer[];
  readonly machine: LockMachine;
  readonly forced: ForcedOff;
  readonly journal: LockJournal;
  readonly audit: AuditLog;
  /** Conversations with text since a time (epoch ms) whose next turn would go to the cloud. */
  readonly writtenSince: (at: number) => Promise<readonly string[]>;
}): LockTurns {
  const { layers, machine, forced, journal, audit } = parts;

  const look = async (): Promise<LockSight> => {
    const [last, ...views] = await Promise.all([journal.latest(), ...layers.map(lookAt)]);
    return { last, views };
  };

  const lockedSince = async ({ last, views }: LockSight): Promise<number | undefined> => {
    const isOn = last?.wanted === "on" || last?.state === "working";
    const turnedOn = isOn ? (await journal.turnedOn()).filter(({ lockId }) => lockId === last.lockId) : [];
    const times = [
      ...turnedOn.map(({ at }) => at),
      ...views.flatMap((view) => (view.state === "closed" && view.at > 0 ? [view.at] : [])),
    ];
    return times.length === 0 ? undefined : Math.min(...times);
  };

  const audited: LockTurns["audited"] = (action, request, result, more = {}) =>
    audit.append({
      actor: request.actor,
      place: request.place,
      action: `localonly.${action}`,
      reason: request.reason,
      result,
      ...more,
    });

  const recorded: LockTurns["recorded"] = async (action, request, work) => {
    try {
      const done = await work();
      await audited(action, request, "ok");
      return done;
    } catch (thrown) {
      await audited(action, request, "failed", { code: thrown instanceof ClutchError ? thrown.code : "internal" });
      throw thrown;
    }
  };

  const begin = (
    wanted: "on" | "off",
    lockId: string,
    { actor, place, reason }: LockRequest,
    details: Partial<LockDetails>,
    { notes }: Holder,
  ): Promise<LockEntry> =>
    notes.begin({ wanted, lockId, actor, place, reason, details: { ...NO_DETAILS, ...details } });

  const withDetails = (entry: LockEntry, details: Partial<LockDetails>): LockEntry => ({
    ...entry,
    details: { ...detailsOf(entry), ...details },
  });

  /** Conversations that have to stay local, with those that were written in since it was said the first time. */
  const keepFor = async (restore: LockDetails["restore"], sight: LockSight, former: readonly string[]) => {
    const since = restore === "others" ? await lockedSince(sight) : undefined;
    return since === undefined ? former : [...new Set([...former, ...(await parts.writtenSince(since))])];
  };

  return {
    look,
    lockedSince,
    audited,
    recorded,

    async goOn(request, { until, bySchedule }, holder) {
      const sight = await look();
      const { last, views } = sight;
      const wish = until === undefined ? {} : { until, bySchedule };
      if (last?.wanted === "on") {
        const details = detailsOf(last);
        const held = details.layers;
        const isClosed = layers.every(({ name }, at) => !held.includes(name) || views[at]?.state === "closed");
        // A layer that came since is to hold as well.
        const isWhole = views.every(({ state }) => state !== "open");
        // Whoever asks for it once more wants it tried once more; Clutch itself looks after it anyway.
        const isSound = isClutch(request.actor) || isAsItShouldBe(details, layers, sight);
        const entry = withDetails(last, wish);
        if (last.state === "done" && isClosed && isWhole && isSound) {
          if (until !== undefined) await holder.notes.note(last.id, entry.details);
          return false;
        }
        await recorded("on", request, () => machine.turnOn(entry, holder));
        return true;
      }
      await forced.forget();
      // An off that was never finished is taken back: what it left closed is of the same lock.
      const lockId = last?.state === "working" ? last.lockId : randomUUID();
      const entry = await begin("on", lockId, request, { bySchedule, until }, holder);
      await recorded("on", request, () => machine.turnOn(entry, holder));
      return true;
    },

    async goOff(request, { until, restore, forced: isForced = false }, holder) {
      const sight = await look();
      const { last, views } = sight;
      const isOff = last === undefined || (last.wanted === "off" && last.state === "done");
      if (isOff && !views.some(isShut)) {
        if (until !== undefined) {
          const entry = last ?? (await begin("off", randomUUID(), request, {}, holder));
          await holder.notes.settle(entry.id, "done", { ...detailsOf(entry), until });
        }
        return undefined;
      }
      const unfinished = last?.wanted === "off" && last.state === "working" ? detailsOf(last) : NO_DETAILS;
      // Of two wishes the stricter one wins.
      const strict = unfinished.restore === "others" ? "others" : restore;
      const details = {
        restore: strict,
        keep: await keepFor(strict, sight, unfinished.keep),
        until: until ?? unfinished.until,
        forced: isForced || unfinished.forced,
      };
      const entry =
        last !== undefined && unfinished !== NO_DETAILS
          ? withDetails(last, details)
          : await begin("off", last?.lockId ?? randomUUID(), request, details, holder);
      const { stays, problems } = await recorded("off", request, () => machine.turnOff(entry, holder));
      return [
        ...problems,
        ...(last === undefined ? [FORMER_UNKNOWN] : []),
        ...(stays.length === 0 ? [] : [`Somebody set these meanwhile, so they stay as they are: ${stays.join(", ")}.`]),
      ];
    },

    async finish(entry, holder) {
      if (entry.wanted === "on") return void (await machine.turnOn(entry, holder));
      const { restore, keep } = detailsOf(entry);
      const sight = { last: entry, views: await Promise.all(layers.map(lookAt)) };
      await machine.turnOff(withDetails(entry, { keep: await keepFor(restore, sight, keep) }), holder);
    },

    async adopt(lockId, request, holder) {
      const entry = await begin("on", lockId, request, {}, holder);
      await recorded("on", request, () => machine.turnOn(entry, holder));
    },
  };
}
