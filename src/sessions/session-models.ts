import type { Logger } from "pino";
import { ClutchError } from "../errors.ts";
import type { Conversation } from "../models/conversation.ts";
import { formatModelRef, type ModelRef, parseModelRef, sameModel } from "../models/model-ref.ts";
import { refusalReason } from "../openclaw/connection.ts";
import type { Answered, OpenClaw } from "../openclaw/openclaw.ts";
import type { SessionRow } from "../openclaw/wire.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { AuditLog } from "../store/audit-log.ts";
import type { Change, ChangeJournal } from "../store/change-journal.ts";
import type { Return, Returns } from "../store/returns.ts";
import { unnoted } from "../store/unnoted.ts";
import { type EffectiveModel, effectiveModel } from "./effective-model.ts";
import { createKeyLock } from "./key-lock.ts";
import { pinOf } from "./pin.ts";
import type { SessionFinder } from "./session-finder.ts";

/** Where a conversation stands. `row` is undefined where nobody has spoken yet. */
export interface SessionView {
  readonly key: string;
  readonly agentId: string;
  /** The session whose pin this one follows, where its own row does not tell: a Discord thread's channel. */
  readonly parentKey: string | undefined;
  readonly row: SessionRow | undefined;
  /** Undefined where there is no session yet. */
  readonly effective: EffectiveModel | undefined;
  readonly answered: Answered | undefined;
  /** A turn is running: it ends on the model with which it began. */
  readonly running: boolean;
  /** When the newest message came, epoch ms by the gateway's clock. */
  readonly newestAt: number | undefined;
  /** The change by Clutch that made the present pin, where it was one. */
  readonly pinnedBy: Change | undefined;
  /** Set where the present pin ends by itself. */
  readonly temporary: Return | undefined;
}

export interface SwitchRequest {
  readonly conversation: Conversation;
  /** Null clears the pin. */
  readonly target: ModelRef | null;
  readonly actor: string;
  /** Which agent's session is meant, where a conversation has several. */
  readonly agentId?: string;
  /** A person said yes to setting the model before the first message. */
  readonly createIfMissing?: boolean;
  readonly reason?: string;
  /** Called between the journal's entry and the change itself; where it throws, nothing is changed. */
  readonly onIntended?: (changeId: number, before: SessionView) => Promise<void>;
}

/** How a change that nobody typed into its own conversation is recorded. */
export interface ChangeContext {
  readonly actor: string;
  readonly reason?: string;
  /** Session key of the conversation in which it was typed, where that is another. */
  readonly place?: string;
  /** Names the changes that one command makes together. */
  readonly batch?: string;
  /** What the audit log calls it. */
  readonly action?: string;
}

export interface SwitchResult {
  readonly before: SessionView;
  readonly after: SessionView;
  /** False where everything was as asked for already; nothing was written then. */
  readonly changed: boolean;
  /** The journal's id of what was written. */
  readonly changeId: number | undefined;
}

/**
 * Reads and changes the model of one conversation. "Changed" is only reported
 * after the row was read back; whatever cannot be verified is `not_verified`.
 */
export interface SessionModels {
  view(conversation: Conversation, agentId?: string): Promise<SessionView>;
  /** Codes: `no_session` (ask for a yes, then `createIfMissing`), `session_changed`, `not_verified`, and those of the finder and the gateway. */
  switchModel(request: SwitchRequest): Promise<SwitchResult>;
  /** The same for a session by its key. False where it was so already. Codes: `no_session`, and those of `switchModel`. */
  switchSession(key: string, target: ModelRef | null, about: ChangeContext): Promise<boolean>;
  /**
   * Puts back what was before `change`, unless something was chosen since, be it the same
   * again (`changed_meanwhile`), or the session is gone (`no_session`).
   */
  undo(change: Change, about: ChangeContext): Promise<SwitchResult>;
  /** After a crash: settles changes that were begun and never reported, by what the gateway shows. */
  settleUnfinished(olderThanMs: number): Promise<number>;
}

