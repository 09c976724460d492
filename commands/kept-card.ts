import { forAgent } from "./agent-option.ts";
import type { Card } from "./card.ts";

/**
 * What a conversation is told that stays local after local-only mode was turned off.
 * `agentId` where several agents may answer in it: its button would not know which of them is meant.
 */
export const keptCard = (sessionKey: string, agentId?: string): Card => ({
  tone: "info",
  title: "This conversation stays local for now",
  body: [
    "Local-only mode is off, but what was written here meanwhile would go to the provider with the next cloud turn. Until somebody releases it, its turns are answered by a local model.",
  ],
  actions: [{ label: "Release", line: forAgent("/localonly release", agentId), style: "primary" }],
  footer: `session ${sessionKey}`,
});
