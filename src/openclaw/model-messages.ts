import type { Logger } from "pino";
import { z } from "zod";
import { ClutchError } from "../errors.ts";
import type { ModelRef } from "../models/model-ref.ts";
import type { GatewayConnection, GatewayEvent, RequestOptions } from "./connection.ts";
import { parseReply, type SessionRow, sessionRow } from "./wire.ts";

/** What a model said, as OpenClaw keeps it in a transcript, or the mark of a summary that it had made of one. */
export interface ModelMessage {
  /** OpenClaw's id of the message: the same in the event and in the transcript. */
  readonly id: string;
  readonly kind: "answer" | "compaction";
  readonly sessionKey: string;
  readonly runId: string | undefined;
  /** When the model was asked, epoch ms, by the gateway's clock. */
  readonly askedAt: number;
  /** When it was written down, which is the end of the answer. */
  readonly at: number;
  /** Undefined for a compaction: OpenClaw does not say who made it. */
  readonly model: ModelRef | undefined;
  /** As the model's server counted; undefined where it did not say. */
  readonly tokens: MessageTokens | undefined;
  /** "stop", "toolUse", "error", "aborted", … */
  readonly stopReason: string | undefined;
  /** Which part of OpenClaw asked: "heartbeat", "cron", …; undefined for a person, and where it was not seen. */
  readonly askedBy: string | undefined;
}

/** Cache reads and writes are not part of `input`. */
export interface MessageTokens {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

/** A part of a transcript. */
export interface MessagePage {
  /** Of models, the newest first. */
  readonly messages: readonly ModelMessage[];
  /** The id of the newest message of anybody, and of all that were looked at. */
  readonly newestId: string | undefined;
  readonly ids: ReadonlySet<string>;
  /** How many messages there are from the oldest of these to the end of the transcript. */
  readonly depth: number;
  /** Nothing comes before it. */
  readonly isFirst: boolean;
}

export type MessageEvent =
  | { readonly kind: "said"; readonly message: ModelMessage; readonly row: SessionRow | undefined }
  /** Something was written that OpenClaw shows to nobody, such as a heartbeat that had nothing to say. */
  | { readonly kind: "hidden"; readonly sessionKey: string }
  /** A run is over, however it ended. */
  | { readonly kind: "ended"; readonly sessionKey: string };

/** Transcripts as far as they are about models. Throws the codes of `GatewayConnection.request`. */
export interface ModelMessages {
  /** The newest messages of a session, at most so many and 8 MB, with those that OpenClaw shows to nobody. */
  newest(sessionKey: string, count: number, options?: RequestOptions): Promise<MessagePage>;
  /** What comes before the newest `depth`, without what OpenClaw shows to nobody. */
  before(sessionKey: string, depth: number, options?: RequestOptions): Promise<MessagePage>;
  /**
   * What was said after a message that is no more in a session's transcript,
   * because the session was reset or rewound since; empty where OpenClaw kept none of it.
   */
  after(
    sessionKey: string,
    messageId: string,
    sessionId: string | undefined,
    options?: RequestOptions,
  ): Promise<readonly ModelMessage[]>;
  /** What happens from now on, in all sessions that the connection is subscribed to. */
  on(listener: (event: MessageEvent) => void): () => void;
}

/** As many as OpenClaw gives at a time. */
const PAGE = 1_000;
/** Nobody reads the texts, but cut too short a silent answer would look like another. */
const MAX_CHARS = 100;
const PATIENCE_MS = 60_000;

const count = z.number().nonnegative().catch(0);
const maybe = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);
const messageSchema = z.looseObject({
  role: z.string().catch(""),
  provider: maybe(z.string()),
  model: maybe(z.string()),
  timestamp: maybe(z.number()),
  stopReason: maybe(z.string()),
  usage: maybe(z.looseObject({ input: count, output: count, cacheRead: count, cacheWrite: count })),
  provenance: maybe(z.looseObject({ kind: maybe(z.string()), sourceTool: maybe(z.string()) })),
  __openclaw: maybe(
    z.looseObject({
      id: maybe(z.string()),
      runId: maybe(z.string()),
      kind: maybe(z.string()),
      seq: maybe(z.number()),
      recordTimestampMs: maybe(z.number()),
    }),
  ),
});
const newestReply = z.looseObject({ messages: z.array(messageSchema).catch([]) });
const pageReply = z.looseObject({
  messages: z.array(messageSchema).catch([]),
  hasMore: z.boolean().catch(false),
  nextOffset: maybe(z.number()),
});
const saidPayload = z.looseObject({
  sessionKey: z.string(),
  messageId: z.string(),
  message: messageSchema,
  session: maybe(sessionRow),
});
const changedPayload = z.looseObject({
  sessionKey: z.string(),
  phase: maybe(z.string()),
  reason: maybe(z.string()),
});

