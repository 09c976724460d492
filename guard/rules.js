/** @import { GuardState, LocalModel, RunContext } from "./types.js" */

/** Sessions about another one that they do not name: side chats, and names for what is noted of a conversation. */
const NAMELESS = /:(internal-session-effects:session-companion|helper:incognito-slug-generator)-/;
/** After a session's key: a look into memory before its turn. */
const RECALL = ":active-memory:";

/**
 * Why a run has to stay local, undefined where it need not: all do while the lock is
 * on, and those of conversations that somebody wants to stay so, with the sessions
 * that came of these and hold their text. Where it is `unknown` of which one a session
 * came, that may be one of them.
 * @param {GuardState} state
 * @param {RunContext} run
 * @param {(sessionKey: string) => unknown} entryOf What OpenClaw keeps of a session.
 * @returns {"lock" | "here" | "unreleased" | "unknown" | undefined}
 */
export function whyLocal({ on, kept }, { sessionKey }, entryOf) {
  if (on) return "lock";
  if (Object.keys(kept).length === 0) return undefined;
  const seen = new Set();
  for (let key = sessionKey; key !== undefined && !seen.has(key); ) {
    const named = key.toLowerCase();
    if (Object.hasOwn(kept, named)) return kept[named]?.why;
    if (NAMELESS.test(named)) return "unknown";
    const entry = entryOf(key);
    if (entry === undefined && key !== sessionKey) return "unknown";
    seen.add(key);
    key = parentOf(key, entry);
  }
  return undefined;
}

/** The session that spawned one, was copied into it, or has it as a part of its own. @param {string} key @param {unknown} entry */
function parentOf(key, entry) {
  const copied = at(entry, "forkedFromParent") === true ? at(entry, "parentSessionKey") : undefined;
  const recall = key.lastIndexOf(RECALL);
  const parent =
    at(entry, "spawnedBy") ??
    at(entry, "forkSource", "sessionKey") ??
    copied ??
    at(entry, "heartbeatIsolatedBaseSessionKey") ??
    (recall < 0 ? undefined : key.slice(0, recall));
  return typeof parent === "string" ? parent : undefined;
}

/**
 * Where a run may go, best first: the model that it has anyway where that is
 * local, then what Clutch ordered for its agent, then whatever else is local.
 * Models that OpenClaw would reach otherwise than Clutch saw are left out.
 * @param {GuardState} state
 * @param {RunContext} run
 * @param {unknown} config What OpenClaw has in force now.
 * @returns {LocalModel[]}
 */
export function candidates(state, run, config) {
  const seen = state.models.filter((model) => isAsSeen(config, model, run.agentId));
  const usable = new Map(seen.map((model) => [refOf(model), model]));
  const ordered = [
    `${run.modelProviderId}/${run.modelId}`,
    ...orderOf(state, run.agentId ?? ""),
    ...orderOf(state, "*"),
  ].flatMap((ref) => usable.get(ref) ?? []);
  return [...new Set([...ordered, ...usable.values()])];
}

/** @param {GuardState} state @param {string} agent */
const orderOf = ({ order }, agent) => (Object.hasOwn(order, agent) ? (order[agent] ?? []) : []);

/**
 * Whether the model that a run is about to use is one of these.
 * @param {GuardState} state
 * @param {RunContext} run
 * @param {unknown} config
 */
export const localModelOf = (state, run, config) =>
  state.models.find(
    (model) => refOf(model) === `${run.modelProviderId}/${run.modelId}` && isAsSeen(config, model, run.agentId),
  );

/** @param {LocalModel} model */
export const refOf = ({ provider, model }) => `${provider}/${model}`;

/**
 * Whether OpenClaw still reaches a model where Clutch saw it: the same address,
 * no proxy and no other runtime of its own in between, for this agent.
 * @param {unknown} config
 * @param {LocalModel} local
 * @param {string | undefined} agent
 */
export function isAsSeen(config, { provider, model, baseUrl, ollama }, agent) {
  const entry = at(config, "models", "providers", provider);
  const models = at(entry, "models");
  const own = Array.isArray(models) ? models.find((candidate) => at(candidate, "id") === model) : undefined;
  const shared = at(entry, "baseUrl");
  const address = at(own, "baseUrl") ?? shared ?? DEFAULT_ADDRESSES[provider];
  // A model's own address beats its provider's, but not with Ollama: there OpenClaw goes to the provider's.
  for (const url of ollama ? [address, shared ?? address] : [address]) {
    if (url !== baseUrl && spelled(url) !== spelled(baseUrl)) return false;
  }
  const detours = [
    at(entry, "request", "proxy"),
    at(own, "request", "proxy"),
    at(entry, "agentRuntime"),
    at(own, "agentRuntime"),
    ...[at(config, "agents", "defaults", "models"), at(config, "agents", "entries", agent ?? "", "models")].flatMap(
      (settings) => [`${provider}/${model}`, `${provider}/*`].map((ref) => at(settings, ref, "agentRuntime")),
    ),
  ];
  return detours.every((detour) => detour === undefined || isOwnRuntime(detour));
}

/** Where OpenClaw looks for a provider that its configuration gives no address. @type {Record<string, string>} */
const DEFAULT_ADDRESSES = { ollama: "http://127.0.0.1:11434" };

/** OpenClaw's own runtime speaks to the model's server itself. @param {unknown} runtime */
const isOwnRuntime = (runtime) => ["openclaw", "pi", "auto"].includes(String(at(runtime, "id") ?? runtime));

/** @param {unknown} value @param {string[]} path @returns {unknown} */
export function at(value, ...path) {
  let found = value;
  for (const key of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) return undefined;
    found = /** @type {Record<string, unknown>} */ (found)[key];
  }
  return found ?? undefined;
}

/** One spelling for an address. @param {unknown} url */
function spelled(url) {
  const parsed = typeof url === "string" ? URL.parse(url) : null;
  return parsed === null ? String(url) : parsed.href.replace(/\/+$/, "");
}
