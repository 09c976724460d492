import { z } from "zod";
import { decideLocality } from "../models/locality.ts";
import type { SandboxModel, SandboxProvider } from "../openclaw/sandbox-config.ts";
import { type ConfiguredServer, ollamaUrl } from "../registry/server-address.ts";
import { createOllamaServer } from "../servers/ollama.ts";
import { demoAnswer } from "./demo-answer.ts";
import { startAnthropicStandIn } from "./stand-in-anthropic.ts";
import { startOllamaStandIn } from "./stand-in-ollama.ts";

export type SandboxProviderId = "ollama" | "anthropic";

/** What stands behind the sandbox's two providers. */
export interface ModelServers {
  readonly providers: Readonly<Record<SandboxProviderId, SandboxProvider>>;
  /** The same as Clutch's own configuration would name them. */
  readonly servers: Readonly<Record<SandboxProviderId, ConfiguredServer>>;
  /** Providers whose models are stand-ins. */
  readonly demoProviders: readonly SandboxProviderId[];
  /** What the gateway's environment needs for them, keys included. */
  readonly gatewayEnv: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fetch: typeof globalThis.fetch;
}

const PROBE_MS = 700;
/** A window that small machines still hold in memory and OpenClaw's prompt fits into. */
const LOCAL_WINDOW_TOKENS = 32_768;

/** How the world is reached from here; only a real cloud model needs it. */
const NETWORK_VARIABLES = [
  "HTTPS_PROXY",
  "https_proxy",
  "NO_PROXY",
  "no_proxy",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
];

/** Prices of 22 Nov 2026, USD per million tokens (anthropic.com/pricing). */
const CLAUDE_MODELS: readonly SandboxModel[] = [
  {
    id: "claude-sonnet-5",
    name: "Claude Sonnet 5",
    contextWindow: 1_000_000,
    maxTokens: 8_192,
    cost: { input: 2, output: 10, cacheRead: 0.2, cacheWrite: 2.5 },
  },
  {
    id: "claude-haiku-4-5",
    name: "Claude Haiku 4.5",
    contextWindow: 200_000,
    maxTokens: 8_192,
    cost: { input: 1, output: 5, cacheRead: 0.1, cacheWrite: 1.25 },
  },
];

const DEMO_OLLAMA_MODELS = [
  { name: "qwen2.5-coder:32b", title: "Qwen2.5 Coder 32B", contextLength: 32_768, parameterSize: "32.8B" },
  { name: "llama3.1:70b", title: "Llama 3.1 70B", contextLength: 131_072, parameterSize: "70.6B" },
];

/**
 * An Ollama that answers within 700 ms and has a model of its own, and Claude where
 * there is an `ANTHROPIC_API_KEY`, are used for real; a demo server takes the
 * place of either that is missing.
 */
export async function openModelServers(surroundings: Surroundings): Promise<ModelServers> {
  const ollama = (await realOllama(surroundings)) ?? (await demoOllama());
  const anthropic = realAnthropic(surroundings.env) ?? (await demoAnthropic());
  const entries = [["ollama", ollama] as const, ["anthropic", anthropic] as const];
  const apiKey = anthropic.env["ANTHROPIC_API_KEY"];
  return {
    providers: { ollama: ollama.provider, anthropic: anthropic.provider },
    servers: {
      ollama: { kind: "ollama", baseUrl: ollama.provider.baseUrl },
      anthropic: {
        kind: "anthropic",
        baseUrl: anthropic.provider.baseUrl,
        ...(apiKey === undefined ? {} : { apiKey }),
      },
    },
    demoProviders: entries.filter(([, server]) => server.demo).map(([id]) => id),
    gatewayEnv: { ...ollama.env, ...anthropic.env },
    async close() {
      await Promise.all(entries.map(([, server]) => server.close()));
    },
  };
}

