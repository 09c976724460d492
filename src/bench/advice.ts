import { amount } from "../charts/amount.ts";
import { chartLine } from "../charts/chart-text.ts";
import { type ModelRef, sameModel } from "../models/model-ref.ts";
import { TASKS } from "../registry/seed-profile.ts";
import type { BenchAnswer, SpeedSample } from "./bench-answer.ts";
import { rounded, seconds } from "./bench-words.ts";
import { compareModels, type Difference, inPoints, MARGIN } from "./comparison.ts";
import { differenceWords, type NamedModel } from "./comparison-sentence.ts";
import { itemScores } from "./item-scores.ts";
import { speedFigures } from "./speed-figures.ts";
import { type SpeedRow, speedTable } from "./speed-table.ts";
import type { Estimate } from "./statistics/interval.ts";
import { scoreInterval } from "./statistics/score-interval.ts";
import { medianOf, type Spread, spreadOf } from "./statistics/spread.ts";
import type { Task } from "./suite.ts";

/** What a chat needs: answers that come at reading speed, and after a long prompt begin before a person goes away. */
export const USABLE = { tokensPerSecond: 8, longPromptTokens: 16_000, firstTokenMs: 20_000 } as const;

/** Of the items that the most tried model answered, one that answered less than this share is not ranked. */
const LEAST_SHARE = 0.5;

export interface AdviceModel extends NamedModel {
  readonly ref: ModelRef;
}

/** What was measured; answers of one state of the suites. */
export interface AdviceBasis {
  readonly models: readonly AdviceModel[];
  readonly answers: readonly BenchAnswer[];
  readonly speeds: readonly SpeedSample[];
}

export interface TaskAdvice {
  readonly task: Task;
  /** Undefined where nothing can be advised. */
  readonly choice: ModelForTask | undefined;
  /** One or a few sentences. */
  readonly reason: string;
  /** The best score first. */
  readonly models: readonly ModelForTask[];
  /** What answered too few of the items to be ranked. */
  readonly unranked: readonly AdviceModel[];
  /** What answered no question that the best model answered, such as texts of another length alone. */
  readonly apart: readonly AdviceModel[];
}

/** What speaks for and against a model for one task type. */
export interface ModelForTask {
  readonly model: AdviceModel;
  /** 0 to 100. */
  readonly score: Estimate;
  /** Against the model with the best score; undefined for itself. */
  readonly toBest: Difference | undefined;
  /** Good enough: its score is at most `MARGIN` points below the best. */
  readonly near: boolean;
  /** For answers like those of the items, USD; undefined where a price is not known. */
  readonly usdPer100: number | undefined;
  /** For a whole answer, ms. */
  readonly wait: Spread | undefined;
  readonly pace: Pace;
}

interface Pace {
  /** Tokens a second. */
  readonly decode: number | undefined;
  /** Until an answer begins after a long prompt, with the model in memory, ms. */
  readonly longFirstTokenMs: number | undefined;
  /** By `USABLE`; undefined where not all was measured and nothing is against it. */
  readonly usable: boolean | undefined;
}

/** Which model for what: one row for each task type that any model answered. */
export const routingTable = (basis: AdviceBasis): readonly TaskAdvice[] =>
  TASKS.map((task) => adviseFor(task, basis)).filter(({ models }) => models.length > 0);

/**
 * The cheapest model, then the quickest, of those that are near the best and quick
 * enough for a chat. Local models cost nothing here: electricity is not counted.
 */
export function adviseFor(task: Task, basis: AdviceBasis): TaskAdvice {
  const ranking = rank(task, basis);
  const [best] = ranking.models;
  const nothing = (reason: string): TaskAdvice => ({ task, choice: undefined, reason, ...ranking });
  if (best === undefined) return nothing("No model has answered items of this type.");
  if (best.score.value === 0) return nothing(`No model got anything right (n=${best.score.n}).`);
  const near = ranking.models.filter((candidate) => candidate.near);
  const quick = near.filter(({ pace }) => pace.usable !== false);
  const choice = (quick.length > 0 ? quick : [best]).toSorted(cheaperThenQuicker)[0] ?? best;
  return { task, choice, reason: reasonFor(choice, best, ranking), ...ranking };
}

type Ranking = Pick<TaskAdvice, "models" | "unranked" | "apart">;

function rank(task: Task, { models, answers, speeds }: AdviceBasis): Ranking {
  const ofTask = answers.filter((answer) => answer.task === task);
  const scored = models.flatMap((model) => {
    const scores = [...itemScores(ofTask, model.ref).values()];
    const score = inPoints(scoreInterval(scores.map(({ family, score: value }) => ({ family, value }))));
    // One that was asked at several levels is one item all the same.
    const items = new Set(scores.map(({ itemId }) => itemId)).size;
    return score === undefined ? [] : [{ model, score, items }];
  });
  const most = Math.max(0, ...scored.map(({ items }) => items));
  const ranked = scored
    .filter(({ items }) => items >= LEAST_SHARE * most)
    .sort((one, other) => other.score.value - one.score.value);
  const [best] = ranked;
  const rows = speedTable(speeds);
  const judged = ranked.map(({ model, score }): ModelForTask => {
    const own = ofTask.filter((answer) => sameModel(answer.model, model.ref) && answer.outcome !== "failed");
    const toBest =
      best === undefined || best.model === model
        ? undefined
        : compareModels(ofTask, model.ref, best.model.ref).tasks[0];
    return {
      model,
      score,
      toBest,
      near: toBest === undefined || (toBest.points !== undefined && toBest.points.value >= -MARGIN),
      usdPer100: priceOf(own),
      wait: spreadOf(own.map(({ timings }) => timings.totalMs)),
      pace: paceOf(
        own,
        rows.filter((row) => sameModel(row.model, model.ref) && !row.cold),
      ),
    };
  });
  const isApart = ({ toBest }: ModelForTask): boolean => toBest?.n === 0;
  return {
    models: judged.filter((candidate) => !isApart(candidate)),
    unranked: scored.filter((one) => !ranked.includes(one)).map(({ model }) => model),
    apart: judged.filter(isApart).map(({ model }) => model),
  };
}

