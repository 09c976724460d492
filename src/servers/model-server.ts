import type { ServerKind } from "../models/locality.ts";

/**
 * A server that runs models, whatever its make. Every call ends within the
 * server's deadline. When the caller's signal ends a call first, the call rejects
 * with that signal's own reason.
 */
export interface ModelServer {
  /** OpenClaw's provider id that this server stands for. */
  readonly id: string;
  readonly kind: ServerKind;
  /** Without credentials, query and trailing slash. */
  readonly baseUrl: string;
  /** One cheap request; an unhealthy server is an answer, not an error. */
  health(signal: AbortSignal): Promise<ServerHealth>;
  /** All models the server offers. Throws `server_unreachable` where it cannot be asked or not be understood. */
  list(signal: AbortSignal): Promise<readonly ServedModel[]>;
}

export type ServerHealth =
  | { readonly ok: true; readonly version?: string; readonly latencyMs: number }
  | {
      readonly ok: false;
      readonly code: ServerFaultCode;
      /** One plain sentence that names host and port, never a key. */
      readonly reason: string;
    };

export type ServerFaultCode =
  | "unreachable"
  | "unknown_host"
  | "timeout"
  | "connection_lost"
  | "certificate"
  | "unauthorised"
  | "redirected"
  | "http_error"
  | "not_understood";

/** A model as its server describes it in the listing; what the server does not say is undefined. */
export interface ServedModel {
  readonly name: string;
  readonly sizeBytes?: number;
  /** The largest prompt that the model takes, tokens; a loaded model may have been given less. */
  readonly contextLength?: number;
  /** In memory now. */
  readonly loaded?: boolean;
  /** Set where the server passes the model's requests on to another host. */
  readonly remoteHost?: string;
  readonly remoteModel?: string;
  /** Ollama's words: `completion`, `tools`, `vision`, `thinking`, `embedding`. */
  readonly capabilities?: readonly string[];
}

export interface ModelServerOptions {
  readonly id: string;
  readonly baseUrl: string;
  readonly apiKey?: string;
  readonly fetch: typeof globalThis.fetch;
  /** For a whole call, ms, however many requests it takes. */
  readonly timeoutMs: number;
}
