import type { AskedItem } from "./ask-item.ts";
import type { BenchAnswer } from "./bench-answer.ts";
import type { BenchTarget } from "./bench-target.ts";
import type { CallCost } from "./call-cost.ts";
import type { BenchItem, ItemAnswer, Level } from "./suite.ts";
import type { Verdict } from "./verdict.ts";

export type GradeItem = (item: BenchItem, answer: ItemAnswer) => Promise<Verdict>;

interface AnswerParts {
  readonly item: BenchItem;
  /** The run's. */
  readonly level: Level;
  readonly repeat: number;
  readonly target: BenchTarget;
  readonly load: number;
  /** Epoch ms. */
  readonly at: number;
}

/** An answer that was graded. */
export function gradedAnswer(
  asked: AskedItem,
  graded: Verdict,
  { cost, ...parts }: AnswerParts & { readonly cost: CallCost },
): BenchAnswer {
  const { tokens, timings, thinkingCharacters } = asked;
  return {
    ...headOf(parts),
    // How it ended is known better here, what was said better there.
    outcome: asked.outcome === "answered" ? graded.outcome : asked.outcome,
    score: graded.score,
    passed: graded.passed,
    malformedTool: graded.malformedTool,
    notes: [...asked.notes, ...graded.notes],
    tokens,
    timings,
    ...cost,
    thinkingCharacters,
  };
}

/** Nobody answered. */
export function failedAnswer(reason: string, parts: AnswerParts): BenchAnswer {
  return { ...nothingSaid(parts), outcome: "failed", notes: [reason] };
}

/** The model has no means to answer such an item: a wrong answer, not a missing one. Its server does not read what it refuses. */
export function unableAnswer(reason: string, parts: AnswerParts): BenchAnswer {
  return { ...nothingSaid(parts), outcome: "empty", notes: [reason], usd: 0 };
}

const headOf = ({ item, level, repeat, target, load, at }: AnswerParts) => ({
  model: target.ref,
  itemId: item.id,
  ...(item.haystack === undefined ? {} : { level }),
  task: item.task,
  family: item.family,
  repeat,
  load,
  at,
});

const nothingSaid = (parts: AnswerParts) => ({
  ...headOf(parts),
  score: 0,
  passed: false,
  malformedTool: false,
  tokens: {},
  timings: { totalMs: 0 },
  usd: parts.target.local ? 0 : undefined,
});
