import { type ModelRef, sameModel } from "../models/model-ref.ts";
import type { Transcript, TranscriptMessage } from "../openclaw/openclaw.ts";

/**
 * Whether a person's turn was begun and ended on `model` after `since` (the
 * gateway's clock). `stopped` is a message that nothing answers any more: the
 * turn was aborted, or OpenClaw is about to answer a command of its own.
 *
 * Turns that nobody asked for don't count (a heartbeat's answer has no message
 * before it), nor do OpenClaw's own answers to text commands, nor a message
 * that went into the turn that was running: that one answers with its own model.
 */
export type NextTurn = "not yet" | "over" | "stopped";

export function nextTurn(
  { messages, running, runId }: Transcript,
  about: { readonly since: number; readonly model: ModelRef },
): NextTurn {
  const isLate = (message: TranscriptMessage): boolean => (message.at ?? Number.POSITIVE_INFINITY) > about.since;
  /** A run's last words end it for us: no further request to a model follows them. */
  const isLast = (message: TranscriptMessage): boolean =>
    LAST_WORDS.has(message.stopReason ?? "") || !running || (runId !== undefined && runId !== message.runId);

  let asked = false;
  let unanswered = false;
  for (const message of messages) {
    if (message.by === "person") {
      asked = true;
      unanswered = isLate(message);
    } else if (message.by === "openclaw") {
      asked = false;
      unanswered = false;
    } else {
      unanswered = false;
      if (!asked || !isLast(message)) continue;
      if (isLate(message) && sameModel(message.model, about.model)) return "over";
      asked = false;
    }
  }
  return unanswered && !running ? "stopped" : "not yet";
}

const LAST_WORDS = new Set(["stop", "end_turn", "length", "max_tokens"]);
