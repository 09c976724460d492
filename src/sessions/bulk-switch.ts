import { randomUUID } from "node:crypto";
import { type ErrorCode, toClutchError } from "../errors.ts";
import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import { parseSessionKey } from "../openclaw/session-keys.ts";
import type { SessionRow } from "../openclaw/wire.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { Change, ChangeJournal } from "../store/change-journal.ts";
import type { Return } from "../store/returns.ts";
import { pinOf } from "./pin.ts";
import type { SessionModels } from "./session-models.ts";
import type { TemporarySwitches } from "./temporary-switches.ts";

/** What a switch of all conversations would do. */
export interface BulkPlan {
  readonly toChange: readonly string[];
  /** The endings of those that are as asked for, but for a while only: they stay so then. */
  readonly toKeep: readonly Return[];
  /** Conversations that are as asked for already. */
  readonly already: number;
  /** Sessions that are no conversations: jobs, hooks, sub-agents, heartbeats, dashboards. */
  readonly leftAlone: number;
}

export interface BulkResult {
  readonly done: number;
  /** Somebody else had made it so by then. */
  readonly already: number;
  readonly failures: readonly BulkFailure[];
  /** Those that were not tried, since the command was stopped. */
  readonly untouched: number;
}

export interface BulkFailure {
  readonly key: string;
  readonly code: ErrorCode;
}

export interface BulkContext {
  readonly actor: string;
  /** Session key of the conversation in which it was typed: an undo there takes all of it back. */
  readonly place: string;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, of: number) => void;
}

/**
 * Switches every conversation of the gateway, each one verified and journalled
 * like a single switch. A crash in the middle leaves the journal to tell which
 * ones were done; an undo takes those back.
 */
export interface BulkSwitch {
  /** With `agentId` only that agent's conversations. Null drops pins. */
  plan(target: ModelRef | null, agentId?: string): Promise<BulkPlan>;
  /** `batch` names what it changed, for `undo`. */
  run(plan: BulkPlan, target: ModelRef | null, about: BulkContext): Promise<BulkResult & { readonly batch: string }>;
  /**
   * Undoes what is left of a batch. A conversation that somebody changed since
   * is left alone for good and counts as a failure with `changed_meanwhile`.
   */
  undo(batch: string, about: BulkContext): Promise<BulkResult>;
}

/** A busy gateway takes 16 to 21 s for a list of 160 sessions (openclaw/openclaw#76931), and who asks for all expects to wait. */
const PATIENT = { timeoutMs: 60_000 };
/** Few enough that the agents' own turns don't wait behind them. */
const AT_ONCE = 4;

export function createBulkSwitch(parts: {
  readonly openclaw: OpenClaw;
  readonly sessions: SessionModels;
  readonly temporary: Pick<TemporarySwitches, "inForce" | "keep">;
  readonly journal: ChangeJournal;
  readonly registry: ModelRegistry;
}): BulkSwitch {
  const { openclaw, sessions, temporary, journal, registry } = parts;

  return {
    async plan(target, agentId) {
      if (target !== null) await openclaw.checkReach();
      const wanted = target === null ? null : formatModelRef(target);
      const { routing } = await registry.current();
      const endings = await temporary.inForce();
      const toChange: string[] = [];
      const toKeep: Return[] = [];
      const seen = new Set<string>();
      let already = 0;
      let leftAlone = 0;
      const take = (rows: readonly SessionRow[]): void => {
        for (const row of rows) {
          if (seen.has(row.key) || (agentId !== undefined && agentOf(row) !== agentId)) continue;
          seen.add(row.key);
          if (!isConversation(row.key, routing.mainKey)) leftAlone++;
          else if (pinOf(row) !== wanted) toChange.push(row.key);
          else {
            const ending = endings.get(row.key);
            if (ending === undefined) already++;
            else toKeep.push(ending);
          }
        }
      };
      let offset: number | undefined = 0;
      while (offset !== undefined) {
        const page = await openclaw.listSessions(offset, PATIENT);
        take(page.sessions);
        // What became active meanwhile has moved to the front, past the reader.
        if (page.next === undefined && offset > 0) take((await openclaw.listSessions(0, PATIENT)).sessions);
        offset = page.next;
      }
      return { toChange, toKeep, already, leftAlone };
    },

    async run(plan, target, { actor, place, signal, onProgress }) {
      const batch = randomUUID();
      const switched = (key: string) => () => sessions.switchSession(key, target, { actor, place, batch });
      const kept = (ending: Return) => () => temporary.keep(ending, actor);
      const items = [
        ...plan.toChange.map((key) => ({ key, work: switched(key) })),
        ...plan.toKeep.map((ending) => ({ key: ending.sessionKey, work: kept(ending) })),
      ];
      const result = await each(items, ({ work }) => work(), { keyOf: ({ key }) => key, signal, onProgress });
      return { ...result, batch };
    },

    async undo(batch, { actor, place, signal, onProgress }) {
      const open = (await journal.inBatch(batch)).filter(({ state, undoneBy }) => state === "done" && !undoneBy);
      const result = await each(open, async (change) => !!(await sessions.undo(change, { actor, place })), {
        keyOf: ({ target }) => target,
        signal,
        onProgress,
      });
      await giveUp(open, result.failures);
      return result;
    },
  };

  /** What cannot be undone any more must not stand before what was changed earlier. */
  async function giveUp(changes: readonly Change[], failures: readonly BulkFailure[]): Promise<void> {
    for (const change of changes) {
      const failure = failures.find(({ key }) => key === change.target);
      if (failure?.code !== "changed_meanwhile" && failure?.code !== "no_session") continue;
      const later = await journal.latest(change.target);
      await journal.markUndone(change.id, later?.id ?? change.id);
    }
  }
}

async function each<T>(
  items: readonly T[],
  work: (item: T) => Promise<boolean>,
  about: {
    readonly keyOf: (item: T) => string;
    readonly signal: AbortSignal;
    readonly onProgress: BulkContext["onProgress"];
  },
): Promise<BulkResult> {
  const failures: BulkFailure[] = [];
  let done = 0;
  let already = 0;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && !about.signal.aborted) {
      const item = items[next++];
      if (item === undefined) return;
      try {
        if (await work(item)) done++;
        else already++;
      } catch (thrown) {
        failures.push({ key: about.keyOf(item), code: toClutchError(thrown).code });
      }
      about.onProgress(done + already + failures.length, items.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { done, already, failures, untouched: items.length - done - already - failures.length };
}

const agentOf = (row: SessionRow): string | undefined => row.agentId ?? parseSessionKey(row.key)?.agentId;

const CONVERSATIONS: ReadonlySet<string> = new Set(["main", "channel", "group", "direct", "thread"]);

/** `global` is the one session that all share where OpenClaw is set up so. */
const isConversation = (key: string, mainKey: string): boolean =>
  key === "global" || CONVERSATIONS.has(parseSessionKey(key, mainKey)?.kind ?? "");
