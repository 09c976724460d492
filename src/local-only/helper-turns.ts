import type { ModelRef } from "../models/model-ref.ts";
import type { LockEntry, LockJournal } from "../store/lock-journal.ts";
import type { HelperLock } from "./helper-lock.ts";
import type { KeptConversations } from "./kept-conversations.ts";
import { detailsOf } from "./lock-details.ts";
import type { Holder } from "./lock-holder.ts";

interface Who {
  readonly actor: string;
  readonly reason?: string | undefined;
}

/**
 * The settings of helper calls, over several locks: they are put back when no lock is
 * on any more and no conversation waits to be released, of all locks that changed
 * some. With the lease held; codes of `HelperLock`, and `lock_in_progress`.
 */
export interface HelperTurns {
  /** Points them at a local model, to be put back when the entry's lock has ended. */
  close(entry: LockEntry, target: ModelRef, who: Who, holder: Holder): Promise<void>;
  /** Puts all of them back; gives what stays because somebody changed it meanwhile. */
  restore(who: Who, holder: Holder): Promise<readonly string[]>;
  /** Recaps of a conversation that is kept local hold its text, so they stay local with it. */
  areHeldBack(): Promise<boolean>;
  /** Whether some wait that nothing holds back any more. Asks the guard only where some do. */
  areDue(): Promise<boolean>;
}

export function createHelperTurns(parts: {
  readonly helpers: HelperLock;
  readonly journal: LockJournal;
  readonly kept: Pick<KeptConversations, "read">;
  /** Where helper calls go now. */
  readonly target: () => Promise<ModelRef | undefined>;
}): HelperTurns {
  const { helpers, journal, kept, target } = parts;

  const waiting = async (): Promise<readonly LockEntry[]> =>
    (await journal.turnedOn()).filter((entry) => !detailsOf(entry).helpersRestored);

  const areHeldBack = async (): Promise<boolean> =>
    Object.values(await kept.read()).some(({ why }) => why === "unreleased");

  const restore = async ({ actor, reason }: Who, holder: Holder): Promise<readonly string[]> => {
    const stays: string[] = [];
    for (const entry of await waiting()) {
      await holder.check();
      const left = await helpers.open(entry.lockId, reason === undefined ? { actor } : { actor, reason });
      stays.push(...left.kept.map(({ name }) => name));
      await holder.check().catch(async (lost: unknown) => {
        // As with a layer: where somebody wants it on by now, they are local again.
        const last = await journal.latest();
        const best = last?.wanted === "on" ? await target() : undefined;
        if (last !== undefined && best !== undefined) await helpers.close(best, { actor, batch: last.lockId });
        throw lost;
      });
      await holder.notes.note(entry.id, { ...detailsOf(entry), helpersRestored: true });
    }
    return [...new Set(stays)];
  };

  const close = async ({ id, lockId }: LockEntry, target: ModelRef, who: Who, holder: Holder): Promise<void> => {
    const { actor, reason } = who;
    await holder.check();
    try {
      await helpers.close(target, { actor, batch: lockId, ...(reason === undefined ? {} : { reason }) });
    } finally {
      await holder.check().catch(async (lost: unknown) => {
        // The other one may have put them back before these were written: whoever is next does it again.
        const mine = (await journal.turnedOn()).find((entry) => entry.id === id);
        if (mine !== undefined) await journal.note(id, { ...detailsOf(mine), helpersRestored: false });
        throw lost;
      });
    }
  };

  return { close, restore, areHeldBack, areDue: async () => (await waiting()).length > 0 && !(await areHeldBack()) };
}
