import type { OpenClaw } from "../openclaw/openclaw.ts";
import { isScratchKey } from "../openclaw/scratch-session.ts";
import type { SessionRow } from "../openclaw/wire.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";

/** A model that nobody has used for so long is no loss, ms; Ollama drops it by itself after as much. */
const IN_USE_MS = 5 * 60_000;
const NONE = { isRedirected: () => false, loaded: [] };

/**
 * Whether the guard sends a session's turns to a local model now. Its row goes on naming
 * the model that it is set to, and nothing names the one that answers.
 */
export type IsRedirected = (row: Pick<SessionRow, "key" | "model">) => boolean;

export const redirectionBy =
  (registry: Pick<ModelRegistry, "find">, isKeptLocal: (sessionKey: string) => boolean): IsRedirected =>
  ({ key, model }) =>
    model !== undefined && isKeptLocal(key) && !isScratchKey(key) && registry.find(model)?.locality.kind !== "local";

/**
 * Conversations that talked a moment ago, by session key, for each model of a provider
 * that answers them. Of those that are redirected any model that is `loaded` may be it.
 */
export async function modelsInUse(
  openclaw: Pick<OpenClaw, "activeSessions">,
  provider: string,
  { isRedirected, loaded }: { readonly isRedirected: IsRedirected; readonly loaded: readonly string[] } = NONE,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const users = new Map<string, string[]>();
  for (const row of await openclaw.activeSessions(IN_USE_MS)) {
    const own = row.model?.provider === provider ? [row.model.model] : [];
    for (const name of isRedirected(row) ? loaded : own) users.set(name, [...(users.get(name) ?? []), row.key]);
  }
  return users;
}
