import type { Logger } from "pino";
import { uncorrelated } from "../correlation.ts";
import { ClutchError } from "../errors.ts";
import { formatModelRef, type ModelRef, parseModelRef } from "../models/model-ref.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import type { SessionEvent, SessionEvents } from "../openclaw/session-events.ts";
import type { AuditLog } from "../store/audit-log.ts";
import type { Change, ChangeJournal } from "../store/change-journal.ts";
import type { ExpiringStore } from "../store/expiring-store.ts";
import type { NewReturn, Return, Returns } from "../store/returns.ts";
import { createKeyLock } from "./key-lock.ts";
import { nextTurn } from "./next-turn.ts";
import { pinOf } from "./pin.ts";
import type { SessionModels, SwitchRequest, SwitchResult } from "./session-models.ts";

/** How long a temporary switch holds: for the next turn, or for so many ms. */
export type Until = { readonly kind: "turn" } | { readonly kind: "time"; readonly ms: number };

/** Where the conversation was pinned to the model already, `changed` is false, and only the ending may be new. */
export interface TemporaryResult extends SwitchResult {
  /** The ending that is in force now; undefined where the conversation is pinned to the model for good. */
  readonly ending: Return | undefined;
}

/**
 * Switches that end by themselves, written down before they are made. They end
 * after the first turn that a person began after the switch, whether it was
 * answered, failed or was stopped, or at their time. One on top of another ends
 * first; then the lower one is in force again, or ends as well.
 *
 * Going back never overwrites a choice: where the pin is no longer the temporary
 * one, or a later switch by Clutch is in force when it is time, the ending is
 * dropped and audited. A reset of the conversation is no choice: OpenClaw keeps the pin
 * over it, nightly resets included, so the ending stays too.
 */
export interface TemporarySwitches {
  /** Codes: those of `SessionModels.switchModel`. */
  begin(request: SwitchRequest & { readonly target: ModelRef }, until: Until): Promise<TemporaryResult>;
  /** The endings of all conversations whose present model is temporary, by session key. */
  inForce(): Promise<ReadonlyMap<string, Return>>;
  /** Lets the present model stay. False where its ending is over already. */
  keep(ending: Return, actor: string): Promise<boolean>;
  /** Whether a process is at work that makes the endings come. */
  isWatched(): Promise<boolean>;
  /** Makes the endings come, until `stop`: takes up what waits, follows the turns and the time. */
  start(events: SessionEvents): void;
  stop(): Promise<void>;
}

/** Runs `work` after `ms` unless it is cancelled by the function that it returns. */
export type SetTimer = (ms: number, work: () => void) => () => void;

/** At the latest after this, ms, everything is looked at again: what another process left, and clocks that jumped. */
const LOOK_EVERY_MS = 60_000;
/** A change that is unsettled for so long, ms, belongs to a process that died. */
const UNFINISHED_AFTER_MS = 60_000;
/** An unanswered message is taken for a stopped turn only if it is so twice, this far apart, ms. */
const DOUBT_MS = 1_000;
const RETRY_MS = 5_000;

