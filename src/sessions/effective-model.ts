import { type ModelRef, sameModel } from "../models/model-ref.ts";
import type { ModelConfig } from "../openclaw/model-config.ts";
import type { SessionRow } from "../openclaw/wire.ts";

/** The model of the next turn, and what decides it. */
export interface EffectiveModel {
  readonly model: ModelRef | undefined;
  readonly why: SelectionReason;
  /** The model that answers in its place right now, where OpenClaw fell back. */
  readonly standIn: ModelRef | undefined;
  /** Models that OpenClaw would fall back to. A pin and an inherited pin are strict: none. */
  readonly fallbacks: readonly string[];
}

export type SelectionReason =
  | { readonly kind: "pin" }
  | { readonly kind: "inherited"; readonly parentKey: string | undefined }
  | { readonly kind: "channel" }
  | { readonly kind: "agent"; readonly agentId: string }
  | { readonly kind: "default" }
  /** The gateway named a source or a model that Clutch cannot account for. */
  | { readonly kind: "other"; readonly source: string };

/**
 * Explains a row by the gateway's order: the session's pin, the parent
 * channel's, `channels.modelByChannel`, the agent's own model, the default. The
 * row is the truth about which model it is; the configuration only explains it.
 */
export function effectiveModel(
  row: SessionRow,
  config: ModelConfig,
  context: { readonly agentId: string; readonly parentKey: string | undefined },
): EffectiveModel {
  const standIn = row.activeModel !== undefined && !sameModel(row.activeModel, row.model) ? row.activeModel : undefined;
  const strict = (why: SelectionReason): EffectiveModel => ({ model: row.model, why, standIn, fallbacks: [] });
  if (row.pinSource === "user") return strict({ kind: "pin" });
  if (row.pinSource === "inherited")
    return strict({ kind: "inherited", parentKey: row.parentKey ?? context.parentKey });

  const own = config.agentModels.get(context.agentId);
  const ownFallbacks = own === undefined ? config.defaultModel.fallbacks : own.fallbacks;
  const loose = (why: SelectionReason): EffectiveModel => ({ model: row.model, why, standIn, fallbacks: ownFallbacks });
  if (row.pinSource !== undefined) return loose({ kind: "other", source: row.pinSource });
  if (ofChannel(row, config)) return loose({ kind: "channel" });
  if (own?.primary !== undefined && sameModel(own.primary, row.model))
    return loose({ kind: "agent", agentId: context.agentId });
  if (sameModel(config.defaultModel.primary, row.model)) return loose({ kind: "default" });
  return loose({ kind: "other", source: "OpenClaw" });
}

/** Whether `channels.modelByChannel` names this session's channel with the model that the row shows. */
function ofChannel(row: SessionRow, config: ModelConfig): boolean {
  for (const [platform, byId] of config.channelModels) {
    for (const [id, model] of byId) {
      const peer = id.replace(/^user:/, "").toLowerCase();
      const parts = row.key.toLowerCase().split(":");
      if (parts.includes(platform) && parts.includes(peer) && sameModel(model, row.model)) return true;
    }
  }
  return false;
}
