import { countsAsCloud } from "../models/locality.ts";
import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import { readSlot } from "../openclaw/config-slots.ts";
import type { ConfigSnapshot } from "../openclaw/openclaw.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { HelperCall, HelperCalls } from "./helper-calls.ts";

/** What to know before silent calls go to a model; `text` is a sentence for people. */
export interface HelperWarning {
  readonly kind: "cloud" | "heartbeat-window" | "compaction-window" | "job-rights";
  readonly text: string;
}

/** Warnings about these calls going to `target`. */
export function helperWarnings(
  target: ModelRef,
  changed: readonly HelperCall[],
  facts: {
    readonly calls: HelperCalls;
    readonly snapshot: Pick<ConfigSnapshot, "config">;
    readonly registry: Pick<ModelRegistry, "find">;
    readonly agentIds: readonly string[];
  },
): HelperWarning[] {
  const { registry, agentIds, snapshot } = facts;
  const { agentModels, defaultModel } = facts.calls.modelConfig;
  const name = formatModelRef(target);
  const profile = registry.find(target);
  const has = (kind: HelperCall["kind"]): boolean => changed.some((call) => call.kind === kind);
  const warnings: HelperWarning[] = [];

  if (profile === undefined || countsAsCloud(profile.locality)) {
    const evidence = profile?.locality.evidence ?? `OpenClaw does not list ${name}`;
    warnings.push({
      kind: "cloud",
      text: `${name} counts as a cloud model (${evidence}): these calls carry parts of every conversation.`,
    });
  }

  const window = profile?.windowTokens;
  const windowOf = (agentId: string): number => {
    const model = agentModels.get(agentId)?.primary ?? defaultModel.primary;
    return (model === undefined ? undefined : registry.find(model)?.windowTokens) ?? 0;
  };
  const smaller = window === undefined ? [] : agentIds.filter((id) => windowOf(id) > window);
  const isolated = (id: string): boolean =>
    [
      ["agents", "entries", id],
      ["agents", "defaults"],
    ]
      .map((path) => readSlot(snapshot.config, [...path, "heartbeat", "isolatedSession"]))
      .find((value) => value !== null) === true;
  const bleeding = smaller.filter((id) => !isolated(id));
  if (has("heartbeats") && bleeding.length > 0) {
    warnings.push({
      kind: "heartbeat-window",
      text: `A heartbeat can leave ${name} (${tokens(window)}) behind in the main session of ${list(bleeding)}, whose next turn may then not fit. OpenClaw's heartbeat.isolatedSession: true prevents it.`,
    });
  }
  if (has("compaction") && smaller.length > 0) {
    warnings.push({
      kind: "compaction-window",
      text: `${name} reads ${tokens(window)}, the conversations of ${list(smaller)} may be longer: compacting one of those can fail.`,
    });
  }
  const bound = changed.flatMap(({ at }) => ("job" in at && at.job.boundToAccount ? [at.job.name] : []));
  if (bound.length > 0) {
    warnings.push({
      kind: "job-rights",
      text: `OpenClaw may take rights in their channel away from jobs that were made there (${list(bound)}), such as editing it, until they are edited there again. An undo does not give them back.`,
    });
  }
  return warnings;
}

const tokens = (count: number | undefined): string =>
  count === undefined ? "an unknown window" : `${count.toLocaleString("en-GB")} tokens`;

const list = (names: readonly string[]): string => names.join(", ");
