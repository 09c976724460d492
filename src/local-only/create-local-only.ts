import type { Logger } from "pino";
import { ClutchError } from "../errors.ts";
import type { GuardClient, GuardStatus } from "../openclaw/guard-client.ts";
import type { AlertBox } from "../store/alert-box.ts";
import type { AuditLog } from "../store/audit-log.ts";
import type { ExpiringStore } from "../store/expiring-store.ts";
import type { Lease, Leases } from "../store/leases.ts";
import type { LockJournal } from "../store/lock-journal.ts";
import type { CloudTurns } from "./cloud-turns.ts";
import type { ForcedOff } from "./forced-off.ts";
import type { HelperLock } from "./helper-lock.ts";
import type { HelperTurns } from "./helper-turns.ts";
import type { KeptConversations } from "./kept-conversations.ts";
import type { LocalOnly, LockRequest, LockResult } from "./local-only.ts";
import { createLockCare, type LockCare } from "./lock-care.ts";
import { detailsOf, livesOf } from "./lock-details.ts";
import { isShut, type LockLayer } from "./lock-layers.ts";
import { closedOnes, isPassing, type LockMachine } from "./lock-machine.ts";
import type { LockSchedule } from "./lock-schedule.ts";
import type { LockStatus } from "./lock-status.ts";
import { createLockTurns } from "./lock-turns.ts";
import { readLockStatus } from "./read-lock-status.ts";
import type { RulesSource } from "./rules-source.ts";
import type { Verifier } from "./verifier.ts";

export type { LockAlert } from "./lock-alerts.ts";
export type { LockCare } from "./lock-care.ts";

/** One process at a time turns it on or off. */
const LEASE = "local-only";
const PRESENCE = "local-only";

