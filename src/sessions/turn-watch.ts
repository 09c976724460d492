import { formatModelRef, type ModelRef, sameModel } from "../models/model-ref.ts";
import type { SessionEvent } from "../openclaw/session-events.ts";
import type { SessionRow } from "../openclaw/wire.ts";
import { pinOf } from "./pin.ts";

/**
 * What the watch knows of one session. A turn begins with a person's message
 * and is answered by one run; runs that nobody asked for (heartbeats, jobs) are
 * no turns and are never judged.
 */
export interface WatchState {
  /** The pin when last seen; undefined before the session was seen at all. */
  readonly pin: string | null | undefined;
  /** The wrong model that answers, as `expected -> actual`; null while all is well. */
  readonly stray: string | null;
  readonly turn: Turn | undefined;
  /** The turn that ended last: its end may overtake its answer by some moments. */
  readonly ended: { readonly expected: ModelRef | undefined; readonly runId: string } | undefined;
}

interface Turn {
  /** The model selected when the turn began. */
  readonly expected: ModelRef | undefined;
  /** The run that answers it, once that has said something. */
  readonly runId: string | undefined;
  /** Another message came in meanwhile: OpenClaw puts it into this run or answers it with the next one. */
  readonly queued: { readonly expected: ModelRef | undefined } | undefined;
}

/** Something that a person or the audit log should know. */
export type Finding =
  /** A turn was answered by another model than the one selected. */
  | {
      readonly kind: "stray";
      readonly row: SessionRow;
      readonly expected: ModelRef;
      readonly actual: ModelRef;
      /** OpenClaw says itself that it fell back; otherwise nobody said why. */
      readonly fellBack: boolean;
    }
  /** The selected model answers again. */
  | { readonly kind: "recovered"; readonly row: SessionRow; readonly actual: ModelRef }
  /** The pin went away without anybody having changed it. */
  | { readonly kind: "lost_pin"; readonly row: SessionRow; readonly pin: string }
  /** Somebody changed the pin: maybe Clutch itself, the watcher knows. */
  | {
      readonly kind: "pin_changed";
      readonly row: SessionRow;
      readonly from: string | null;
      readonly to: string | null;
    };

export const UNSEEN: WatchState = { pin: undefined, stray: null, turn: undefined, ended: undefined };

/** One step of the watch, pure: the next state and what was found. */
export function watchStep(
  state: WatchState,
  event: Extract<SessionEvent, { row: SessionRow }>,
): { readonly state: WatchState; readonly findings: readonly Finding[] } {
  const { row } = event;
  const pin = pinOf(row);
  switch (event.kind) {
    case "changed": {
      const known = state.pin ?? null;
      if (pin === known) return { state: { ...state, pin }, findings: [] };
      // A new selection is a new start: what strayed from the old one is past.
      return { state: { ...state, pin, stray: null }, findings: [{ kind: "pin_changed", row, from: known, to: pin }] };
    }
    case "reset":
      return { state: { pin, stray: null, turn: undefined, ended: undefined }, findings: [] };
    case "asked": {
      const findings = pinFindings(state, row);
      const begun = state.turn?.runId !== undefined;
      const turn: Turn =
        begun && state.turn !== undefined
          ? { ...state.turn, queued: { expected: row.model } }
          : { expected: row.model, runId: undefined, queued: undefined };
      // The first sight of a pin may come before the event of its change, so the answer is the one to settle it.
      const seen = state.pin === undefined && pin !== null ? undefined : pin;
      return { state: { ...state, pin: seen, turn }, findings };
    }
    case "answered":
      return judge({ ...state, pin: state.pin ?? pin }, event);
    case "replied":
      // No run will answer that message. What OpenClaw says during a run, such as why another model takes over, ends nothing.
      return state.turn?.runId !== undefined || row.running
        ? { state, findings: [] }
        : { state: { ...state, turn: undefined }, findings: [] };
    case "ended": {
      const { turn } = state;
      // A run that failed has said nothing, so its turn has no run yet.
      if (turn === undefined || (turn.runId !== undefined && turn.runId !== event.runId))
        return { state, findings: [] };
      // Where OpenClaw steers, what came in meanwhile went into this run.
      const isQueued = turn.queued !== undefined && row.raw["effectiveQueueMode"] !== "steer";
      const next = isQueued ? queuedTurn(turn.queued, undefined) : undefined;
      const ended = event.runId === undefined ? undefined : { expected: turn.expected, runId: event.runId };
      return { state: { ...state, turn: next, ended }, findings: [] };
    }
  }
}

/** A pin that is another one than when last seen, though no change was announced in between. */
function pinFindings(state: WatchState, row: SessionRow): readonly Finding[] {
  const pin = pinOf(row);
  if (state.pin === undefined || state.pin === pin) return [];
  if (pin !== null || state.pin === null) return [{ kind: "pin_changed", row, from: state.pin, to: pin }];
  return [{ kind: "lost_pin", row, pin: state.pin }];
}

const queuedTurn = ({ expected }: { readonly expected: ModelRef | undefined }, runId: string | undefined): Turn => ({
  expected,
  runId,
  queued: undefined,
});

/** The turn that a run's answer belongs to; undefined for a run that nobody asked for. */
function turnOf(turn: Turn | undefined, runId: string | undefined): Turn | undefined {
  if (turn === undefined || turn.runId === undefined || turn.runId === runId) return turn && { ...turn, runId };
  return turn.queued && queuedTurn(turn.queued, runId);
}

function judge(
  state: WatchState,
  event: Extract<SessionEvent, { kind: "answered" }>,
): { readonly state: WatchState; readonly findings: readonly Finding[] } {
  const { row, model, runId } = event;
  const ended = runId !== undefined && state.ended?.runId === runId ? state.ended : undefined;
  const turn = ended ?? turnOf(state.turn, runId);
  if (turn === undefined) return { state, findings: [] };
  const next = ended === undefined ? { ...state, turn: turnOf(state.turn, runId) } : state;

  // A switch in the middle of a turn may take effect within it: then the new model is right too.
  const expected = turn.expected ?? row.model;
  if (expected === undefined || sameModel(model, expected) || sameModel(model, row.model)) {
    if (state.stray === null) return { state: next, findings: [] };
    return { state: { ...next, stray: null }, findings: [{ kind: "recovered", row, actual: model }] };
  }
  const stray = `${formatModelRef(expected)} -> ${formatModelRef(model)}`;
  if (state.stray === stray) return { state: next, findings: [] };
  const fellBack = sameModel(row.activeModel, model);
  return { state: { ...next, stray }, findings: [{ kind: "stray", row, expected, actual: model, fellBack }] };
}