type Message = z.output<typeof messageSchema>;

export function createModelMessages(
  connection: Pick<GatewayConnection, "request" | "onEvent">,
  logger?: Pick<Logger, "debug">,
): ModelMessages {
  const request = (method: string, params: object, options?: RequestOptions) =>
    connection.request(method, params, { timeoutMs: PATIENCE_MS, ...options });

  const history = async (
    params: { readonly sessionKey: string; readonly [name: string]: unknown },
    options?: RequestOptions,
  ) =>
    parseReply(
      pageReply,
      "chat.history",
      await request("chat.history", { limit: PAGE, maxChars: MAX_CHARS, ...params }, options),
    );

  return {
    async newest(sessionKey, limit, options) {
      const reply = await request("sessions.get", { key: sessionKey, limit }, options);
      const { messages } = parseReply(newestReply, "sessions.get", reply);
      const oldest = messages[0]?.__openclaw?.seq;
      const isFirst = oldest === undefined ? messages.length < limit : oldest <= 1;
      return pageOf(sessionKey, messages, { depth: messages.length, isFirst });
    },

    async before(sessionKey, depth, options) {
      const { messages, hasMore, nextOffset } = await history({ sessionKey, offset: depth }, options);
      const next = nextOffset ?? depth + messages.length;
      return pageOf(sessionKey, messages, { depth: next, isFirst: !hasMore || next <= depth });
    },

    async after(sessionKey, messageId, sessionId, options) {
      // OpenClaw refuses a session's own id of now as little as a former one of the same key.
      for (const former of sessionId === undefined ? [{}] : [{ sessionId }, {}]) {
        try {
          const { messages } = await history({ sessionKey, messageId, ...former }, options);
          const index = messages.findIndex(({ __openclaw: marks }) => marks?.id === messageId);
          if (index >= 0) return pageOf(sessionKey, messages.slice(index), { depth: 0, isFirst: true }).messages;
        } catch (thrown) {
          if (!(thrown instanceof ClutchError) || thrown.code !== "gateway_refused") throw thrown;
          logger?.debug({ err: thrown, sessionKey }, "a former transcript cannot be read");
        }
      }
      return [];
    },

    on: (listener) =>
      connection.onEvent((event) => {
        const read = readMessageEvent(event);
        if (read !== undefined) listener(read);
      }),
  };
}

/** Undefined for the many events that say nothing of models. */
export function readMessageEvent({ event, payload }: GatewayEvent): MessageEvent | undefined {
  if (event === "sessions.changed") {
    const parsed = changedPayload.safeParse(payload);
    if (!parsed.success) return undefined;
    const { sessionKey, phase, reason } = parsed.data;
    // A summary is announced as a message without a place.
    if (phase === "message" || reason === "compact") return { kind: "hidden", sessionKey };
    return phase === "end" || phase === "error" ? { kind: "ended", sessionKey } : undefined;
  }
  if (event !== "session.message") return undefined;
  const parsed = saidPayload.safeParse(payload);
  if (!parsed.success) return undefined;
  const { sessionKey, messageId: id, message, session: row } = parsed.data;
  const said = toMessage({ ...message, __openclaw: { ...message.__openclaw, id } }, { sessionKey, askedBy: undefined });
  return said && { kind: "said", message: said, row };
}

function pageOf(
  sessionKey: string,
  messages: readonly Message[],
  place: Pick<MessagePage, "depth" | "isFirst">,
): MessagePage {
  let askedBy: string | undefined;
  const found = messages.flatMap((message) => {
    if (message.role === "user") askedBy = message.provenance?.sourceTool;
    return toMessage(message, { sessionKey, askedBy }) ?? [];
  });
  const ids = messages.flatMap(({ __openclaw: marks }) => marks?.id ?? []);
  return { messages: found.toReversed(), newestId: ids.at(-1), ids: new Set(ids), ...place };
}

function toMessage(
  { role, provider, model, timestamp, stopReason, usage, __openclaw: marks = {} }: Message,
  context: Pick<ModelMessage, "sessionKey" | "askedBy">,
): ModelMessage | undefined {
  const { id, runId, kind: mark, recordTimestampMs } = marks;
  const isCompaction = mark === "compaction";
  // What OpenClaw says itself was not asked of a model.
  const isAnswer =
    role === "assistant" && provider !== undefined && model !== undefined && provider !== "openclaw" && mark !== "note";
  if (id === undefined || timestamp === undefined || !(isAnswer || isCompaction)) return undefined;
  return {
    ...context,
    id,
    kind: isCompaction ? "compaction" : "answer",
    runId,
    askedAt: timestamp,
    at: Math.max(timestamp, recordTimestampMs ?? timestamp),
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
