import type { Logger } from "pino";
import { ageOf } from "../models/age.ts";
import { formatModelRef, sameModel } from "../models/model-ref.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import type { SessionEvent, SessionEvents } from "../openclaw/session-events.ts";
import { parentKey, parseSessionKey } from "../openclaw/session-keys.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { AuditLog } from "../store/audit-log.ts";
import type { ChangeJournal } from "../store/change-journal.ts";
import type { WatchedSessions } from "../store/watched-sessions.ts";
import { effectiveModel } from "./effective-model.ts";
import { pinOf } from "./pin.ts";
import { type Finding, UNSEEN, type WatchState, watchStep } from "./turn-watch.ts";

/** Findings that are posted into their conversation; the others only go to the audit log. */
export type Notice = Extract<Finding, { kind: "stray" | "lost_pin" }>;

type LostPin = Extract<Finding, { kind: "lost_pin" }>;

export interface Watcher {
  /** Resolves when everything heard so far is dealt with. */
  idle(): Promise<void>;
  /** Sessions held in memory. */
  size(): number;
  stop(): Promise<void>;
}

/** A change that Clutch journalled this long before an event, ms, is taken for its cause. */
const OWN_CHANGE_MS = 30_000;
/** After a gap, sessions that were active this long before it are looked at too, ms. */
const OVERLAP_MS = 60_000;
const LOOKS_AT_ONCE = 4;
/** A gateway that has just started answers slowly, and nobody waits for this, ms. */
const CATCH_UP_MS = 60_000;
/** Events overtake each other: a change comes after its message, an answer after the end of its run, within this, ms. */
const DOUBT_MS = 3_000;

/**
 * Watches every completed turn: an answer by another model than the selected
 * one, a pin that went away by itself, a switch by other hands. Each finding is
 * audited, and reported once per change of state, also over restarts.
 */
