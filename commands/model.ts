import { formatModelRef } from "../src/models/model-ref.ts";
import { rankModels } from "../src/registry/find-model.ts";
import { TASKS } from "../src/registry/seed-profile.ts";
import type { EffectiveModel } from "../src/sessions/effective-model.ts";
import type { SessionView } from "../src/sessions/session-models.ts";
import { cardForAgent } from "./agent-option.ts";
import { chooseModel } from "./choose-model.ts";
import type { Command, CommandContext, OptionValues, Reply } from "./command.ts";
import { adviseHere, checkAdvise } from "./model-advise.ts";
import { localityWord, modelCard, profileOf } from "./model-card.ts";
import { declareInSoul, setDefault } from "./model-default.ts";
import { switchEverywhere } from "./model-everywhere.ts";
import { setHelpers, showHelpers } from "./model-helpers.ts";
import { listModels, MODEL_FILTERS, MODEL_SORTS, modelListCard } from "./model-list.ts";
import { lockSentence, refusalWhileLocked, withSentence } from "./model-locked.ts";
import { checkTogether, untilOf } from "./model-options.ts";
import { showPlan } from "./model-prepare.ts";
import { switchForNow, switchHere, undoHere } from "./model-switch.ts";
import { wordOf } from "./model-undo.ts";
import type { Services } from "./services.ts";

/** A cold 70B takes minutes to load, and so does a summary of a long conversation. */
const LOADING_MS = 12 * 60_000;
/** 40 GB over a slow line. */
const DOWNLOADING_MS = 6 * 60 * 60_000;
/** Thousands of conversations at about 20 ms each, with room to spare. */
const EVERYWHERE_MS = 10 * 60_000;

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
        const words = ["default", "undo", "list", "advise"].filter(
          (word) => typed !== "" && word.startsWith(typed.toLowerCase()),
        );
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
      summary: "here, all (conversations), agent (its default), global (every default), helpers (silent calls)",
      kind: "choice",
      choices: ["here", "all", "agent", "global", "helpers"],
    },
    { name: "once", summary: "For the next turn only, then back", kind: "flag" },
    {
      name: "for",
      summary: "For a while, then back: 90s, 30m, 2h, 1d",
      kind: "text",
      complete: (typed) =>
        ["10m", "30m", "2h", "1d"]
          .filter((length) => length.startsWith(typed.trim()))
          .map((length) => ({ value: length, label: length })),
    },
    { name: "sort", summary: "Order of /model list", kind: "choice", choices: MODEL_SORTS },
    { name: "only", summary: "Which models /model list shows", kind: "choice", choices: MODEL_FILTERS },
    { name: "task", summary: "With /model advise: the kind of work", kind: "choice", choices: TASKS },
    { name: "plan", summary: "Only show what the switch would mean: fit, waiting time, price", kind: "flag" },
    { name: "compact", summary: "Summarise the conversation first, where it is too long for the model", kind: "flag" },
    { name: "force", summary: "Switch although the plan advises against it", kind: "flag" },
    { name: "pull", summary: "Download the model first, where its server lacks it", kind: "flag" },
    { name: "soul", summary: "With scope:agent: declare it in the agent's SOUL.md", kind: "flag" },
    { name: "after", summary: "While local-only mode is on: set a cloud model for the time after it", kind: "flag" },
    { name: "agent", summary: "Which agent, where several answer here", kind: "text" },
  ],
  access: ({ name, scope, plan, pull }: OptionValues) => {
    if (name === undefined || ["list", "advise"].includes(name.toLowerCase()) || plan !== undefined) return "viewer";
    // Gigabytes on the machine's disk are everybody's business.
    if (pull !== undefined) return "owner";
    return scope === "agent" || scope === "global" || scope === "helpers" ? "owner" : "operator";
  },
  deadlineMs: ({ scope, name, pull }) => {
    if (name === undefined) return undefined;
    if (pull !== undefined) return DOWNLOADING_MS;
    return scope === "all" || wordOf(name) === "undo" ? EVERYWHERE_MS : LOADING_MS;
  },
  forms: [
    {
      line: "/model",
      does: "Shows the model of this conversation, why it is that one, and what there is to choose from",
    },
    { line: "/model list", does: "Lists all models: where they run, window, fit on this machine, speed, tools" },
    {
      line: "/model advise",
      does: "Says which model fits this conversation's kind of work, by what /bench measured here",
    },
    { line: "/model advise task:code", does: "The same for a kind of work that you name" },
    { line: "/model NAME", does: "Pins this conversation to a model; its next turn uses it, with the whole history" },
    { line: "/model NAME plan", does: "Shows what the switch would mean, and changes nothing" },
    { line: "/model NAME compact", does: "Summarises a conversation that is too long for the model, then switches" },
    { line: "/model NAME force", does: "Switches although the plan advises against it" },
    { line: "/model NAME pull", does: "Downloads a model that its server lacks, with progress, then switches" },
    { line: "/model NAME after", does: "While local-only mode is on: sets a cloud model for the time after it" },
    { line: "/model default", does: "Drops the pin: the conversation follows the agent's default again" },
    { line: "/model undo", does: "Goes back to before the last change made here" },
    { line: "/model NAME once", does: "Switches for the next turn, however it ends, then goes back by itself" },
    { line: "/model NAME for:30m", does: "Switches for a while (90s, 30m, 2h, 1d), then goes back by itself" },
    {
      line: "/model NAME scope:all",
      does: "Pins every conversation to a model, after a question; one undo takes it back",
    },
    { line: "/model default scope:all", does: "Drops the pin of every conversation, after a question" },
    { line: "/model NAME scope:agent", does: "Sets the agent's default for conversations without a pin" },
    { line: "/model NAME scope:agent soul", does: "The same, declared in the agent's SOUL.md" },
    { line: "/model NAME scope:global", does: "Sets the default of every agent that has none of its own" },
    {
      line: "/model scope:helpers",
      does: "Shows which models OpenClaw's silent calls use: recaps, titles, heartbeats, …",
    },
    { line: "/model NAME scope:helpers", does: "Sends those silent calls to one model, after a question" },
    { line: "/model default scope:helpers", does: "Leaves the silent calls to OpenClaw's own choice again" },
  ],
  run: async (context) => {
    const reply = await answer(context);
    const { scope, agent } = context.options;
    // There the agent says whose conversations are meant, and an undo is looked for under the one that answers here.
    return scope === "all" ? reply : { ...reply, card: cardForAgent(reply.card, agent) };
  },
};

