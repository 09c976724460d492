import type { Conversation } from "../models/conversation.ts";
import { accountOf, isSessionNamed, possibleRoutes } from "./agent-route.ts";
import { canonicalId, type DmScope, type GroupScope, type RoutingConfig } from "./routing-config.ts";
import { foldKey } from "./session-key-syntax.ts";

export { parentKey, parseSessionKey, withoutRun } from "./session-key-syntax.ts";
export { conversationOfSession, matchesConversation } from "./session-place.ts";

/**
 * The session keys under which OpenClaw may hold a conversation, most likely
 * first, in canonical form: lower case, but for Matrix and Signal ids, whose
 * case means something. Ask the gateway for each in turn.
 *
 * Where the agent or its scopes hang on facts that we don't have, there are
 * keys for every case. The agent's main session goes last among them: it
 * nearly always exists, so earlier it would be taken for any conversation.
 *
 * With `session.scope: "global"` the gateway itself reads a main session's key
 * as `global`. Two kinds of conversation have keys that cannot be derived from ids: a
 * thread bound at run time to an ACP or subagent session, and a Slack
 * Enterprise Grid install. Find those by their place (`matchesConversation`).
 */
export function candidateKeys(conversation: Conversation, routing: RoutingConfig, agentId: string): readonly string[] {
  if (isSessionNamed(conversation)) {
    const key = foldKey(conversation.channel);
    return key === "" ? [] : [key];
  }
  const agent = canonicalId(agentId, "main");
  const main = `agent:${agent}:${routing.mainKey}`;
  const own = possibleRoutes(conversation, routing).filter((route) => route.agentId === agent);
  const keys = (own.length > 0 ? own : [routing]).flatMap((scopes) =>
    keysWithin(conversation, routing, scopes, agent, main),
  );
  const distinct = [...new Set(keys.map(foldKey))];
  return [...distinct.filter((key) => key !== main), ...distinct.filter((key) => key === main)];
}

interface Scopes {
  readonly dmScope: DmScope;
  readonly groupScope: GroupScope;
}

function keysWithin(
  conversation: Conversation,
  routing: RoutingConfig,
  scopes: Scopes,
  agent: string,
  main: string,
): string[] {
  const { kind, channel, thread } = conversation;
  const platform = conversation.platform.toLowerCase();
  const inThread = (base: string) => (thread === undefined ? base : `${base}:thread:${thread}`);
  if (kind === "direct") {
    const base = directKey(conversation, routing, scopes.dmScope, agent, main);
    // Only the threads of Slack's agent view are sessions of their own; a plain reply thread stays in the DM's.
    return thread === undefined ? [base] : [inThread(base), base];
  }
  if (scopes.groupScope === "main") return [platform === "discord" ? main : inThread(main)];
  const keyOf = (peerKind: "channel" | "group", id: string) =>
    `agent:${agent}:${platform}:${peerKind}:${id.trim() || "unknown"}`;
  if (platform === "discord" && thread !== undefined) {
    // Discord threads are keyed as channels; OpenClaw's documentation shows the second form.
    return [keyOf("channel", thread), inThread(keyOf("channel", channel))];
  }
  const kinds = kind === "unknown" ? (["channel", "group"] as const) : ([kind] as const);
  return kinds.map((peerKind) => inThread(keyOf(peerKind, channel)));
}

function directKey(
  conversation: Conversation,
  routing: RoutingConfig,
  dmScope: DmScope,
  agent: string,
  main: string,
): string {
  const platform = conversation.platform.toLowerCase();
  const person = conversation.person.trim() || conversation.channel.trim();
  const peer = linkedName(platform, person, routing) ?? person;
  if (dmScope === "main" || peer === "") return main;
  if (dmScope === "per-peer") return `agent:${agent}:direct:${peer}`;
  if (dmScope === "per-channel-peer") return `agent:${agent}:${platform}:direct:${peer}`;
  return `agent:${agent}:${platform}:${accountOf(conversation, routing)}:direct:${peer}`;
}

/** The one name that `session.identityLinks` gives to a person's ids on several platforms. */
function linkedName(platform: string, person: string, routing: RoutingConfig): string | undefined {
  const ids = [person.toLowerCase(), `${platform}:${person}`.toLowerCase()];
  const link = routing.identityLinks.find(([, linked]) => linked.some((id) => ids.includes(id.trim().toLowerCase())));
  return link?.[0] || undefined;
}
