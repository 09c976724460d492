import type { ModelArchitecture } from "../models/architecture.ts";
import type { ServerKind } from "../models/locality.ts";

/**
 * A server that runs models, whatever its make. Every call ends within the
 * server's deadline, or, where an answer streams, when nothing came for so long.
 * When the caller's signal ends a call first, the call rejects with that
 * signal's own reason. Codes: `server_unreachable` where the server cannot be
 * asked or not be understood, `unknown_model` where it has no such model.
 */
export interface ModelServer {
  /** OpenClaw's provider id that this server stands for. */
  readonly id: string;
  readonly kind: ServerKind;
  /** Without credentials, query and trailing slash. */
  readonly baseUrl: string;
  /** One cheap request; an unhealthy server is an answer, not an error. */
  health(signal: AbortSignal): Promise<ServerHealth>;
  /** All models the server offers. */
  list(signal: AbortSignal): Promise<readonly ServedModel[]>;
  /** What the server says of one model beyond its listing. */
  describe(model: string, signal: AbortSignal): Promise<ModelDescription>;
  /**
   * Makes the model ready to answer: Ollama loads it into memory, others have
   * nothing to do and answer at once. Waits up to the server's `loadTimeoutMs`.
   */
  warm(model: string, options: WarmOptions, signal: AbortSignal): Promise<void>;
  /** One answer as a stream; the last event is the `end`, unless it throws. */
  generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<GenerateEvent>;
}

/** What only a server on this network can do: it keeps models on its disk and in its memory. */
export interface LocalModelServer extends ModelServer {
  /** The models in memory now. */
  running(signal: AbortSignal): Promise<readonly RunningModel[]>;
  /** Downloads a model, or what an interrupted download left over. Ends when the server has checked it. */
  pull(model: string, signal: AbortSignal): AsyncIterable<PullProgress>;
  /** Drops a model from memory, not from disk. */
  unload(model: string, signal: AbortSignal): Promise<void>;
  /** Makes a model of another one with a changed template or parameters; shares its weights. Overwrites one of that name. */
  derive(name: string, recipe: ModelRecipe, signal: AbortSignal): Promise<void>;
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
  | "no_such_model"
  | "not_understood";

/** A model as its server describes it in the listing; what the server does not say is undefined. */
export interface ServedModel {
  readonly name: string;
  readonly sizeBytes?: number;
  /** The largest prompt that the model takes, tokens; a loaded model may have been given less. */
  readonly contextLength?: number;
  /** In memory now. */
  readonly loaded?: boolean;
  /** The window that it was loaded with, tokens. */
  readonly loadedContextTokens?: number;
  /** What it takes in memory as loaded, and how much of that the graphics processor holds, bytes. */
  readonly memoryBytes?: number;
  readonly vramBytes?: number;
  /** Set where the server passes the model's requests on to another host. */
  readonly remoteHost?: string;
  readonly remoteModel?: string;
  /** Ollama's words: `completion`, `tools`, `vision`, `thinking`, `embedding`. */
  readonly capabilities?: readonly string[];
  /** Such as `Q4_K_M`. */
  readonly quantization?: string;
}

export interface ModelDescription {
  readonly contextLength?: number;
  readonly architecture?: ModelArchitecture;
  readonly capabilities?: readonly string[];
  readonly quantization?: string;
  /** The window that a request gets which asks for none, tokens. */
  readonly defaultContextTokens?: number;
  /** How the model's prompts are built, in the server's own template language. */
  readonly template?: string;
  readonly remoteHost?: string;
  readonly remoteModel?: string;
}

export interface RunningModel {
  readonly name: string;
  readonly contextTokens?: number;
  readonly memoryBytes?: number;
  readonly vramBytes?: number;
  /** When the server will drop it unless it is used again, epoch ms. */
  readonly expiresAt?: number;
}

export interface WarmOptions {
  /** Tokens; the server's default where absent. */
  readonly contextTokens?: number;
  /** How long it stays in memory after its last use, ms. */
  readonly keepAliveMs?: number;
}

export interface PullProgress {
  /** The server's own word for the step: “pulling manifest”, “verifying sha256 digest”. */
  readonly step: string;
  /** Of the layers seen so far; undefined in steps without a size. */
  readonly doneBytes?: number;
  readonly totalBytes?: number;
}

export interface ModelRecipe {
  readonly from: string;
  readonly template?: string;
  readonly parameters?: Readonly<Record<string, string | number | boolean>>;
}

export interface GenerateRequest {
  readonly model: string;
  readonly system?: string;
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly ToolDefinition[];
  /** The most tokens to answer with. */
  readonly maxTokens?: number;
  /** Not sent to Anthropic, whose models since Opus 4.7 refuse any; neither is the seed, which it has none of. */
  readonly temperature?: number;
  readonly seed?: number;
  /** Whether the model may think before it answers, where the server lets a request choose; it may not where absent. */
  readonly thinking?: boolean;
  /** The window to load the model with, tokens, where the server lets a request choose. */
  readonly contextTokens?: number;
  readonly keepAliveMs?: number;
}

export interface ChatMessage {
  readonly role: "user" | "assistant";
  readonly text: string;
}

export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of an object. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export type GenerateEvent =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "thinking"; readonly text: string }
  | { readonly kind: "tool"; readonly name: string; readonly args: Readonly<Record<string, unknown>> }
  | {
      readonly kind: "end";
      /** `length` where the answer was cut at `maxTokens` or at the end of the window, `refused` where the vendor stopped it. */
      readonly reason: "stop" | "length" | "tool" | "refused" | "other";
      readonly tokens: TokenCounts;
      readonly timings: Timings;
    };

/** What the server counted; undefined where it does not say. */
export interface TokenCounts {
  /** Without what was read from or written to the server's cache, where the server tells them apart. */
  readonly input?: number;
  readonly output?: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
}

/** Where the time went, ms. `firstTokenMs` and `totalMs` are seen from here, the rest is the server's own account. */
export interface Timings {
  readonly loadMs?: number;
  readonly promptMs?: number;
  readonly decodeMs?: number;
  readonly firstTokenMs?: number;
  readonly totalMs: number;
}

export interface ModelServerOptions {
  readonly id: string;
  readonly baseUrl: string;
  readonly apiKey?: string;
  readonly fetch: typeof globalThis.fetch;
  /** For a whole call, ms, however many requests it takes; in a stream the longest silence. */
  readonly timeoutMs: number;
  /**
   * For loading a model and for a prompt to be read, ms; a cold 70B takes minutes. 300 s where
   * absent, which is also the longest that Node's own `fetch` waits for an answer to begin.
   */
  readonly loadTimeoutMs?: number;
}
