import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import { TASKS } from "../registry/seed-profile.ts";
import type { BenchAnswer } from "./bench-answer.ts";
import { type ItemScore, itemScores } from "./item-scores.ts";
import { holm } from "./statistics/holm.ts";
import type { Estimate } from "./statistics/interval.ts";
import { mcnemar } from "./statistics/mcnemar.ts";
import { medianRatio } from "./statistics/median-ratio.ts";
import { type PairedDifference, pairedDifference } from "./statistics/paired-difference.ts";
import { scoreInterval } from "./statistics/score-interval.ts";
import { CONFIDENCE } from "./statistics/student.ts";
import type { Task } from "./suite.ts";

/** Models whose difference certainly lies within so many points, either way, are called as good as each other. */
export const MARGIN = 10;
/** An interval wider than this, in points, says nothing that a person could use. */
const TOO_WIDE = 60;

/**
 * `better`, `worse`: shown, also when all task types of the comparison are looked at
 * together (Holm). `as good as`: the interval lies within `MARGIN`. `no difference
 * shown` is not that: the difference may be as large as the interval.
 */
export type Verdict = "better" | "worse" | "as good as" | "no difference shown" | "too few items" | "nothing in common";

/** How model `a` does against model `b` on the items that both answered. */
export interface Difference {
  readonly subject: Task | "overall";
  readonly verdict: Verdict;
  /** What its own interval shows while Holm does not: one such among several task types is to be expected. */
  readonly hint: "better" | "worse" | undefined;
  /** Items that both answered. */
  readonly n: number;
  /** Items that only one of them answered. */
  readonly leftOut: number;
  /** Means of these items, 0 to 100; undefined where there are none. */
  readonly a: Estimate | undefined;
  readonly b: Estimate | undefined;
  /** `a` less `b`, -100 to 100. The interval stands for itself and is not widened for the other task types. */
  readonly points: Estimate | undefined;
  /** Corrected for the number of task types. */
  readonly p: number;
  /** Items that only one of them passed, and McNemar's exact p, which takes items for independent and corrects nothing. */
  readonly passes: { readonly onlyA: number; readonly onlyB: number; readonly p: number };
  /** How many times as long `a` takes for an answer to the same item. */
  readonly time: Estimate | undefined;
}

export interface Comparison {
  readonly a: ModelRef;
  readonly b: ModelRef;
  /** Task types of which at least one of them answered an item, in the order of `TASKS`. */
  readonly tasks: readonly Difference[];
  /** Every item counts once, of whatever task type. */
  readonly overall: Difference;
}

interface Pair {
  readonly a: ItemScore;
  readonly b: ItemScore;
}

/** Compares on the items that both answered, so that hard items weigh on both. Which answers belong together is the caller's choice. */
export const compareModels = (answers: readonly BenchAnswer[], a: ModelRef, b: ModelRef): Comparison => ({
  a,
  b,
  ...compareScores(itemScores(answers, a), itemScores(answers, b)),
});

type Scores = ReadonlyMap<string, ItemScore>;

/** The same for any two sets of scores, by item. */
export function compareScores(ofA: Scores, ofB: Scores): Pick<Comparison, "tasks" | "overall"> {
  const ids = [...new Set([...ofA.keys(), ...ofB.keys()])].sort();
  const taskOf = (id: string) => (ofA.get(id) ?? ofB.get(id))?.task;
  const tasks = TASKS.flatMap((task) => {
    const own = ids.filter((id) => taskOf(id) === task);
    return own.length === 0 ? [] : [measure(task, own, ofA, ofB)];
  });
  const comparable = tasks.filter(({ found }) => found !== undefined);
  const together = holm(comparable.map(({ found }) => found?.p ?? 1));
  const overall = measure("overall", ids, ofA, ofB);
  return {
    tasks: tasks.map((task) => judged(task, together[comparable.indexOf(task)] ?? 1)),
    overall: judged(overall, overall.found?.p ?? 1),
  };
}

interface Measured extends Omit<Difference, "verdict" | "hint" | "p"> {
  readonly found: PairedDifference | undefined;
}

function measure(subject: Difference["subject"], ids: readonly string[], ofA: Scores, ofB: Scores): Measured {
  const pairs = ids.flatMap((id): Pair[] => {
    const [a, b] = [ofA.get(id), ofB.get(id)];
    return a === undefined || b === undefined ? [] : [{ a, b }];
  });
  const found = pairedDifference(pairs.map(({ a, b }) => ({ family: a.family, a: a.score, b: b.score })));
  const only = (side: "a" | "b", other: "a" | "b") =>
    pairs.filter((pair) => pair[side].passed && !pair[other].passed).length;
  const [onlyA, onlyB] = [only("a", "b"), only("b", "a")];
  return {
    subject,
    found,
    n: pairs.length,
    leftOut: ids.length - pairs.length,
    a: inPoints(scoreInterval(pairs.map(({ a }) => ({ family: a.family, value: a.score })))),
    b: inPoints(scoreInterval(pairs.map(({ b }) => ({ family: b.family, value: b.score })))),
    points: inPoints(found),
    passes: { onlyA, onlyB, p: mcnemar(onlyA, onlyB) },
    time: medianRatio(
      pairs
        .filter(({ a, b }) => a.totalMs > 0 && b.totalMs > 0)
        .map(({ a, b }) => ({ family: a.family, value: a.totalMs / b.totalMs })),
    ),
  };
}

function judged({ found: _, ...measured }: Measured, p: number): Difference {
  const { points } = measured;
  if (points === undefined) return { ...measured, p, verdict: "nothing in common", hint: undefined };
  const side = points.low > 0 ? "better" : points.high < 0 ? "worse" : undefined;
  if (side !== undefined && p < 1 - CONFIDENCE) return { ...measured, p, verdict: side, hint: undefined };
  const verdict =
    points.low > -MARGIN && points.high < MARGIN
      ? "as good as"
      : points.high - points.low > TOO_WIDE
        ? "too few items"
        : "no difference shown";
  return { ...measured, p, verdict, hint: verdict === "as good as" ? undefined : side };
}

/** 0 to 1 as 0 to 100. */
export const inPoints = (share: Estimate | undefined): Estimate | undefined =>
  share && {
    value: 100 * share.value,
    low: 100 * share.low,
    high: 100 * share.high,
    n: share.n,
    families: share.families,
  };

/** Each model that has an answer, once, in the order of the answers. */
export const modelsIn = (answers: readonly { readonly model: ModelRef }[]): readonly ModelRef[] => [
  ...new Map(answers.map(({ model }) => [formatModelRef(model), model])).values(),
];
