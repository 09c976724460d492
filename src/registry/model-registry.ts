import type { Logger } from "pino";
import {
  type AddressLocality,
  addressLocality,
  classifyHost,
  effectiveBaseUrl,
  type Resolve,
} from "../models/address.ts";
import { ageOf } from "../models/age.ts";
import { CANARY } from "../models/canary.ts";
import { decideLocality, type Locality } from "../models/locality.ts";
import { type ModelRef, sameModel } from "../models/model-ref.ts";
import type { SpeedMachine } from "../models/speed.ts";
import { type RoutingConfig, routingConfigOf } from "../openclaw/agent-route.ts";
import { type ModelConfig, modelConfigOf, type ProviderModel } from "../openclaw/model-config.ts";
import type { CatalogModel, ConfigSnapshot, OpenClaw } from "../openclaw/openclaw.ts";
import { listingOf, servedAs } from "../servers/listing.ts";
import type { ModelDescription, ServedModel } from "../servers/model-server.ts";
import type { Measurement, Measurements } from "../store/measurements.ts";
import { modelFacts } from "./model-facts.ts";
import type { ModelProfile } from "./model-profile.ts";
import type { StatedProfile } from "./profile-file.ts";
import type { Price } from "./seed-profile.ts";
import { seedFor } from "./seeds.ts";
import { type ConfiguredServer, DEFAULT_ADDRESSES, kindOf, type ServerAddress } from "./server-address.ts";
import type { ServerMonitor, ServerState } from "./server-monitor.ts";

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
  /** What a person wrote about models, by `provider/model` or by name. */
  readonly stated: ReadonlyMap<string, StatedProfile>;
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

