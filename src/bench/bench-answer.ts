import type { ModelRef } from "../models/model-ref.ts";
import type { Timings, TokenCounts } from "../servers/model-server.ts";
import type { CallCost } from "./call-cost.ts";
import type { Level, Task } from "./suite.ts";

/** One model's answer to one item, graded. */
export interface BenchAnswer extends CallCost {
  readonly model: ModelRef;
  readonly itemId: string;
  /** The run's, where the item's text is as long as that says: at another level it is another question. */
  readonly level?: Level;
  readonly task: Task;
  readonly family: string;
  /** From 0, where an item is asked several times. */
  readonly repeat: number;
  /**
   * `failed`: the server did not answer, which says nothing of the model and counts
   * nowhere. All others count; `empty`, `refused` and `cut` are what an answer was.
   */
  readonly outcome: "answered" | "empty" | "refused" | "cut" | "failed";
  /** 0 to 1. */
  readonly score: number;
  /** Right in every part. */
  readonly passed: boolean;
  /** A tool call that was written as text. */
  readonly malformedTool: boolean;
  /** What was missing or wrong, a few words each. */
  readonly notes: readonly string[];
  /** Summed over the turns. */
  readonly tokens: TokenCounts;
  readonly timings: Timings;
  /** Of what it thought before it answered, which is no part of the answer; 0 where it did not. */
  readonly thinkingCharacters?: number;
  /** Work that waited for each core of this machine while it was asked, by the system's mean of a minute. */
  readonly load?: number;
  /** Epoch ms. */
  readonly at: number;
}

/** How fast a model answered a prompt of one size. What it cost is with the warm-up before it. */
export interface SpeedSample extends CallCost {
  readonly model: ModelRef;
  /** What was aimed at: 500, 4,000 or 16,000. */
  readonly promptTokens: number;
  /** The first call after the model was loaded anew. */
  readonly cold: boolean;
  readonly tokens: TokenCounts;
  readonly timings: Timings;
  /** Joules over the call, where the machine tells. */
  readonly energy: number | undefined;
  readonly at: number;
}
