import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import type { GuardClient } from "../openclaw/guard-client.ts";
import type { AlertBox } from "../store/alert-box.ts";
import type { ExpiringStore } from "../store/expiring-store.ts";
import type { Lease } from "../store/leases.ts";
import type { LockEntry, LockJournal } from "../store/lock-journal.ts";
import { createScheduleWork } from "./apply-schedule.ts";
import type { ForcedOff } from "./forced-off.ts";
import type { HelperLock } from "./helper-lock.ts";
import type { HelperTurns } from "./helper-turns.ts";
import type { KeptConversations } from "./kept-conversations.ts";
import { CLUTCH, createLockAlerts, type LockAlert } from "./lock-alerts.ts";
import { detailsOf, isProvedOf, type LockDetails, stillProved } from "./lock-details.ts";
import type { Holder } from "./lock-holder.ts";
import { closingId, holdsLoopback, isOf, isShut, type LayerView, type LockLayer, lookAt } from "./lock-layers.ts";
import { closedOnes, helpersNotMoved, isPassing, type LockMachine, NO_LOCAL_MODEL } from "./lock-machine.ts";
import type { LockSchedule } from "./lock-schedule.ts";
import type { LockStatus } from "./lock-status.ts";
import { FORMER_UNKNOWN, type LockSight, type LockTurns } from "./lock-turns.ts";
import type { RulesSource } from "./rules-source.ts";
import { TURN_PATH } from "./verifier.ts";

/** For the process that watches over the lock. Each alert is given to one process once, and put down to be posted. */
export interface LockCare {
  /**
   * Brings layers, settings and journal in line, the stricter winning, and finishes
   * what a process that died began. Throws `lock_in_progress` where another process
   * is at it, and the gateway's codes where that has to be there first.
   */
  reconcile(): Promise<readonly LockAlert[]>;
  /** Turns it on or off where that has come due. */
  applySchedule(): Promise<readonly LockAlert[]>;
  /** Reads the journal, so that `isOn` follows what another process did. */
  follow(): Promise<void>;
  /** Whether some conversation stays local by itself; from memory. */
  keepsAny(): boolean;
  /** Says for `ms` that somebody watches. */
  watching(ms: number): Promise<void>;
}

