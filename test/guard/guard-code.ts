import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
  Canary,
  Escape,
  GuardRules,
  GuardState,
  Health,
  LocalModel,
  ModelCall,
  RunContext,
} from "../../guard/types.d.ts";

/**
 * The guard's files are plain JavaScript without declarations. Here stands what its
 * tests use of them.
 */
export interface Lock {
  state(): GuardState;
  on(id: string, rules: GuardRules): void;
  off(id: string): void;
  setRules(rules: GuardRules): void;
  keep(keys: readonly string[], why: "here" | "unreleased"): void;
  release(keys: readonly string[]): void;
}

export interface HealthOf {
  of(model: LocalModel): Promise<Health>;
  failed(model: Pick<LocalModel, "provider" | "model">, why: string): void;
  worked(model: Pick<LocalModel, "provider" | "model">): void;
  forget(): void;
}

type Resolved = { readonly providerOverride: string; readonly modelOverride: string } | undefined;
type Replied = { readonly handled: true; readonly reply: { readonly text: string } } | undefined;
type Gated = { readonly outcome: "block"; readonly reason: string; readonly message: string } | undefined;

export interface Hooks {
  beforeModelResolve(event: unknown, run: RunContext): Promise<Resolved>;
  beforeAgentReply(event: unknown, run: RunContext): Promise<Replied>;
  beforeAgentRun(event: unknown, run: RunContext): Promise<Gated>;
  beforeDispatch(
    event: { readonly content?: string; readonly body?: string; readonly sessionKey?: string },
    context: RunContext,
  ): { readonly handled: true; readonly text: string } | undefined;
  beforeToolCall(
    event: { readonly toolName?: string; readonly params?: Readonly<Record<string, unknown>> },
    run: RunContext,
  ): { readonly block: true; readonly blockReason: string } | undefined;
  modelCallStarted(event: object, run: RunContext): void;
  modelCallEnded(event: object): void;
}

export interface HooksMemory {
  readonly escapes: Escape[];
  readonly canaries: Canary[];
  readonly heard: { modelResolve: number; agentReply: number; agentRun: number };
}

export interface Calls {
  seen(run: RunContext): void;
  started(event: unknown, context: unknown): void;
  ended(event: unknown, context: unknown): void;
  written(message: unknown, session: unknown): void;
  runEnded(event: unknown): void;
  after(from: { readonly log?: unknown; readonly after?: unknown }): {
    readonly log: string;
    readonly since: number;
    readonly lost: boolean;
    readonly now: number;
    readonly calls: readonly ModelCall[];
    readonly more: boolean;
  };
}

interface CallMemory {
  readonly file: { close(): void };
}

interface Code {
  "calls.js": {
    readCalls(parts: { readonly path: string; readonly clock: () => number; readonly mostBytes?: number }): CallMemory;
    createCalls(parts: { readonly memory: CallMemory; readonly clock: () => number }): Calls;
  };
  "lock.js": {
    createLock(parts: {
      readonly path: string;
      readonly clock: () => number;
      readonly memory?: { state: GuardState | undefined };
    }): Lock;
  };
  "state-file.js": {
    readState(path: string): GuardState;
    writeState(path: string, state: GuardState): void;
    checkRules(value: unknown): GuardRules;
  };
  "health.js": {
    createHealth(parts: {
      readonly fetch: typeof globalThis.fetch;
      readonly clock: () => number;
      readonly headersOf?: (model: LocalModel) => Headers;
    }): HealthOf;
  };
  "server-headers.js": {
    serverHeaders(config: unknown, of: Pick<LocalModel, "provider" | "model">): Headers;
  };
  "rules.js": {
    candidates(state: GuardState, run: RunContext, config: unknown): LocalModel[];
    localModelOf(state: GuardState, run: RunContext, config: unknown): LocalModel | undefined;
    whyLocal(
      state: GuardState,
      run: RunContext,
      entryOf: (sessionKey: string) => unknown,
    ): "lock" | "here" | "unreleased" | "unknown" | undefined;
  };
  "hooks.js": {
    createHooks(
      shared: { readonly lock: Pick<Lock, "state">; readonly health: HealthOf; readonly memory: HooksMemory },
      parts: {
        readonly config: () => unknown;
        readonly entryOf: (sessionKey: string) => unknown;
        readonly clock: () => number;
      },
    ): Hooks;
  };
  "canary.js": {
    startCanary(options: { readonly port: number; readonly onError: (error: unknown) => void }): {
      hits(): number;
      isListening(): boolean;
      close(): void;
    };
  };
  "probe.js": {
    fetchFromHere(url: unknown): Promise<{ readonly status?: number; readonly error?: string }>;
    fetchFromChild(url: unknown): Promise<{ readonly said: string }>;
  };
  "index.js": { readonly default: { readonly id: string; register(api: unknown): void } };
}

/** A file of the guard; `fresh` gives another copy of it, as an update does. */
export const guardCode = async <File extends keyof Code>(file: File, fresh = ""): Promise<Code[File]> =>
  import(/* @vite-ignore */ `${join(import.meta.dirname, "../../guard", file)}${fresh}`);

export const temporaryDirectory = (): string => mkdtempSync(join(tmpdir(), "clutch-guard-"));
export const forget = (directory: string): void => rmSync(directory, { recursive: true, force: true });

const BASE_URL = "http://127.0.0.1:11434";
export const QWEN: LocalModel = { provider: "ollama", model: "qwen:7b", baseUrl: BASE_URL, ollama: true };
export const LLAMA: LocalModel = { provider: "ollama", model: "llama:8b", baseUrl: BASE_URL, ollama: true };
export const LMSTUDIO: LocalModel = {
  provider: "lmstudio",
  model: "phi",
  baseUrl: "http://127.0.0.1:1234/v1",
  ollama: false,
};
export const RULES: GuardRules = { models: [QWEN, LLAMA, LMSTUDIO], order: {}, tools: [] };
export const OFF: GuardState = { on: false, id: "", at: 0, kept: {}, models: [], order: {}, tools: [] };
/** OpenClaw's configuration, in which all three are as they were seen. */
export const CONFIG = {
  models: { providers: { ollama: { baseUrl: `${BASE_URL}/` }, lmstudio: { baseUrl: LMSTUDIO.baseUrl } } },
};
