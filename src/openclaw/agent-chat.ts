import { randomUUID } from "node:crypto";
import { z } from "zod";
import { toClutchError } from "../errors.ts";
import type { AgentChat, ChatPiece } from "../models/agent-chat.ts";
import { formatModelRef } from "../models/model-ref.ts";
import type { GatewayConnection } from "./connection.ts";
import type { OpenClaw } from "./openclaw.ts";

const chatEvent = z.looseObject({
  runId: z.string(),
  sessionKey: z.string(),
  state: z.string(),
  phase: z.string().optional(),
  deltaText: z.string().optional(),
  errorMessage: z.string().optional(),
  message: z.looseObject({ content: z.array(z.looseObject({ text: z.string().optional() })).catch([]) }).optional(),
});

/**
 * Talks to the agent of one session, as a person does in a channel. Where the
 * agent is busy OpenClaw queues the message and answers under another run: then
 * the session's next answer is taken for ours.
 */
export function createAgentChat(connection: GatewayConnection, openclaw: OpenClaw, sessionKey: string): AgentChat {
  return {
    async *send(text: string, signal: AbortSignal): AsyncGenerator<ChatPiece> {
      const runId = randomUUID();
      const pieces: ChatPiece[] = [];
      let wake = Promise.withResolvers<void>();
      const push = (piece: ChatPiece): void => {
        pieces.push(piece);
        wake.resolve();
      };
      let queued = false;
      let said = "";
      const forget = connection.onEvent(({ event, payload }) => {
        if (event !== "chat") return;
        const parsed = chatEvent.safeParse(payload);
        if (!parsed.success || parsed.data.sessionKey !== sessionKey) return;
        const chat = parsed.data;
        if (chat.runId !== runId && !queued) return;
        if (chat.state === "status" && chat.phase !== undefined)
          push({ type: "status", text: chat.phase.replaceAll("_", " ") });
        if (chat.state === "delta" && chat.deltaText !== undefined) {
          said += chat.deltaText;
          push({ type: "text", text: chat.deltaText });
        }
        if (chat.state === "final") {
          const whole = chat.message?.content.map((part) => part.text ?? "").join("") ?? "";
          if (whole === "" && said === "" && !queued) {
            queued = true;
            push({ type: "status", text: "queued behind another message" });
            return;
          }
          // Deltas may lag behind the final text; what is missing follows in one piece.
          if (whole.startsWith(said) && whole.length > said.length)
            push({ type: "text", text: whole.slice(said.length) });
          push({ type: "done" });
        }
        if (chat.state === "error" || chat.state === "aborted") {
          push({ type: "error", message: chat.errorMessage ?? "The agent's turn was stopped." });
        }
      });
      const forgetState = connection.onState((state) => {
        if (state.phase !== "ready") {
          push({
            type: "error",
            message: "The connection to the gateway broke while the agent was answering.",
            hint: "Its answer may still arrive in the session.",
          });
        }
      });
      const onAbort = (): void => wake.resolve();
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        try {
          await connection.request("chat.send", { sessionKey, message: text, idempotencyKey: runId }, { signal });
        } catch (error) {
          const { message, hint } = toClutchError(error);
          yield { type: "error", message, hint };
          return;
        }
        for (;;) {
          for (const piece of pieces.splice(0)) {
            if (piece.type !== "done") yield piece;
            if (piece.type === "error") return;
            if (piece.type === "done") {
              const { answered } = await openclaw.recentActivity(sessionKey).catch(() => ({ answered: undefined }));
              yield answered === undefined ? piece : { type: "done", model: formatModelRef(answered.model) };
              return;
            }
          }
          if (signal.aborted) return;
          await wake.promise;
          wake = Promise.withResolvers<void>();
        }
      } finally {
        forget();
        forgetState();
        signal.removeEventListener("abort", onAbort);
      }
    },
  };
}
