import type { TASKS } from "../registry/seed-profile.ts";
import type { ToolDefinition } from "../servers/model-server.ts";
import type { Grade } from "./grade.ts";

export type Task = (typeof TASKS)[number];

/** `quick` takes minutes on a mini PC, `full` a night; each has what the one before it has. */
export const LEVELS = ["quick", "standard", "full"] as const;
export type Level = (typeof LEVELS)[number];

/** Items that belong together, from one file. */
export interface Suite {
  /** Lower case, letters, digits and hyphens. */
  readonly name: string;
  readonly title: string;
  readonly task: Task;
  readonly items: readonly BenchItem[];
  /** SHA-256 of what was loaded, hex: results of different texts do not compare. */
  readonly hash: string;
}

/** One question with what makes an answer right. */
export interface BenchItem {
  /** `suite/family/variant`; the same text has the same id for good. */
  readonly id: string;
  readonly task: Task;
  /** Variants of one idea: their scores depend on each other, and statistics know it. */
  readonly family: string;
  /** The first level that asks it. */
  readonly level: Level;
  readonly system?: string;
  /** What the person says, in order. */
  readonly turns: readonly BenchTurn[];
  readonly tools?: readonly ToolDefinition[];
  /** Text that stands before the first turn, as long as the level says, with one sentence hidden in it. */
  readonly haystack?: Haystack;
  /** The most tokens to answer each turn with. */
  readonly maxTokens: number;
  readonly grade: Grade;
  /** An answer that is right in every part: the key scores 100 %. */
  readonly key: ItemAnswer;
}

export interface BenchTurn {
  readonly say: string;
  /** What the model before the switch replied; the tested model answers where there is none. */
  readonly reply?: string;
}

export interface Haystack {
  readonly needle: string;
  /** Where it stands, 0 (the beginning) to 1 (the end). */
  readonly at: number;
  /** Sentences that resemble it, spread over the text: who finds only the topic finds one of them. */
  readonly decoys?: readonly string[];
}

/** What a model said, one entry for each turn that it answered. */
export interface ItemAnswer {
  readonly turns: readonly TurnAnswer[];
}

export interface TurnAnswer {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  /** Ended by the most tokens that it may have. */
  readonly cut?: boolean;
}

export interface ToolCall {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}