export function startWatcher(parts: {
  readonly events: SessionEvents;
  readonly openclaw: OpenClaw;
  readonly registry: ModelRegistry;
  readonly journal: ChangeJournal;
  readonly audit: AuditLog;
  readonly watched: WatchedSessions;
  readonly onNotice: (notice: Notice) => Promise<void>;
  /** Whether a session's turns go to local models now, whatever it is set to. */
  readonly isKeptLocal: (key: string) => boolean;
  readonly clock: () => number;
  readonly logger: Logger;
}): Watcher {
  const { openclaw, registry, journal, audit, watched, onNotice, clock, logger } = parts;
  const states = new Map<string, WatchState>();
  /** Pins that went away a moment ago, by session key; the change that explains it may still come. */
  const losses = new Map<string, { readonly finding: LostPin; readonly timer: NodeJS.Timeout }>();
  const forgetting = new Set<NodeJS.Timeout>();
  let lastHeard: number | undefined;
  let stopped = false;

  const loading = watched.all().then((sessions) => {
    for (const { key, pin, stray } of sessions) states.set(key, { ...UNSEEN, pin, stray });
  });
  /** One thing after the other, so that findings come in the order of the events. */
  let work: Promise<void> = loading.catch((error: unknown) => logger.error({ err: error }, "the watch has no memory"));
  const enqueue = (job: () => Promise<void>): void => {
    work = work.then(job).catch((error: unknown) => logger.warn({ err: error }, "the watch missed something"));
  };

  const keep = async (key: string, before: WatchState, after: WatchState): Promise<void> => {
    const pin = after.pin ?? null;
    // Nothing worth remembering between turns: most sessions.
    if (pin === null && after.stray === null && after.turn === undefined && after.ended === undefined)
      states.delete(key);
    else states.set(key, after);
    if ((before.pin ?? null) !== pin || before.stray !== after.stray)
      await watched.save({ key, pin, stray: after.stray });
  };

  const hear = async (event: Exclude<SessionEvent, { kind: "config" | "subscribed" }>): Promise<void> => {
    const before = states.get(event.key) ?? UNSEEN;
    if (event.kind === "deleted") {
      states.delete(event.key);
      await watched.save({ key: event.key, pin: null, stray: null });
      return;
    }
    const explained = event.kind === "changed" ? takeLoss(event.key) : undefined;
    if (explained !== undefined) {
      await report({ kind: "pin_changed", row: event.row, from: explained.pin, to: pinOf(event.row) });
    }
    const { state, findings } = watchStep(before, event);
    await keep(event.key, before, state);
    if (state.ended !== undefined && state.ended !== before.ended) forgetLater(event.key, state.ended);
    for (const finding of findings) await report(finding);
  };

  const forgetLater = (key: string, ended: WatchState["ended"]): void => {
    const timer = setTimeout(() => {
      forgetting.delete(timer);
      enqueue(async () => {
        const state = states.get(key);
        if (state?.ended === ended && state !== undefined) await keep(key, state, { ...state, ended: undefined });
      });
    }, DOUBT_MS);
    forgetting.add(timer);
  };

  const report = async (finding: Finding): Promise<void> => {
    const { key } = finding.row;
    const entry = { actor: "openclaw", place: key, target: key, result: "ok" as const };
    switch (finding.kind) {
      case "pin_changed": {
        if (await isOwn(key, finding.to)) return;
        const words = { from: finding.from ?? "default", to: finding.to ?? "default" };
        await audit.append({ ...entry, action: "model.switch", ...words, reason: "changed outside Clutch" });
        return;
      }
      case "recovered":
        await audit.append({ ...entry, action: "watch.recovered", to: formatModelRef(finding.actual) });
        return;
      case "lost_pin": {
        if (await isOwn(key, null)) return;
        losses.set(key, { finding, timer: setTimeout(() => enqueue(() => confirmLoss(key)), DOUBT_MS) });
        return;
      }
      case "stray": {
        if (parts.isKeptLocal(key) && registry.find(finding.actual)?.locality.kind === "local") return;
        if (await followsItsChannel(finding)) return;
        const fellBack = finding.fellBack || (await isConfiguredFallback(finding));
        const words = { from: formatModelRef(finding.expected), to: formatModelRef(finding.actual) };
        await audit.append({ ...entry, action: fellBack ? "watch.fallback" : "watch.drift", ...words });
        await onNotice({ ...finding, fellBack });
      }
    }
  };

  const takeLoss = (key: string): LostPin | undefined => {
    const loss = losses.get(key);
    if (loss === undefined) return undefined;
    clearTimeout(loss.timer);
    losses.delete(key);
    return loss.finding;
  };

  const confirmLoss = async (key: string): Promise<void> => {
    const finding = takeLoss(key);
    if (finding === undefined) return;
    const { pin, row } = finding;
    const to = row.model === undefined ? undefined : formatModelRef(row.model);
    await audit.append({
      actor: "openclaw",
      place: key,
      target: key,
      action: "watch.lost_pin",
      from: pin,
      to,
      result: "ok",
    });
    await onNotice(finding);
  };

  /** The row names the stand-in only a moment after its answer, so the configuration is asked as well. */
  const isConfiguredFallback = async ({ row, actual }: Extract<Finding, { kind: "stray" }>): Promise<boolean> => {
    const { modelConfig } = await registry.current();
    const agentId = row.agentId ?? parseSessionKey(row.key)?.agentId ?? "";
    const { fallbacks } = effectiveModel(row, modelConfig, { agentId, parentKey: undefined });
    return fallbacks.includes(formatModelRef(actual));
  };

  /**
   * A Discord thread follows the pin of its channel, but its row names neither: it shows the default. A channel of
   * the same agent with such a pin explains the answer. So does the channel of a Slack thread with an older OpenClaw.
   */
  const followsItsChannel = async ({ row, actual }: Extract<Finding, { kind: "stray" }>): Promise<boolean> => {
    const parent = row.pinSource === undefined ? parentKey(row.key) : undefined;
    if (parent !== undefined) {
      const above = await openclaw.readSession(parent);
      return above?.pinSource === "user" && sameModel(above.model, actual);
    }
    const key = parseSessionKey(row.key);
    if (key?.platform !== "discord" || key.kind !== "channel" || row.pinSource !== undefined) return false;
    const channels = await openclaw.searchSessions(`agent:${key.agentId}:discord:channel:`);
    return channels.some((other) => other.pinSource === "user" && sameModel(other.model, actual));
  };

  const isOwn = async (key: string, pin: string | null): Promise<boolean> => {
    const last = await journal.latest(key);
    return last !== undefined && last.state !== "failed" && last.after === pin && clock() - last.at < OWN_CHANGE_MS;
  };

  /** What happened while nobody listened is read, not guessed: pins that we knew, and fallbacks that are in effect. */
  const catchUp = async (): Promise<void> => {
    const known = [...states].filter(([, { pin, stray }]) => typeof pin === "string" || stray !== null);
    await inGroups(known, async ([key, before]) => {
      const row = await openclaw.readSession(key);
      if (row === undefined) await hear({ kind: "deleted", key });
      else if (pinOf(row) !== (before.pin ?? null)) await hear({ kind: "changed", key, row });
    });
    const gap = lastHeard === undefined ? 0 : ageOf(lastHeard, clock());
    for (const row of await openclaw.activeSessions(gap + OVERLAP_MS, { timeoutMs: CATCH_UP_MS })) {
      const { activeModel, model, key } = row;
      if (activeModel === undefined || model === undefined || sameModel(activeModel, model) || !isConversation(key))
        continue;
      await hear({ kind: "asked", key, row });
      await hear({ kind: "answered", key, row, model: activeModel, runId: undefined });
      await hear({ kind: "ended", key, row, runId: undefined });
    }
    lastHeard = clock();
  };

  const forget = parts.events.on((event) => {
    if (stopped) return;
    if (event.kind === "config") {
      registry.invalidate();
      return;
    }
    if (event.kind === "subscribed") {
      registry.invalidate();
      enqueue(catchUp);
      return;
    }
    lastHeard = clock();
    if (isConversation(event.key)) enqueue(() => hear(event));
  });

  return {
    idle: () => work,
    size: () => states.size,
    async stop() {
      stopped = true;
      forget();
      for (const timer of forgetting) clearTimeout(timer);
      await work;
      for (const key of [...losses.keys()]) await confirmLoss(key);
    },
  };
}

/** Jobs, hooks and sub-agents have models of their own choosing, and no person who waits. */
function isConversation(key: string): boolean {
  const kind = parseSessionKey(key)?.kind;
  return kind !== "cron" && kind !== "hook" && kind !== "subagent";
}

async function inGroups<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += LOOKS_AT_ONCE) {
    await Promise.all(items.slice(start, start + LOOKS_AT_ONCE).map(work));
  }
}
