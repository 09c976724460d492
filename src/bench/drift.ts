import { chartLine } from "../charts/chart-text.ts";
import type { ModelRef } from "../models/model-ref.ts";
import type { BenchAnswer } from "./bench-answer.ts";
import { between, by, listed, TASK_WORDS, timeWords } from "./bench-words.ts";
import { type Comparison, compareScores, type Difference, inPoints, modelsIn } from "./comparison.ts";
import type { NamedModel } from "./comparison-sentence.ts";
import { itemScores } from "./item-scores.ts";
import type { Estimate } from "./statistics/interval.ts";
import { scoreInterval } from "./statistics/score-interval.ts";
import type { Task } from "./suite.ts";

/** What a run has to say for a comparison over time. */
export interface DatedRun {
  /** When it began, epoch ms. */
  readonly at: number;
  /** Results of a suite compare only where its hash is the same. */
  readonly suites: readonly { readonly name: string; readonly hash: string }[];
  readonly answers: readonly BenchAnswer[];
}

/** One model over time. */
export interface Drift {
  readonly model: ModelRef;
  /** The newest run. */
  readonly at: number;
  /** Earlier runs with items of the same text, the oldest first. */
  readonly earlier: readonly number[];
  /** The newest run against all of those, item by item. */
  readonly change: Pick<Comparison, "tasks" | "overall">;
  /** Means of each run, 0 to 100, the oldest first and the newest last. */
  readonly history: readonly DriftPoint[];
}

export interface DriftPoint {
  readonly at: number;
  readonly task: Task;
  readonly score: Estimate;
}

/** Shares of time below this are not worth a word, even where they are certain. */
const LEAST_TIME = 0.1;

/**
 * What changed in the newest run beyond chance, for each model that an earlier run has
 * asked the same items. Earlier runs are taken together, an item's score being the mean
 * of theirs: what is steady over them shows all the better.
 */
export function driftOf(runs: readonly DatedRun[]): readonly Drift[] {
  const ordered = runs.toSorted((one, other) => one.at - other.at);
  const newest = ordered.at(-1);
  if (newest === undefined) return [];
  const hashes = new Set(newest.suites.map(({ name, hash }) => `${name} ${hash}`));
  const levels = new Set([undefined, ...newest.answers.map(({ level }) => level)]);
  const comparable = ordered.map(({ at, suites, answers }) => {
    const same = new Set(suites.filter(({ name, hash }) => hashes.has(`${name} ${hash}`)).map(({ name }) => name));
    return {
      at,
      answers: answers.filter(({ itemId, level }) => same.has(itemId.split("/")[0] ?? "") && levels.has(level)),
    };
  });
  const before = comparable.slice(0, -1);
  return modelsIn(newest.answers).flatMap((model): Drift[] => {
    const scored = comparable.map(({ at, answers }) => ({ at, scores: itemScores(answers, model) }));
    const now = scored.at(-1)?.scores ?? new Map();
    const earlier = scored.slice(0, -1).filter(({ scores }) => scores.size > 0);
    if (earlier.length === 0 || now.size === 0) return [];
    const steady = itemScores(
      before.flatMap(({ answers }) => answers),
      model,
    );
    return [
      {
        model,
        at: newest.at,
        earlier: earlier.map(({ at }) => at),
        change: compareScores(now, steady),
        history: scored.flatMap(({ at, scores }) => pointsOf(at, [...scores.values()])),
      },
    ];
  });
}

function pointsOf(at: number, scores: readonly { task: Task; family: string; score: number }[]): DriftPoint[] {
  return [...Map.groupBy(scores, ({ task }) => task)].flatMap(([task, own]) => {
    const score = inPoints(scoreInterval(own.map(({ family, score: value }) => ({ family, value }))));
    return score === undefined ? [] : [{ at, task, score }];
  });
}

/** What a person needs to know of it, in a sentence or two. */
export function driftSentence({ earlier, change }: Drift, { name, local }: NamedModel): string {
  const who = `${local ? "Your " : ""}${chartLine(name)}`;
  const since = `${earlier.length === 1 ? "the run" : `${earlier.length} runs`} before`;
  const shown = (["better", "worse"] as const).flatMap((side) => {
    const own = change.tasks.filter(({ verdict }) => verdict === side);
    return own.length === 0 ? [] : [`${side} at ${listed(own.map(claimWords))}`];
  });
  const hints = change.tasks.filter(({ hint }) => hint !== undefined);
  const rest = shown.length === 0 ? "has not changed beyond chance" : `is now ${shown.join(" and ")}`;
  return [
    `${who} ${rest} against ${since}${shown.length === 0 ? ` (${widest(change)})` : ""}.`,
    hints.length === 0
      ? ""
      : `For ${listed(hints.map(({ subject, points }) => `${TASK_WORDS[subject]} (${points === undefined ? "" : between(points)})`))} it may have, which can be chance where so many task types are compared.`,
    timeSentence(change.overall.time),
  ]
    .filter((sentence) => sentence !== "")
    .join(" ");
}

const claimWords = ({ subject, points, n }: Difference): string =>
  `${TASK_WORDS[subject]} by ${points === undefined ? "" : by(points)} (n=${n})`;

const widest = ({ overall }: Drift["change"]): string =>
  overall.points === undefined ? "no item in common" : `n=${overall.n}, ${between(overall.points)}`;

function timeSentence(time: Estimate | undefined): string {
  const changed = time !== undefined && (time.low > 1 || time.high < 1) && Math.abs(time.value - 1) >= LEAST_TIME;
  const words = changed ? timeWords(time) : undefined;
  return words === undefined ? "" : `It now ${words}.`;
}
