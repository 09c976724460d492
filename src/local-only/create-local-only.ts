import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { ClutchError } from "../errors.ts";
import type { GuardClient } from "../openclaw/guard-client.ts";
import type { AuditLog } from "../store/audit-log.ts";
import type { ExpiringStore } from "../store/expiring-store.ts";
import type { Leases } from "../store/leases.ts";
import type { LockEntry, LockJournal } from "../store/lock-journal.ts";
import type { ForcedOff } from "./forced-off.ts";
import type { HelperLock } from "./helper-lock.ts";
import type { LocalOnly, LockRequest, LockResult } from "./local-only.ts";
import { isOf, type LayerView, type LockLayer, lookAt } from "./lock-layers.ts";
import { detailsOf, type LockMachine, NO_DETAILS } from "./lock-machine.ts";
import type { LockSchedule } from "./lock-schedule.ts";
import type { LockStatus } from "./lock-status.ts";
import { readLockStatus } from "./read-lock-status.ts";
import type { RulesSource } from "./rules-source.ts";
import type { Verifier } from "./verifier.ts";

/** What the owners have to know. */
export interface LockAlert {
  /** `broken`: it does not hold. `mended`: it did not, and holds again. `told`: it changed by itself. */
  readonly kind: "broken" | "mended" | "told";
  /** One sentence each. */
  readonly what: readonly string[];
  /** Where it was turned on, as `formatPlace` writes it. */
  readonly place: string | undefined;
}

/** For the process that watches over the lock. */
export interface LockCare {
  /**
   * Brings layers, settings and journal in line, the stricter winning, and finishes
   * what a process that died began. Throws `lock_in_progress` where another process
   * is at it.
   */
  reconcile(): Promise<readonly LockAlert[]>;
  /** Turns it on or off where that has come due. */
  applySchedule(): Promise<readonly LockAlert[]>;
  /** Reads the journal, so that `isOn` follows what another process did. */
  follow(): Promise<void>;
  /** Says for `ms` that somebody watches. */
  watching(ms: number): Promise<void>;
}

/** One process at a time turns it on or off. */
const LEASE = "local-only";
const PRESENCE = "local-only";
const SCHEDULE_ACTOR = "clutch";

