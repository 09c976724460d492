import type { Locality } from "../models/locality.ts";
import { formatModelRef, type ModelRef, parseModelRef, sameModel } from "../models/model-ref.ts";
import { type HelperKind, type HelperSlot, helperSlotsOf } from "../openclaw/helper-slots.ts";
import type { Job } from "../openclaw/jobs.ts";
import { type ModelConfig, modelConfigOf } from "../openclaw/model-config.ts";
import type { ConfigSnapshot } from "../openclaw/openclaw.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";

/** What a silent call uses, or would use. */
export interface HelperUse {
  /** For people: `ollama/qwen3:8b`, or "anthropic/claude-haiku-4-5, chosen by OpenClaw". */
  readonly text: string;
  /** Undefined where there is no call, or where it differs from one agent to another. */
  readonly model: ModelRef | undefined;
  /** Undefined where there is no model to look up. */
  readonly locality: Locality | undefined;
}

/** A kind of call that OpenClaw makes by itself, and what it uses now. */
export interface HelperCall {
  readonly kind: HelperKind | "job";
  /** For people: "Recaps and titles of keeper". */
  readonly name: string;
  readonly now: HelperUse;
  /** A person named the model; otherwise OpenClaw chooses. */
  readonly set: boolean;
  /** Why it is left alone, in a few words. */
  readonly off: string | undefined;
  readonly at: { readonly slot: HelperSlot } | { readonly job: Job };
}

export interface HelperCalls {
  readonly calls: readonly HelperCall[];
  /** What a call would use if this stood in its setting; null for OpenClaw's own choice. */
  withSetting(call: HelperCall, value: string | null): HelperUse;
  /** True where a setting means this model, by its name or by an alias. */
  means(value: string | undefined, model: ModelRef): boolean;
  readonly modelConfig: ModelConfig;
}

/**
 * Small models that providers declare in OpenClaw 2026.9.6 for recaps and titles
 * (its documentation, gateway/config-agents/models). Providers without one get
 * no recaps, and titles by the agent's own model.
 */
const SMALL_MODELS: Readonly<Record<string, string>> = { anthropic: "claude-haiku-4-5", openai: "gpt-5.6-luna" };

const LABELS: Readonly<Record<HelperKind, string>> = {
  recaps: "Recaps and titles",
  compaction: "Compaction",
  heartbeats: "Heartbeats",
  dreaming: "Memory dreaming",
};

/** All silent calls of a gateway: settings first, then the jobs as they are listed. */
export function helperCallsOf(
  snapshot: Pick<ConfigSnapshot, "authored" | "config">,
  jobs: readonly Job[],
  facts: { readonly registry: Pick<ModelRegistry, "find">; readonly agentIds: readonly string[] },
): HelperCalls {
  const modelConfig = modelConfigOf(snapshot.config);
  const { aliases, agentModels, defaultModel } = modelConfig;
  const slots = helperSlotsOf(snapshot);
  const refOf = (value: string): ModelRef | undefined => aliases.get(value.toLowerCase()) ?? parseModelRef(value);
  const ownModel = (agentId: string | undefined): ModelRef | undefined =>
    (agentId === undefined ? undefined : agentModels.get(agentId)?.primary) ?? defaultModel.primary;

  const using = (model: ModelRef | undefined, text: string): HelperUse => ({
    text,
    model,
    locality:
      model === undefined
        ? undefined
        : (facts.registry.find(model)?.locality ?? {
            kind: "unknown",
            evidence: `OpenClaw does not list ${formatModelRef(model)}`,
          }),
  });

  /** What OpenClaw chooses by itself, for one agent or for all that have no setting of their own. */
  const chosen = (kind: HelperCall["kind"], agentIds: readonly string[]): HelperUse => {
    const models = distinct((agentIds.length === 0 ? [undefined] : agentIds).map(ownModel));
    const [only] = models.length === 1 ? models : [];
    const named = models.map(formatModelRef).join(" or ");
    if (kind === "compaction") return using(only, `each conversation's own model, by default ${named}`);
    if (kind !== "recaps") return using(only, `the agent's own model, ${named}`);
    const small = models.map(({ provider }) => SMALL_MODELS[provider]);
    const texts = models.map(({ provider }, index) =>
      small[index] === undefined
        ? "no recaps, titles by the agent's own model"
        : `${provider}/${small[index]}, chosen by OpenClaw`,
    );
    const model = only === undefined || small[0] === undefined ? only : { ...only, model: small[0] };
    return using(model, [...new Set(texts)].join("; "));
  };

  const withSetting = (call: Pick<HelperCall, "kind" | "at" | "off">, value: string | null): HelperUse => {
    if (call.off !== undefined) return { text: call.off, model: undefined, locality: undefined };
    if (value !== null) {
      const model = refOf(value);
      return using(model, model === undefined ? value : formatModelRef(model));
    }
    if ("job" in call.at) return chosen("job", call.at.job.agentId === undefined ? [] : [call.at.job.agentId]);
    const { of, kind } = call.at.slot;
    if (of !== undefined && kind !== "dreaming") return { ...chosen(kind, [of]), text: "as all agents" };
    const others = facts.agentIds.filter((id) => !slots.some((slot) => slot.kind === kind && slot.of === id));
    return { ...chosen(kind, others), ...(of === undefined ? {} : { text: "as all phases" }) };
  };

  const withUse = (call: Omit<HelperCall, "now">, value: string | undefined): HelperCall => ({
    ...call,
    now: withSetting(call, value ?? null),
  });

  return {
    modelConfig,
    withSetting,
    means: (value, model) => value !== undefined && sameModel(refOf(value), model),
    calls: [
      ...slots.map((slot) => {
        const { kind, value, off } = slot;
        return withUse({ kind, name: nameOf(slot), set: value !== undefined, off, at: { slot } }, value);
      }),
      ...jobs.map((job) =>
        withUse(
          { kind: "job", name: `Job “${job.name}”`, set: job.model !== undefined, off: undefined, at: { job } },
          job.model,
        ),
      ),
    ],
  };
}

function nameOf({ kind, of }: HelperSlot): string {
  if (of === undefined) return LABELS[kind];
  return kind === "dreaming"
    ? `${LABELS[kind]}, ${of === "all phases" ? of : `${of} phase`}`
    : `${LABELS[kind]} of ${of}`;
}

function distinct(models: readonly (ModelRef | undefined)[]): ModelRef[] {
  const known = models.filter((model) => model !== undefined);
  return known.filter((model, index) => known.findIndex((other) => sameModel(other, model)) === index);
}
