import { z } from "zod";
import { type ModelRef, parseModelRef } from "../models/model-ref.ts";

/** OpenClaw's configuration as far as it says which model is meant where. */
export interface ModelConfig {
  /** `agents.defaults.model`. */
  readonly defaultModel: ConfiguredModel;
  /** `agents.entries.<id>.model`, only for agents that have one. */
  readonly agentModels: ReadonlyMap<string, ConfiguredModel>;
  /** `channels.modelByChannel`: platform -> id -> model. */
  readonly channelModels: ReadonlyMap<string, ReadonlyMap<string, ModelRef>>;
  /** Lower-case alias -> model. */
  readonly aliases: ReadonlyMap<string, ModelRef>;
  readonly providers: ReadonlyMap<string, ProviderConfig>;
}

/** A default as configured: `raw` is the exact value, kept so that an undo can put it back. */
export interface ConfiguredModel {
  readonly raw: unknown;
  readonly primary: ModelRef | undefined;
  readonly fallbacks: readonly string[];
}

export interface ProviderConfig {
  readonly api: string | undefined;
  readonly baseUrl: string | undefined;
  readonly models: ReadonlyMap<string, ProviderModel>;
}

/** A model as `models.providers.<id>.models[]` defines it. */
export interface ProviderModel {
  /** An address of its own, which beats the provider's. */
  readonly baseUrl: string | undefined;
  readonly contextWindow: number | undefined;
  /** What OpenClaw is to use of the window, tokens. */
  readonly contextTokens: number | undefined;
  /** `params.num_ctx`, which Ollama is asked for before `contextTokens`. */
  readonly numCtx: number | undefined;
  readonly cost: ModelCost | undefined;
}

/** A model's `cost`, USD per million tokens. */
export interface ModelCost extends ProviderCost {
  readonly tieredPricing?: readonly CostTier[] | undefined;
}

/** For prompts from the first number of tokens up to, but not including, the second; the last tier has none. */
interface CostTier extends ProviderCost {
  readonly range: readonly [start: number, end?: number];
}

export interface ProviderCost {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

// Every part falls back to "absent" by itself, so that one odd value hides nothing else.
const text = z.string().optional().catch(undefined);
const positive = z.number().positive().optional().catch(undefined);
const record = <T extends z.ZodType>(value: T) => z.record(z.string(), value).prefault({}).catch({});
const part = <T extends z.ZodRawShape>(shape: T) => {
  const object = z.object(shape);
  return object.prefault({} as never).catch(() => object.parse({}));
};

const rates = {
  input: z.number(),
  output: z.number(),
  cacheRead: z.number().prefault(0),
  cacheWrite: z.number().prefault(0),
};
const tiers = z.array(
  z.object({ ...rates, range: z.union([z.tuple([z.number(), z.number()]), z.tuple([z.number()])]) }),
);

const configSchema = part({
  agents: part({
    defaults: part({ model: z.unknown().optional(), models: record(z.object({ alias: text }).catch({})) }),
    entries: record(z.object({ model: z.unknown().optional() }).catch({})),
  }),
  channels: part({ modelByChannel: record(record(z.string())) }),
  models: part({
    providers: record(
      z
        .object({
          api: text,
          baseUrl: text,
          models: z
            .array(
              z
                .object({
                  id: z.string(),
                  baseUrl: text,
                  contextWindow: positive,
                  contextTokens: positive,
                  params: z.object({ num_ctx: positive }).optional().catch(undefined),
                  cost: z
                    .object({ ...rates, tieredPricing: tiers.optional() })
                    .optional()
                    .catch(undefined),
                })
                .optional()
                .catch(undefined),
            )
            .prefault([])
            .catch([]),
        })
        .catch({ api: undefined, baseUrl: undefined, models: [] }),
    ),
  }),
});

const modelObject = z.object({ primary: z.string(), fallbacks: z.array(z.string()).prefault([]).catch([]) });

/** Reads a config of any shape. */
export function modelConfigOf(config: unknown): ModelConfig {
  const { agents, channels, models } = configSchema.parse(config);

  const aliases = new Map<string, ModelRef>();
  for (const [name, { alias }] of Object.entries(agents.defaults.models)) {
    const ref = parseModelRef(name);
    if (alias !== undefined && ref !== undefined) aliases.set(alias.toLowerCase(), ref);
  }
  const refOf = (name: string): ModelRef | undefined => aliases.get(name.toLowerCase()) ?? parseModelRef(name);
  const configured = (raw: unknown): ConfiguredModel => {
    if (typeof raw === "string") return { raw, primary: refOf(raw), fallbacks: [] };
    const object = modelObject.safeParse(raw);
    if (!object.success) return { raw, primary: undefined, fallbacks: [] };
    return { raw, primary: refOf(object.data.primary), fallbacks: object.data.fallbacks };
  };

  return {
    defaultModel: configured(agents.defaults.model),
    agentModels: new Map(
      Object.entries(agents.entries).flatMap(([id, { model }]) =>
        model == null ? [] : [[id, configured(model)] as const],
      ),
    ),
    channelModels: new Map(
      Object.entries(channels.modelByChannel).map(([platform, byId]) => [
        platform,
        new Map(
          Object.entries(byId).flatMap(([id, name]) => {
            const ref = refOf(name);
            return ref === undefined ? [] : [[id, ref] as const];
          }),
        ),
      ]),
    ),
    aliases,
    providers: new Map(
      Object.entries(models.providers).map(([id, { api, baseUrl, models: own }]) => [
        id,
        {
          api,
          baseUrl,
          models: new Map(
            own
              .filter((model) => model !== undefined)
              .map(({ id: modelId, params, baseUrl: address, contextWindow, contextTokens, cost }) => [
                modelId,
                { baseUrl: address, contextWindow, contextTokens, numCtx: params?.num_ctx, cost },
              ]),
          ),
        },
      ]),
    ),
  };
}
