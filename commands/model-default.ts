import { type DefaultChange, type DefaultScope, show } from "../src/agents/configured-defaults.ts";
import { ClutchError } from "../src/errors.ts";
import { formatModelRef } from "../src/models/model-ref.ts";
import type { ConfiguredModel } from "../src/openclaw/model-config.ts";
import type { ModelProfile } from "../src/registry/model-profile.ts";
import type { SessionView } from "../src/sessions/session-models.ts";
import type { Action, Card } from "./card.ts";
import type { CommandContext, Reply } from "./command.ts";
import { localityWord, reasonWords } from "./model-card.ts";
import { refuseUnanswerable } from "./model-prepare.ts";
import { undoButton } from "./model-undo.ts";
import type { Services } from "./services.ts";

/** `/model NAME scope:agent` and `scope:global`: asks first, since it reaches beyond this conversation. */
export async function setDefault(
  context: CommandContext<Services>,
  scopeName: "agent" | "global",
  target: ModelProfile | null,
): Promise<Reply> {
  const { sessions, defaults, journal } = context.services;
  const view = await sessions.view(context.conversation, context.options["agent"]);
  const scope: DefaultScope = scopeName === "agent" ? { kind: "agent", agentId: view.agentId } : { kind: "global" };
  if (target === null && scope.kind === "global") {
    throw new ClutchError("bad_option", "The default of all agents cannot be dropped: OpenClaw needs one.", {
      hint: "Name the model it should be: /model NAME scope:global",
    });
  }
  if (target !== null) await refuseUnanswerable(context, target);
  const now = await defaults.read(scope);
  if (!context.confirmed) {
    return {
      visibility: "private",
      needsConfirmation: true,
      card: {
        tone: "warning",
        title:
          target === null
            ? `Drop the default of ${words(scope)}?`
            : `Make ${target.name} the default of ${words(scope)}?`,
        body: [
          "It changes OpenClaw's configuration, for every conversation without a pin of its own.",
          ...(target === null || (now?.fallbacks.length ?? 0) === 0
            ? []
            : [`Its fallbacks stay: ${now?.fallbacks.join(", ")}.`]),
        ],
        fields: [
          { name: "Now", value: named(now) },
          {
            name: "Then",
            value:
              target === null ? "the default of all agents" : `${formatModelRef(target.ref)} (${localityWord(target)})`,
          },
        ],
        actions: [
          {
            label: "Change it",
            line: `/model ${target === null ? "default" : formatModelRef(target.ref)} scope:${scopeName}${context.options["after"] === undefined ? "" : " after"}`,
            style: "danger",
            confirms: true,
          },
        ],
      },
    };
  }
  const actor = `${context.person.platform}:${context.person.id}`;
  const change = await defaults.set(scope, target?.ref ?? null, { actor, place: view.key });
  const whose = scope.kind === "agent" ? scope.agentId : "defaults";
  const made = await journal.lastUndoable({ target: whose, place: view.key });
  const card = defaultCard(scope, change, { actor, undo: undoButton(made?.id), view });
  if (target === null || scope.kind === "global") return { card, visibility: "public" };
  const line = `/model ${formatModelRef(target.ref)} scope:agent soul agent:${view.agentId}`;
  const declare = { label: "Declare it in SOUL.md", line, style: "secondary" as const };
  return { card: { ...card, actions: [...(card.actions ?? []), declare] }, visibility: "public" };
}

/** `/model NAME scope:agent soul`: the agent's own file says it from then on, and the default follows the file. */
export async function declareInSoul(context: CommandContext<Services>, target: ModelProfile): Promise<Reply> {
  const { sessions, souls } = context.services;
  const view = await sessions.view(context.conversation, context.options["agent"]);
  const ref = formatModelRef(target.ref);
  if (!context.confirmed) {
    return {
      visibility: "private",
      needsConfirmation: true,
      card: {
        tone: "warning",
        title: `Declare ${target.name} in the SOUL.md of ${view.agentId}?`,
        body: [
          `The line “model: ${ref}” is written into the front matter; the rest of the file stays as it is.`,
          "The agent sees that line, since OpenClaw puts the whole file into its prompt.",
        ],
        actions: [
          {
            label: "Declare it",
            line: `/model ${ref} scope:agent soul agent:${view.agentId}`,
            style: "danger",
            confirms: true,
          },
        ],
      },
    };
  }
  const actor = `${context.person.platform}:${context.person.id}`;
  const report = await souls.declareInSoul(view.agentId, { model: target.ref }, { actor, place: view.key });
  const declares = `The SOUL.md of ${view.agentId} declares ${target.name}`;
  const follows = report.state === "in-step" || report.state === "mirrored";
  const still = report.configured == null ? "that of all agents" : show(report.configured);
  return {
    visibility: "public",
    card: {
      tone: follows ? "success" : "warning",
      title: follows ? declares : `${declares}, but its default is not changed`,
      body: report.problems.map(({ message }) => message),
      fields: [
        { name: "Model", value: ref },
        ...(follows ? [] : [{ name: "Default", value: report.configured === undefined ? "not known" : still }]),
        { name: "By", value: actor },
      ],
      footer: follows ? "read back from the file and from OpenClaw's configuration" : "read back from the file",
    },
  };
}

/** Only for a change that was read back from the configuration; `undo` is shown where there was one. */
export function defaultCard(
  scope: DefaultScope,
  change: DefaultChange,
  { actor, undo, view }: { readonly actor: string; readonly undo: readonly Action[]; readonly view?: SessionView },
): Card {
  const why = view?.effective?.why;
  const stays = why?.kind === "pin" || why?.kind === "inherited";
  return {
    tone: change.changed ? "success" : "info",
    title: change.changed
      ? change.after?.primary === undefined
        ? `${capital(words(scope))} has no default of its own any more`
        : `The default of ${words(scope)} is now ${formatModelRef(change.after.primary)}`
      : `The default of ${words(scope)} is ${named(change.after)} already; nothing was changed`,
    ...(stays && why !== undefined
      ? {
          body: [
            `This conversation does not follow it: its model is ${reasonWords(why)}. /model default lets it follow.`,
          ],
        }
      : {}),
    fields: [
      { name: "Before", value: named(change.before) },
      { name: "Now", value: named(change.after) },
      { name: "By", value: actor },
    ],
    ...(change.changed ? { actions: undo } : {}),
    footer: "read back from OpenClaw's configuration",
  };
}

const words = (scope: DefaultScope): string => (scope.kind === "agent" ? `agent ${scope.agentId}` : "all agents");
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const named = (model: ConfiguredModel | undefined): string => {
  if (model?.primary === undefined) return "none of its own";
  const fallbacks = model.fallbacks.length === 0 ? "" : ` (fallbacks ${model.fallbacks.join(", ")})`;
  return `${formatModelRef(model.primary)}${fallbacks}`;
};
