import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import type { SpeedMachine } from "../models/speed.ts";
import type { Rate } from "../models/usage-call.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { Eviction } from "../sessions/switch-plan.ts";
import type { BenchTargets } from "./bench-targets.ts";
import { estimateRun, type RunEstimate } from "./estimate-run.ts";
import { planRun, type RunRequest } from "./plan-run.ts";
import type { PlannedModel, RunPlan } from "./run-plan.ts";

/** A plan with what there is to know before anybody says yes to it. */
export interface PreparedRun {
  /** With the yes to all questions in it: to be begun only after a person gave it to just these, or where there are none. */
  readonly plan: RunPlan;
  readonly estimate: RunEstimate;
  readonly questions: readonly RunQuestion[];
}

/** What needs a person's yes. */
export type RunQuestion =
  /** It may cost more than what is spent without asking, USD. */
  | { readonly kind: "cost"; readonly mostUsd: number; readonly limitUsd: number }
  /** Nobody knows what these cost. */
  | { readonly kind: "unpriced"; readonly models: readonly ModelRef[] }
  /** Conversations that use these would wait for a load. */
  | { readonly kind: "evicts"; readonly evictions: readonly Eviction[] };

export interface PrepareRequest extends Omit<RunRequest, "models" | "consent"> {
  readonly models: readonly ModelRef[];
  /** The person has said by themselves that conversations may wait for a load. */
  readonly evict?: boolean | undefined;
}

export interface RunPreparer {
  /**
   * Looks what a run would ask, take and cost. Nothing is asked of a model. Throws
   * `bad_option` where there is nothing to ask, `unknown_model`, and `local_only` where
   * a model is not known to be local while only those are allowed.
   */
  prepare(request: PrepareRequest): Promise<PreparedRun>;
}

export function createRunPreparer(parts: {
  readonly targets: Pick<BenchTargets, "planned" | "evictions">;
  readonly registry: Pick<ModelRegistry, "find">;
  readonly rate: (model: ModelRef, promptTokens: number) => Rate | undefined;
  readonly machine: () => SpeedMachine | undefined;
  /** What may be spent without asking, USD. */
  readonly askAboveUsd: number;
}): RunPreparer {
  const { targets, registry, rate, machine, askAboveUsd } = parts;

  /** What would be pushed out although a conversation uses it, each once. */
  const evictionsOf = async (planned: readonly PlannedModel[]): Promise<readonly Eviction[]> => {
    const found = new Map<string, Eviction>();
    for (const { ref } of planned.filter(({ local }) => local)) {
      for (const eviction of await targets.evictions(ref)) found.set(eviction.model, eviction);
    }
    return [...found.values()];
  };

  return {
    async prepare(request) {
      const models: PlannedModel[] = [];
      for (const ref of request.models) models.push(await targets.planned(ref));
      const consent = { usd: askAboveUsd, evict: request.evict ?? false };
      const plan = planRun({ ...request, models, consent });
      const items = new Map(request.suites.flatMap((suite) => suite.items.map((item) => [item.id, item] as const)));
      const estimate = estimateRun(plan, {
        item: (id) => items.get(id),
        facts: (model) => registry.find(model)?.facts,
        machine: (model) => (isHere(models, model) ? machine() : undefined),
        rate,
      });
      const evictions = consent.evict ? [] : await evictionsOf(models);
      const questions: RunQuestion[] = [
        ...(estimate.mostUsd > askAboveUsd
          ? [{ kind: "cost" as const, mostUsd: estimate.mostUsd, limitUsd: askAboveUsd }]
          : []),
        ...(estimate.unpriced.length > 0 ? [{ kind: "unpriced" as const, models: estimate.unpriced }] : []),
        ...(evictions.length > 0 ? [{ kind: "evicts" as const, evictions }] : []),
      ];
      const agreed: RunPlan["consent"] = {
        usd: Math.max(askAboveUsd, estimate.mostUsd),
        evict: consent.evict || evictions.length > 0,
      };
      return { plan: { ...plan, consent: agreed }, estimate, questions };
    },
  };
}

const isHere = (models: readonly PlannedModel[], model: ModelRef): boolean =>
  models.some(({ ref, memory }) => memory === "this machine" && formatModelRef(ref) === formatModelRef(model));
