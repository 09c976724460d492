import { formatModelRef, type ModelRef, sameModel } from "../models/model-ref.ts";
import type { AnswerKey, SpeedKey } from "../store/bench-runs.ts";
import { type SpeedStep, speedSteps } from "./measure-speed.ts";
import { type Ask, blocksOf } from "./plan-run.ts";
import type { RunPlan } from "./run-plan.ts";

/** What is to be asked of one model before another has its turn. */
export type Job =
  | { readonly kind: "speed"; readonly model: ModelRef; readonly steps: readonly SpeedStep[] }
  | { readonly kind: "items"; readonly model: ModelRef; readonly asks: readonly Ask[] };

export interface RunQueue {
  readonly jobs: readonly Job[];
  /** Questions before each model, by its full name. */
  readonly left: ReadonlyMap<string, number>;
}

/**
 * What a run has not asked yet. Speed comes first, in the order that leaves the model
 * in memory with which the items begin.
 */
export function runQueue(
  plan: RunPlan,
  known: { readonly answered: readonly AnswerKey[]; readonly timed: readonly SpeedKey[] },
): RunQueue {
  const answered = new Set(known.answered.map(({ model, itemId, repeat }) => keyOf(model, itemId, repeat)));
  const timed = new Set(
    known.timed.map(({ model, promptTokens, cold, sample }) => keyOf(model, promptTokens, cold, sample)),
  );
  const { speed } = plan;
  const speeds =
    speed === undefined
      ? []
      : plan.models.toReversed().map(
          ({ ref: model, local, windowTokens }): Job => ({
            kind: "speed",
            model,
            steps: speedSteps(speed, { local, windowTokens }).filter(
              ({ promptTokens, cold, sample }) => !timed.has(keyOf(model, promptTokens, cold, sample)),
            ),
          }),
        );
  const items = blocksOf(plan).map(
    ({ model, asks }): Job => ({
      kind: "items",
      model,
      asks: asks.filter(({ itemId, repeat }) => !answered.has(keyOf(model, itemId, repeat))),
    }),
  );
  const jobs = [...speeds, ...items].filter((job) => countOf(job) > 0);
  const left = new Map(
    plan.models.map(({ ref }) => [
      formatModelRef(ref),
      jobs.filter(({ model }) => sameModel(model, ref)).reduce((sum, job) => sum + countOf(job), 0),
    ]),
  );
  return { jobs, left };
}

export const countOf = (job: Job): number => (job.kind === "speed" ? job.steps.length : job.asks.length);

const keyOf = (model: ModelRef, ...rest: readonly (string | number | boolean)[]): string =>
  JSON.stringify([model.provider, model.model, ...rest]);
