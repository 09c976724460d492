import { show } from "../src/agents/configured-defaults.ts";
import { ClutchError } from "../src/errors.ts";
import { formatModelRef } from "../src/models/model-ref.ts";
import type { SessionView } from "../src/sessions/session-models.ts";
import type { Change, ChangeJournal } from "../src/store/change-journal.ts";
import type { Action } from "./card.ts";

/** The button that takes a change back, where there is one. Its line names it, so that what was changed since stays. */
export const undoButton = (changeId: number | undefined, label = "Undo"): readonly Action[] =>
  changeId === undefined ? [] : [{ label, line: `/model undo#${changeId}`, style: "secondary" }];

const UNDO = /^undo(?:#(\d{1,9}))?$/i;

/** What was given as the name, in lower case; the undo of one change is an undo. */
export const wordOf = (name: string | undefined): string | undefined =>
  UNDO.test(name ?? "") ? "undo" : name?.toLowerCase();

/**
 * What an undo in this conversation is about: the change that its button names, else the
 * last one. Codes where it names one: `nothing_to_undo` where that does not stand any
 * more, `changed_meanwhile` where the same default or call was set again since.
 */
export async function changeToUndo(
  journal: ChangeJournal,
  name: string | undefined,
  view: Pick<SessionView, "key" | "effective">,
): Promise<Change | undefined> {
  const id = UNDO.exec(name ?? "")?.[1];
  return id === undefined ? lastHere(journal, view.key) : namedHere(journal, Number(id), view);
}

/** The last change that was made here, whatever its scope, and can be undone. */
export async function lastHere(journal: ChangeJournal, key: string): Promise<Change | undefined> {
  // A switch of all conversations that was typed elsewhere has changed this one too.
  const [typedHere, madeHere] = await Promise.all([
    journal.lastUndoable({ place: key }),
    journal.lastUndoable({ target: key }),
  ]);
  return (madeHere?.id ?? 0) > (typedHere?.id ?? 0) ? madeHere : typedHere;
}

async function namedHere(
  journal: ChangeJournal,
  id: number,
  { key, effective }: Pick<SessionView, "key" | "effective">,
): Promise<Change | undefined> {
  const named = await journal.find(id);
  if (named === undefined || named.undoes !== undefined || (named.place !== key && named.target !== key)) {
    return undefined;
  }
  // Only where it was typed is a switch of all conversations taken back as one.
  const together = named.batch === undefined || named.place !== key ? [named] : await journal.inBatch(named.batch);
  if (!together.some(({ state, undoneBy }) => state === "done" && undoneBy === undefined)) {
    const now = effective?.model === undefined ? "" : `The model here is ${formatModelRef(effective.model)} now. `;
    throw new ClutchError("nothing_to_undo", "That change does not stand any more, so nothing was taken back.", {
      hint: `${now}/model shows where things stand.`,
    });
  }
  // Whether a conversation still follows its own is looked at when it is taken back.
  if (named.scope === "session") return named;
  const latest = (await journal.undoable(named.target)).find(({ scope }) => scope === named.scope);
  if (latest === undefined || nameOf(latest) === nameOf(named)) return named;
  const what = named.scope === "config" ? "these calls were set again" : `the default was set to ${show(latest.after)}`;
  throw new ClutchError("changed_meanwhile", `Since that change ${what}; undoing would overwrite it.`, {
    hint: "/model shows where things stand.",
  });
}

/** Of all that one command changed. */
const nameOf = ({ id, batch }: Change): string | number => batch ?? id;
