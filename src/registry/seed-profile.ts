import type { KnownMachineId } from "../hardware/known-machines.ts";
import type { Figure } from "../models/figure.ts";
import type { CacheArchitecture } from "../models/fit.ts";

/** What is known of a model before anything was measured here. */
export interface SeedProfile {
  /** As its server calls it: an Ollama tag, or Anthropic's id. */
  readonly id: string;
  readonly name: string;
  readonly where: "local" | "cloud";
  /** Whether a server's name means this very build, such as `library/qwen2.5-coder:32b`; never a resemblance. */
  matches(modelName: string): boolean;
  readonly architecture?: CacheArchitecture;
  readonly diskBytes?: Figure<number>;
  /** Tokens that the model was trained for. */
  readonly contextLength?: Figure<number>;
  /** Ollama's words: `tools`, `vision`, `thinking`. */
  readonly capabilities?: Figure<readonly string[]>;
  readonly ratings: readonly Rating[];
  readonly knownProblems?: KnownProblems;
  readonly speeds: readonly SeedSpeed[];
  readonly price?: Figure<Price>;
  /** The smallest machine for which it is the one to take, GB of memory. */
  readonly recommendedForGb?: number;
}

export const TASKS = [
  "code",
  "extraction",
  "reasoning",
  "instructions",
  "summary",
  "tools",
  "persona",
  "recall",
] as const;

export interface Rating {
  readonly task: (typeof TASKS)[number];
  /** 0 to 100. Scores of different tests for the same task do not compare; the source names the test. */
  readonly score: Figure<number>;
}

export interface KnownProblems {
  /** Prints tool calls as text with the template that Ollama ships, so an agent on it looks dead. */
  readonly brokenToolTemplate?: Figure<boolean>;
}

export interface SeedSpeed {
  readonly machine: KnownMachineId;
  readonly depthTokens: number;
  /** Tokens a second. */
  readonly decode?: Figure<number>;
  readonly prefill?: Figure<number>;
}

/** USD per million tokens. A tier's rates hold for the whole request. */
export interface Price {
  readonly tiers: readonly PriceTier[];
}

export interface PriceTier {
  /** For prompts up to so many tokens; the last tier has none. */
  readonly upToPromptTokens?: number | undefined;
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  /** Kept for five minutes. */
  readonly cacheWrite: number;
  /** Kept for an hour. */
  readonly cacheWriteHour?: number | undefined;
}

/** The day on which what has no date of its own was read. */
export const READ_ON = "2026-11-22";

export const published = <T>(value: T, source: string, date = READ_ON): Figure<T> => ({
  value,
  origin: "published",
  source,
  date,
});

/** What is believed but was not looked up: it yields to everything else. */
export const believed = <T>(value: T): Figure<T> => ({
  value,
  origin: "estimated",
  source: "general knowledge, not re-checked",
  date: READ_ON,
});

/** One name a model: lower case, without Ollama's default host, namespace and tag. */
const normal = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replace(/^registry\.ollama\.ai\//, "")
    .replace(/^library\//, "")
    .replace(/:latest$/, "");

export function seed(
  profile: Omit<SeedProfile, "matches" | "ratings" | "speeds"> &
    Partial<Pick<SeedProfile, "ratings" | "speeds">> & { readonly aliases?: readonly string[] },
): SeedProfile {
  const { aliases = [], ...rest } = profile;
  const names = new Set([profile.id, ...aliases].map(normal));
  return { ratings: [], speeds: [], ...rest, matches: (modelName) => names.has(normal(modelName)) };
}
