import { type Price, type PriceTier, published, READ_ON, type SeedProfile, seed } from "./seed-profile.ts";

/** USD per million tokens: input, output, cache read, cache write for five minutes and for an hour. */
type Rates = readonly [
  input: number,
  output: number,
  cacheRead: number,
  cacheWrite: number,
  cacheWriteHour?: number | undefined,
];

const tier = ([input, output, cacheRead, cacheWrite, cacheWriteHour]: Rates, upToPromptTokens?: number): PriceTier => ({
  upToPromptTokens,
  input,
  output,
  cacheRead,
  cacheWrite,
  cacheWriteHour,
});

const flat = (...rates: Rates): Price => ({ tiers: [tier(rates)] });

const PLUGIN = "OpenClaw 2026.9.6, anthropic plugin; hourly cache by Anthropic's pricing page";
const GENAI = "@pydantic/genai-prices 0.1.8";
const TRACKERS = "claudit 1.9.2, PromptFuel 1.0.23 and synaps 0.10.2; not re-checked on Anthropic's page";
const PLUGIN_DATE = "2026-09-23";
const OCTOBER = "2026-10-07";
const MILLION = 1_000_000;

interface Claude {
  readonly id: string;
  readonly aliases?: readonly string[];
  readonly name: string;
  readonly window: number;
  readonly price: Price;
  readonly source: string;
  readonly date: string;
}

const OPUS = flat(5, 25, 0.5, 6.25, 10);
const FABLE_5 = flat(10, 50, 1, 12.5, 20);
const FABLE_51 = flat(10, 50, 0.25, 12.5, 20);

/** By Anthropic's list of November 2026. None is rated: no scores of this generation were found. */
const CLAUDES: readonly Claude[] = [
  {
    id: "claude-fable-5-1",
    name: "Claude Fable 5.1",
    window: MILLION,
    price: FABLE_51,
    source: PLUGIN,
    date: PLUGIN_DATE,
  },
  {
    id: "claude-mythos-5-1",
    name: "Claude Mythos 5.1",
    window: MILLION,
    price: FABLE_51,
    source: "Anthropic's pricing page, by a secondary page",
    date: READ_ON,
  },
  { id: "claude-fable-5", name: "Claude Fable 5", window: MILLION, price: FABLE_5, source: PLUGIN, date: PLUGIN_DATE },
  {
    id: "claude-mythos-5",
    name: "Claude Mythos 5",
    window: MILLION,
    price: FABLE_5,
    source: PLUGIN,
    date: PLUGIN_DATE,
  },
  {
    id: "claude-opus-5-5",
    name: "Claude Opus 5.5",
    window: MILLION,
    price: flat(4, 20, 0.2, 5, 8),
    source: PLUGIN,
    date: PLUGIN_DATE,
  },
  { id: "claude-opus-5", name: "Claude Opus 5", window: MILLION, price: OPUS, source: PLUGIN, date: PLUGIN_DATE },
  { id: "claude-opus-4-8", name: "Claude Opus 4.8", window: MILLION, price: OPUS, source: GENAI, date: PLUGIN_DATE },
  { id: "claude-opus-4-7", name: "Claude Opus 4.7", window: MILLION, price: OPUS, source: GENAI, date: PLUGIN_DATE },
  { id: "claude-opus-4-6", name: "Claude Opus 4.6", window: MILLION, price: OPUS, source: GENAI, date: PLUGIN_DATE },
  { id: "claude-opus-4-5", name: "Claude Opus 4.5", window: 200_000, price: OPUS, source: GENAI, date: PLUGIN_DATE },
  {
    id: "claude-sonnet-5-5",
    name: "Claude Sonnet 5.5",
    window: MILLION,
    price: flat(2, 10, 0.1, 2.5, 4),
    source: TRACKERS,
    date: OCTOBER,
  },
  {
    id: "claude-sonnet-5",
    name: "Claude Sonnet 5",
    window: MILLION,
    price: flat(2, 10, 0.2, 2.5, 4),
    source: PLUGIN,
    date: PLUGIN_DATE,
  },
  {
    id: "claude-sonnet-4-6",
    name: "Claude Sonnet 4.6",
    window: MILLION,
    price: flat(3, 15, 0.3, 3.75, 6),
    source: GENAI,
    date: PLUGIN_DATE,
  },
  {
    id: "claude-haiku-5-5",
    name: "Claude Haiku 5.5",
    window: MILLION,
    price: { tiers: [tier([0.1, 0.5, 0.01, 0.125, 0.2], 100_000), tier([0.5, 2.5, 0.05, 0.625, 1])] },
    source: TRACKERS,
    date: OCTOBER,
  },
  {
    id: "claude-haiku-4-5",
    aliases: ["claude-haiku-4-5-20251001"],
    name: "Claude Haiku 4.5",
    window: 200_000,
    price: flat(1, 5, 0.1, 1.25, 2),
    source: `${GENAI}, models.dev`,
    date: PLUGIN_DATE,
  },
];

export const CLAUDE_SEEDS: readonly SeedProfile[] = CLAUDES.map(
  ({ id, aliases = [], name, window, price, source, date }) =>
    seed({
      id,
      aliases,
      name,
      where: "cloud",
      contextLength: published(window, source, date),
      price: published(price, source, date),
    }),
);
