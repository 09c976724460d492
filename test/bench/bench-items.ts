import type { BenchItem, Level, Suite } from "../../src/bench/suite.ts";

/** An item whose right answer is its own number, so that a scripted model can know it or not. */
export function someItem(at: number, more: Partial<BenchItem> = {}): BenchItem {
  const value = at + 1;
  return {
    id: `sums/${familyOf(at)}/v${at}`,
    task: "reasoning",
    family: familyOf(at),
    level: "quick",
    turns: [{ say: `Question ${at}: what is ${value} and nothing?` }],
    maxTokens: 32,
    grade: { kind: "number", value },
    key: { turns: [{ text: `It is ${value}.`, toolCalls: [] }] },
    ...more,
  };
}

const familyOf = (at: number): string => (at % 2 === 0 ? "even" : "odd");

export function someSuite(count: number, more: Partial<Suite> = {}): Suite {
  return {
    name: "sums",
    title: "Sums",
    task: "reasoning",
    items: Array.from({ length: count }, (_, at) => someItem(at)),
    hash: "a".repeat(64),
    ...more,
  };
}

export const suiteOf = (...items: readonly BenchItem[]): Suite => someSuite(0, { items });

export const withLevels = (levels: readonly Level[]): Suite =>
  suiteOf(...levels.map((level, at) => someItem(at, { level })));
