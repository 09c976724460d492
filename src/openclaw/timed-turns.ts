import type { Logger } from "pino";
import { z } from "zod";
import type { ModelRef } from "../models/model-ref.ts";
import type { GatewayConnection } from "./connection.ts";
import { createModelMessages, type MessageTokens } from "./model-messages.ts";
import { type ScratchRequest, withScratchSession } from "./scratch-session.ts";

/** A turn of an agent, with its time. */
export interface TimedTurn {
  /** Empty where the turn failed. */
  readonly text: string;
  /** What was really called; undefined where no model was. */
  readonly model: ModelRef | undefined;
  /** Why it failed, in OpenClaw's words. */
  readonly error: string | undefined;
  /** Of all calls that the turn made, as the model's server counted; undefined where one is not known. */
  readonly tokens: MessageTokens | undefined;
  /** From the message to the first piece of the answer, ms; as seen from here. */
  readonly firstTextMs: number | undefined;
  readonly totalMs: number;
}

/**
 * Talks to an agent in a scratch session, which leaves nothing behind, and times it.
 * Throws as `ScratchSession`.
 */
export type TimedTurns = <T>(
  request: Omit<ScratchRequest, "kind">,
  work: (say: (text: string) => Promise<TimedTurn>) => Promise<T>,
) => Promise<T>;

const chatDelta = z.looseObject({ sessionKey: z.string(), state: z.literal("delta") });

export const createTimedTurns =
  (connection: Pick<GatewayConnection, "request" | "onEvent">, logger: Pick<Logger, "debug">): TimedTurns =>
  (request, work) =>
    withScratchSession(connection, { ...request, kind: "bench" }, async ({ key, say }) => {
      const transcript = createModelMessages(connection, logger);
      const counted = new Set<string>();
      let firstAt: number | undefined;
      const forget = connection.onEvent(({ event, payload }) => {
        const delta = event === "chat" ? chatDelta.safeParse(payload) : undefined;
        if (delta?.data?.sessionKey === key) firstAt ??= performance.now();
      });
      try {
        return await work(async (text) => {
          firstAt = undefined;
          const started = performance.now();
          const { text: answer, model, error } = await say(text);
          const totalMs = performance.now() - started;
          const { messages } = await transcript.before(key, 0);
          const fresh = messages.filter(({ id, kind }) => kind === "answer" && !counted.has(id));
          for (const { id } of fresh) counted.add(id);
          return {
            text: answer,
            model,
            error,
            tokens: sum(fresh.map(({ tokens }) => tokens)),
            firstTextMs: firstAt === undefined ? undefined : firstAt - started,
            totalMs,
          };
        });
      } finally {
        forget();
      }
    });

function sum(parts: readonly (MessageTokens | undefined)[]): MessageTokens | undefined {
  const known = parts.filter((part) => part !== undefined);
  if (known.length === 0 || known.length < parts.length) return undefined;
  return known.reduce((one, other) => ({
    input: one.input + other.input,
    output: one.output + other.output,
    cacheRead: one.cacheRead + other.cacheRead,
    cacheWrite: one.cacheWrite + other.cacheWrite,
  }));
}
