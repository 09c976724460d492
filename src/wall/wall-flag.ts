import { ClutchError } from "../errors.ts";
import { DAMAGED_ID, readState, type WallState, writeState } from "./state-file.ts";
import { createJudge, type WallRules } from "./wall-rules.ts";

const NO_RULES: WallRules = { allow: [], local: [] };

/**
 * Open or closed, and by whom. Who closes brings an id, and only that id opens
 * again, so that nobody undoes another's closing; an id that was opened is spent.
 * The same call twice is as good as once. Both return when the state is on the disk.
 */
export interface WallFlag {
  state(): WallState;
  /** Codes: `changed_meanwhile` where another closing holds or this one was ended, `bad_option`, `store_failed` (closed all the same). */
  close(id: string, rules?: WallRules): void;
  /** Codes: `changed_meanwhile` where another closing holds, `store_failed` (still closed). */
  open(id: string): void;
}

export function createWallFlag(parts: {
  readonly directory: string;
  /** Epoch ms. */
  readonly clock: () => number;
  /** Called when nothing new passes any more, before the state is written. */
  readonly onClosed: (state: WallState) => void;
}): WallFlag {
  const { directory, clock, onClosed } = parts;
  let state = readState(directory);
  return {
    state: () => state,
    close(id, rules) {
      const isMine = state.id === id;
      if (state.closed && !isMine && state.id !== DAMAGED_ID) throw heldByAnother(state.id);
      if (!state.closed && isMine) throw spent(id);
      const next = rules ?? (isMine ? state.rules : NO_RULES);
      createJudge(next);
      const closed = { closed: true, id, at: isMine ? state.at : clock(), rules: next };
      state = { ...closed, damage: "could not be written" };
      onClosed(state);
      writeState(directory, closed);
      state = closed;
    },
    open(id) {
      if (!state.closed) return;
      if (state.id !== id) throw heldByAnother(state.id);
      const next = { closed: false, id, at: clock(), rules: NO_RULES };
      writeState(directory, next);
      state = next;
    },
  };
}

const heldByAnother = (id: string): ClutchError =>
  new ClutchError("changed_meanwhile", `The wall is closed by “${id}”, and stays so.`, {
    hint: "Only who closed it opens it; clutch wall status shows since when.",
  });

const spent = (id: string): ClutchError =>
  new ClutchError("changed_meanwhile", `The closing “${id}” was ended already; the wall is open.`, {
    hint: "Close it under a new id.",
  });