async function answer(context: CommandContext<Services>): Promise<Reply> {
  const { name, scope = "here" } = context.options;
  const word = wordOf(name);
  if (word === "advise") {
    checkAdvise(context.options);
    return adviseHere(context);
  }
  checkTogether(context.options);
  const until = untilOf(context.options);
  if (name === undefined) {
    if (scope === "helpers") return showHelpers(context);
    return show(context);
  }
  if (word === "list") return list(context);
  if (word === "undo") return undoHere(context);
  const target = word === "default" ? null : await chooseModel(name, context.services.registry);
  const refused = target === null ? undefined : await refusalWhileLocked(context, target);
  if (refused !== undefined) return refused;
  if (target !== null && context.options["plan"] !== undefined) return showPlan(context, target);
  if (target !== null && until !== undefined) return switchForNow(context, target, until);
  if (scope === "helpers") return setHelpers(context, target);
  if (scope === "all") return switchEverywhere(context, target);
  if (target !== null && context.options["soul"] !== undefined) return declareInSoul(context, target);
  if (scope === "agent" || scope === "global") return setDefault(context, scope, target);
  return switchHere(context, target);
}

async function list({ services, options }: CommandContext<Services>): Promise<Reply> {
  const { models } = await services.registry.current();
  const only = MODEL_FILTERS.filter((filter) => filter === options["only"]);
  const sort = MODEL_SORTS.find((name) => name === options["sort"]);
  return { card: modelListCard(listModels(models, services.machine(), { only, sort })), visibility: "private" };
}

async function show(context: CommandContext<Services>): Promise<Reply> {
  const { sessions, registry, clock } = context.services;
  const [view, snapshot] = await Promise.all([
    sessions.view(context.conversation, context.options["agent"]),
    registry.current(),
  ]);
  const model = view.effective?.model;
  const sentence = await lockSentence(context.services, view.key, model, profileOf(model, snapshot));
  // OpenClaw takes the local model for a fallback; the sentence says it better.
  const shown = sentence === undefined || view.effective === undefined ? view : withoutStandIn(view, view.effective);
  return { card: withSentence(modelCard(shown, snapshot, clock()), sentence), visibility: "private" };
}

const withoutStandIn = (view: SessionView, effective: EffectiveModel): SessionView => ({
  ...view,
  effective: { ...effective, standIn: undefined },
});
