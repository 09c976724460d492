import type { Card } from "./card.ts";

/** The line, for the agent that was named; a line that names one itself keeps it. */
export const forAgent = (line: string, agentId: string | undefined): string =>
  agentId === undefined || / agent:/.test(line) ? line : `${line} agent:${agentId}`;

/** A card that was asked of one agent: what its buttons and its menu do with models goes to that agent too. */
export function cardForAgent(card: Card, agentId: string | undefined): Card {
  if (agentId === undefined) return card;
  const same = (line: string): string => (/^\/model\b/.test(line) ? forAgent(line, agentId) : line);
  const { actions, choices } = card;
  return {
    ...card,
    ...(actions === undefined ? {} : { actions: actions.map((action) => ({ ...action, line: same(action.line) })) }),
    ...(choices === undefined ? {} : { choices: { ...choices, command: same(choices.command) } }),
  };
}
