import { ClutchError } from "../errors.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { ChangeJournal, ChangeState, NewChange } from "../store/change-journal.ts";
import { unnoted } from "../store/unnoted.ts";

/** What the configuration shows after a patch: as it is now where it holds what was written, else what is wrong. */
export type ReadBack = { readonly now: ChangeState } | { readonly wrong: ClutchError };

/**
 * One change of OpenClaw's configuration: written down, patched, read back, settled.
 * A patch whose answer was lost is judged by what the configuration shows; where
 * that cannot be read either, the change stays intended, and is settled once the
 * gateway is back. Codes: `changed_meanwhile`, `not_applied`, the store's, the
 * gateway's, and that of `readBack`.
 */
export async function journalledPatch(
  parts: { readonly journal: ChangeJournal; readonly registry: Pick<ModelRegistry, "invalidate"> },
  work: {
    readonly change: NewChange;
    patch(): Promise<void>;
    readBack(): Promise<ReadBack>;
    /** Audits how it ended. */
    record(result: "ok" | "failed", code?: string): Promise<void>;
    /** Where it stands now, in a sentence, for whoever is told that it could not be written down. */
    readonly made: string;
  },
): Promise<void> {
  const { journal, registry } = parts;
  const { change, record } = work;
  const id = await journal.intend(change);
  const fail = async (error: ClutchError): Promise<never> => {
    await journal.failed(id, error.code);
    await record("failed", error.code);
    throw error;
  };

  let notApplied: ClutchError | undefined;
  try {
    await work.patch();
  } catch (thrown) {
    if (!(thrown instanceof ClutchError)) throw thrown;
    if (/changed since/i.test(thrown.message)) return fail(conflict(thrown));
    if (thrown.code === "gateway_refused") return fail(thrown);
    if (thrown.code === "not_applied") notApplied = thrown;
  } finally {
    registry.invalidate();
  }
  const found = await work.readBack();
  if ("wrong" in found) return fail(found.wrong);
  // Where this process slept meanwhile another one took it for never made: it is, so it can be undone.
  try {
    if (!(await journal.done(id, found.now))) await journal.done(await journal.intend(change), found.now);
    await record("ok");
  } catch (thrown) {
    throw unnoted(work.made, thrown);
  }
  if (notApplied !== undefined) throw notApplied;
}

const conflict = (cause: ClutchError): ClutchError =>
  new ClutchError("changed_meanwhile", "OpenClaw's configuration changed at the same moment; nothing was written.", {
    hint: "Look with /model, then try again.",
    cause,
  });
