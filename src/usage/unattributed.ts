import type { Logger } from "pino";
import { classifyHost, effectiveBaseUrl } from "../models/address.ts";
import { CANARY } from "../models/canary.ts";
import { type ModelRef, sameModel } from "../models/model-ref.ts";
import type { ModelRegistry, RegistrySnapshot } from "../registry/model-registry.ts";
import { type ConfiguredServer, DEFAULT_ADDRESSES } from "../registry/server-address.ts";
import type { UsageLedger } from "../store/usage-ledger.ts";
import type { UsagePeriod } from "../store/usage-totals.ts";
import type { WallTraffic } from "../store/wall-traffic.ts";
import type { WallClient } from "../wall/wall-client.ts";
import type { Unattributed } from "./usage-report.ts";

/** What left through the wall to a provider of cloud models and no call in the ledger accounts for. */
export interface UnattributedTraffic {
  /**
   * By host, the most connections first. A call makes one connection at most, since
   * several may share one, so where there are more connections than calls the rest is
   * something that nobody reported: a title, a recap, an embedding, or no model at
   * all, such as a look at the vendor's list. What passed within the last hour is left
   * out: its call may still run.
   */
  between(period: UsagePeriod): Promise<readonly Unattributed[]>;
  /** Looks at the wall from time to time, until the function that it returns is called. */
  follow(): () => Promise<void>;
}

const LOOK_MS = 5 * 60_000;
const LONGEST_CALL_MS = 60 * 60_000;

export function createUnattributed(parts: {
  readonly wall: Pick<WallClient, "status">;
  readonly traffic: WallTraffic;
  readonly ledger: Pick<UsageLedger, "totals">;
  readonly registry: Pick<ModelRegistry, "known" | "current">;
  /** Clutch's own `servers`, which beat what OpenClaw's configuration says. */
  readonly servers: Readonly<Record<string, ConfiguredServer>>;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}): UnattributedTraffic {
  const { wall, traffic, ledger, registry, servers, clock, logger } = parts;

  const look = async (): Promise<void> => {
    try {
      const status = await wall.status();
      if (status !== undefined) await traffic.add(status);
    } catch (error) {
      logger.debug({ err: error }, "the wall's counters cannot be read");
    }
  };

  return {
    async between({ from, to }) {
      const passed = await traffic.between({ from, to: Math.min(to, clock() - LONGEST_CALL_MS) });
      if (passed.length === 0) return [];
      // The last look does as well, and needs no gateway.
      const hostOf = createHosts(registry.known() ?? (await registry.current()), servers);
      const calls = new Map<string, number>();
      for (const { model, calls: count } of await ledger.totals({ from, to, by: ["model"], zone: "UTC" })) {
        const host = model && hostOf.model(model);
        if (host !== undefined) calls.set(host, (calls.get(host) ?? 0) + count);
      }
      return passed
        .filter(({ host }) => hostOf.isCloud(host))
        .map(({ host, connections }) => ({ host, connections: connections - (calls.get(host) ?? 0) }))
        .filter(({ connections }) => connections > 0)
        .sort((one, other) => other.connections - one.connections);
    },

    follow() {
      let work = look();
      const timer = setInterval(() => {
        work = look();
      }, LOOK_MS).unref();
      return async () => {
        clearInterval(timer);
        await work;
        await look();
      };
    },
  };
}

/** Where models are asked, by OpenClaw's configuration as it is now. */
function createHosts({ models, modelConfig }: RegistrySnapshot, servers: Readonly<Record<string, ConfiguredServer>>) {
  const hostOf = (provider: string, model?: string): string | undefined => {
    const theirs = modelConfig.providers.get(provider);
    const own = model === undefined ? undefined : theirs?.models.get(model)?.baseUrl;
    const url = effectiveBaseUrl(own, servers[provider]?.baseUrl ?? theirs?.baseUrl, DEFAULT_ADDRESSES[provider]);
    return url === undefined ? undefined : URL.parse(url)?.hostname.toLowerCase();
  };
  const isLocal = (ref: ModelRef): boolean =>
    models.some(({ ref: known, locality }) => sameModel(known, ref) && locality.kind === "local");
  const cloud = new Set<string | undefined>();
  for (const provider of new Set([...modelConfig.providers.keys(), ...Object.keys(DEFAULT_ADDRESSES)])) {
    const own = models.filter(({ ref }) => ref.provider === provider);
    for (const { ref } of own) if (!isLocal(ref)) cloud.add(hostOf(provider, ref.model));
    // A vendor's own address is one of the cloud, whether anything is configured there or not.
    if (own.length === 0 && provider !== "ollama" && provider !== CANARY.provider) cloud.add(hostOf(provider));
  }
  return {
    /** What answers nearby may pass it on to the cloud, but that is not the wall's to see. */
    isCloud: (host: string): boolean => cloud.has(host.toLowerCase()) && /^(name|public)$/.test(classifyHost(host)),
    model: ({ provider, model }: ModelRef): string | undefined => hostOf(provider, model),
  };
}
