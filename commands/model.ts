import { ClutchError } from "../src/errors.ts";
import { formatModelRef, parseModelRef } from "../src/models/model-ref.ts";
import { findModel, rankModels } from "../src/registry/find-model.ts";
import type { ModelProfile } from "../src/registry/model-registry.ts";
import type { Command, CommandContext, OptionValues, Reply } from "./command.ts";
import { clip } from "./command-line.ts";
import { localityWord, modelCard } from "./model-card.ts";
import { setDefault } from "./model-default.ts";
import { switchHere, undoHere } from "./model-switch.ts";
import type { Services } from "./services.ts";

/** `/model`: shows and changes which model answers in this conversation. */
export const modelCommand: Command<Services> = {
  name: "model",
  summary: "Show or switch the model that answers in this conversation",
  options: [
    {
      name: "name",
      summary: "A model, “default” to drop the pin, “undo” to go back",
      kind: "text",
      positional: true,
      complete: (typed, { registry }) => {
        const models = registry.known()?.models ?? [];
        const words = ["default", "undo"].filter((word) => typed !== "" && word.startsWith(typed.toLowerCase()));
        return [
          ...words.map((word) => ({ value: word, label: word })),
          ...rankModels(typed, models).map((profile) => ({
            value: formatModelRef(profile.ref),
            label: `${profile.name} · ${localityWord(profile)}`,
          })),
        ].slice(0, 25);
      },
    },
    {
      name: "scope",
      summary: "here (this conversation), agent (its default), global (every agent's default)",
      kind: "choice",
      choices: ["here", "agent", "global"],
    },
    { name: "agent", summary: "Which agent, where several answer here", kind: "text" },
  ],
  access: ({ name, scope }: OptionValues) => {
    if (name === undefined) return "viewer";
    return scope === undefined || scope === "here" ? "operator" : "owner";
  },
  forms: [
    {
      line: "/model",
      does: "Shows the model of this conversation, why it is that one, and what there is to choose from",
    },
    { line: "/model NAME", does: "Pins this conversation to a model; its next turn uses it, with the whole history" },
    { line: "/model default", does: "Drops the pin: the conversation follows the agent's default again" },
    { line: "/model undo", does: "Goes back to before the last change made here" },
    { line: "/model NAME scope:agent", does: "Sets the agent's default for conversations without a pin" },
    { line: "/model NAME scope:global", does: "Sets the default of every agent that has none of its own" },
  ],
  run: async (context) => {
    const { name, scope = "here" } = context.options;
    const word = name?.toLowerCase();
    if (name === undefined) {
      if (context.options["scope"] !== undefined) {
        throw new ClutchError("bad_option", "“scope:” needs the name of a model before it.", {
          hint: "For instance: /model qwen scope:agent",
        });
      }
      return show(context);
    }
    if (word === "undo") return undoHere(context);
    if (scope === "agent" || scope === "global") {
      return setDefault(context, scope, word === "default" ? null : await choose(name, context));
    }
    return switchHere(context, word === "default" ? null : await choose(name, context));
  },
};

async function show(context: CommandContext<Services>): Promise<Reply> {
  const { sessions, registry, clock } = context.services;
  const [view, snapshot] = await Promise.all([
    sessions.view(context.conversation, context.options["agent"]),
    registry.current(),
  ]);
  return { card: modelCard(view, snapshot, clock()), visibility: "private" };
}

/** The model that a typed name means. Throws `unknown_model` and `ambiguous_model`; nothing has changed by then. */
async function choose(typed: string, context: CommandContext<Services>): Promise<ModelProfile> {
  const { models } = await context.services.registry.current();
  let search = findModel(typed, models);
  if (search.kind === "unknown") {
    // It may have been pulled a moment ago.
    search = findModel(typed, (await context.services.registry.refresh()).models);
  }
  const names = (profiles: readonly ModelProfile[]): string[] => profiles.map(({ ref }) => formatModelRef(ref));
  if (search.kind === "found") return search.profile;
  if (search.kind === "ambiguous") {
    throw new ClutchError(
      "ambiguous_model",
      `“${clip(typed)}” fits ${search.matches.length} models. Nothing was changed.`,
      {
        hint: "Type one of them in full.",
        suggestions: names(search.matches),
      },
    );
  }
  const provider = parseModelRef(typed)?.provider;
  const known = models.some(({ ref }) => ref.provider === provider);
  throw new ClutchError("unknown_model", `OpenClaw has no model “${clip(typed)}”. Nothing was changed.`, {
    hint:
      provider !== undefined && known
        ? `If ${provider} has it, add it to models.providers.${provider}.models in OpenClaw's config.`
        : "/model shows the models there are.",
    suggestions: names(search.suggestions),
  });
}
