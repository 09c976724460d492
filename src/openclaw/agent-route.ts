import type { Conversation } from "../models/conversation.ts";
import {
  type Binding,
  canonicalAccount,
  canonicalId,
  DEFAULT_ACCOUNT,
  type DmScope,
  type GroupScope,
  type RoutingConfig,
} from "./routing-config.ts";

export { type RoutingConfig, routingConfigOf } from "./routing-config.ts";

/** Which agent answers a conversation, and how OpenClaw then cuts sessions. */
export interface AgentRoute {
  readonly agentId: string;
  readonly dmScope: DmScope;
  readonly groupScope: GroupScope;
}

/** A route as a binding gives it: without an agent where OpenClaw itself would refuse to pick one. */
export interface PossibleRoute extends Omit<AgentRoute, "agentId"> {
  readonly agentId: string | undefined;
}

/**
 * The agent that answers a conversation, by OpenClaw's precedence of bindings:
 * peer, parent peer, any peer of the kind, guild with roles, guild, team,
 * account, platform, and last the owner of what is left.
 *
 * `ambiguous` lists the agents that come into question, most likely first,
 * where the answer hangs on a fact we don't have (the guild, team or roles are
 * undefined in the conversation and a binding asks for them), or where OpenClaw
 * itself refuses to choose: several agents and no binding, or a binding to an
 * agent that does not exist. A binding that cannot be decided is never taken
 * for one that does not match.
 */
export function routeAgent(
  conversation: Conversation,
  routing: RoutingConfig,
): AgentRoute | { readonly ambiguous: readonly string[] } {
  const routes = possibleRoutes(conversation, routing);
  const agents = [...new Set(routes.flatMap((route) => route.agentId ?? routing.agents))];
  const [agentId] = agents;
  if (agentId === undefined || agents.length > 1) return { ambiguous: agents };
  // The last route is the one that holds whatever the open facts are, or the fallback.
  const { dmScope, groupScope } = routes.at(-1) ?? routing;
  return { agentId, dmScope, groupScope };
}

/**
 * Every route that the conversation may take, in order of precedence. One,
 * where all facts are known; the last is the one that is certain to match if
 * none before it does.
 */
export function possibleRoutes(conversation: Conversation, routing: RoutingConfig): readonly PossibleRoute[] {
  if (isSessionNamed(conversation))
    return [{ ...scopesOf(routing), agentId: agentOfKey(conversation.channel) ?? routing.owner }];
  const facts = factsOf(conversation, routing);
  const routes: PossibleRoute[] = [];
  for (const [tier, peer] of precedence(facts)) {
    for (const binding of routing.bindings) {
      if (binding.platform !== facts.platform || tierOf(binding) !== tier) continue;
      const verdict = matches(binding, facts, peer);
      if (verdict === "no") continue;
      routes.push({ ...scopesOf(routing, binding), agentId: binding.agentId });
      if (verdict === "yes") return routes;
    }
  }
  return [...routes, { ...scopesOf(routing), agentId: routing.owner }];
}

/** True where the conversation is a session named outright: a script's `session:KEY`, or the sandbox's terminal. */
export const isSessionNamed = (conversation: Conversation): boolean =>
  conversation.platform === "session" || conversation.platform === "terminal";

/** OpenClaw's id of the account that the conversation runs over. */
export function accountOf(conversation: Conversation, routing: RoutingConfig): string {
  if (conversation.account?.trim()) return canonicalAccount(conversation.account);
  return routing.defaultAccounts.get(conversation.platform.toLowerCase()) ?? DEFAULT_ACCOUNT;
}

interface Peer {
  readonly direct: boolean;
  readonly id: string;
}

/** Of guild, team and roles, null means that there is none and undefined that we do not know. */
interface Facts {
  readonly platform: string;
  readonly account: string;
  readonly peer: Peer;
  readonly parent: Peer | undefined;
  readonly guild: string | null | undefined;
  readonly team: string | null | undefined;
  readonly roles: readonly string[] | undefined;
}

function factsOf(conversation: Conversation, routing: RoutingConfig): Facts {
  const { kind, channel, thread, person, space, roles } = conversation;
  const platform = conversation.platform.toLowerCase();
  const direct = kind === "direct";
  // A Discord thread is a channel of its own whose parent's bindings count; a Slack thread is a part of its channel.
  const inDiscordThread = platform === "discord" && !direct && thread !== undefined;
  const outsideGuild = platform === "discord" && (direct || kind === "group");
  return {
    platform,
    account: accountOf(conversation, routing),
    peer: { direct, id: (direct ? person.trim() || channel : inDiscordThread ? thread : channel).trim() },
    parent: inDiscordThread ? { direct: false, id: channel.trim() } : undefined,
    guild: platform === "slack" || outsideGuild ? null : space,
    team: platform === "discord" ? null : space,
    roles: platform !== "discord" || outsideGuild ? [] : roles,
  };
}

type Tier = "peer" | "any peer" | "guild and roles" | "guild" | "team" | "account" | "platform";

function tierOf(binding: Binding): Tier {
  if (binding.peer) return binding.peer.id === "*" ? "any peer" : "peer";
  if (binding.guild !== undefined) return binding.roles ? "guild and roles" : "guild";
  if (binding.team !== undefined) return "team";
  return binding.account === "*" ? "platform" : "account";
}

/** The tiers from first to last, each with the peer that its bindings are compared with. */
function precedence({ peer, parent }: Facts): readonly (readonly [Tier, Peer])[] {
  const rest = ["any peer", "guild and roles", "guild", "team", "account", "platform"] as const;
  return [["peer", peer], ...(parent ? [["peer", parent] as const] : []), ...rest.map((tier) => [tier, peer] as const)];
}

type Verdict = "yes" | "no" | "maybe";

function matches(binding: Binding, facts: Facts, peer: Peer): Verdict {
  const verdicts: readonly Verdict[] = [
    binding.account === "*" || binding.account === facts.account ? "yes" : "no",
    binding.peer === undefined || samePeer(binding.peer, peer) ? "yes" : "no",
    asked(binding.guild, facts.guild, (guild, own) => guild === own),
    asked(binding.team, facts.team, (team, own) => team === own),
    asked(binding.roles, facts.roles, (roles, own) => roles.some((role) => own.includes(role))),
  ];
  return verdicts.includes("no") ? "no" : verdicts.includes("maybe") ? "maybe" : "yes";
}

function asked<T extends string | readonly string[]>(
  wanted: T | undefined,
  own: T | null | undefined,
  fits: (wanted: T, own: T) => boolean,
): Verdict {
  if (wanted === undefined) return "yes";
  if (own === undefined) return "maybe";
  return own !== null && fits(wanted, own) ? "yes" : "no";
}

/** Channel and group count as one kind in bindings; ids are compared as they are written. */
const samePeer = (bound: Peer, peer: Peer): boolean =>
  bound.direct === peer.direct && (bound.id === "*" || bound.id === peer.id);

const scopesOf = (routing: RoutingConfig, binding?: Binding): Omit<AgentRoute, "agentId"> => ({
  dmScope: binding?.dmScope ?? routing.dmScope,
  groupScope: binding?.groupScope ?? routing.groupScope,
});

function agentOfKey(key: string): string | undefined {
  const agent = /^\s*agent:([^:]+):/i.exec(key)?.[1];
  return agent?.trim() ? canonicalId(agent, "main") : undefined;
}
