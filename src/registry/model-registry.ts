import type { Logger } from "pino";
import { addressLocality, effectiveBaseUrl, type Resolve } from "../models/address.ts";
import { decideLocality, type Locality, type ServerKind } from "../models/locality.ts";
import { formatModelRef, type ModelRef, sameModel } from "../models/model-ref.ts";
import { type RoutingConfig, routingConfigOf } from "../openclaw/agent-route.ts";
import { type ModelConfig, modelConfigOf, type ProviderConfig } from "../openclaw/model-config.ts";
import type { CatalogModel, ConfigSnapshot, OpenClaw } from "../openclaw/openclaw.ts";
import { createModelServer, type DriverKind } from "../servers/drivers.ts";
import { listingOf } from "../servers/listing.ts";
import type { ServedModel } from "../servers/model-server.ts";

/** What is known of a model. */
export interface ModelProfile {
  readonly ref: ModelRef;
  readonly name: string;
  readonly aliases: readonly string[];
  /** What OpenClaw will use of the model's window, tokens. */
  readonly windowTokens: number | undefined;
  readonly locality: Locality;
  /** A stand-in of the sandbox answers in its place. */
  readonly demo: boolean;
}

/** Everything about models and agents that one look at the gateway and the servers gave. */
export interface RegistrySnapshot {
  /** Epoch ms. */
  readonly at: number;
  readonly models: readonly ModelProfile[];
  readonly agentIds: readonly string[];
  readonly defaultAgentId: string;
  readonly config: ConfigSnapshot;
  readonly modelConfig: ModelConfig;
  readonly routing: RoutingConfig;
}

export interface ConfiguredServer {
  readonly kind: DriverKind;
  readonly baseUrl: string;
  readonly apiKey?: string;
}

export interface ModelRegistry {
  /** The last look, from memory, for what must not wait; undefined before the first one. */
  known(): RegistrySnapshot | undefined;
  /** A look not older than the registry's maximum age; takes one where needed. Throws the gateway's codes. */
  current(): Promise<RegistrySnapshot>;
  /** Looks now. Looks asked for at the same time share one. */
  refresh(): Promise<RegistrySnapshot>;
  /** Makes the next `current` look again: the config or the catalogue changed. */
  invalidate(): void;
  find(ref: ModelRef): ModelProfile | undefined;
}

const MAX_AGE_MS = 15_000;
const SERVER_TIMEOUT_MS = 1_500;

export function createModelRegistry(parts: {
  readonly openclaw: OpenClaw;
  /** Clutch's own `servers`, by OpenClaw's provider id. They beat what OpenClaw's config says. */
  readonly servers: Readonly<Record<string, ConfiguredServer>>;
  readonly trustedLocal: readonly string[];
  readonly demoProviders: readonly string[];
  readonly fetch: typeof globalThis.fetch;
  readonly resolve: Resolve;
  readonly clock: () => number;
  readonly logger: Logger;
}): ModelRegistry {
  const { openclaw, clock, logger } = parts;
  let last: RegistrySnapshot | undefined;
  let stale = false;
  let looking: Promise<RegistrySnapshot> | undefined;

  const look = async (): Promise<RegistrySnapshot> => {
    const at = clock();
    const [catalog, agents, config] = await Promise.all([
      openclaw.listModels(),
      openclaw.listAgents(),
      openclaw.readConfig(),
    ]);
    const modelConfig = modelConfigOf(config.config);
    const models = await profilesOf(catalog, modelConfig);
    const agentIds = agents.ids;
    const defaultAgentId = agents.defaultId ?? agentIds[0] ?? "main";
    return { at, models, agentIds, defaultAgentId, config, modelConfig, routing: routingConfigOf(config.config) };
  };

  const profilesOf = async (catalog: readonly CatalogModel[], config: ModelConfig): Promise<ModelProfile[]> => {
    const listings = new Map<string, Promise<readonly ServedModel[] | undefined>>();
    const servedAt = (provider: string, kind: ServerKind | "unknown", baseUrl: string | undefined) => {
      if (kind !== "ollama" || baseUrl === undefined) return undefined;
      const known = listings.get(baseUrl) ?? ask(provider, kind, baseUrl);
      listings.set(baseUrl, known);
      return known;
    };
    return Promise.all(
      catalog.map(async (model): Promise<ModelProfile> => {
        const { provider } = model.ref;
        const own = parts.servers[provider];
        const theirs = config.providers.get(provider);
        const kind = own?.kind ?? kindOf(provider, theirs);
        const baseUrl = effectiveBaseUrl(
          theirs?.modelBaseUrls.get(model.ref.model),
          own?.baseUrl ?? theirs?.baseUrl,
          DEFAULT_ADDRESSES[provider],
        );
        const [address, served] = await Promise.all([
          baseUrl === undefined ? undefined : addressLocality(baseUrl, parts.resolve),
          servedAt(provider, kind, baseUrl),
        ]);
        return {
          ref: model.ref,
          name: model.name,
          aliases: [...config.aliases].filter(([, ref]) => sameModel(ref, model.ref)).map(([alias]) => alias),
          windowTokens: model.windowTokens,
          locality: decideLocality({
            provider,
            model: model.ref.model,
            kind,
            address,
            listing:
              kind !== "ollama"
                ? "not-asked"
                : served === undefined
                  ? "unavailable"
                  : listingOf(served, model.ref.model),
            trustedLocal: parts.trustedLocal,
          }),
          demo: parts.demoProviders.includes(provider),
        };
      }),
    );
  };

  const ask = async (id: string, kind: DriverKind, baseUrl: string): Promise<readonly ServedModel[] | undefined> => {
    try {
      const server = createModelServer(kind, { id, baseUrl, fetch: parts.fetch, timeoutMs: SERVER_TIMEOUT_MS });
      return await server.list(AbortSignal.timeout(SERVER_TIMEOUT_MS));
    } catch (error) {
      logger.debug({ server: id, err: error }, "model server could not be asked");
      return undefined;
    }
  };

  const refresh = (): Promise<RegistrySnapshot> => {
    stale = false;
    looking ??= look()
      .then((snapshot) => {
        last = snapshot;
        return snapshot;
      })
      .finally(() => {
        looking = undefined;
      });
    return looking;
  };

  return {
    known: () => last,
    refresh,
    async current() {
      const fresh = last !== undefined && !stale && clock() - last.at < MAX_AGE_MS;
      return fresh && last !== undefined ? last : refresh();
    },
    invalidate() {
      stale = true;
    },
    find: (ref) => last?.models.find((profile) => sameModel(profile.ref, ref)),
  };
}

/** Where a provider leads when OpenClaw's config names no address: the vendors' own defaults. */
const DEFAULT_ADDRESSES: Readonly<Record<string, string>> = {
  ollama: "http://127.0.0.1:11434",
  anthropic: "https://api.anthropic.com",
  openai: "https://api.openai.com",
  google: "https://generativelanguage.googleapis.com",
};

function kindOf(provider: string, config: ProviderConfig | undefined): ServerKind | "unknown" {
  if (config?.api === "ollama" || (config?.api === undefined && provider === "ollama")) return "ollama";
  if (config?.api === "anthropic-messages" || (config?.api === undefined && provider === "anthropic"))
    return "anthropic";
  return config?.api?.startsWith("openai") === true ? "openai-compatible" : "unknown";
}

/** Name for people: OpenClaw's own where it has one, with the full ref where that says more. */
export const nameOf = (profile: ModelProfile | undefined, ref: ModelRef): string =>
  profile?.name ?? formatModelRef(ref);
