import { bestFirst } from "../local-only/local-rules.ts";
import { countsAsCloud } from "../models/locality.ts";
import { formatModelRef, type ModelRef, sameModel } from "../models/model-ref.ts";
import type { SpeedMachine } from "../models/speed.ts";
import type { ModelProfile } from "../registry/model-profile.ts";

/**
 * What is compared where nobody says: the model that is in use, the best local one and
 * the cloud's default, each once. Only what is known to be local while nothing else may
 * be asked.
 */
export function usualModels(
  models: readonly ModelProfile[],
  parts: {
    readonly current: ModelRef | undefined;
    readonly cloud: ModelRef | undefined;
    readonly machine: SpeedMachine | undefined;
    readonly isLocalOnly: boolean;
  },
): readonly ModelRef[] {
  const { current, cloud, machine, isLocalOnly } = parts;
  const reachable = models.filter(({ server }) => server !== undefined);
  const [local] = reachable.filter(({ locality }) => locality.kind === "local").toSorted(bestFirst(machine));
  const wanted = [current, local?.ref, cloud].flatMap((ref) => {
    const profile = reachable.find((known) => sameModel(known.ref, ref));
    return profile === undefined || (isLocalOnly && countsAsCloud(profile.locality)) ? [] : [profile.ref];
  });
  return [...new Map(wanted.map((ref) => [formatModelRef(ref), ref])).values()];
}