function priceOf(answers: readonly BenchAnswer[]): number | undefined {
  let sum = 0;
  for (const { usd } of answers) {
    if (usd === undefined) return undefined;
    sum += usd;
  }
  return answers.length === 0 ? undefined : (100 * sum) / answers.length;
}

/** From the longest prompt that was measured; the speed of answering otherwise from the answers themselves. */
function paceOf(answers: readonly BenchAnswer[], rows: readonly SpeedRow[]): Pace {
  const long = rows.findLast(({ promptTokens }) => promptTokens >= USABLE.longPromptTokens);
  const own = medianOf(answers.flatMap((answer) => speedFigures(answer).decode ?? []));
  const decode = (long ?? rows.at(-1))?.decode?.median ?? (Number.isNaN(own) ? undefined : own);
  const longFirstTokenMs = long?.firstTokenMs?.median;
  const slow = decode !== undefined && decode < USABLE.tokensPerSecond;
  const late = longFirstTokenMs !== undefined && longFirstTokenMs >= USABLE.firstTokenMs;
  const known = decode !== undefined && longFirstTokenMs !== undefined;
  return { decode, longFirstTokenMs, usable: slow || late ? false : known ? true : undefined };
}

/** An unknown price may be any price, so it comes last. */
const cheaperThenQuicker = (one: ModelForTask, other: ModelForTask): number =>
  compareKnown(one.usdPer100, other.usdPer100) ||
  Number(other.model.local) - Number(one.model.local) ||
  compareKnown(one.wait?.median, other.wait?.median);

/** Endless less endless is no number. */
const compareKnown = (one = Number.POSITIVE_INFINITY, other = Number.POSITIVE_INFINITY): number =>
  one === other ? 0 : one - other;

function reasonFor(choice: ModelForTask, best: ModelForTask, { models, unranked, apart }: Ranking): string {
  const passedOver = models.filter((candidate) => isCheaper(candidate, choice));
  const sentences = [
    choice === best
      ? `${nameOf(choice)} has the best score (${rounded(choice.score.value)} of 100, n=${choice.score.n}).`
      : `${nameOf(choice)} scores ${rounded(choice.score.value)} of 100 and ${nameOf(best, "")} ${rounded(best.score.value)}: ${choice.toBest === undefined ? "" : differenceWords(choice.toBest)}.`,
    choice === best ? "" : because(choice, best),
    ...passedOver.map((candidate) => whyNot(candidate)),
    paceWords(choice),
    ...unranked.map((model) => `${nameOf({ model })} answered too few of the items to be ranked.`),
    ...apart.map(
      (model) => `${nameOf({ model })} has no question in common with ${nameOf(best, "")}, so they do not compare.`,
    ),
  ];
  return sentences.filter((sentence) => sentence !== "").join(" ");
}

const isCheaper = (one: ModelForTask, other: ModelForTask): boolean =>
  compareKnown(one.usdPer100, other.usdPer100) < 0 || (one.model.local && !other.model.local);

function because(choice: ModelForTask, best: ModelForTask): string {
  if (best.pace.usable === false) return `${nameOf(best)} is too slow for a chat: ${slowness(best.pace)}.`;
  if (isCheaper(choice, best)) return `It costs ${priceWords(choice)} instead of ${priceWords(best)} for 100 answers.`;
  return "It is the quicker one at the same price.";
}

function whyNot(candidate: ModelForTask): string {
  const { near, pace, toBest } = candidate;
  const [who, cost] = [nameOf(candidate), priceWords(candidate)];
  if (near && pace.usable === false)
    return `${who} would do at ${cost} for 100 answers, but is too slow for a chat: ${slowness(pace)}.`;
  return `${who} at ${cost} for 100 answers is more than ${MARGIN} points below: ${toBest === undefined ? "" : differenceWords(toBest)}.`;
}

/** What is known of the wait of the one that was chosen, where it is not simply good. */
function paceWords({ pace, model }: ModelForTask): string {
  if (pace.usable === false) return `It is slow for a chat: ${slowness(pace)}.`;
  if (pace.usable === undefined && model.local) return "How long it takes with a long prompt was not measured.";
  return "";
}

function slowness({ decode, longFirstTokenMs }: Pace): string {
  const slow = decode !== undefined && decode < USABLE.tokensPerSecond;
  const late = longFirstTokenMs !== undefined && longFirstTokenMs >= USABLE.firstTokenMs;
  const words = [
    ...(slow ? [`${decode.toFixed(1)} tokens/s`] : []),
    ...(late ? [`${seconds(longFirstTokenMs)} until it begins after 16,000 tokens`] : []),
  ];
  return words.join(" and ");
}

const priceWords = ({ usdPer100 }: ModelForTask): string =>
  usdPer100 === undefined ? "an unknown price" : amount(usdPer100, "USD");

const nameOf = ({ model }: Pick<ModelForTask, "model">, your = model.local ? "Your " : ""): string =>
  `${your}${chartLine(model.name)}`;
