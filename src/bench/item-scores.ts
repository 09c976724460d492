import type { ModelRef } from "../models/model-ref.ts";
import { sameModel } from "../models/model-ref.ts";
import type { BenchAnswer } from "./bench-answer.ts";
import { medianOf } from "./statistics/spread.ts";
import type { Task } from "./suite.ts";

/** What a model made of one item, over all repeats: repeats of an item tell nothing of other items. */
export interface ItemScore {
  readonly itemId: string;
  readonly task: Task;
  /** Of its suite and task: two suites may use the same word. */
  readonly family: string;
  /** 0 to 1, mean of the repeats. */
  readonly score: number;
  /** In more than half of them. */
  readonly passed: boolean;
  /** For the whole answer, ms, median of the repeats. */
  readonly totalMs: number;
}

/** What answers have to have in common to be compared: the item, and the level where that decides how long its text is. */
export const questionOf = ({ itemId, level }: Pick<BenchAnswer, "itemId" | "level">): string =>
  level === undefined ? itemId : `${itemId} ${level}`;

/** By question, in the order in which they were first asked. Calls that failed are left out: they say nothing of the model. */
export function itemScores(answers: readonly BenchAnswer[], model: ModelRef): ReadonlyMap<string, ItemScore> {
  const mine = answers.filter((answer) => sameModel(answer.model, model) && answer.outcome !== "failed");
  const scored = [...Map.groupBy(mine, questionOf)].map(([question, repeats]): [string, ItemScore] => {
    const [{ itemId, task, family } = { itemId: "", task: "code" as const, family: "" }] = repeats;
    return [
      question,
      {
        itemId,
        task,
        family: `${task}/${itemId.split("/")[0]}/${family}`,
        score: repeats.reduce((sum, { score }) => sum + within01(score), 0) / repeats.length,
        passed: repeats.filter(({ passed }) => passed).length * 2 > repeats.length,
        totalMs: medianOf(repeats.map(({ timings }) => timings.totalMs)),
      },
    ];
  });
  return new Map(scored);
}

const within01 = (score: number): number => (score >= 0 ? Math.min(1, score) : 0);
