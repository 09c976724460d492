import { ClutchError } from "../errors.ts";
import { addressLocality, type Resolve } from "../models/address.ts";
import { countsAsCloud } from "../models/locality.ts";
import { formatModelRef, type ModelRef, sameModel } from "../models/model-ref.ts";
import type { SpeedMachine } from "../models/speed.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import type { ModelProfile } from "../registry/model-profile.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { ServerAddress } from "../registry/server-address.ts";
import type { ServerMonitor } from "../registry/server-monitor.ts";
import { createModelServer, isLocalModelServer } from "../servers/drivers.ts";
import { listingName } from "../servers/listing.ts";
import { type IsRedirected, modelsInUse } from "../sessions/models-in-use.ts";
import { type Eviction, planSwitch } from "../sessions/switch-plan.ts";
import type { BenchTarget } from "./bench-target.ts";
import type { PlannedModel } from "./run-plan.ts";

/** The models that OpenClaw offers, as a bench asks them. */
export interface BenchTargets {
  /** Throws `unknown_model` where nobody offers it or knows where it is, `local_only` where it must not be asked now. */
  target(model: ModelRef): Promise<BenchTarget>;
  /** For a plan; throws as `target`. */
  planned(model: ModelRef): Promise<PlannedModel>;
  /** Models that conversations use now and that loading this one would push out of memory. */
  evictions(model: ModelRef): Promise<readonly Eviction[]>;
  /** Whether a conversation used it a moment ago, or may have. */
  isUsed(model: ModelRef): Promise<boolean>;
  /** Where a model's server is; undefined where nobody knows. */
  hostOf(model: ModelRef): string | undefined;
}

/** The longest silence within an answer; what a slow model takes to read and load has its own limit, ms. */
const SILENCE_MS = 60_000;
/** A prompt of 100,000 tokens takes a mini PC that long, ms. */
const READING_MS = 40 * 60_000;
const ASK_MS = 1_500;

export function createBenchTargets(parts: {
  readonly registry: ModelRegistry;
  readonly monitor: ServerMonitor;
  readonly openclaw: Pick<OpenClaw, "activeSessions">;
  readonly isRedirected: IsRedirected;
  readonly machine: () => SpeedMachine | undefined;
  readonly resolve: Resolve;
  readonly isLocalOnly: () => boolean;
  readonly fetch: typeof globalThis.fetch;
}): BenchTargets {
  const { registry, monitor, openclaw, isRedirected, isLocalOnly } = parts;

  const profileOf = async (model: ModelRef): Promise<ModelProfile & { readonly server: ServerAddress }> => {
    const { models } = await registry.current();
    const profile = models.find(({ ref }) => sameModel(ref, model));
    if (profile?.server === undefined) {
      const what = profile === undefined ? "OpenClaw does not offer" : "Nobody knows how to reach";
      throw new ClutchError("unknown_model", `${what} ${formatModelRef(model)}.`, {
        hint: "See /model list for what there is.",
      });
    }
    return { ...profile, server: profile.server };
  };

  const mayBeAsked = (profile: ModelProfile): void => {
    if (!isLocalOnly() || !countsAsCloud(profile.locality)) return;
    throw new ClutchError(
      "local_only",
      `Local-only mode is on, and ${formatModelRef(profile.ref)} is not known to be local.`,
      { hint: "/localonly off ends it, or bench local models alone." },
    );
  };

  return {
    async target(model) {
      const profile = await profileOf(model);
      mayBeAsked(profile);
      const local = !countsAsCloud(profile.locality);
      const fetch: typeof globalThis.fetch = async (input, init) => {
        if (!local) mayBeAsked(profile);
        return parts.fetch(input, init);
      };
      return {
        ref: profile.ref,
        server: createModelServer(profile.server.kind, {
          ...profile.server,
          fetch,
          timeoutMs: SILENCE_MS,
          loadTimeoutMs: READING_MS,
        }),
        local,
        host: hostOf(profile.server),
        contextTokens: profile.server.kind === "ollama" ? profile.requestedContextTokens : undefined,
        windowTokens: windowOf(profile),
        quantization: profile.facts.quantization,
      };
    },

    async planned(model) {
      const profile = await profileOf(model);
      mayBeAsked(profile);
      const local = !countsAsCloud(profile.locality);
      const windowTokens = windowOf(profile);
      return {
        ref: profile.ref,
        local,
        ...(local ? { memory: hostOf(profile.server) } : {}),
        ...(windowTokens === undefined ? {} : { windowTokens }),
      };
    },

    async evictions(model) {
      const target = await profileOf(model);
      if (target.server.kind !== "ollama" || countsAsCloud(target.locality)) return [];
      const driver = monitor.serverAt(target.server);
      if (!isLocalModelServer(driver)) return [];
      const [running, address] = await Promise.all([
        driver.running(AbortSignal.timeout(ASK_MS)).catch(() => []),
        addressLocality(target.server.baseUrl, parts.resolve),
      ]);
      const loaded = running.map(({ name }) => name);
      const { evicts } = planSwitch({
        target,
        present: undefined,
        usedTokens: undefined,
        models: [],
        server: undefined,
        running,
        machine: address.kind === "loopback" && !target.demo ? parts.machine() : undefined,
        inUse: await modelsInUse(openclaw, model.provider, { isRedirected, loaded }),
      });
      return evicts.filter(({ usedBy }) => usedBy.length > 0);
    },

    async isUsed({ provider, model }) {
      const inUse = await modelsInUse(openclaw, provider, { isRedirected, loaded: [model] });
      return [...inUse.keys()].some((name) => listingName(name) === listingName(model));
    },

    hostOf(model) {
      const server = registry.find(model)?.server;
      return server === undefined ? undefined : hostOf(server);
    },
  };
}

/** All spellings of this machine are one place. */
function hostOf({ baseUrl }: ServerAddress): string {
  const host = URL.parse(baseUrl)?.hostname ?? baseUrl;
  return /^(localhost|127\.[\d.]+|\[::1\]|0\.0\.0\.0|\[::\])$/i.test(host) ? "this machine" : host;
}

/** OpenClaw may believe in more than what it asks the server for; what is loaded now is what there is. */
const windowOf = ({ windowTokens, requestedContextTokens, served, facts }: ModelProfile): number | undefined => {
  const known = [windowTokens, requestedContextTokens ?? served?.loadedContextTokens, facts.contextLength?.value];
  const figures = known.filter((tokens) => tokens !== undefined);
  return figures.length === 0 ? undefined : Math.min(...figures);
};
