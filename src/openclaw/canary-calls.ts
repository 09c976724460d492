import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { CANARY } from "../models/canary.ts";
import { formatModelRef } from "../models/model-ref.ts";
import type { GatewayConnection } from "./connection.ts";
import { parseReply } from "./wire.ts";

/**
 * Calls of each kind that OpenClaw makes by itself or at somebody's word, let
 * loose on purpose towards the canary. What they leave behind is removed. Every
 * method throws the codes of `GatewayConnection.request`.
 */
export interface CanaryCalls {
  /**
   * Lets OpenClaw make a title for a conversation that would begin on the canary. It asks `utilityModel`
   * where that is set, really and whatever it is; 2026.9.6 never falls back to the conversation's own.
   */
  title(agentId: string): Promise<void>;
  /** Asks the side chat about a session: the agent's `utilityModel` answers, never the session's model. */
  sideChat(sessionKey: string): Promise<void>;
  /** Has a session summarised, within `timeoutMs`: by `compaction.model` where that is set, else by its own model. */
  compact(sessionKey: string, timeoutMs: number): Promise<void>;
  /** Writes into a session's transcript without asking a model. */
  say(sessionKey: string, text: string): Promise<void>;
  /** Runs a scheduled job on the canary once; gives the job's id, which is part of its session's key. */
  job(agentId: string): Promise<string>;
  /** Lets a tool run; gives what came back in a few words. */
  tool(name: string, args: Readonly<Record<string, unknown>>): Promise<string>;
}

const JOB_PATIENCE_MS = 20_000;
const jobReply = z.looseObject({ id: z.string() });
const runsReply = z.looseObject({ entries: z.array(z.looseObject({ action: z.string().optional() })).catch([]) });
const toolReply = z.looseObject({
  ok: z.boolean(),
  error: z.looseObject({ code: z.string(), message: z.string() }).optional(),
});

export function createCanaryCalls(connection: Pick<GatewayConnection, "request">): CanaryCalls {
  const model = formatModelRef(CANARY);
  return {
    async title(agentId) {
      // OpenClaw remembers the title of a text that it saw before.
      const message = `Please plan a trip around the lake with four friends, number ${Math.random()}.`;
      await connection.request("sessions.title.prepare", { agentId, message, model }, { timeoutMs: 60_000 });
    },
    async sideChat(sessionKey) {
      await connection.request(
        "sessions.companion.ask",
        { sessionKey, question: "What is this?" },
        { timeoutMs: 30_000 },
      );
    },
    async compact(key, timeoutMs) {
      await connection.request("sessions.compact", { key }, { timeoutMs });
    },
    async say(sessionKey, message) {
      await connection.request("chat.inject", { sessionKey, message });
    },
    async job(agentId) {
      const { id } = parseReply(
        jobReply,
        "cron.add",
        await connection.request("cron.add", {
          name: "clutch-canary",
          agentId,
          enabled: false,
          schedule: { kind: "cron", expr: "0 0 1 1 *" },
          sessionTarget: "isolated",
          wakeMode: "now",
          payload: { kind: "agentTurn", message: "Say nothing.", model },
          delivery: { mode: "none" },
        }),
      );
      try {
        await connection.request("cron.run", { id, mode: "force" });
        const started = performance.now();
        for (;;) {
          const reply = await connection.request("cron.runs", { id, limit: 1 });
          const { entries } = parseReply(runsReply, "cron.runs", reply);
          if (entries.some(({ action }) => action === "finished")) break;
          if (performance.now() - started > JOB_PATIENCE_MS) break;
          await sleep(200);
        }
      } finally {
        await connection.request("cron.remove", { id });
      }
      return id;
    },
    async tool(name, args) {
      const reply = await connection.request("tools.invoke", { name, args }, { timeoutMs: 30_000 });
      const { ok, error } = parseReply(toolReply, "tools.invoke", reply);
      return ok ? "it ran" : `${error?.code ?? "failed"}: ${error?.message ?? ""}`;
    },
  };
}
