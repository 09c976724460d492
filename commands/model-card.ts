import { countsAsCloud } from "../src/models/locality.ts";
import { formatModelRef, type ModelRef, sameModel } from "../src/models/model-ref.ts";
import { type ModelProfile, nameOf } from "../src/registry/model-profile.ts";
import type { RegistrySnapshot } from "../src/registry/model-registry.ts";
import type { SelectionReason } from "../src/sessions/effective-model.ts";
import type { SessionView } from "../src/sessions/session-models.ts";
import type { Return } from "../src/store/returns.ts";
import { ago, tokens } from "./amounts.ts";
import type { Card, Choices, Field, Meter } from "./card.ts";
import { lasting } from "./duration.ts";
import { undoButton } from "./model-undo.ts";

/** The card of a conversation: which model, why, what answered, how full, what else there is. `now` in epoch ms. */
export function modelCard(view: SessionView, snapshot: RegistrySnapshot, now: number): Card {
  const { row, effective } = view;
  const model = effective?.model ?? defaultFor(view.agentId, snapshot);
  const profile = profileOf(model, snapshot);
  const fields: Field[] = [];
  if (model !== undefined) {
    fields.push({ name: "Model", value: formatModelRef(model) });
    fields.push({ name: "Runs", value: localitySentence(profile) });
  }
  fields.push({
    name: "Because",
    value: effective === undefined ? becauseOfDefault(view.agentId, snapshot) : because(view, now),
  });
  if (view.temporary !== undefined) fields.push({ name: "Lasts", value: endingWords(view.temporary, now) });
  if (effective?.standIn !== undefined) {
    fields.push({ name: "Standing in", value: `${formatModelRef(effective.standIn)}: OpenClaw fell back to it` });
  }
  if (view.answered !== undefined) {
    const answeredBy = profileOf(view.answered.model, snapshot);
    const when = view.answered.at === undefined ? "" : `, ${ago(now - view.answered.at)}`;
    fields.push({
      name: "Answered last",
      value: `${formatModelRef(view.answered.model)} (${localityWord(answeredBy)})${when}`,
    });
  }
  if (effective !== undefined)
    fields.push({ name: "If it fails", value: fallbackSentence(effective.why, effective.fallbacks) });

  const meter = contextMeter(view, profile);
  return {
    tone: "info",
    title: model === undefined ? "No model is configured" : nameOf(profile, model),
    ...(row === undefined
      ? { body: ["Nobody has talked to the agent here yet. The first message will use this model."] }
      : view.running
        ? { body: ["A turn is running; it ends on the model with which it began."] }
        : {}),
    fields,
    ...(meter === undefined ? {} : { meter }),
    choices: modelChoices(snapshot, model),
    actions: [
      ...(effective?.why.kind === "pin"
        ? [{ label: "Drop the pin", line: "/model default", style: "secondary" as const }]
        : []),
      ...undoButton(view.pinnedBy?.id),
    ],
    footer: `agent ${view.agentId} · session ${view.key}`,
  };
}

export const profileOf = (ref: ModelRef | undefined, snapshot: RegistrySnapshot): ModelProfile | undefined =>
  ref === undefined ? undefined : snapshot.models.find((profile) => sameModel(profile.ref, ref));

/** “local”, “cloud” or “unknown”, with “demo” where a stand-in answers. */
export function localityWord(profile: ModelProfile | undefined): string {
  const word = profile?.locality.kind ?? "unknown";
  return profile?.demo === true ? `${word} · demo` : word;
}

export function localitySentence(profile: ModelProfile | undefined): string {
  if (profile === undefined) return "unknown, counts as cloud: OpenClaw does not list this model";
  const counts = profile.locality.kind === "unknown" && countsAsCloud(profile.locality) ? ", counts as cloud" : "";
  return `${localityWord(profile)}${counts}: ${profile.locality.evidence}`;
}

export function modelChoices(snapshot: RegistrySnapshot, current: ModelRef | undefined): Choices {
  return {
    label: "Switch to",
    command: "/model",
    items: snapshot.models.map((profile) => ({
      value: formatModelRef(profile.ref),
      label: profile.name,
      detail: [
        localityWord(profile),
        ...(profile.windowTokens === undefined ? [] : [`${tokens(profile.windowTokens)} window`]),
        ...(profile.aliases.length === 0 ? [] : [`alias ${profile.aliases.join(", ")}`]),
      ].join(" · "),
      group: profile.ref.provider,
      current: sameModel(profile.ref, current),
    })),
  };
}

/** How full the window is that the next turn will use. Undefined before the first turn, or where OpenClaw names no window. */
export function contextMeter(view: SessionView, profile: ModelProfile | undefined): Meter | undefined {
  const used = view.row?.usedTokens;
  const window = view.row?.windowTokens ?? profile?.windowTokens;
  if (used === undefined || window === undefined) return undefined;
  return {
    label: "Context",
    value: used,
    max: window,
    text: `${tokens(used)} of ${tokens(window)} tokens (${Math.round((100 * used) / window)} %)`,
  };
}

export function because(view: SessionView, now: number): string {
  const why = view.effective?.why;
  if (why === undefined) return "unknown";
  if (why.kind === "pin" && view.pinnedBy !== undefined) {
    return `pinned here by ${view.pinnedBy.actor}, ${ago(now - view.pinnedBy.at)}`;
  }
  return reasonWords(why);
}

/** How long a temporary switch goes on: “for 24 more minutes, then back to ollama/qwen3:8b”. */
export function endingWords({ dueAt, backTo }: Pick<Return, "dueAt" | "backTo">, now: number): string {
  const then = `then back to ${backTo ?? "the default"}`;
  if (dueAt === undefined) return `for the next turn, ${then}`;
  return dueAt > now ? `for ${lasting(dueAt - now, "more ")}, ${then}` : `its time is up: ${then}`;
}

export function reasonWords(why: SelectionReason): string {
  switch (why.kind) {
    case "pin":
      return "pinned in this conversation";
    case "inherited":
      return `inherited from the pin of the parent channel${why.parentKey === undefined ? "" : ` (${why.parentKey})`}`;
    case "channel":
      return "set for this channel in OpenClaw's config (channels.modelByChannel)";
    case "agent":
      return `default of agent ${why.agentId}`;
    case "default":
      return "default of all agents";
    case "other":
      return `chosen by ${why.source}`;
  }
}

const fallbackSentence = (why: SelectionReason, fallbacks: readonly string[]): string => {
  if (why.kind === "pin" || why.kind === "inherited") return "the turn fails: OpenClaw never falls back from a pin";
  return fallbacks.length === 0
    ? "the turn fails: no fallback is configured"
    : `OpenClaw tries ${fallbacks.join(", then ")}`;
};

function defaultFor(agentId: string, snapshot: RegistrySnapshot): ModelRef | undefined {
  return snapshot.modelConfig.agentModels.get(agentId)?.primary ?? snapshot.modelConfig.defaultModel.primary;
}

const becauseOfDefault = (agentId: string, snapshot: RegistrySnapshot): string =>
  snapshot.modelConfig.agentModels.get(agentId)?.primary === undefined
    ? "default of all agents"
    : `default of agent ${agentId}`;
