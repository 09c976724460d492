import type { BenchAnswer, SpeedSample } from "../../src/bench/bench-answer.ts";
import type { Task } from "../../src/bench/suite.ts";
import type { ModelRef } from "../../src/models/model-ref.ts";

export const QWEN: ModelRef = { provider: "ollama", model: "qwen2.5-coder:32b" };
export const SONNET: ModelRef = { provider: "anthropic", model: "claude-sonnet-5" };
export const HAIKU: ModelRef = { provider: "anthropic", model: "claude-haiku-5-5" };

export const answerOf = (model: ModelRef, itemId: string, more: Partial<BenchAnswer> = {}): BenchAnswer => {
  const [suite = "code", family = "a"] = itemId.split("/");
  const score = more.score ?? 1;
  return {
    model,
    itemId,
    task: suite as Task,
    family,
    repeat: 0,
    outcome: "answered",
    score,
    passed: score === 1,
    malformedTool: false,
    notes: [],
    tokens: { input: 400, output: 100 },
    timings: { firstTokenMs: 500, decodeMs: 2_500, totalMs: 3_000 },
    usd: 0,
    at: Date.UTC(2026, 10, 22),
    ...more,
  };
};

export interface AnswerSet {
  readonly model: ModelRef;
  readonly task: Task;
  /** Families times variants. */
  readonly families?: number;
  readonly size?: number;
  /** Score of each item, by its place and its family's. */
  readonly score?: (item: number, family: number) => number;
  readonly more?: Partial<BenchAnswer>;
}

/** Items `task/f0/v0` and so on: the same ids for every model. */
export const answersOf = ({ model, task, families = 10, size = 4, score = () => 1, more }: AnswerSet): BenchAnswer[] =>
  Array.from({ length: families * size }, (_, item) => {
    const family = Math.floor(item / size);
    return answerOf(model, `${task}/f${family}/v${item % size}`, { score: score(item, family), ...more });
  });

/** The same answers, each taking `ms` in all. */
export const taking = (answers: readonly BenchAnswer[], ms: number): BenchAnswer[] =>
  answers.map((answer, index) => ({
    ...answer,
    timings: { firstTokenMs: ms / 4, decodeMs: ms / 2, totalMs: ms * (1 + (index % 5) / 50) },
  }));

export const speedOf = (model: ModelRef, more: Partial<SpeedSample> = {}): SpeedSample => ({
  model,
  promptTokens: 16_000,
  cold: false,
  tokens: { input: 16_000, output: 200 },
  timings: { promptMs: 9_000, decodeMs: 10_000, firstTokenMs: 9_200, totalMs: 19_200 },
  energy: undefined,
  usd: 0,
  at: Date.UTC(2026, 10, 22),
  ...more,
});