export function createLocalOnly(parts: {
  readonly layers: readonly LockLayer[];
  readonly guard: GuardClient;
  readonly machine: LockMachine;
  readonly helperTurns: HelperTurns;
  readonly verifier: Verifier;
  readonly helpers: HelperLock;
  readonly rules: RulesSource;
  readonly schedule: LockSchedule;
  readonly kept: KeptConversations;
  readonly forced: ForcedOff;
  readonly journal: LockJournal;
  readonly leases: Leases;
  readonly audit: AuditLog;
  /** Whether somebody watches, and what the owners were told. */
  readonly presence: ExpiringStore;
  /** What the owners are to be told. */
  readonly alertBox: AlertBox;
  /** Conversations with text since a time (epoch ms) whose next turn would go to the cloud. */
  readonly writtenSince: (at: number) => Promise<readonly string[]>;
  readonly cutTurns: CloudTurns["cut"];
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}): LocalOnly & LockCare {
  const { layers, guard, helperTurns, verifier, rules, schedule, journal, leases, presence, clock } = parts;
  const turns = createLockTurns(parts);
  const { look, lockedSince, recorded } = turns;
  /** Strict while it is not known otherwise, so that Clutch itself asks nobody outside. */
  let on = true;
  let kept: ReadonlySet<string> = new Set();

  const status = async (): Promise<LockStatus> => {
    const read = await readLockStatus(parts, async () => ({
      isHeld: await leases.isHeld(LEASE),
      isWatched: (await presence.get(PRESENCE)) === true,
    }));
    on = read.isOn;
    return read;
  };

  const hold = <T>(work: (lease: Lease) => Promise<T>, patienceMs?: number): Promise<T> =>
    leases.hold(LEASE, work, { patienceMs });

  const holderOf = ({ onStep = () => undefined }: Pick<LockRequest, "onStep">, lease: Lease) => ({
    notes: journal.heldBy(lease),
    tell: onStep,
    check: lease.check,
  });

  const result = async (changed: boolean, notes: readonly string[] = []): Promise<LockResult> => {
    await follow();
    return { changed, status: await status(), notes };
  };

  const closedNow = async (): Promise<readonly LockLayer["name"][]> => closedOnes(layers, (await look()).views);

  /** Only the guard keeps single conversations local. */
  const keepingGuard = async (): Promise<GuardStatus> => {
    const found = await guard.status();
    if (found?.mayHear !== true) throw needsGuard(found !== undefined);
    return found;
  };

  const until = (forMs: number | undefined, { actor }: LockRequest) =>
    forMs === undefined ? undefined : { at: clock() + forMs, actor };

  /** The gate stands before a turn, not before each call that a turn makes. */
  const cutHere = async (sessionKey: string): Promise<readonly string[]> => {
    try {
      return (await parts.cutTurns({ sessionKey })) === 0 ? [] : [CUT_HERE];
    } catch (thrown) {
      if (!isPassing(thrown)) throw thrown;
      return [`A turn that runs here now may go to the cloud until it ends: ${thrown.message}`];
    }
  };

  async function follow(): Promise<void> {
    const [last, now] = await Promise.all([journal.latest(), guard.status().catch(() => undefined)]);
    on = last?.wanted === "on" || last?.state === "working" || now?.state.on === true;
    // What was known holds while the guard cannot be asked.
    if (now !== undefined) kept = new Set(Object.keys(now.state.kept));
  }

  return {
    status,
    isOn: () => on,
    keepsAny: () => kept.size > 0,
    isKeptLocal: (sessionKey) => on || kept.has(sessionKey.toLowerCase()),

    turnOn({ forMs, mayChange, ...request }) {
      return hold(async (lease) => {
        if (mayChange?.(await journal.latest()) === false) return result(false);
        on = true;
        const how = { until: until(forMs, request), bySchedule: false };
        const changed = await turns.goOn(request, how, holderOf(request, lease)).catch(async (thrown: unknown) => {
          await follow().catch(() => undefined);
          throw thrown;
        });
        return result(changed);
      });
    },

    turnOff({ forMs, restore, ...request }) {
      return hold(async (lease) => {
        if (restore === "others" && (await lockedSince(await look())) !== undefined) await keepingGuard();
        const how = { until: until(forMs, request), restore };
        const notes = await turns.goOff(request, how, holderOf(request, lease));
        return result(notes !== undefined, notes);
      });
    },

    async writtenWhileOn() {
      const since = await lockedSince(await look());
      return { sessionKeys: since === undefined ? [] : await parts.writtenSince(since) };
    },

    async verify(onStep = () => undefined) {
      const { last, views } = await look();
      const before = closedOnes(layers, views);
      const found = await verifier.verify(before, onStep);
      const after = await closedNow();
      const now = await journal.latest();
      if (now?.id === last?.id && now?.wanted === "on" && now.state === "done") {
        const proved = before.filter((name) => after.includes(name));
        const provedIn = livesOf(layers, views);
        await journal.note(now.id, { ...detailsOf(now), verification: found, proved, provedIn });
      }
      return found;
    },

    async verifyNetwork() {
      return verifier.network(await closedNow());
    },

    keepLocal(sessionKey, request) {
      return hold(async ({ check }) => {
        const { state } = await keepingGuard();
        const isKept = Object.hasOwn(state.kept, sessionKey.toLowerCase());
        const fresh = await rules.fresh();
        await check();
        // Also where it is kept already: whoever asks again may have reason to.
        await guard.setRules(fresh.rules.guard);
        if (isKept) return result(false);
        await recorded("here", { ...request, place: request.place ?? sessionKey }, () =>
          parts.kept.keep([sessionKey], "here"),
        );
        // What ran when the lock came on was stopped then, and what began since is local.
        return result(true, state.on ? [] : await cutHere(sessionKey));
      });
    },

    release(sessionKey, request) {
      return hold(async (lease) => {
        const before = await parts.kept.read();
        const keys = Object.keys(before).filter((key) =>
          sessionKey === undefined ? before[key]?.why === "unreleased" : key === sessionKey.toLowerCase(),
        );
        if (keys.length === 0) return result(false);
        await lease.check();
        await recorded("release", { ...request, place: request.place ?? sessionKey }, () => parts.kept.release(keys));
        const { last, views } = await look();
        const isOff = (last === undefined || (last.wanted === "off" && last.state === "done")) && !views.some(isShut);
        const stays =
          isOff && (await helperTurns.areDue())
            ? await helperTurns.restore({ actor: request.actor }, holderOf(request, lease))
            : [];
        return result(true, staysWords(stays));
      });
    },

    setDaily(times, request) {
      return hold(async ({ check }) => {
        await check();
        await schedule.setDaily(times);
        await turns.audited("daily", request, "ok", { to: times ?? "never" });
        return status();
      });
    },

    ...createLockCare({ ...parts, turns, status, hold: (work) => hold(work, 0) }),
    follow,
    watching: async (ms) => void (await presence.set(PRESENCE, true, ms)),
  };
}

const CUT_HERE =
  "What a model in the cloud was answering here was stopped. Send the message again, and a local model answers.";

const staysWords = (stays: readonly string[]): readonly string[] =>
  stays.length === 0 ? [] : [`Somebody set these meanwhile, so they stay as they are: ${stays.join(", ")}.`];

const needsGuard = (isThere: boolean): ClutchError =>
  new ClutchError(
    "not_installed",
    isThere
      ? "Only the guard can keep single conversations local, and OpenClaw does not let it hear of turns."
      : "Only the guard can keep single conversations local, and it is not installed.",
    { hint: `${isThere ? "Mend" : "Install"} it with clutch guard install.` },
  );
