import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { ClutchError } from "../errors.ts";
import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import type { GatewayConnection } from "./connection.ts";
import { refusesProperty } from "./request-errors.ts";
import { parseReply } from "./wire.ts";

export interface ScratchRequest {
  readonly agentId: string;
  /** The session is pinned to it. */
  readonly model: ModelRef;
  /** `gate`: the guard does not redirect its turns, so that the gate is tried alone. Default: `turn`. */
  readonly kind?: "turn" | "gate" | "sub-agent" | "bench";
  /** How long a turn may take, ms. Default: a minute. */
  readonly turnMs?: number;
  /** Cuts a turn short; the session is deleted all the same. */
  readonly signal?: AbortSignal;
}

export interface Scratch {
  readonly key: string;
  /**
   * Lets a turn run to its end, at most `turnMs`; longer is `deadline`. The model is
   * the one that was really called; none where no model was, or where the turn failed.
   */
  say(text: string): Promise<ScratchReply>;
}

export interface ScratchReply {
  /** Empty where the turn failed. */
  readonly text: string;
  readonly model?: ModelRef;
  readonly runId: string;
  /** Why the turn failed, in OpenClaw's words. */
  readonly error?: string;
}

/**
 * A session for one purpose, deleted with all it holds however `work` ends, though minutes
 * later where an older OpenClaw holds on to a turn that failed. It is
 * incognito: OpenClaw keeps it in memory, lists it nowhere and makes no title and no
 * recap of it, so that not even a crash leaves more than a line without text in
 * OpenClaw's audit log. OpenClaw has no incognito sub-agents: of those the deletion
 * leaves OpenClaw's archive of the transcript. Throws what `work` throws, the codes
 * of `GatewayConnection.request`, and `not_verified` where it cannot be deleted.
 */
export type ScratchSession = <T>(request: ScratchRequest, work: (scratch: Scratch) => Promise<T>) => Promise<T>;

const TURN_MS = 60_000;
const DELETE_TRIES = 5;
/** Of one answer; more than any model gives at a time. */
const ANSWER_CHARS = 500_000;

const ref = z.object({ provider: z.string().min(1), model: z.string().min(1) });
const turnReply = z.looseObject({
  status: z.string(),
  error: z.string().optional().catch(undefined),
  terminalReply: z.looseObject({ text: z.string().optional() }).optional().catch(undefined),
  terminalReceipt: z.looseObject({ effective: ref }).optional().catch(undefined),
});

const historyReply = z.looseObject({
  messages: z.array(
    z.looseObject({
      role: z.string().catch(""),
      content: z.unknown(),
      __openclaw: z
        .looseObject({ runId: z.string().optional().catch(undefined) })
        .optional()
        .catch(undefined),
    }),
  ),
});
const textPart = z.looseObject({ type: z.literal("text"), text: z.string() });

