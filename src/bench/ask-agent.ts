import { ClutchError } from "../errors.ts";
import { formatModelRef, sameModel } from "../models/model-ref.ts";
import type { TimedTurn, TimedTurns } from "../openclaw/timed-turns.ts";
import { reserveOf } from "../sessions/switch-plan.ts";
import { type AskedItem, asked, type ReadTurn } from "./ask-item.ts";
import { AGENT_PROMPT_TOKENS, type PromptFacts, prepareItem } from "./bench-prompt.ts";
import type { BenchTarget } from "./bench-target.ts";
import type { BenchItem } from "./suite.ts";

export interface AgentQuestion {
  readonly agentId: string;
  readonly target: BenchTarget;
  readonly item: BenchItem;
  readonly facts: Omit<PromptFacts, "windowTokens" | "charactersPerToken">;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

export type AskAgent = (question: AgentQuestion) => Promise<AskedItem>;

const LEAST_WINDOW_TOKENS = 1_000;

/**
 * Asks an agent of OpenClaw instead of the model's server: its prompt, its tools and
 * the gateway count. Each item has a session of its own, pinned to the model. What an
 * item would say as the system stands before its first words, since the agent has a
 * system prompt of its own. Neither temperature nor length of the answer can be set.
 */
export const createAgentAsker =
  (turns: TimedTurns): AskAgent =>
  ({ agentId, target, item, facts, deadlineMs, signal }) =>
    turns({ agentId, model: target.ref, turnMs: deadlineMs, signal }, async (say) => {
      const prepared = prepareItem(item, {
        ...facts,
        windowTokens: roomBeside(target.windowTokens),
        charactersPerToken: undefined,
      });
      const read: ReadTurn[] = [];
      for (const [at, { say: text }] of prepared.turns.entries()) {
        const turn = await say(at === 0 && prepared.system !== undefined ? `${prepared.system}\n\n${text}` : text);
        read.push(readTurn(turn, target));
      }
      return asked(read);
    });

/** What OpenClaw leaves of a window to a long message, tokens. */
const roomBeside = (windowTokens: number | undefined): number | undefined =>
  windowTokens === undefined
    ? undefined
    : Math.max(LEAST_WINDOW_TOKENS, windowTokens - reserveOf(windowTokens) - AGENT_PROMPT_TOKENS);

/** A turn that failed, or that another model answered, says nothing of this one. */
function readTurn(turn: TimedTurn, { ref }: BenchTarget): ReadTurn {
  const { text, model, error, tokens, firstTextMs, totalMs } = turn;
  const name = formatModelRef(ref);
  if (error !== undefined) throw new ClutchError("server_unreachable", `OpenClaw's turn on ${name} failed: ${error}.`);
  if (model !== undefined && !sameModel(model, ref)) {
    throw new ClutchError("server_unreachable", `OpenClaw let ${formatModelRef(model)} answer in place of ${name}.`);
  }
  return {
    answer: { text, toolCalls: [] },
    thinkingCharacters: 0,
    end: "stop",
    tokens: tokens ?? {},
    timings: { totalMs, ...(firstTextMs === undefined ? {} : { firstTokenMs: firstTextMs }) },
  };
}
