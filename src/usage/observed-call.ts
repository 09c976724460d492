import { CANARY } from "../models/canary.ts";
import type { ModelRef } from "../models/model-ref.ts";
import type { UsageCall, UsageCause, UsageTokens } from "../models/usage-call.ts";
import type { GuardCall } from "../openclaw/guard-client.ts";
import type { JobRun } from "../openclaw/job-runs.ts";
import type { ModelMessage } from "../openclaw/model-messages.ts";
import { isScratchKey } from "../openclaw/scratch-session.ts";
import { parseSessionKey, withoutRun } from "../openclaw/session-keys.ts";

/** A call as one source saw it, before it is known where it ran and what it cost. */
export interface ObservedCall
  extends Pick<UsageCall, "id" | "at" | "sessionKey" | "model" | "cause" | "durationMs" | "outcome" | "fallback"> {
  readonly tokens: UsageTokens | undefined;
  /** Undefined where the session's key says it. */
  readonly agentId: string | undefined;
}

/** Where a call belongs that OpenClaw makes for no session. */
const NO_SESSION = "openclaw";

/**
 * A message of a model; undefined for one of Clutch's own, and for a summary of
 * which nobody knows the model. `model` is whoever answered before a summary:
 * OpenClaw has that one make it unless it was told otherwise.
 */
export function fromMessage(
  message: ModelMessage,
  {
    model = message.model,
    fallback = false,
  }: { readonly model?: ModelRef | undefined; readonly fallback?: boolean } = {},
): ObservedCall | undefined {
  if (model === undefined) return undefined;
  const { id, runId, askedAt, at, stopReason } = message;
  const isSummary = message.kind === "compaction";
  return own({
    id: isSummary || runId === undefined ? id : callId(runId, askedAt),
    at,
    sessionKey: withoutRun(message.sessionKey),
    agentId: undefined,
    model,
    cause: isSummary ? "compaction" : causeOf(message.sessionKey, message.askedBy),
    tokens: message.tokens,
    durationMs: isSummary ? undefined : at - askedAt,
    outcome: stopReason === "error" ? "failed" : stopReason === "aborted" ? "aborted" : "answered",
    fallback,
  });
}

/** A call as the guard saw it, which knows of those that no message came of as well. */
export function fromGuard(call: GuardCall): ObservedCall | undefined {
  const { key, runId, askedAt, startedAt, endedAt, provider, model, trigger, tokens, outcome, fallback } = call;
  const hasSession = call.sessionKey !== "";
  return own({
    id: askedAt === undefined || runId === "" ? key : callId(runId, askedAt),
    at: endedAt ?? startedAt,
    sessionKey: hasSession ? withoutRun(call.sessionKey) : NO_SESSION,
    agentId: call.agentId,
    model: { provider, model },
    cause: runId.includes(":compaction:") ? "compaction" : hasSession ? causeOf(call.sessionKey, trigger) : "helper",
    tokens,
    durationMs: endedAt === undefined ? undefined : endedAt - startedAt,
    outcome,
    fallback,
  });
}

/** All calls of a job's run together, where OpenClaw kept nothing else of it. */
export function fromJobRun({ id, sessionKey, at, model, tokens, ok }: JobRun): ObservedCall | undefined {
  return own({
    id: `job:${id}`,
    at,
    sessionKey: withoutRun(sessionKey),
    agentId: undefined,
    model,
    cause: "cron",
    tokens,
    durationMs: undefined,
    outcome: ok ? "answered" : "failed",
    fallback: false,
  });
}

/**
 * Reports of several sources as one list in which each call comes once, with all
 * that they know of it, whichever came first.
 */
export function mergeCalls(calls: readonly ObservedCall[]): readonly ObservedCall[] {
  const byId = new Map<string, ObservedCall>();
  for (const call of calls) {
    const known = byId.get(call.id);
    byId.set(call.id, known === undefined ? call : merged(known, call));
  }
  return [...byId.values()];
}

function merged(one: ObservedCall, other: ObservedCall): ObservedCall {
  return {
    ...one,
    agentId: one.agentId ?? other.agentId,
    cause: one.cause === "chat" ? other.cause : one.cause,
    tokens: one.tokens ?? other.tokens,
    durationMs: one.durationMs ?? other.durationMs,
    fallback: one.fallback || other.fallback,
  };
}

/** The message of a call bears the moment at which it was made, and so do all its copies: those of a forked session too. */
const callId = (runId: string, askedAt: number): string => `${runId}@${askedAt.toString(36)}`;

const own = (call: ObservedCall): ObservedCall | undefined =>
  call.model.provider === CANARY.provider || isScratchKey(call.sessionKey) ? undefined : call;

/** Where the key of a session says what it is for, it is right whoever began the run. */
function causeOf(sessionKey: string, askedBy: string | undefined): UsageCause {
  const key = parseSessionKey(sessionKey);
  switch (key?.kind) {
    case "subagent":
      return "sub-agent";
    case "cron":
      return "cron";
    case "hook":
      return "other";
  }
  const segments = key?.rest.split(":") ?? [];
  if (askedBy === "heartbeat" || segments.includes("heartbeat")) return "heartbeat";
  if (askedBy === "cron") return "cron";
  if (askedBy === "memory") return "helper";
  return segments[0] === "acp" ? "other" : "chat";
}
