import { formatModelRef, type ModelRef, parseModelRef } from "../models/model-ref.ts";
import type { ModelProfile } from "../registry/model-profile.ts";
import type { RegistrySnapshot } from "../registry/model-registry.ts";

/** A model that OpenClaw's configuration names for agents. */
export interface NamedModel {
  readonly ref: ModelRef;
  /** For people: "the default of all agents", "a fallback of keeper". */
  readonly use: string;
  readonly isFallback: boolean;
  /** Undefined where OpenClaw does not list it. */
  readonly profile: ModelProfile | undefined;
}

/** The defaults of agents and their fallbacks; aliases are resolved. */
export function namedModels({ modelConfig, models }: RegistrySnapshot): readonly NamedModel[] {
  const { defaultModel, agentModels, aliases } = modelConfig;
  const owners = [["all agents", defaultModel] as const, ...agentModels];
  return owners.flatMap(([owner, { primary, fallbacks }]) => {
    const named = (ref: ModelRef, isFallback: boolean): NamedModel => ({
      ref,
      use: `${isFallback ? "a fallback" : "the default"} of ${owner}`,
      isFallback,
      profile: models.find((one) => formatModelRef(one.ref) === formatModelRef(ref)),
    });
    const others = fallbacks.flatMap((name) => aliases.get(name.toLowerCase()) ?? parseModelRef(name) ?? []);
    return [...(primary === undefined ? [] : [named(primary, false)]), ...others.map((ref) => named(ref, true))];
  });
}
