import { CANARY } from "../models/canary.ts";
import { migrationMarks } from "./migration-marks.ts";

/** A provider of the sandbox, as OpenClaw is to reach it. */
export interface SandboxProvider {
  readonly baseUrl: string;
  /** The variable of the gateway's environment that holds the key; without one the server takes any. */
  readonly apiKeyEnv?: string;
  readonly models: readonly SandboxModel[];
}

export interface SandboxModel {
  readonly id: string;
  readonly name: string;
  /** What the model could take, tokens. */
  readonly contextWindow: number;
  /** What OpenClaw is to use of it, tokens; Ollama is asked for exactly that much. */
  readonly contextTokens?: number;
  readonly maxTokens: number;
  readonly reasoning?: boolean;
  /** USD per million tokens. */
  readonly cost?: ModelCost;
}

/** Guard and wall of the sandbox. */
export interface SandboxLockConfig {
  readonly guard: { readonly path: string; readonly directory: string; readonly canaryPort: number };
  /** Undefined where there is no wall. */
  readonly proxyUrl?: string;
}

export interface ModelCost {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

const FREE: ModelCost = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

/**
 * OpenClaw's configuration for the sandbox: one agent, `main`, that answers and
 * does nothing else. Whatever OpenClaw would do by itself is off: recaps, heartbeat,
 * memory and its dreaming, skill reviews, update checks, catalogue downloads. So every model call is
 * one that the person caused, and none of the agent's tools can touch the machine.
 */
export function sandboxConfig(parts: {
  /** Of the OpenClaw that is to read it. */
  readonly version: string;
  readonly ollama: SandboxProvider;
  readonly anthropic: SandboxProvider;
  /** The agent's workspace, with its SOUL.md. */
  readonly workspace: string;
  /** `provider/model`. */
  readonly primary: string;
  readonly lock: SandboxLockConfig;
}): Record<string, unknown> {
  const { guard, proxyUrl } = parts.lock;
  return {
    gateway: { controlUi: { enabled: false }, terminal: { enabled: false } },
    models: {
      mode: "replace",
      catalogRefresh: { enabled: false },
      providers: {
        ollama: provider("ollama", parts.ollama, "ollama-local"),
        anthropic: provider("anthropic-messages", parts.anthropic, "demo"),
        [CANARY.provider]: provider("anthropic-messages", canaryProvider(guard.canaryPort), "canary"),
      },
    },
    // The demo servers are on this machine, so the wall has to see loopback as well.
    ...(proxyUrl === undefined ? {} : { proxy: { enabled: true, proxyUrl, loopbackMode: "proxy" } }),
    agents: {
      defaults: {
        workspace: parts.workspace,
        skipBootstrap: true,
        skills: [],
        model: { primary: parts.primary, fallbacks: [] },
        // Empty, not absent: an absent one would be derived from the primary.
        utilityModel: "",
        // What 2026.9.3 and later do by themselves.
        modelSelectionScope: "session",
        heartbeat: { every: "0m" },
      },
    },
    tools: { profile: "minimal", codeMode: false },
    skills: { workshop: { autonomous: { mode: "off" } } },
    plugins: {
      allow: ["ollama", "anthropic", GUARD_ID],
      slots: { memory: "none" },
      load: { paths: [guard.path] },
      entries: {
        [GUARD_ID]: {
          enabled: true,
          hooks: { allowConversationAccess: true },
          config: { directory: guard.directory, canaryPort: guard.canaryPort },
        },
      },
    },
    cron: { enabled: false },
    update: { checkOnStart: false },
    discovery: { mdns: { mode: "off" } },
    env: { shellEnv: { enabled: false } },
    meta: migrationMarks(parts.version),
  };
}

/** As its manifest names it. */
const GUARD_ID = "clutch-guard";

const canaryProvider = (port: number): SandboxProvider => ({
  baseUrl: `http://127.0.0.1:${port}`,
  models: [{ id: CANARY.model, name: "Clutch canary", contextWindow: 200_000, maxTokens: 1_000 }],
});

const provider = (api: string, { baseUrl, apiKeyEnv, models }: SandboxProvider, anyKey: string) => ({
  baseUrl,
  api,
  apiKey: apiKeyEnv === undefined ? anyKey : { source: "env", provider: "default", id: apiKeyEnv },
  models: models.map((model) => ({ ...model, cost: model.cost ?? FREE })),
});
