import { ClutchError } from "../errors.ts";
import type { Conversation } from "../models/conversation.ts";
import { routeAgent } from "../openclaw/agent-route.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import { candidateKeys, matchesConversation, parentKey, parseSessionKey } from "../openclaw/session-keys.ts";
import type { SessionRow } from "../openclaw/wire.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";

export interface FoundSession {
  /** The key of the session, or, where there is none yet, the key under which OpenClaw will open it. */
  readonly key: string;
  readonly agentId: string;
  readonly row: SessionRow | undefined;
  /** The channel's session of a Discord thread, whose pin the thread follows; its own key does not tell. */
  readonly parentKey?: string;
}

/** From a conversation to its OpenClaw session. */
export interface SessionFinder {
  /**
   * Derives the key and asks the gateway; where that finds nothing, searches by
   * the channel's id. Codes: `ambiguous_agent` where several agents have a
   * session here or may get one, `unknown_agent`, and the gateway's.
   */
  find(conversation: Conversation, agentId?: string): Promise<FoundSession>;
  parentKey(key: string): string | undefined;
  agentOf(key: string): string;
}

export function createSessionFinder(parts: {
  readonly openclaw: OpenClaw;
  readonly registry: ModelRegistry;
}): SessionFinder {
  const { openclaw, registry } = parts;
  const agentOf = (key: string): string => parseSessionKey(key)?.agentId ?? "main";

  return {
    parentKey,
    agentOf,
    async find(conversation, wanted) {
      const found = await findSession(conversation, wanted);
      if (conversation.platform !== "discord" || conversation.thread === undefined) return found;
      const { thread: _, ...channel } = conversation;
      const { routing } = await registry.current();
      const [parentKey] = candidateKeys({ ...channel, kind: "channel" }, routing, found.agentId);
      return parentKey === undefined ? found : { ...found, parentKey };
    },
  };

  async function findSession(conversation: Conversation, wanted?: string): Promise<FoundSession> {
    const { routing, agentIds } = await registry.current();
    if (wanted !== undefined && !agentIds.includes(wanted)) {
      throw new ClutchError("unknown_agent", `There is no agent “${wanted}”.`, {
        hint: `Agents: ${agentIds.join(", ")}.`,
        suggestions: agentIds,
      });
    }
    if (conversation.platform === "session" || conversation.platform === "terminal") {
      const [named = conversation.channel] = candidateKeys(
        conversation,
        routing,
        wanted ?? agentOf(conversation.channel),
      );
      const key = (await openclaw.resolveSession(named)) ?? named;
      const row = await openclaw.readSession(key);
      return { key, agentId: row?.agentId ?? agentOf(key), row };
    }

    const route = wanted === undefined ? routeAgent(conversation, routing) : { agentId: wanted };
    const agents = "ambiguous" in route ? route.ambiguous : [route.agentId];
    const candidates = agents.flatMap((agentId) =>
      candidateKeys(conversation, routing, agentId).map((key) => ({ key, agentId })),
    );
    const found = await firstExisting(openclaw, candidates, "ambiguous" in route);
    if (found.length === 1 && found[0] !== undefined) return found[0];
    if (found.length > 1) throw ambiguous(found.map(({ agentId }) => agentId));

    // A DM's own channel id stands in neither key nor route.
    const id = conversation.thread ?? (conversation.kind === "direct" ? conversation.person : conversation.channel);
    const matches = (await openclaw.searchSessions(id.toLowerCase())).filter(
      (row) =>
        matchesConversation(row.raw, conversation) &&
        (wanted === undefined || (row.agentId ?? agentOf(row.key)) === wanted),
    );
    const [only] = matches;
    if (matches.length > 1) throw ambiguous(matches.map((row) => row.agentId ?? agentOf(row.key)));
    if (only !== undefined) return { key: only.key, agentId: only.agentId ?? agentOf(only.key), row: only };

    if ("ambiguous" in route) throw ambiguous(route.ambiguous);
    const [first] = candidates;
    if (first === undefined) {
      throw new ClutchError("no_session", "Clutch cannot tell which OpenClaw session belongs to this conversation.", {
        hint: "Say something to the agent here first.",
      });
    }
    return { ...first, row: undefined };
  }
}

/** The first candidate of each agent that exists; with `every` for all agents, else the first of all. */
async function firstExisting(
  openclaw: OpenClaw,
  candidates: readonly { readonly key: string; readonly agentId: string }[],
  every: boolean,
): Promise<FoundSession[]> {
  const found: FoundSession[] = [];
  for (const { key, agentId } of candidates) {
    if (found.some((session) => session.agentId === agentId)) continue;
    const canonical = await openclaw.resolveSession(key);
    const row = canonical === undefined ? undefined : await openclaw.readSession(canonical);
    if (row === undefined) continue;
    found.push({ key: row.key, agentId, row });
    if (!every) break;
  }
  return found;
}

function ambiguous(agents: readonly string[]): ClutchError {
  const names = [...new Set(agents)];
  return new ClutchError("ambiguous_agent", `Several agents may be meant here: ${names.join(", ")}.`, {
    hint: `Say which one: agent:${names[0] ?? "NAME"}`,
    suggestions: names.map((name) => `agent:${name}`),
  });
}