export function createLocalOnly(parts: {
  readonly layers: readonly LockLayer[];
  readonly guard: GuardClient;
  readonly machine: LockMachine;
  readonly verifier: Verifier;
  readonly helpers: HelperLock;
  readonly rules: RulesSource;
  readonly schedule: LockSchedule;
  readonly forced: ForcedOff;
  readonly journal: LockJournal;
  readonly leases: Leases;
  readonly audit: AuditLog;
  readonly presence: ExpiringStore;
  /** Conversations with text since a time (epoch ms) whose next turn would go to the cloud. */
  readonly writtenSince: (at: number) => Promise<readonly string[]>;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}): LocalOnly & LockCare {
  const { layers, guard, machine, verifier, helpers, rules, schedule, forced, journal, leases, audit } = parts;
  const { presence, clock, logger } = parts;
  /** Strict while it is not known otherwise, so that Clutch itself asks nobody outside. */
  let on = false;
  let kept: ReadonlySet<string> = new Set();

  const status = async (): Promise<LockStatus> => {
    const read = await readLockStatus({ layers, guard, helpers, rules, schedule, journal, clock }, async () => ({
      isHeld: await leases.isHeld(LEASE),
      isWatched: (await presence.get(PRESENCE)) === true,
    }));
    on = read.isOn;
    kept = new Set(read.kept.map(({ sessionKey }) => sessionKey));
    return read;
  };

  const look = async (): Promise<{ readonly last: LockEntry | undefined; readonly views: readonly LayerView[] }> => {
    const [last, ...views] = await Promise.all([journal.latest(), ...layers.map(lookAt)]);
    return { last, views };
  };

  const audited = (
    action: string,
    request: LockRequest,
    result: "ok" | "failed",
    more: { to?: string; code?: string } = {},
  ) =>
    audit.append({
      actor: request.actor,
      place: request.place,
      action: `localonly.${action}`,
      reason: request.reason,
      result,
      ...more,
    });

  /** Finishes what somebody began, so that nothing is decided on half a state. */
  const finish = async (entry: LockEntry, tell: (step: string) => void): Promise<void> => {
    if (entry.wanted === "on") await machine.turnOn(entry, tell);
    else await machine.turnOff(entry, tell);
  };

  const begin = (wanted: "on" | "off", lockId: string, request: LockRequest, details: object = {}) =>
    journal.begin({
      wanted,
      lockId,
      actor: request.actor,
      place: request.place,
      reason: request.reason,
      details: { ...NO_DETAILS, ...details },
    });

  const recorded = async <T>(action: string, request: LockRequest, work: () => Promise<T>): Promise<T> => {
    try {
      const done = await work();
      await audited(action, request, "ok");
      return done;
    } catch (thrown) {
      await audited(action, request, "failed", { code: thrown instanceof ClutchError ? thrown.code : "internal" });
      throw thrown;
    }
  };

  /** With the lease held. True where it was not on before. */
  const goOn = async (request: LockRequest, bySchedule: boolean): Promise<boolean> => {
    const tell = request.onStep ?? (() => undefined);
    const { last, views } = await look();
    if (last?.state === "working" && last.wanted === "off") await finish(last, tell);
    else if (last?.wanted === "on") {
      const { layers: held } = detailsOf(last);
      const stands =
        last.state === "done" && layers.every(({ name }, at) => !held.includes(name) || views[at]?.state === "closed");
      // A layer that came since is to hold as well.
      const isWhole = layers.every((_, at) => views[at]?.state !== "open");
      if (stands && isWhole) return false;
      on = true;
      await recorded("on", request, () => machine.turnOn(last, tell));
      return true;
    }
    on = true;
    await forced.forget();
    const entry = await begin("on", randomUUID(), request, { bySchedule });
    try {
      await recorded("on", request, () => machine.turnOn(entry, tell));
    } catch (thrown) {
      on = (await look()).views.some(({ state }) => state === "closed");
      throw thrown;
    }
    return true;
  };

  /** With the lease held. Undefined where it was off already. */
  const goOff = async (request: LockRequest, keep: readonly string[]): Promise<readonly string[] | undefined> => {
    const tell = request.onStep ?? (() => undefined);
    const { last, views } = await look();
    const isClosed = views.some(({ state }) => state === "closed");
    if (!isClosed && (last === undefined || (last.wanted === "off" && last.state === "done"))) return undefined;
    const entry =
      last?.wanted === "off" && last.state === "working"
        ? last
        : await begin("off", last?.lockId ?? randomUUID(), request, { keep });
    const { stays } = await recorded("off", request, () => machine.turnOff(entry, tell));
    on = false;
    return stays;
  };

  const hold = <T>(work: () => Promise<T>, patienceMs?: number): Promise<T> =>
    leases.hold(LEASE, work, patienceMs === undefined ? {} : { patienceMs });

  const planEnd = async (turns: "on" | "off", forMs: number | undefined, actor: string): Promise<void> => {
    const lockId = (await journal.latest())?.lockId;
    await schedule.plan(forMs === undefined ? undefined : { turns, at: clock() + forMs, actor, lockId });
  };

  return {
    status,
    isOn: () => on,
    isKeptLocal: (sessionKey) => on || kept.has(sessionKey.toLowerCase()),

    async turnOn({ forMs, ...request }) {
      return hold(async () => {
        const changed = await goOn(request, false);
        if (changed || forMs !== undefined) await planEnd("off", forMs, request.actor);
        return result(changed, await status());
      });
    },

    async turnOff({ forMs, restore, ...request }) {
      return hold(async () => {
        const since = (await journal.latest())?.at ?? clock();
        const keep = restore === "others" ? await parts.writtenSince(since) : [];
        if (keep.length > 0 && (await guard.status()) === undefined) throw needsGuard();
        const stays = await goOff(request, keep);
        if (stays !== undefined || forMs !== undefined) await planEnd("on", forMs, request.actor);
        return result(stays !== undefined, await status(), notesOf(stays ?? []));
      });
    },

    async writtenWhileOn() {
      const last = await journal.latest();
      return { sessionKeys: last?.wanted === "on" ? await parts.writtenSince(last.at) : [] };
    },

    async verify(onStep = () => undefined) {
      const { last, views } = await look();
      const closed = layers.filter((_, at) => views[at]?.state === "closed").map(({ name }) => name);
      const found = await verifier.verify(closed, onStep);
      if (last?.wanted === "on" && last.state === "done" && (await journal.latest())?.id === last.id) {
        await journal.note(last.id, { ...detailsOf(last), verification: found });
      }
      return found;
    },

    async keepLocal(sessionKey, request) {
      return hold(async () => {
        const before = await guard.status();
        if (before === undefined) throw needsGuard();
        const isKept = Object.hasOwn(before.state.kept, sessionKey.toLowerCase());
        if (!isKept) {
          await guard.setRules((await rules.fresh()).rules.guard);
          await recorded("here", { ...request, place: request.place ?? sessionKey }, () =>
            guard.keep([sessionKey], "here"),
          );
        }
        return result(!isKept, await status());
      });
    },

    async release(sessionKey, request) {
      return hold(async () => {
        const kept = (await guard.status())?.state.kept ?? {};
        const keys = Object.keys(kept).filter((key) =>
          sessionKey === undefined ? kept[key]?.why === "unreleased" : key === sessionKey.toLowerCase(),
        );
        if (keys.length === 0) return result(false, await status());
        await recorded("release", { ...request, place: request.place ?? sessionKey }, () => guard.release(keys));
        const left = Object.values((await guard.status())?.state.kept ?? {});
        const stays =
          on || left.some(({ why }) => why === "unreleased")
            ? []
            : await machine.restoreHelpers({ actor: request.actor });
        return result(true, await status(), notesOf(stays));
      });
    },

    async setDaily(times, request) {
      return hold(async () => {
        await schedule.setDaily(times);
        await audited("daily", request, "ok", { to: times ?? "never" });
        return status();
      });
    },

    reconcile: () =>
      hold(async () => {
        const { last, views } = await look();
        const place = last?.place;
        const tell = (step: string): void => logger.info({ step }, "local-only mode");
        const byForce = await forced.read();
        if (byForce !== undefined && last?.wanted === "on" && byForce.at >= last.at) {
          await goOff({ actor: byForce.actor, reason: "turned off by force" }, []);
          await forced.forget();
          return [
            { kind: "told", what: ["Local-only mode was turned off by force, and is off everywhere now."], place },
          ];
        }
        if (last?.state === "working") {
          on = true;
          await finish(last, tell);
          on = last.wanted === "on";
          return [
            {
              kind: "told",
              what: [`Turning local-only mode ${last.wanted} was interrupted, and is finished now.`],
              place,
            },
          ];
        }
        if (last?.wanted === "on") return mend(last, views);
        const closed = layers.filter((_, at) => views[at]?.state === "closed");
        if (closed.length === 0) {
          on = false;
          return [];
        }
        // The stricter wins: what is closed stays so, until an owner opens it.
        const found = views.find((view) => view.state === "closed");
        const lockId = found?.state === "closed" && found.damage === undefined ? found.id : randomUUID();
        const reason = `the ${closed.map(({ name }) => name).join(" and ")} was found closed`;
        on = true;
        const entry = await begin("on", lockId, { actor: SCHEDULE_ACTOR, reason });
        await recorded("on", { actor: SCHEDULE_ACTOR, reason }, () => machine.turnOn(entry, tell));
        return [{ kind: "told", what: [`Local-only mode is on: ${reason}, though nobody here turned it on.`], place }];
      }, 0),

    async applySchedule() {
      if ((await schedule.due()) === undefined) return [];
      return hold(async () => {
        const due = await schedule.due();
        if (due === undefined) return [];
        const last = await journal.latest();
        const place = last?.place;
        const turns = due.kind === "once" ? due.planned.turns : due.boundary.turns;
        const request = {
          actor: SCHEDULE_ACTOR,
          place,
          reason: due.kind === "once" ? `the time is up, as ${due.planned.actor} asked` : "the daily times",
        };
        const applies =
          due.kind === "once"
            ? due.planned.lockId === undefined || (last !== undefined && isOf(due.planned.lockId, last.lockId))
            : turns === "on" || (last?.wanted === "on" && detailsOf(last).bySchedule);
        let changed = false;
        if (applies) {
          changed =
            turns === "on" ? await goOn(request, due.kind === "daily") : (await goOff(request, [])) !== undefined;
        }
        await schedule.settled(due);
        return changed ? [{ kind: "told", what: [`Local-only mode is ${turns} now: ${request.reason}.`], place }] : [];
      }, 0);
    },

    async follow() {
      const last = await journal.latest();
      on = last !== undefined && (last.wanted === "on" || last.state === "working");
      kept = new Set(Object.keys((await guard.status().catch(() => undefined))?.state.kept ?? {}));
    },

    watching: async (ms) => void (await presence.set(PRESENCE, true, ms)),
  };

  /** With the lease held: the lock is on by the journal; is it so in truth? */
  async function mend(entry: LockEntry, views: readonly LayerView[]): Promise<readonly LockAlert[]> {
    on = true;
    const details = detailsOf(entry);
    const { place } = entry;
    const lost = layers.flatMap(({ name }, at) => {
      const view = views[at];
      if (view === undefined || view.state === "closed") return [];
      if (view.state === "absent") return details.layers.includes(name) ? [`The ${name} is gone. ${view.why}`] : [];
      return [`The ${name} was open.`];
    });
    const { rules: wanted, best } = await rules.fresh();
    if (views.some(({ state }) => state === "open")) await machine.turnOn(entry, () => undefined);
    else {
      const now = await guard.status().catch(() => undefined);
      if (now !== undefined) await rules.tell(now, wanted.guard);
    }
    const left = best === undefined ? [] : await helpers.cloudHelpers();
    if (best !== undefined && left.length > 0) {
      await helpers.close(best, {
        actor: SCHEDULE_ACTOR,
        reason: "kept local while the lock is on",
        batch: entry.lockId,
      });
      lost.push(`These calls went to the cloud by their settings: ${left.map(({ name }) => name).join(", ")}.`);
    }
    if (lost.length === 0) return [];
    const { enforcement, problems } = await status();
    const isBroken = enforcement === "broken";
    await audited("mend", { actor: SCHEDULE_ACTOR, place, reason: lost.join(" ") }, isBroken ? "failed" : "ok");
    return [
      { kind: isBroken ? "broken" : "mended", what: isBroken ? [...new Set([...lost, ...problems])] : lost, place },
    ];
  }
}

const result = (changed: boolean, status: LockStatus, notes: readonly string[] = []): LockResult => ({
  changed,
  status,
  notes,
});

const notesOf = (stays: readonly string[]): readonly string[] =>
  stays.length === 0 ? [] : [`Somebody set these meanwhile, so they stay as they are: ${stays.join(", ")}.`];

const needsGuard = (): ClutchError =>
  new ClutchError("not_installed", "Only the guard can keep single conversations local, and it is not installed.", {
    hint: "Install it with clutch guard install.",
  });
