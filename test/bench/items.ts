import type { Grade } from "../../src/bench/grade.ts";
import type { BenchItem, ItemAnswer, ToolCall } from "../../src/bench/suite.ts";

/** An item with a grade; all else is of no account to the graders. */
export const itemOf = (grade: Grade, more: Partial<BenchItem> = {}): BenchItem => ({
  id: "suite/family/a",
  task: "instructions",
  family: "family",
  level: "quick",
  turns: [{ say: "?" }],
  maxTokens: 100,
  grade,
  key: { turns: [] },
  ...more,
});

/** What a model says, a turn each. */
export const says = (...texts: readonly string[]): ItemAnswer => ({
  turns: texts.map((text) => ({ text, toolCalls: [] })),
});

export const calls = (toolCalls: readonly ToolCall[], text = ""): ItemAnswer => ({ turns: [{ text, toolCalls }] });