export function createSessionModels(parts: {
  readonly openclaw: OpenClaw;
  readonly finder: SessionFinder;
  readonly registry: ModelRegistry;
  readonly journal: ChangeJournal;
  readonly returns: Returns;
  readonly audit: AuditLog;
  readonly clock: () => number;
  readonly logger: Logger;
}): SessionModels {
  const { openclaw, finder, registry, journal, returns, audit, clock, logger } = parts;
  const lock = createKeyLock();

  const viewOf = async (
    { key, agentId, parentKey }: Pick<SessionView, "key" | "agentId" | "parentKey">,
    known?: SessionRow,
  ): Promise<SessionView> => {
    const found = known ?? (await openclaw.readSession(key));
    const inherited = parentKey === undefined ? undefined : await pinOfParent(parentKey);
    if (found === undefined) {
      const bare = { ...bareView(key, agentId, found), parentKey };
      if (inherited === undefined) return bare;
      const why = { kind: "inherited", parentKey } as const;
      return { ...bare, effective: { model: inherited, why, standIn: undefined, fallbacks: [] } };
    }
    const [activity, { modelConfig }, last, latest, waiting] = await Promise.all([
      openclaw.recentActivity(found.key),
      registry.current(),
      journal.lastUndoable({ target: found.key }),
      journal.latest(found.key),
      returns.waiting(found.key),
    ]);
    // OpenClaw marks what a Slack thread inherits in its row. A Discord thread's row names the default, though its
    // turns follow the channel's pin, unless it had a pin of its own that was dropped.
    const dropped = latest?.state === "done" && latest.after === null;
    const row: SessionRow =
      inherited === undefined || found.pinSource !== undefined || dropped
        ? found
        : { ...found, model: inherited, pinSource: "inherited", windowTokens: undefined };
    const effective = effectiveModel(row, modelConfig, {
      agentId,
      parentKey: finder.parentKey(row.key) ?? parentKey,
    });
    const pin = pinOf(row);
    const pinnedBy = pin !== null && last !== undefined && last.after === pin ? last : undefined;
    // A switch that a crash left unsettled counts as well: the pin shows that it was made.
    const temporary = waiting.find(
      (entry) =>
        entry.expects === pin &&
        (entry.changeId === last?.id || (entry.change.state === "intended" && entry.changeId > (last?.id ?? 0))),
    );
    const running = activity.running || row.running;
    return { key: row.key, agentId, parentKey, row, effective, ...activity, running, pinnedBy, temporary };
  };

  const pinOfParent = async (key: string): Promise<ModelRef | undefined> => {
    const row = await openclaw.readSession(key);
    return row?.pinSource === "user" ? row.model : undefined;
  };

  /** Patches and reads back; every way out leaves a settled journal row and an audit entry. */
  const change = async (
    before: SessionView,
    target: ModelRef | null,
    about: ChangeContext & Pick<SwitchRequest, "onIntended"> & { readonly undoes?: Change },
  ): Promise<SwitchResult> => {
    const from = before.row === undefined ? null : pinOf(before.row);
    const to = target === null ? null : formatModelRef(target);
    const { place = before.key } = about;
    const id = await journal.intend({
      scope: "session",
      target: before.key,
      sessionId: before.row?.sessionId,
      place,
      actor: about.actor,
      before: from,
      after: to,
      reason: about.reason,
      undoes: about.undoes?.id,
      batch: about.batch,
    });
    const record = (result: "ok" | "failed", code?: string) =>
      audit.append({
        actor: about.actor,
        place,
        action: about.action ?? (about.undoes === undefined ? "model.switch" : "model.undo"),
        target: before.key,
        from: from ?? "default",
        to: to ?? "default",
        reason: about.reason,
        result,
        code,
      });

    await about.onIntended?.(id, before);
    let patchError: unknown;
    try {
      await openclaw.setSessionModel(before.key, target, before.row?.sessionId);
    } catch (thrown) {
      patchError = thrown;
    }
    // Whatever the patch said, the row says what is true now.
    let row: SessionRow | undefined;
    try {
      row = await readAgain(() => openclaw.readSession(before.key));
    } catch (thrown) {
      // Left as intended: settleUnfinished decides when the gateway is back.
      await tryToNote(before.key, () => record("failed", "not_verified"));
      throw patchError ?? thrown;
    }
    if (row !== undefined && isSelected(row, target)) {
      const failure = await tryToNote(before.key, async () => {
        await journal.done(id);
        await record("ok");
      });
      if (failure !== undefined) {
        const shown = target === null ? "the default" : formatModelRef(target);
        throw unnoted(`The switch was made: OpenClaw shows ${shown} for this conversation.`, failure);
      }
      const after = await readAgain(() => viewOf({ ...before, key: row.key }, row));
      return { before, after, changed: true, changeId: id };
    }
    const error = explain(patchError, before, row, target);
    await tryToNote(before.key, async () => {
      await journal.failed(id, error.code);
      await record("failed", error.code);
    });
    logger.warn({ session: before.key, code: error.code }, "switch not made");
    throw error;
  };

  /** The store may fail after it took the intent. What is left as intended settleUnfinished settles once it works again. */
  const tryToNote = async (key: string, note: () => Promise<void>): Promise<unknown> => {
    try {
      await note();
      return undefined;
    } catch (thrown) {
      logger.error({ session: key, err: thrown }, "what became of a switch could not be written down");
      return thrown;
    }
  };

  return {
    async view(conversation, agentId) {
      const place = await finder.find(conversation, agentId);
      return viewOf({ ...place, parentKey: place.parentKey }, place.row);
    },

    async switchModel(request) {
      const place = await finder.find(request.conversation, request.agentId);
      return lock.run(place.key, async () => {
        const before = await viewOf({ ...place, parentKey: place.parentKey });
        if (before.row === undefined && request.createIfMissing !== true) {
          throw new ClutchError(
            "no_session",
            "Nobody has talked to the agent here yet, so there is nothing to switch.",
            {
              hint: "Say something to the agent first, or confirm to set the model for the first message.",
            },
          );
        }
        if (before.row !== undefined && isSelected(before.row, request.target)) {
          return { before, after: before, changed: false, changeId: undefined };
        }
        const { actor, reason, onIntended } = request;
        return change(before, request.target, {
          actor,
          ...(reason === undefined ? {} : { reason }),
          ...(onIntended === undefined ? {} : { onIntended }),
        });
      });
    },

    switchSession: (key, target, about) =>
      lock.run(key, async () => {
        const row = await openclaw.readSession(key);
        if (row === undefined) throw gone(key);
        if (isSelected(row, target)) return false;
        await change(bareView(row.key, row.agentId ?? finder.agentOf(row.key), row), target, about);
        return true;
      }),

    async undo(last, about) {
      return lock.run(last.target, async () => {
        const before = await viewOf({ key: last.target, agentId: finder.agentOf(last.target), parentKey: undefined });
        if (before.row === undefined) throw gone(last.target);
        const now = pinOf(before.row);
        const earlier = last.before;
        // A later switch may have been one to the same model again.
        const latest = await journal.lastUndoable({ target: last.target });
        if (now !== last.after || latest?.id !== last.id) {
          await audit.append({
            actor: about.actor,
            place: about.place ?? last.target,
            action: about.action ?? "model.undo",
            target: last.target,
            from: now ?? "default",
            to: typeof earlier === "string" ? earlier : "default",
            reason: about.reason,
            result: "refused",
            code: "changed_meanwhile",
          });
          throw new ClutchError(
            "changed_meanwhile",
            `Since that change ${now ?? "the default"} was chosen here; undoing would overwrite it.`,
            { hint: `To go back all the same: /model ${typeof earlier === "string" ? earlier : "default"}` },
          );
        }
        const target = typeof earlier === "string" ? (parseModelRef(earlier) ?? null) : null;
        // A return that is due is tried again and again: what is refused is not journalled each time.
        if (target !== null) await openclaw.checkReach();
        return change(before, target, { ...about, undoes: last });
      });
    },

    async settleUnfinished(olderThanMs) {
      const begun = (await journal.unfinished()).filter(
        (entry) => entry.scope === "session" && entry.at <= clock() - olderThanMs,
      );
      for (const entry of begun) {
        const row = await openclaw.readSession(entry.target);
        const pin = row === undefined ? null : pinOf(row);
        const made = pin === entry.after;
        if (!(await (made ? journal.done(entry.id) : journal.failed(entry.id, "interrupted")))) continue;
        await audit.append({
          actor: entry.actor,
          place: entry.place,
          action: entry.undoes === undefined ? "model.switch" : "model.undo",
          target: entry.target,
          from: typeof entry.before === "string" ? entry.before : "default",
          to: typeof entry.after === "string" ? entry.after : "default",
          reason: "settled after an interruption",
          result: made ? "ok" : "failed",
          code: made ? undefined : "interrupted",
        });
        logger.info({ session: entry.target, made }, "unfinished switch settled");
      }
      return begun.length;
    },
  };
}

