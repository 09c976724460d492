import { type ModelRef, parseModelRef } from "../models/model-ref.ts";
import type { ConfiguredModel, ModelConfig } from "../openclaw/model-config.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";

/**
 * What local calls of an agent are compared with: the model that Clutch's
 * configuration names, else what the agent would ask in the cloud, which is the
 * first cloud model among its own model and the fallbacks of that, then among the
 * defaults of all agents. From memory; undefined where none is configured.
 */
export function createBaselines(
  configured: string | undefined,
  registry: Pick<ModelRegistry, "known" | "find">,
): (agentId: string) => ModelRef | undefined {
  const named = configured === undefined ? undefined : parseModelRef(configured);
  const isCloud = (ref: ModelRef): boolean => registry.find(ref)?.locality.kind === "cloud";
  return (agentId) => {
    if (named !== undefined) return named;
    const config = registry.known()?.modelConfig;
    if (config === undefined) return undefined;
    return [config.agentModels.get(agentId), config.defaultModel]
      .flatMap((model) => (model === undefined ? [] : refsOf(model, config)))
      .find(isCloud);
  };
}

const refsOf = ({ primary, fallbacks }: ConfiguredModel, { aliases }: ModelConfig): ModelRef[] => {
  const named = fallbacks.map((name) => aliases.get(name.toLowerCase()) ?? parseModelRef(name));
  return [primary, ...named].filter((ref) => ref !== undefined);
};