export function createLockCare(parts: {
  readonly layers: readonly LockLayer[];
  readonly guard: Pick<GuardClient, "status">;
  readonly turns: LockTurns;
  readonly machine: Pick<LockMachine, "turnOn">;
  readonly helperTurns: HelperTurns;
  readonly helpers: Pick<HelperLock, "cloudHelpers">;
  readonly rules: RulesSource;
  readonly schedule: LockSchedule;
  readonly kept: KeptConversations;
  readonly forced: ForcedOff;
  readonly journal: LockJournal;
  readonly presence: ExpiringStore;
  readonly alertBox: AlertBox;
  readonly status: () => Promise<LockStatus>;
  /** Does not wait for its turn. */
  readonly hold: <T>(work: (lease: Lease) => Promise<T>) => Promise<T>;
  readonly clock: () => number;
  readonly logger: Logger;
}): Pick<LockCare, "reconcile" | "applySchedule"> {
  const { layers, turns, machine, helperTurns, helpers, rules, kept, forced, journal, logger } = parts;

  const alerts = createLockAlerts(parts.presence, parts.alertBox, turns.audited);
  const scheduled = createScheduleWork({ ...parts, alerts });

  const holderOf = (lease: Lease): Holder => ({
    notes: journal.heldBy(lease),
    tell: (step) => logger.info({ step }, "local-only mode"),
    check: lease.check,
  });
  const withState = (views: readonly LayerView[], is: (view: LayerView) => boolean): LockLayer[] =>
    layers.filter((_, at) => {
      const view = views[at];
      return view !== undefined && is(view);
    });

  /** The journal has it working: somebody died, or could not finish. */
  const finish = async (entry: LockEntry, holder: Holder): Promise<readonly LockAlert[]> => {
    const { wanted, reason, place } = entry;
    const what = `Turning local-only mode ${wanted}${reason === undefined ? "" : ` (${reason})`} was interrupted`;
    try {
      await turns.finish(entry, holder);
    } catch (thrown) {
      if (!isPassing(thrown) || (await journal.latest())?.id === entry.id) throw thrown;
      return alerts.tell("told", place, `${what}, and it stays off.`, thrown.message);
    }
    await turns.audited(wanted, { actor: CLUTCH, reason: `finished what ${entry.actor} began`, place }, "ok");
    return alerts.tell("told", place, `${what}, and is finished now.`);
  };

  /** The journal has it on: is it so in truth? */
  const mend = async (entry: LockEntry, views: readonly LayerView[], holder: Holder): Promise<readonly LockAlert[]> => {
    const { place } = entry;
    const opened = withState(views, ({ state }) => state === "open");
    const damaged = layers.flatMap((layer, at) => {
      const view = views[at];
      return view?.state === "closed" && view.damage !== undefined ? [{ layer, view, damage: view.damage }] : [];
    });
    const seen = opened.map(({ name }) => `The ${name} was open.`);
    const problems: string[] = [];
    const attempt = async (work: () => Promise<unknown>): Promise<void> => {
      try {
        await work();
      } catch (thrown) {
        // Where nothing was found open this can wait for the gateway.
        if (!isPassing(thrown) || opened.length === 0) throw thrown;
        problems.push(thrown.message);
      }
    };
    const closed = closedOnes(layers, views);
    const known = await forgetProofs(entry, views, holder);
    // Not proved: it was interrupted when something had been found open, or a layer came back.
    if (opened.length > 0 || !isProvedOf(detailsOf(known), closed)) {
      await attempt(async () => {
        const { verification } = await machine.turnOn(known, holder);
        if (isTurnProved(detailsOf(entry)) && closed.includes("guard") && !isTurnProved({ verification })) {
          seen.push(
            "The guard is back, and it could not be proved that OpenClaw asks it: clutch guard install does that.",
          );
        }
      });
    }
    await attempt(async () => {
      const { rules: wanted, best } = await rules.fresh();
      await holder.check();
      for (const { layer, view, damage } of damaged) {
        await layer.close(closingId(view, entry.lockId), wanted).then(
          () => seen.push(`The file of the ${layer.name} ${damage}, and is whole again; it was closed all the time.`),
          (thrown: unknown) => logger.warn({ err: thrown, layer: layer.name }, "a damaged layer could not be mended"),
        );
      }
      const guarding = await parts.guard.status();
      if (guarding !== undefined && guarding.state.damage === undefined) await rules.tell(guarding, wanted.guard);
      const standing = best === undefined ? [NO_LOCAL_MODEL] : [];
      seen.push(...(await mendHelpers(entry, best, holder, { problems, standing })));
      await noteStanding(entry, standing, holder);
    });
    const { enforcement, problems: found } = await parts.status();
    return alerts.raise("lock", {
      problems: enforcement === "broken" ? [...problems, ...found] : problems,
      seen,
      place,
    });
  };

  /** What holds again after it was away proves nothing: OpenClaw may run turns without asking a guard that came back. */
  const forgetProofs = async (entry: LockEntry, views: readonly LayerView[], { notes }: Holder): Promise<LockEntry> => {
    const details = detailsOf(entry);
    const proved = stillProved(details, layers, views);
    if (proved.length === details.proved.length) return entry;
    const next = { ...details, proved };
    await notes.note(entry.id, next);
    return { ...entry, details: next };
  };

  /** What is still not as it should be, in place of what was when it was turned on. */
  const noteStanding = async ({ id }: LockEntry, problems: readonly string[], { notes }: Holder): Promise<void> => {
    const last = await journal.latest();
    if (last?.id !== id || isDeepStrictEqual(detailsOf(last).problems, problems)) return;
    await notes.note(id, { ...detailsOf(last), problems });
  };

  /** What it moved; what it could not is added to what stands, and to the problems where no wall holds it. */
  const mendHelpers = async (
    entry: LockEntry,
    best: Parameters<HelperTurns["close"]>[1] | undefined,
    holder: Holder,
    { problems, standing }: { readonly problems: string[]; readonly standing: string[] },
  ): Promise<readonly string[]> => {
    const left = await helpers.cloudHelpers();
    if (left.length === 0) return [];
    if (best !== undefined) {
      const who = { actor: CLUTCH, reason: "kept local while the lock is on" };
      await helperTurns.close(entry, best, who, holder).catch((thrown: unknown) => {
        if (!isPassing(thrown)) throw thrown;
        standing.push(helpersNotMoved(thrown));
        logger.warn({ err: thrown }, "helper calls could not be pointed at a local model");
      });
    }
    const open = await helpers.cloudHelpers();
    const still = new Set(open.map(({ name }) => name));
    const moved = left.filter(({ name }) => !still.has(name)).map(({ name }) => name);
    const views = await Promise.all(layers.map(lookAt));
    const hasWall = closedOnes(layers, views).includes("wall");
    const holdsAll = holdsLoopback(layers, views);
    const unheld = open.filter(({ onGateway }) => !hasWall || (onGateway && !holdsAll)).map(({ name }) => name);
    if (unheld.length > 0) {
      problems.push(`These calls go to the cloud, and nothing holds them: ${[...new Set(unheld)].join(", ")}.`);
    }
    return moved.length === 0 ? [] : [`These calls went to the cloud by their settings: ${moved.join(", ")}.`];
  };

  /** The journal has it off. */
  const leaveOff = async (sight: LockSight, holder: Holder): Promise<readonly LockAlert[]> => {
    const { last, views } = sight;
    const place = last?.place;
    const news: LockAlert[] = [];
    const closed = withState(views, ({ state }) => state === "closed");
    const left = last === undefined ? [] : detailsOf(last).left;
    for (const layer of closed.filter(({ name }) => left.includes(name))) {
      const view = views[layers.indexOf(layer)];
      if (last === undefined || view?.state !== "closed" || !isOf(view.id, last.lockId)) continue;
      await holder.check();
      await layer.open(view.id);
      closed.splice(closed.indexOf(layer), 1);
      const what = `The ${layer.name} came back closed by a lock that was turned off meanwhile. It is open now.`;
      news.push(...(await alerts.tell("told", place, what)));
    }
    if (closed.length > 0) return [...news, ...(await adopt(closed, sight, holder))];
    if (await helperTurns.areDue()) {
      const stays = await helperTurns.restore({ actor: CLUTCH, reason: "the lock is off" }, holder);
      if (stays.length > 0) logger.info({ stays }, "settings of helper calls stay as somebody set them");
    }
    const idle = withState(views, (view) => view.state === "absent" && isShut(view));
    if (idle.length === 0) await alerts.drop("lock");
    else {
      const problem = `The ${namesOf(idle)} is closed, but OpenClaw does not go by it.`;
      news.push(...(await alerts.raise("lock", { problems: [problem], place })));
    }
    return news;
  };

  /** The stricter wins: what is closed stays so, until an owner opens it. */
  const adopt = async (
    closed: readonly LockLayer[],
    { last, views }: LockSight,
    holder: Holder,
  ): Promise<readonly LockAlert[]> => {
    const place = last?.place;
    const found = views.find((view) => view.state === "closed");
    const lockId = found?.state === "closed" && found.damage === undefined ? found.id : randomUUID();
    const reason = `the ${namesOf(closed)} was found closed`;
    await turns.adopt(lockId, { actor: CLUTCH, reason, place }, holder);
    const damage = closed.flatMap((layer) => {
      const view = views[layers.indexOf(layer)];
      return view?.state === "closed" && view.damage !== undefined
        ? [`The file of the ${layer.name} ${view.damage}.`]
        : [];
    });
    const lost = last === undefined ? [FORMER_UNKNOWN] : [];
    const what = `Local-only mode is on: ${reason}, though nobody here turned it on.`;
    return alerts.tell("told", place, what, ...damage, ...lost);
  };

  const settle = async (holder: Holder): Promise<readonly LockAlert[]> => {
    const sight = await turns.look();
    const { last, views } = sight;
    const byForce = await forced.read();
    const since = last?.wanted === "on" ? last.at : await turns.lockedSince(sight);
    if (byForce !== undefined && since !== undefined && byForce.at >= since) {
      const how = { restore: "all", until: undefined, forced: true } as const;
      await turns.goOff({ actor: byForce.actor, reason: "turned off by force" }, how, holder);
      await forced.forget();
      return alerts.tell("told", last?.place, "Local-only mode was turned off by force, and is off everywhere now.");
    }
    if (last?.state === "working") return finish(last, holder);
    return last?.wanted === "on" ? mend(last, views, holder) : leaveOff(sight, holder);
  };

  /** Conversations that stay local by themselves: the guard's file may have lost them, and what is local changes. */
  const remind = async ({ check }: Holder): Promise<readonly LockAlert[]> => {
    await check();
    const keys = await kept.mend();
    const guarding = await parts.guard.status();
    // While it is on, `mend` has told it already.
    if (guarding?.state.on === false && Object.keys(guarding.state.kept).length > 0) {
      const { rules: wanted } = await rules.fresh();
      await check();
      await rules.tell(guarding, wanted.guard);
    }
    const which = keys.length === 1 ? "a conversation that stays" : `${keys.length} conversations that stay`;
    const what = `The guard had forgotten ${which} local, and knows again.`;
    return keys.length === 0 ? [] : alerts.tell("mended", (await journal.latest())?.place, what);
  };

  return {
    reconcile: () =>
      parts.hold(async (lease) => {
        const holder = holderOf(lease);
        const news = await settle(holder);
        const more = await remind(holder).catch((thrown: unknown) => {
          if (!isPassing(thrown)) throw thrown;
          logger.warn({ err: thrown }, "the guard could not be told of the conversations that stay local");
          return [];
        });
        return [...news, ...more];
      }),

    applySchedule: async () =>
      (await scheduled.isDue()) ? parts.hold((lease) => scheduled.apply(holderOf(lease))) : [],
  };
}

const isTurnProved = ({ verification }: Pick<LockDetails, "verification">): boolean =>
  verification?.paths.some(({ path, result }) => path === TURN_PATH && result === "proved") === true;

const namesOf = (layers: readonly LockLayer[]): string => layers.map(({ name }) => name).join(" and ");
