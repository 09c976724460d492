import type { ModelRef } from "../models/model-ref.ts";
import type { Rate } from "../models/usage-call.ts";
import { type ModelConfig, type ModelCost, modelConfigOf } from "../openclaw/model-config.ts";
import type { ModelRegistry, RegistrySnapshot } from "../registry/model-registry.ts";
import type { StatedProfile } from "../registry/profile-file.ts";
import { createCatalogue } from "./price-catalogue.ts";
import { configuredPrice } from "./price-configured.ts";
import { supplementRate } from "./price-supplement.ts";
import { rateIn } from "./price-tier.ts";

/** What a call of a model costs. It asks nobody: every answer is from memory. */
export interface PriceBook {
  /**
   * The rate in force at `at` (epoch ms) for one request whose prompt has so many
   * tokens, cached ones included: a request is charged at one tier as a whole, and
   * the edge belongs to the lower one. Undefined where nobody states a price, which
   * is not free. What runs here is free by its locality, which the book does not
   * know: of a local model it only has the price that a person stated.
   *
   * List prices by the token: batches, fast and priority service, regional
   * surcharges that the model's id does not show, caches kept for an hour, web
   * searches and subscriptions are not in them.
   */
  rateFor(model: ModelRef, at: number, promptTokens: number): Rate | undefined;
}

export interface PriceBookParts {
  /** `clutch.models.json`, by `provider/model` or by name. */
  readonly stated: () => ReadonlyMap<string, Pick<StatedProfile, "price">>;
  /** `models.providers.<id>.models[].cost` of OpenClaw's configuration as it is now. */
  readonly configuredCost: (model: ModelRef) => ModelCost | undefined;
  /** Epoch ms. */
  readonly clock: () => number;
}

type RateSource = PriceBook["rateFor"];

/** Prices that need no look at anything: as the registry last saw them. */
export function knownPrices(registry: Pick<ModelRegistry, "known">): Pick<PriceBookParts, "stated" | "configuredCost"> {
  // Of what the file says: OpenClaw's defaults fill in zeros for what nobody stated.
  let read: { readonly from: RegistrySnapshot; readonly config: ModelConfig } | undefined;
  const authored = (): ModelConfig | undefined => {
    const snapshot = registry.known();
    if (snapshot === undefined) return undefined;
    if (read?.from !== snapshot) read = { from: snapshot, config: modelConfigOf(snapshot.config.authored) };
    return read.config;
  };
  return {
    stated: () => registry.known()?.stated ?? new Map(),
    configuredCost: ({ provider, model }) => authored()?.providers.get(provider)?.models.get(model)?.cost,
  };
}

/** The person's word, then OpenClaw's configuration, then the catalogue, then what it lacks. */
export function createPriceBook({ stated, configuredCost, clock }: PriceBookParts): PriceBook {
  const overrides: RateSource = (model, _at, promptTokens) => {
    const rate = rateIn(statedFor(stated(), model)?.price, promptTokens);
    return rate && { ...rate, source: "override" };
  };

  const configured: RateSource = (model, _at, promptTokens) => {
    const cost = configuredCost(model);
    const price = cost && configuredPrice(cost, promptTokens);
    return price && { ...price, source: "openclaw", date: new Date(clock()).toISOString().slice(0, 10) };
  };

  const sources = [overrides, configured, createCatalogue().rateFor, supplementRate];
  return {
    rateFor(model, at, promptTokens) {
      for (const source of sources) {
        const rate = source(model, at, promptTokens);
        if (rate !== undefined) return rate;
      }
      return undefined;
    },
  };
}

/** An aggregator's `anthropic/claude-…` looks like Anthropic's own full name, so a name with a slash is no name. */
function statedFor<T>(stated: ReadonlyMap<string, T>, { provider, model }: ModelRef): T | undefined {
  return stated.get(`${provider}/${model}`) ?? (model.includes("/") ? undefined : stated.get(model));
}
