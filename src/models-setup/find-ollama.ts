import { ClutchError } from "../errors.ts";
import { classifyHost } from "../models/address.ts";
import type { ModelConfig } from "../openclaw/model-config.ts";
import {
  type ConfiguredServer,
  DEFAULT_ADDRESSES,
  kindOf,
  ollamaUrl,
  type ServerAddress,
} from "../registry/server-address.ts";
import type { LocalModelServer } from "../servers/model-server.ts";
import { createOllamaServer } from "../servers/ollama.ts";

/** An Ollama that answers. */
export interface FoundOllama {
  readonly server: LocalModelServer;
  readonly version: string | undefined;
  /** Runs on this machine, so that this machine's memory and disk are what counts. */
  readonly isHere: boolean;
}

/** Between two pieces of an answer, ms: a model that the processor must run takes seconds for each. */
const SILENCE_MS = 60_000;

/**
 * The first Ollama that answers: one that Clutch's configuration names, then one
 * that OpenClaw uses, then the usual address (`OLLAMA_HOST`). With `id` only that
 * one. Throws `bad_option` for an id that nobody knows, and `server_unreachable`
 * with what was tried.
 */
export async function findOllama(parts: {
  readonly id: string | undefined;
  readonly servers: Readonly<Record<string, ConfiguredServer>>;
  readonly config: ModelConfig;
  readonly ollamaHost: string | undefined;
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal;
}): Promise<FoundOllama> {
  const { id, fetch, signal } = parts;
  const known = addresses(parts);
  const wanted = known.filter((address) => id === undefined || address.id === id);
  if (wanted.length === 0) {
    throw new ClutchError("bad_option", `No Ollama is configured as “${id}”.`, {
      hint: `Known: ${known.map((address) => address.id).join(", ")}.`,
    });
  }
  const reasons: string[] = [];
  for (const address of wanted) {
    const server = createOllamaServer({ ...address, fetch, timeoutMs: SILENCE_MS });
    const health = await server.health(AbortSignal.any([signal, AbortSignal.timeout(HEALTH_MS)]));
    const isHere = classifyHost(new URL(server.baseUrl).hostname) === "loopback";
    if (health.ok) return { server, version: health.version, isHere };
    reasons.push(health.reason);
  }
  throw new ClutchError("server_unreachable", `No Ollama was found. ${reasons.join(" ")}`);
}

const HEALTH_MS = 5_000;

function addresses({
  servers,
  config,
  ollamaHost,
}: Pick<Parameters<typeof findOllama>[0], "servers" | "config" | "ollamaHost">): readonly ServerAddress[] {
  const usual = ollamaUrl(ollamaHost) ?? DEFAULT_ADDRESSES["ollama"] ?? "";
  const own = Object.entries(servers).map(([id, server]): ServerAddress => ({ ...server, id }));
  const theirs = [...config.providers].flatMap(([id, provider]): ServerAddress[] => {
    const baseUrl = provider.baseUrl ?? (id === "ollama" ? usual : undefined);
    return baseUrl === undefined || kindOf(id, provider) !== "ollama" ? [] : [{ id, kind: "ollama", baseUrl }];
  });
  const all = [...own, ...theirs, { id: "ollama", kind: "ollama" as const, baseUrl: usual }];
  return all.filter(({ id, kind }, index) => kind === "ollama" && all.findIndex((other) => other.id === id) === index);
}