/** What can be said of a session without asking anything more. */
const bareView = (key: string, agentId: string, row: SessionRow | undefined): SessionView => ({
  key,
  agentId,
  parentKey: undefined,
  row,
  effective: undefined,
  answered: undefined,
  running: row?.running ?? false,
  newestAt: undefined,
  pinnedBy: undefined,
  temporary: undefined,
});

const gone = (key: string): ClutchError =>
  new ClutchError("no_session", `The conversation ${key} does not exist any more; nothing was changed.`);

/** A patch that nobody answered was perhaps lost with its connection; the read after it finds that out and goes over the next one. */
const readAgain = <T>(read: () => Promise<T>): Promise<T> =>
  read().catch((thrown: unknown) => {
    if (thrown instanceof ClutchError && thrown.code === "gateway_lost") return read();
    throw thrown;
  });

const isSelected = (row: SessionRow, target: ModelRef | null): boolean =>
  target === null ? row.pinSource !== "user" : row.pinSource === "user" && sameModel(row.model, target);

function explain(
  patchError: unknown,
  before: SessionView,
  row: SessionRow | undefined,
  target: ModelRef | null,
): ClutchError {
  if (
    refusalReason(patchError) === "session-changed" ||
    (before.row !== undefined && row?.sessionId !== before.row.sessionId)
  ) {
    return new ClutchError(
      "session_changed",
      "The conversation was reset or deleted while Clutch was switching; nothing was changed.",
      {
        hint: "Look with /model, then try again.",
        cause: patchError,
      },
    );
  }
  if (patchError instanceof ClutchError) return patchError;
  const shown = row?.model === undefined ? "no session" : formatModelRef(row.model);
  return new ClutchError(
    "not_verified",
    `OpenClaw took the change but shows ${shown} instead of ${target === null ? "the default" : formatModelRef(target)}.`,
    { hint: "Somebody may have switched at the same moment. Look with /model.", cause: patchError },
  );
}