interface Opened {
  readonly provider: SandboxProvider;
  readonly demo: boolean;
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const real = (provider: SandboxProvider, env: Record<string, string> = {}): Opened => ({
  provider,
  demo: false,
  env,
  close: async () => undefined,
});

async function demoOllama(): Promise<Opened> {
  const server = await startOllamaStandIn({ models: DEMO_OLLAMA_MODELS, answer: demoAnswer });
  const models = DEMO_OLLAMA_MODELS.map(({ name, title, contextLength }) => ({
    id: name,
    name: `${title} (demo)`,
    contextWindow: contextLength,
    contextTokens: contextLength,
    maxTokens: 4_096,
  }));
  return { provider: { baseUrl: server.url, models }, demo: true, env: {}, close: server.close };
}

async function demoAnthropic(): Promise<Opened> {
  const models = CLAUDE_MODELS.slice(0, 1).map((model) => ({ ...model, name: `${model.name} (demo)` }));
  const server = await startAnthropicStandIn({ models, answer: demoAnswer });
  return { provider: { baseUrl: server.url, models }, demo: true, env: {}, close: server.close };
}

function realAnthropic(env: Surroundings["env"]): Opened | undefined {
  const apiKey = env["ANTHROPIC_API_KEY"];
  if (apiKey === undefined || apiKey === "") return undefined;
  const network = NETWORK_VARIABLES.flatMap((name) => {
    const value = env[name];
    return value === undefined || value === "" ? [] : [[name, value] as const];
  });
  return real(
    {
      baseUrl: env["ANTHROPIC_BASE_URL"] || "https://api.anthropic.com",
      apiKeyEnv: "ANTHROPIC_API_KEY",
      models: CLAUDE_MODELS,
    },
    { ...Object.fromEntries(network), ANTHROPIC_API_KEY: apiKey },
  );
}

async function realOllama({ env, fetch }: Surroundings): Promise<Opened | undefined> {
  const baseUrl = ollamaUrl(env["OLLAMA_HOST"]);
  if (baseUrl === undefined) return undefined;
  try {
    const server = createOllamaServer({ id: "ollama", baseUrl, fetch, timeoutMs: PROBE_MS });
    const served = (await server.list(new AbortController().signal)).filter(isOwn);
    const models = await Promise.all(
      served.map(async ({ name, contextLength }): Promise<SandboxModel> => {
        const contextWindow = contextLength ?? (await askWindow(baseUrl, name, fetch)) ?? LOCAL_WINDOW_TOKENS;
        const contextTokens = Math.min(contextWindow, LOCAL_WINDOW_TOKENS);
        return { id: name, name, contextWindow, contextTokens, maxTokens: 4_096 };
      }),
    );
    return models.length === 0 ? undefined : real({ baseUrl: server.baseUrl, models });
  } catch {
    return undefined;
  }
}

/** Runs where its server runs, and can chat. */
function isOwn(model: Awaited<ReturnType<ReturnType<typeof createOllamaServer>["list"]>>[number]): boolean {
  const { kind } = decideLocality({
    provider: "ollama",
    model: model.name,
    kind: "ollama",
    // Where the server itself is does not matter here, only what it says of the model.
    address: { kind: "loopback", host: "localhost", evidence: "" },
    listing: { found: true, ...model },
    trustedLocal: [],
  });
  return kind === "local" && (model.capabilities?.includes("completion") ?? !/embed/i.test(model.name));
}

const showReply = z.object({ model_info: z.record(z.string(), z.unknown()) });

/** Older servers name the window only when asked for the one model: `<architecture>.context_length`. */
async function askWindow(baseUrl: string, model: string, fetch: typeof globalThis.fetch): Promise<number | undefined> {
  try {
    const reply = await fetch(`${baseUrl}/api/show`, {
      method: "POST",
      body: JSON.stringify({ model }),
      signal: AbortSignal.timeout(PROBE_MS),
    });
    const info = showReply.parse(await reply.json()).model_info;
    const window = Object.entries(info).find(([key]) => key.endsWith(".context_length"))?.[1];
    return typeof window === "number" && window > 0 ? window : undefined;
  } catch {
    return undefined;
  }
}
