import { createRequire } from "node:module";
import type * as GenaiPrices from "@pydantic/genai-prices";
import type { ModelPrice, TieredPrices } from "@pydantic/genai-prices";
import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import type { Rate } from "../models/usage-call.ts";

const require = createRequire(import.meta.url);
/** Only once a price is wanted: its list takes 3 MB, and what runs on the own machine has none there. */
const genaiPrices = (): typeof GenaiPrices => require("@pydantic/genai-prices");

/** The package's release and its day; its own refresh over the network is never switched on. */
export const CATALOGUE = { source: "genai-prices 0.1.8", date: "2026-09-23" } as const;

/**
 * OpenClaw's provider -> the catalogue's. Only who bills by the token and by the
 * model ids of this list: the catalogue itself would take any provider whose name
 * contains "openai" for OpenAI, and an unknown model of Azure for the vendor's.
 */
const PROVIDERS: ReadonlyMap<string, string> = new Map([
  ["anthropic", "anthropic"],
  ["openai", "openai"],
  ["google", "google"],
  ["openrouter", "openrouter"],
  ["amazon-bedrock", "aws"],
  ["bedrock", "aws"],
  ["groq", "groq"],
  ["mistral", "mistral"],
  ["deepseek", "deepseek"],
  ["xai", "x-ai"],
  ["together", "together"],
  ["fireworks", "fireworks"],
  ["cerebras", "cerebras"],
  ["cohere", "cohere"],
  ["novita", "novita"],
  ["moonshot", "moonshotai"],
  ["minimax", "minimax"],
  ["zai", "zai"],
]);

/** Other names of the same model at the same price: the vendor's own aliases and dated snapshots. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["anthropic/claude-haiku-4-5-20251001", "claude-haiku-4-5"],
  ["anthropic/claude-opus-4-5-20251101", "claude-opus-4-5"],
  ["anthropic/claude-sonnet-4-5-20250929", "claude-sonnet-4-5"],
  ["anthropic/claude-opus-4-1-20250805", "claude-opus-4-1"],
  ["anthropic/claude-opus-4", "claude-opus-4-0"],
  ["anthropic/claude-opus-4-20250514", "claude-opus-4-0"],
  ["anthropic/claude-sonnet-4", "claude-sonnet-4-0"],
  ["anthropic/claude-sonnet-4-20250514", "claude-sonnet-4-0"],
  ["anthropic/claude-3-7-sonnet-20250219", "claude-3-7-sonnet-latest"],
  ["anthropic/claude-3-5-haiku-20241022", "claude-3-5-haiku-latest"],
  ["openai/gpt-5-2025-08-07", "gpt-5"],
  ["openai/gpt-4.1-2025-04-14", "gpt-4.1"],
  ["openai/gpt-4o-2024-11-20", "gpt-4o"],
  ["xai/grok-4", "grok-4-0709"],
]);

/** What `PriceBook.rateFor` asks of the catalogue. */
interface Catalogue {
  rateFor(model: ModelRef, at: number, promptTokens: number): Rate | undefined;
}

/**
 * Rates by the model's exact id: the catalogue matches by prefix and would price
 * `claude-sonnet-5-5` as `claude-sonnet-5`, so its answer only counts where it is
 * about the model that was asked for. A model that is also charged by the request,
 * or by more for some of its output, has no rate here.
 */
export function createCatalogue(): Catalogue {
  // The catalogue tries one pattern after the other, so each model is only looked for once.
  const found = new Map<string, PricesAt | undefined>();
  const find = (model: ModelRef): PricesAt | undefined => {
    const name = formatModelRef(model);
    if (!found.has(name)) found.set(name, pricesOf(model));
    return found.get(name);
  };

  return {
    rateFor(model, at, promptTokens) {
      const prices = find(model)?.(at);
      if (prices === undefined || isChargedOtherwise(prices)) return undefined;
      const price = (key: string): number | undefined => tierPrice(prices[key], promptTokens);
      const input = price("input_mtok");
      const output = price("output_mtok");
      if (input === undefined || output === undefined) return undefined;
      return {
        input,
        output,
        cacheRead: price("cache_read_mtok"),
        cacheWrite: price("cache_write_mtok"),
        ...CATALOGUE,
      };
    },
  };
}

/** At a time, epoch ms. */
type PricesAt = (at: number) => ModelPrice | undefined;

function pricesOf(model: ModelRef): PricesAt | undefined {
  const providerId = PROVIDERS.get(model.provider);
  if (providerId === undefined) return undefined;
  const { calcPrice } = genaiPrices();
  const answer = calcPrice({}, model.model, { providerId });
  // Google's list, for one, goes on with Anthropic's; what is not in its own is the vendor's price.
  const isOwn = answer?.provider.id === providerId && answer.provider.models.includes(answer.model);
  if (!isOwn || !isSameId(providerId, answer.model.id, idOf(model))) return undefined;

  const { prices } = answer.model;
  if (!Array.isArray(prices)) return () => prices;
  const provider = { ...answer.provider, models: [answer.model] };
  return (at) => calcPrice({}, model.model, { provider, timestamp: new Date(at) })?.model_price;
}

const idOf = (model: ModelRef): string => ALIASES.get(formatModelRef(model)) ?? model.model;

/** Ids differ in case from one list to the other (`glm-5.3`, `GLM-5.3`), and nowhere in case alone. */
const isSameId = (providerId: string, theirs: string, ours: string): boolean =>
  normalId(providerId, theirs) === normalId(providerId, ours);

function normalId(providerId: string, id: string): string {
  const lower = id.toLowerCase();
  switch (providerId) {
    // Every region but `global.` has the same price, and the first version may be left out.
    case "aws":
      return lower.replace(/^(us|eu|au|jp|apac)\./, "regional.").replace(/(-v1)?(:0)?$/, "");
    case "fireworks":
      return lower.replace(/^accounts\/fireworks\/(models|routers)\//, "");
    default:
      return lower;
  }
}

function tierPrice(price: number | TieredPrices | undefined, promptTokens: number): number | undefined {
  if (price === undefined || typeof price === "number") return price;
  const reached = price.tiers.filter(({ start }) => promptTokens > start).sort((a, b) => b.start - a.start);
  return reached[0]?.price ?? price.base;
}

const isChargedOtherwise = (prices: ModelPrice): boolean =>
  Object.keys(prices).some((key) => key === "requests_kcount" || (key.startsWith("output_") && key !== "output_mtok"));
