import type { GradeItem } from "../../src/bench/answer-item.ts";
import type { BenchTargets } from "../../src/bench/bench-targets.ts";
import { ClutchError } from "../../src/errors.ts";
import type { ModelRef } from "../../src/models/model-ref.ts";
import type { Rate } from "../../src/models/usage-call.ts";
import { createModelServer } from "../../src/servers/drivers.ts";
import type { Eviction } from "../../src/sessions/switch-plan.ts";

export const A: ModelRef = { provider: "ollama", model: "a" };
export const B: ModelRef = { provider: "ollama", model: "b" };
export const CLOUD: ModelRef = { provider: "cloud", model: "c" };
export const RATE: Rate = {
  input: 3,
  output: 15,
  cacheRead: 0.3,
  cacheWrite: 3.75,
  source: "test",
  date: "2026-11-28",
};

/** Right where the last number of the answer is; a refusal where it says sorry. */
export const gradeNumber: GradeItem = async ({ grade }, { turns }) => {
  const text = turns.at(-1)?.text ?? "";
  const said = text.match(/\d+/g)?.at(-1);
  const passed = grade.kind === "number" && Number(said) === grade.value;
  const outcome = text.includes("sorry") ? "refused" : "answered";
  return { score: passed ? 1 : 0, passed, malformedTool: false, notes: passed ? [] : ["another number"], outcome };
};

export interface TargetState {
  readonly locked?: boolean;
  readonly evictions?: readonly Eviction[];
  readonly isUsed?: boolean;
}

/** Models of a local server and of one in the cloud, both speaking Ollama's API. */
export function targetsAt(
  urls: () => { readonly local: string; readonly cloud: string },
  state: () => TargetState,
  windowTokens = 32_768,
): BenchTargets {
  return {
    async target(ref) {
      const isLocal = ref.provider === "ollama";
      if (!isLocal && state().locked === true) throw new ClutchError("local_only", "Local-only mode is on.");
      const address = { id: ref.provider, baseUrl: isLocal ? urls().local : urls().cloud };
      return {
        ref,
        server: createModelServer("ollama", { ...address, fetch: globalThis.fetch, timeoutMs: 60_000 }),
        local: isLocal,
        host: hostOf(ref),
        contextTokens: undefined,
        windowTokens,
        quantization: "Q4_K_M",
      };
    },
    planned: async (ref) => ({ ref, local: ref.provider === "ollama" }),
    evictions: async () => state().evictions ?? [],
    isUsed: async () => state().isUsed ?? false,
    hostOf,
  };
}

const hostOf = ({ provider }: ModelRef): string => (provider === "ollama" ? "this machine" : "cloud.example");
