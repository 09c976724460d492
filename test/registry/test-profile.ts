import { parseModelRef } from "../../src/models/model-ref.ts";
import type { ModelFacts } from "../../src/registry/model-facts.ts";
import type { ModelProfile } from "../../src/registry/model-profile.ts";

/** Nothing is known. */
export const NO_FACTS: ModelFacts = {
  contextLength: undefined,
  capabilities: undefined,
  toolCalls: undefined,
  architecture: undefined,
  diskBytes: undefined,
  memoryBytes: undefined,
  quantization: undefined,
  speeds: [],
  loadMs: undefined,
  ratings: [],
  price: undefined,
};

/** A profile of `provider/model` of which only what is given is known. */
export function testProfile(text: string, known: Partial<ModelProfile> = {}): ModelProfile {
  const ref = parseModelRef(text);
  if (ref === undefined) throw new Error(text);
  return {
    ref,
    name: text,
    aliases: [],
    windowTokens: 32_768,
    requestedContextTokens: undefined,
    locality: { kind: "unknown", evidence: "" },
    bookedAs: known.locality?.kind ?? "unknown",
    onGateway: undefined,
    demo: false,
    server: undefined,
    served: undefined,
    facts: NO_FACTS,
    ...known,
  };
}
