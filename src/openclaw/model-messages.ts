import { z } from "zod";
import type { ModelRef } from "../models/model-ref.ts";
import type { GatewayConnection, GatewayEvent, RequestOptions } from "./connection.ts";
import { parseReply } from "./wire.ts";

/** What a model said, as OpenClaw keeps it in a transcript, or a summary that it made of one. */
export interface ModelMessage {
  /** OpenClaw's id of the message: the same in the event and in the transcript. */
  readonly id: string;
  readonly kind: "answer" | "compaction";
  readonly sessionKey: string;
  /** Place in the transcript, from 1. */
  readonly seq: number;
  readonly runId: string | undefined;
  /** Epoch ms, by the gateway's clock. */
  readonly at: number;
  /** Undefined for a compaction: OpenClaw does not say who made it. */
  readonly model: ModelRef | undefined;
  /** As the model's server counted; undefined where it did not say. */
  readonly tokens: MessageTokens | undefined;
  /** "stop", "toolUse", "error", "aborted", … */
  readonly stopReason: string | undefined;
  /** What it answers, epoch ms; undefined where that is not a message before it. */
  readonly askedAt: number | undefined;
}

/** Cache reads and writes are not part of `input`. */
export interface MessageTokens {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

/** The newest first. `next` is what `readModelMessages` takes to go on; undefined at the beginning of the transcript. */
export interface MessagePage {
  readonly messages: readonly ModelMessage[];
  /** Highest place in the transcript of what was looked at; 0 where it is empty. */
  readonly newestSeq: number;
  readonly oldestSeq: number;
  readonly next: number | undefined;
}

export interface ModelMessages {
  /** A page of a session's transcript, from its end; `offset` messages are left out. Throws the codes of `GatewayConnection.request`. */
  read(sessionKey: string, offset: number, options?: RequestOptions): Promise<MessagePage>;
  /** Those that are written from now on, in all sessions that the connection is subscribed to. */
  on(listener: (message: ModelMessage) => void): () => void;
}

/** As many as OpenClaw gives at a time. */
const PAGE = 1_000;

const count = z.number().nonnegative().catch(0);
const messageSchema = z.looseObject({
  role: z.string().catch(""),
  provider: z.string().optional().catch(undefined),
  model: z.string().optional().catch(undefined),
  timestamp: z.number().optional().catch(undefined),
  stopReason: z.string().optional().catch(undefined),
  usage: z
    .looseObject({ input: count, output: count, cacheRead: count, cacheWrite: count })
    .optional()
    .catch(undefined),
  __openclaw: z
    .looseObject({
      id: z.string().optional(),
      runId: z.string().optional(),
      kind: z.string().optional(),
      seq: z.number().optional(),
    })
    .optional()
    .catch(undefined),
});
const pageReply = z.looseObject({ messages: z.array(messageSchema).catch([]), hasMore: z.boolean().catch(false) });
const eventPayload = z.looseObject({
  sessionKey: z.string(),
  messageId: z.string(),
  messageSeq: z.number().catch(0),
  message: messageSchema,
});

type Message = z.output<typeof messageSchema>;

export function createModelMessages(connection: Pick<GatewayConnection, "request" | "onEvent">): ModelMessages {
  return {
    async read(sessionKey, offset, options) {
      const params = { sessionKey, limit: PAGE, offset };
      const reply = await connection.request("chat.history", params, { timeoutMs: 60_000, ...options });
      const { messages, hasMore } = parseReply(pageReply, "chat.history", reply);
      const seqs = messages.map((message) => message.__openclaw?.seq ?? 0);
      const found = messages.flatMap((message, index) => {
        const asked = messages.slice(0, index).findLast(({ role }) => role === "user");
        return toMessage(message, { sessionKey, askedAt: asked?.timestamp }) ?? [];
      });
      return {
        messages: found.toReversed(),
        newestSeq: Math.max(0, ...seqs),
        oldestSeq: messages.length === 0 ? 0 : Math.min(...seqs),
        next: hasMore && messages.length > 0 ? offset + messages.length : undefined,
      };
    },
    on: (listener) =>
      connection.onEvent((event) => {
        const message = readModelMessage(event);
        if (message !== undefined) listener(message);
      }),
  };
}

/** Undefined for the many events that are none. */
export function readModelMessage({ event, payload }: GatewayEvent): ModelMessage | undefined {
  if (event !== "session.message") return undefined;
  const parsed = eventPayload.safeParse(payload);
  if (!parsed.success) return undefined;
  const { sessionKey, messageId: id, messageSeq: seq, message } = parsed.data;
  const marks = { ...message.__openclaw, id, seq };
  return toMessage({ ...message, __openclaw: marks }, { sessionKey, askedAt: undefined });
}

function toMessage(
  { role, provider, model, timestamp, stopReason, usage, __openclaw: marks = {} }: Message,
  context: { readonly sessionKey: string; readonly askedAt: number | undefined },
): ModelMessage | undefined {
  const { id, runId, kind: mark, seq = 0 } = marks;
  const isCompaction = mark === "compaction";
  // What OpenClaw says itself was not asked of a model.
  const isAnswer =
    role === "assistant" && provider !== undefined && model !== undefined && provider !== "openclaw" && mark !== "note";
  if (id === undefined || timestamp === undefined || !(isAnswer || isCompaction)) return undefined;
  return {
    ...context,
    id,
    kind: isCompaction ? "compaction" : "answer",
    seq,
    runId,
    at: timestamp,
    model: isAnswer ? { provider, model } : undefined,
    tokens: isCompaction ? undefined : tokensOf(usage),
    stopReason,
  };
}

/** All zero is what stands there where the server counted nothing. */
function tokensOf(usage: MessageTokens | undefined): MessageTokens | undefined {
  if (usage === undefined) return undefined;
  const { input, output, cacheRead, cacheWrite } = usage;
  return input + output + cacheRead + cacheWrite === 0 ? undefined : { input, output, cacheRead, cacheWrite };
}
