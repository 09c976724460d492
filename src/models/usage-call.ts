import type { ModelRef } from "./model-ref.ts";

/** Why a model was asked. `helper`: recaps, titles and other short calls that nobody sees. */
export type UsageCause = "chat" | "heartbeat" | "cron" | "sub-agent" | "compaction" | "helper" | "other";

export const USAGE_CAUSES: readonly UsageCause[] = [
  "chat",
  "heartbeat",
  "cron",
  "sub-agent",
  "compaction",
  "helper",
  "other",
];

/** Counted by the model's server; cache reads and writes are not part of `input`. */
export interface UsageTokens {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

/** USD per million tokens, as it was in force when the call was made. */
export interface Rate {
  readonly input: number;
  readonly output: number;
  /** Undefined where nobody publishes one: reads and writes are then unpriced. */
  readonly cacheRead: number | undefined;
  readonly cacheWrite: number | undefined;
  /** Who says so: `override`, `openclaw`, `genai-prices 0.1.8`, the page of the vendor, or `local`: it ran here. */
  readonly source: string;
  /** Day on which it was published or read, `2026-11-22`. */
  readonly date: string;
}

/** Who says what a model costs, and of which day, as people read it: `genai-prices 0.1.8, 2026-09-23`. */
export const priceLabel = ({ source, date }: Rate): string =>
  // OpenClaw's configuration and what runs here are of the day of the call itself.
  source === "openclaw" || source === "local" ? source : `${source}, ${date}`;

/** What a local call would have cost elsewhere: between all of its prompt from the vendor's cache and none of it, USD. */
export interface UsageBaseline {
  readonly model: ModelRef;
  readonly low: number;
  readonly high: number;
  /** `priceLabel` of the rate. */
  readonly prices: string;
}

/** One call of a model, as it is written down. */
export interface UsageCall {
  /**
   * What makes it the same call however often and wherever it is read: the run's id
   * with the moment at which the model was asked, which a message and its copies
   * bear, or the guard's name of it where no message came of it.
   */
  readonly id: string;
  /** When it ended, epoch ms. */
  readonly at: number;
  readonly sessionKey: string;
  readonly agentId: string;
  /** `discord`, `slack`, …; undefined where nobody talks there. */
  readonly channel: string | undefined;
  readonly model: ModelRef;
  /** As it was then. */
  readonly locality: "local" | "cloud" | "unknown";
  readonly cause: UsageCause;
  /** Undefined where nobody reports them: a call of unknown size. */
  readonly tokens: UsageTokens | undefined;
  /** From when the model was asked to the end of its answer; undefined where it is not known. */
  readonly durationMs: number | undefined;
  readonly outcome: "answered" | "failed" | "aborted";
  /** It stood in for a model that did not answer. */
  readonly fallback: boolean;
  /** Undefined: unpriced, which is not free. */
  readonly rate: Rate | undefined;
  /** By `rate` and `tokens`; undefined where either is. */
  readonly usd: number | undefined;
  /** The same call at the model that local calls are compared with; only of local calls of known size and price. */
  readonly baseline: UsageBaseline | undefined;
}