export async function withScratchSession<T>(
  connection: Pick<GatewayConnection, "request">,
  { agentId, model, kind = "turn", turnMs = TURN_MS, signal }: ScratchRequest,
  work: (scratch: Scratch) => Promise<T>,
): Promise<T> {
  const key = keyFor(agentId, kind);
  const request = (method: string, params: object, timeoutMs = 20_000): Promise<unknown> =>
    connection.request(method, params, { timeoutMs, ...(signal === undefined ? {} : { signal }) });

  /** An older OpenClaw (2026.8.2 and before), and whether it still holds on to a turn that failed. */
  let isOlder = false;
  let holdsOn = false;

  const say = async (message: string): Promise<ScratchReply> => {
    const runId = randomUUID();
    const within = isOlder ? { timeoutMs: turnMs } : {};
    await request("chat.send", { sessionKey: key, message, idempotencyKey: runId, ...within });
    const reply = await request("agent.wait", { runId, timeoutMs: turnMs }, turnMs + 10_000);
    const { status, error, terminalReply, terminalReceipt } = parseReply(turnReply, "agent.wait", reply);
    if (status === "timeout") throw tooLong(model, turnMs);
    holdsOn ||= isOlder && status !== "ok";
    const said =
      status === "ok" && terminalReply === undefined && terminalReceipt === undefined
        ? await lastAnswer(runId)
        : { text: terminalReply?.text ?? "", model: terminalReceipt?.effective };
    return {
      runId,
      text: said.text,
      ...(said.model === undefined ? {} : { model: said.model }),
      ...(status === "ok" ? {} : { error: error ?? status }),
    };
  };

  /** An older OpenClaw (2026.8.1) says that a turn has ended, and nothing of what came of it. */
  const lastAnswer = async (runId: string) => {
    const reply = await request("chat.history", { sessionKey: key, limit: 50, maxChars: ANSWER_CHARS });
    const { messages } = parseReply(historyReply, "chat.history", reply);
    const mine = messages.filter(({ role, __openclaw: marks }) => role === "assistant" && marks?.runId === runId);
    return { text: textOf(mine.at(-1)?.content), model: ref.safeParse(mine.at(-1)).data };
  };

  const create = (name: object): Promise<unknown> =>
    request("sessions.create", {
      key,
      agentId,
      model: formatModelRef(model),
      ...name,
      ...(kind === "sub-agent" ? {} : { incognito: true }),
    });

  const run = async (): Promise<T> => {
    // A session without a name gets a title, which is one more call to its model.
    const displayName = kind === "bench" ? "Clutch bench" : "Clutch canary";
    await create({ displayName }).catch((error: unknown) => {
      if (!refusesProperty(error, "displayName")) throw error;
      isOlder = true;
      // The one name that an older OpenClaw takes must be nobody else's.
      return create({ label: `${displayName} ${key.slice(-36)}` });
    });
    return work({ key, say });
  };
  const [outcome] = await Promise.allSettled([run()]);
  // What was cut short may run on for minutes, and a session is not deleted while it does.
  if (outcome.status === "rejected") {
    await connection.request("chat.abort", { sessionKey: key }).catch(() => undefined);
  }
  if (outcome.status === "fulfilled" && holdsOn) {
    forgetLater(connection, key, turnMs);
    return outcome.value;
  }
  const deleted = await forget(connection, key);
  if (outcome.status === "rejected") throw outcome.reason;
  if (!deleted) throw notDeleted(key);
  return outcome.value;
}

const textOf = (content: unknown): string => {
  if (typeof content === "string") return content;
  const parts = Array.isArray(content) ? content : [];
  return parts.map((part) => textPart.safeParse(part).data?.text ?? "").join("");
};

/** A session that is at work refuses for a moment. */
async function forget(connection: Pick<GatewayConnection, "request">, key: string): Promise<boolean> {
  for (let attempt = 1; attempt <= DELETE_TRIES; attempt++) {
    try {
      await connection.request("sessions.delete", { key, deleteTranscript: true }, { timeoutMs: 20_000 });
      return true;
    } catch (thrown) {
      if (!(thrown instanceof ClutchError)) throw thrown;
      if (attempt < DELETE_TRIES) await sleep(attempt * 200);
    }
  }
  return false;
}

/**
 * An older OpenClaw (2026.8.2 and before) deletes no session of which a turn failed until a
 * minute after that turn's time is up, 2 minutes at least, and looks for such once a minute.
 * A Clutch that ends before leaves it: what is incognito goes with the gateway's next restart.
 */
function forgetLater(connection: Pick<GatewayConnection, "request">, key: string, turnMs: number): void {
  const timer = setTimeout(() => void forget(connection, key).catch(() => undefined), turnMs + 150_000);
  timer.unref();
}

/** Whether a session is one of Clutch's own, whose calls nobody has to account for. */
export const isScratchKey = (key: string): boolean =>
  /^agent:[^:]+:(?:dashboard:incognito-clutch|subagent:clutch)-/.test(key);

/** OpenClaw takes a session for incognito by the form of its key. */
const keyFor = (agentId: string, kind: NonNullable<ScratchRequest["kind"]>): string => {
  const id = randomUUID();
  if (kind === "sub-agent") return `agent:${agentId}:subagent:clutch-canary-${id}`;
  const purpose = kind === "bench" ? "bench" : kind === "gate" ? "canary-gate" : "canary";
  return `agent:${agentId}:dashboard:incognito-clutch-${purpose}-${id}`;
};

const tooLong = (model: ModelRef, turnMs: number): ClutchError =>
  new ClutchError("deadline", `A turn on ${formatModelRef(model)} did not end within ${turnMs / 1000} s.`, {
    hint: "The gateway may be busy. Try again.",
  });

const notDeleted = (key: string): ClutchError =>
  new ClutchError("not_verified", `OpenClaw did not delete Clutch's own session ${key}.`, {
    hint: "Delete it with openclaw sessions delete; what is incognito goes with the gateway's next restart.",
  });
