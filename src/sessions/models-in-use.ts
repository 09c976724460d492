import type { OpenClaw } from "../openclaw/openclaw.ts";

/** A model that nobody has used for so long is no loss, ms; Ollama drops it by itself after as much. */
const IN_USE_MS = 5 * 60_000;

/** Conversations that talked a moment ago, by session key, for each model of a provider that answers them. */
export async function modelsInUse(
  openclaw: Pick<OpenClaw, "activeSessions">,
  provider: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const users = new Map<string, string[]>();
  for (const { key, model } of await openclaw.activeSessions(IN_USE_MS)) {
    if (model?.provider === provider) users.set(model.model, [...(users.get(model.model) ?? []), key]);
  }
  return users;
}