export function createTemporarySwitches(parts: {
  readonly openclaw: OpenClaw;
  readonly sessions: SessionModels;
  readonly journal: ChangeJournal;
  readonly returns: Returns;
  readonly audit: AuditLog;
  /** Where the process that watches says so, and the one that is going back somewhere. */
  readonly presence: ExpiringStore;
  readonly clock: () => number;
  readonly logger: Logger;
  readonly setTimer?: SetTimer;
}): TemporarySwitches {
  const { openclaw, sessions, journal, returns, audit, presence, clock, logger, setTimer = unheldTimer } = parts;
  const lock = createKeyLock();
  /** Sessions with an ending that waits, so that events of all the others cost nothing. */
  const keys = new Set<string>();
  const doubts = new Map<number, number>();
  const underway = new Set<Promise<void>>();
  let unsettled = false;
  let forget: (() => void) | undefined;
  let cancelTimer = (): void => undefined;

  const audited = (entry: Return, reason: string, code: string): Promise<void> =>
    audit.append({
      actor: "clutch",
      place: entry.sessionKey,
      action: "model.return",
      target: entry.sessionKey,
      from: entry.expects,
      to: entry.backTo ?? "default",
      reason,
      result: "refused",
      code,
    });

  const drop = async (entry: Return, code: string, reason: string): Promise<"over"> => {
    if (await returns.settle(entry.id, "waiting", "dropped")) await audited(entry, reason, code);
    return "over";
  };

  const isDue = async (entry: Return): Promise<boolean> => {
    if (entry.dueAt !== undefined) return clock() >= entry.dueAt;
    const model = parseModelRef(entry.expects);
    if (model === undefined) return true;
    const turn = nextTurn(await openclaw.readTranscript(entry.sessionKey), { since: entry.since, model });
    if (turn !== "stopped") {
      doubts.delete(entry.id);
      return turn === "over";
    }
    const since = doubts.get(entry.id) ?? clock();
    doubts.set(entry.id, since);
    return clock() - since >= DOUBT_MS;
  };

  const goBack = async (entry: Return, change: Change): Promise<"over"> => {
    await presence.set(leaseOf(entry.id), true, UNFINISHED_AFTER_MS);
    if (!(await returns.settle(entry.id, "waiting", "done"))) return "over";
    try {
      const reason = `${entry.dueAt === undefined ? "the turn is over" : "the time is up"}, as ${entry.actor} asked`;
      await sessions.undo(change, { actor: "clutch", action: "model.return", reason });
    } catch (thrown) {
      const code = thrown instanceof ClutchError ? thrown.code : "internal";
      const isOver = code === "changed_meanwhile" || code === "no_session";
      await returns.settle(entry.id, "done", isOver ? "dropped" : "waiting");
      if (!isOver) throw thrown;
      if (code === "no_session") await audited(entry, "the conversation was deleted", code);
    } finally {
      await presence.delete(leaseOf(entry.id));
    }
    return "over";
  };

  /** Lets wait again what a process took that died before it went back. */
  const reclaim = async (): Promise<void> => {
    for (const id of await returns.interrupted()) {
      if (!(await presence.has(leaseOf(id)))) await returns.settle(id, "done", "waiting");
    }
  };

  const consider = async (entry: Return): Promise<"over" | "waits"> => {
    // A change under way, this one or a later one, is judged when it is settled.
    if ((await journal.latest(entry.sessionKey))?.state === "intended") {
      unsettled = true;
      return "waits";
    }
    if (entry.change.state === "failed" || entry.change.undone) {
      await returns.settle(entry.id, "waiting", "dropped");
      return "over";
    }
    const last = await journal.lastUndoable({ target: entry.sessionKey });
    if (last?.id !== entry.changeId) {
      // An undo of the later switch uncovers this one, and then its time still counts.
      if (entry.dueAt !== undefined && entry.dueAt > clock()) return "waits";
      return drop(entry, "changed_meanwhile", "a later switch took its place");
    }
    const row = await openclaw.readSession(entry.sessionKey);
    if (row === undefined) return drop(entry, "no_session", "the conversation was deleted");
    const pin = pinOf(row);
    if (pin !== entry.expects) {
      return drop(entry, "changed_meanwhile", `somebody chose ${pin ?? "the default"} meanwhile`);
    }
    return (await isDue(entry)) ? goBack(entry, last) : "waits";
  };

  const look = (key: string): Promise<void> =>
    lock.run(key, async () => {
      for (const entry of await returns.waiting(key)) {
        keys.add(key);
        // What lies below waits for its turn.
        if ((await consider(entry)) === "waits") return;
        doubts.delete(entry.id);
      }
      keys.delete(key);
    });

  const lookEverywhere = async (): Promise<void> => {
    await presence.set("returns", true, 2 * LOOK_EVERY_MS);
    await sessions.settleUnfinished(UNFINISHED_AFTER_MS);
    await reclaim();
    const waiting = await returns.waiting();
    for (const id of doubts.keys()) if (!waiting.some((entry) => entry.id === id)) doubts.delete(id);
    for (const key of new Set(waiting.map(({ sessionKey }) => sessionKey))) {
      await look(key).catch((error: unknown) => {
        logger.warn({ err: error, session: key }, "could not look after a temporary switch");
      });
    }
  };

  const plan = async (): Promise<void> => {
    const now = clock();
    const due = await returns.waiting().then(
      // One that could not be made is tried again a little later.
      (waiting) => waiting.map(({ dueAt = now + LOOK_EVERY_MS }) => (dueAt > now ? dueAt - now : RETRY_MS)),
      (error: unknown) => {
        logger.warn({ err: error }, "could not read when temporary switches end");
        return [RETRY_MS];
      },
    );
    const soon = [...(doubts.size > 0 ? [DOUBT_MS] : []), ...(unsettled ? [RETRY_MS] : [])];
    unsettled = false;
    cancelTimer();
    if (forget === undefined) return;
    cancelTimer = setTimer(Math.min(LOOK_EVERY_MS, ...due, ...soon), () => run(lookEverywhere()));
  };

  const run = (work: Promise<void>): void => {
    const job = work
      .catch((error: unknown) => logger.warn({ err: error }, "could not look after temporary switches"))
      .then(plan)
      .catch((error: unknown) => logger.error({ err: error }, "temporary switches are not looked after"))
      .finally(() => underway.delete(job));
    underway.add(job);
  };

  const hear = (event: SessionEvent): void => {
    if (event.kind === "subscribed") run(lookEverywhere());
    else if (event.kind === "changed" || event.kind === "reset" || event.kind === "deleted") run(look(event.key));
    else if ((event.kind === "answered" || event.kind === "ended") && keys.has(event.key)) run(look(event.key));
  };

  return {
    async begin(request, until) {
      const ending = (view: { newestAt: number | undefined }) =>
        until.kind === "time"
          ? { dueAt: clock() + until.ms, since: clock() }
          : { dueAt: undefined, since: view.newestAt ?? 0 };
      const result = await sessions.switchModel({
        ...request,
        onIntended: (changeId, before) =>
          returns.add({
            sessionKey: before.key,
            backTo: before.row === undefined ? null : pinOf(before.row),
            expects: formatModelRef(request.target),
            changeId,
            actor: request.actor,
            ...ending(before),
          }),
      });
      const { temporary } = result.after;
      if (forget !== undefined) run(look(result.after.key));
      if (result.changed || temporary === undefined) return { ...result, ending: temporary };

      const { sessionKey, backTo, expects, changeId } = temporary;
      const next: NewReturn = { sessionKey, backTo, expects, changeId, actor: request.actor, ...ending(result.after) };
      if (!(await returns.replace(temporary.id, next))) {
        throw new ClutchError("changed_meanwhile", "The temporary switch ended at the same moment.", {
          hint: "Look with /model, then try again.",
        });
      }
      await audit.append({
        actor: request.actor,
        place: sessionKey,
        action: "model.extend",
        target: sessionKey,
        from: expects,
        to: expects,
        result: "ok",
      });
      if (forget !== undefined) run(look(sessionKey));
      const [now] = await returns.waiting(sessionKey);
      return { ...result, ending: now };
    },

    async inForce() {
      const found = new Map<string, Return>();
      for (const entry of await returns.waiting()) {
        const last = await journal.lastUndoable({ target: entry.sessionKey });
        if (last?.id === entry.changeId) found.set(entry.sessionKey, entry);
      }
      return found;
    },

    async keep(ending, actor) {
      if (!(await returns.settle(ending.id, "waiting", "dropped"))) return false;
      await audit.append({
        actor,
        place: ending.sessionKey,
        action: "model.keep",
        target: ending.sessionKey,
        from: ending.expects,
        to: ending.expects,
        result: "ok",
      });
      return true;
    },

    isWatched: async () => forget !== undefined || (await presence.get("returns")) === true,

    start(events) {
      forget ??= events.on(hear);
      run(lookEverywhere());
    },

    async stop() {
      const wasWatching = forget !== undefined;
      forget?.();
      forget = undefined;
      cancelTimer();
      await Promise.all(underway);
      if (wasWatching) await presence.delete("returns");
    },
  };
}

/** While this stands, another process leaves the ending to the one that took it. */
const leaseOf = (id: number): string => `return:${id}`;

/** Does not keep a finished process alive. */
const unheldTimer: SetTimer = (ms, work) => {
  const timer = setTimeout(() => uncorrelated(work), ms).unref();
  return () => clearTimeout(timer);
};