export function createModelRegistry(parts: {
  readonly openclaw: OpenClaw;
  /** Clutch's own `servers`, by OpenClaw's provider id. They beat what OpenClaw's config says. */
  readonly servers: Readonly<Record<string, ConfiguredServer>>;
  readonly trustedLocal: readonly string[];
  readonly demoProviders: readonly string[];
  readonly monitor: ServerMonitor;
  readonly measurements: Measurements;
  /** What a person wrote about models, by `provider/model` or by name. */
  readonly stated: () => Promise<ReadonlyMap<string, StatedProfile>>;
  /** This machine, once it was looked at. */
  readonly machine: () => SpeedMachine | undefined;
  readonly resolve: Resolve;
  readonly clock: () => number;
  readonly logger: Logger;
}): ModelRegistry {
  const { openclaw, monitor, measurements, clock, logger } = parts;
  let last: RegistrySnapshot | undefined;
  let stale = false;
  let looking: Promise<RegistrySnapshot> | undefined;
  /** Base URLs as they led to this network when they last did: the name of a machine that is away leads nowhere. */
  const near = new Map<string, AddressLocality>();

  const look = async (): Promise<RegistrySnapshot> => {
    const at = clock();
    const [catalog, agents, config] = await Promise.all([
      openclaw.listModels(),
      openclaw.listAgents(),
      openclaw.readConfig(),
    ]);
    const modelConfig = modelConfigOf(config.config);
    // A trap is nothing to choose.
    const offered = catalog.filter(({ ref }) => ref.provider !== CANARY.provider);
    const stated = await statedOrNone();
    const models = await profilesOf(offered, modelConfig, stated, at);
    const agentIds = agents.ids;
    const defaultAgentId = agents.defaultId ?? agentIds[0] ?? "main";
    const routing = routingConfigOf(config.config);
    return { at, models, agentIds, defaultAgentId, config, modelConfig, routing, stated };
  };

  const profilesOf = async (
    catalog: readonly CatalogModel[],
    config: ModelConfig,
    stated: ReadonlyMap<string, StatedProfile>,
    at: number,
  ): Promise<readonly ModelProfile[]> => {
    const measured = await measurements.all();
    const today = new Date(at).toISOString().slice(0, 10);
    return Promise.all(
      catalog.map(async ({ ref, name, windowTokens, atLocalAddress }): Promise<ModelProfile> => {
        const own = parts.servers[ref.provider];
        const theirs = config.providers.get(ref.provider);
        const defined = theirs?.models.get(ref.model);
        const kind = own?.kind ?? kindOf(ref.provider, theirs);
        const byDefault = DEFAULT_ADDRESSES[ref.provider];
        const baseUrl = effectiveBaseUrl(defined?.baseUrl, own?.baseUrl ?? theirs?.baseUrl, byDefault);
        // With Ollama OpenClaw goes by the provider's address, whatever the model's own says.
        const theirUrls = [defined?.baseUrl, theirs?.baseUrl] as const;
        const [first, second] = kind === "ollama" ? theirUrls.toReversed() : theirUrls;
        const reachedAt = effectiveBaseUrl(first, second, byDefault);
        const server: ServerAddress | undefined =
          baseUrl === undefined || kind === "unknown" ? undefined : { id: ref.provider, ...own, kind, baseUrl };
        const [address, state] = await Promise.all([
          baseUrl === undefined ? undefined : addressLocality(baseUrl, parts.resolve),
          server === undefined ? undefined : stateOf(server),
        ]);
        const listed = state?.ok === true ? state.models : undefined;
        const localityBy = (listing: readonly ServedModel[] | undefined, where = address): Locality =>
          decideLocality({
            ...{ provider: ref.provider, model: ref.model, kind, address: where, trustedLocal: parts.trustedLocal },
            listing:
              kind !== "ollama" ? "not-asked" : listing === undefined ? "unavailable" : listingOf(listing, ref.model),
          });
        const served = listed === undefined ? undefined : servedAs(listed, ref.model);
        const described = server === undefined || served === undefined ? undefined : descriptionOf(server, served);
        return {
          ref,
          name,
          aliases: [...config.aliases].filter(([, target]) => sameModel(target, ref)).map(([alias]) => alias),
          windowTokens,
          requestedContextTokens: defined?.numCtx ?? defined?.contextTokens,
          locality: localityBy(listed),
          bookedAs: localityBy(state?.models, lastKnown(baseUrl, address)).kind,
          onGateway: reachedAt === undefined ? atLocalAddress : isLoopback(reachedAt),
          demo: parts.demoProviders.includes(ref.provider),
          server,
          served,
          facts: modelFacts({
            served,
            description: described,
            seed: seedFor(ref.model),
            stated: stated.get(`${ref.provider}/${ref.model}`) ?? stated.get(ref.model),
            measured: measuredFor(measured, ref),
            machine: address?.kind === "loopback" ? parts.machine() : undefined,
            configuredPrice: priceOf(defined),
            server: address === undefined ? ref.provider : `${ref.provider} at ${address.host}`,
            today,
          }),
        };
      }),
    );
  };

  const lastKnown = (
    baseUrl: string | undefined,
    address: AddressLocality | undefined,
  ): AddressLocality | undefined => {
    if (baseUrl === undefined || address === undefined) return undefined;
    if (address.kind === "loopback" || address.kind === "private") near.set(baseUrl, address);
    return address.kind === "unknown" ? (near.get(baseUrl) ?? address) : address;
  };

  /** What is not known yet is asked for in the background; the next look has it. */
  const descriptionOf = (server: ServerAddress, served: ServedModel): ModelDescription | undefined => {
    const known = monitor.described(server, served);
    if (known === undefined) {
      void monitor.describe(server, served).then((description) => {
        if (description !== undefined) stale = true;
      });
    }
    return known;
  };

  /** Of an Ollama; others are only asked where Clutch's own configuration names them, and never a vendor. */
  const stateOf = async (server: ServerAddress): Promise<ServerState | undefined> => {
    const named = parts.servers[server.id] !== undefined && server.kind === "openai-compatible";
    return server.kind === "ollama" || named ? monitor.look(server) : undefined;
  };

  const statedOrNone = (): Promise<ReadonlyMap<string, StatedProfile>> =>
    parts.stated().catch((error: unknown) => {
      logger.warn({ err: error }, "clutch.models.json is not used");
      return new Map();
    });

  const refresh = (): Promise<RegistrySnapshot> => {
    if (looking !== undefined) return looking;
    // Not for a look that others began: what was invalid since then is not in it.
    stale = false;
    looking = look()
      .then((snapshot) => {
        last = snapshot;
        return snapshot;
      })
      .catch((error: unknown) => {
        stale = true;
        throw error;
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
      const fresh = last !== undefined && !stale && ageOf(last.at, clock()) < MAX_AGE_MS;
      return fresh && last !== undefined ? last : refresh();
    },
    invalidate() {
      stale = true;
    },
    find: (ref) => last?.models.find((profile) => sameModel(profile.ref, ref)),
  };
}

/** Undefined where the address cannot be read. */
function isLoopback(baseUrl: string): boolean | undefined {
  const url = URL.parse(baseUrl);
  return url === null ? undefined : classifyHost(url.hostname) === "loopback";
}

const measuredFor = (measured: readonly Measurement[], ref: ModelRef): readonly Measurement[] =>
  measured.filter(({ provider, model }) => provider === ref.provider && model === ref.model);

/** Zeros are what OpenClaw wants of a local model, so they are a price as well. */
const priceOf = (defined: ProviderModel | undefined): Price | undefined =>
  defined?.cost === undefined ? undefined : { tiers: [defined.cost] };
