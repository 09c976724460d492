import type { ServerKind } from "../models/locality.ts";
import type { ProviderConfig } from "../openclaw/model-config.ts";

/** Where a model server answers, and what it speaks. */
export interface ServerAddress {
  /** OpenClaw's provider id. */
  readonly id: string;
  readonly kind: ServerKind;
  readonly baseUrl: string;
  readonly apiKey?: string;
}

/** A server as Clutch's own configuration names it. */
export type ConfiguredServer = Omit<ServerAddress, "id">;

/** Where a provider leads when OpenClaw's config names no address: the vendors' own defaults. */
export const DEFAULT_ADDRESSES: Readonly<Record<string, string>> = {
  ollama: "http://127.0.0.1:11434",
  anthropic: "https://api.anthropic.com",
  openai: "https://api.openai.com",
  google: "https://generativelanguage.googleapis.com",
};

/** What a provider of OpenClaw's configuration speaks. */
export function kindOf(provider: string, config: ProviderConfig | undefined): ServerKind {
  if (config?.api === "ollama" || (config?.api === undefined && provider === "ollama")) return "ollama";
  if (config?.api === "anthropic-messages" || (config?.api === undefined && provider === "anthropic"))
    return "anthropic";
  return config?.api?.startsWith("openai") === true ? "openai-compatible" : "unknown";
}

/** `OLLAMA_HOST` as Ollama reads it: scheme and port may be missing, and an address to listen at is one of this machine. Undefined where it cannot be read. */
export function ollamaUrl(host: string | undefined): string | undefined {
  const text = host?.trim() || "127.0.0.1:11434";
  const url = URL.parse(text.includes("://") ? text : `http://${text.startsWith(":") ? `127.0.0.1${text}` : text}`);
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  if (url.hostname === "0.0.0.0" || url.hostname === "[::]") url.hostname = "127.0.0.1";
  // Without a scheme the port defaults to Ollama's own, with one to the scheme's.
  if (url.port === "" && !text.includes("://") && !/:80$/.test(text)) url.port = "11434";
  return url.href.replace(/\/+$/, "");
}
