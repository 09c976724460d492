import { ClutchError } from "../src/errors.ts";
import { formatModelRef, sameModel } from "../src/models/model-ref.ts";
import type { ModelProfile } from "../src/registry/model-profile.ts";
import type { SessionView } from "../src/sessions/session-models.ts";
import type { SwitchPlan } from "../src/sessions/switch-plan.ts";
import type { CommandContext, Reply } from "./command.ts";
import {
  alternativeNames,
  evictionQuestion,
  obstacleCard,
  obstacleSentence,
  planCard,
  planFields,
} from "./model-plan.ts";
import type { Services } from "./services.ts";

/** What is ready when the pin may move. `plan` is undefined where there is nothing to prepare. */
export interface Prepared {
  readonly plan: SwitchPlan | undefined;
  /** How long the model took to load, ms; undefined where it was loaded or is elsewhere. */
  readonly loadedInMs: number | undefined;
}

/** Options of a command line that an action has to say again. */
export const endingOf = ({ options }: Pick<CommandContext<Services>, "options">): string =>
  [
    options["once"] === undefined ? "" : " once",
    options["for"] === undefined ? "" : ` for:${options["for"]}`,
    options["agent"] === undefined ? "" : ` agent:${options["agent"]}`,
  ].join("");

/** `/model NAME plan:true`. */
export async function showPlan(context: CommandContext<Services>, target: ModelProfile): Promise<Reply> {
  const { sessions, planner } = context.services;
  const view = await sessions.view(context.conversation, context.options["agent"]);
  return { card: planCard(await planner.plan(view, target), endingOf(context)), visibility: "private" };
}

/**
 * Everything that comes before the pin: the plan, its obstacles and questions, the
 * summary that was asked for, and the load. Gives a reply where the switch is not
 * to be made (yet). Until here nothing of the conversation's model has changed, and
 * whatever fails leaves it so. Codes: `server_unreachable`, `model_missing`,
 * `does_not_fit`, `no_tools`, and the gateway's.
 */
export async function prepareSwitch(
  context: CommandContext<Services>,
  target: ModelProfile,
): Promise<Prepared | { readonly reply: Reply }> {
  const { sessions, planner } = context.services;
  const view = await sessions.view(context.conversation, context.options["agent"]);
  const isPinned = view.effective?.why.kind === "pin" && sameModel(view.effective.model, target.ref);
  // Before anybody spoke the question comes first, and the load after the yes.
  const isUnasked = view.row === undefined && !context.confirmed;
  if (isPinned) return { plan: undefined, loadedInMs: undefined };

  let plan = await planner.plan(view, target);
  refuseWhereNothingAnswers(plan);
  if (isUnasked) return { plan, loadedInMs: undefined };
  if (context.options["compact"] !== undefined && plan.obstacles.some(({ kind }) => kind === "too-long")) {
    plan = await compactFirst(context, view, target);
  }
  if (plan.obstacles.length > 0 && context.options["force"] === undefined) {
    return { reply: obstacleReply(plan, endingOf(context)) };
  }
  if (plan.evicts.some(({ usedBy }) => usedBy.length > 0) && !context.confirmed) {
    const card = evictionQuestion(
      plan,
      `${endingOf(context)}${context.options["force"] === undefined ? "" : " force"}`,
    );
    return { reply: { card, visibility: "private", needsConfirmation: true } };
  }
  return { plan, loadedInMs: await load(context, plan) };
}

function refuseWhereNothingAnswers({ target, refusal, alternatives }: SwitchPlan): void {
  if (refusal === undefined) return;
  const name = formatModelRef(target.ref);
  const instead = otherwise(alternatives);
  if (refusal.code === "server_down") {
    throw new ClutchError("server_unreachable", `${name} cannot answer now: ${refusal.reason} Nothing was changed.`, {
      hint: `Start its server, then try again.${instead}`,
    });
  }
  throw new ClutchError("model_missing", `${refusal.reason} Nothing was changed.`, {
    hint: `To get it: clutch models setup ${target.ref.model}.${instead}`,
  });
}

function obstacleReply(plan: SwitchPlan, ending: string): Reply {
  const message = plan.obstacles.map(obstacleSentence).join(" ");
  const code = plan.obstacles.some(({ kind }) => kind !== "no-tools") ? "does_not_fit" : "no_tools";
  const [other] = plan.alternatives;
  const ways = [
    ...(plan.obstacles.some(({ kind }) => kind === "too-long") ? ["“compact” summarises the conversation first"] : []),
    ...(other === undefined ? [] : [`${formatModelRef(other.ref)} could answer instead`]),
    "“force” switches all the same",
  ];
  return {
    card: obstacleCard(plan, ending),
    visibility: "private",
    refusal: new ClutchError(code, `${message} Nothing was changed.`, { hint: `${ways.join("; ")}.` }),
  };
}

const otherwise = (alternatives: SwitchPlan["alternatives"]): string =>
  alternatives.length === 0 ? "" : ` Or take another: ${alternativeNames(alternatives).join(", ")}.`;

/** By the old model, which still has room for the whole conversation. */
async function compactFirst(
  context: CommandContext<Services>,
  view: SessionView,
  target: ModelProfile,
): Promise<SwitchPlan> {
  const { sessions, planner, openclaw } = context.services;
  const present = view.effective?.model;
  context.progress({
    tone: "info",
    title: "Summarising the conversation first …",
    body: [
      `${present === undefined ? "The present model" : formatModelRef(present)} does it, so that nothing is lost on the way. This may take a minute or two.`,
    ],
  });
  if (!(await openclaw.compactSession(view.key, { signal: context.signal }))) {
    throw new ClutchError("does_not_fit", "OpenClaw found nothing to summarise here. Nothing was changed.", {
      hint: "Use a model with a larger window, or “force”.",
    });
  }
  return planner.plan(await sessions.view(context.conversation, context.options["agent"]), target);
}

async function load(context: CommandContext<Services>, plan: SwitchPlan): Promise<number | undefined> {
  if (plan.load === undefined) return undefined;
  context.progress({
    tone: "info",
    title: `Loading ${plan.target.name} …`,
    body: ["Until it is loaded the conversation stays with the model that it has."],
    fields: planFields(plan),
  });
  try {
    return await context.services.planner.warm(plan, context.signal);
  } catch (thrown) {
    if (!(thrown instanceof ClutchError)) throw thrown;
    throw new ClutchError(
      thrown.code,
      `${plan.target.name} could not be loaded: ${thrown.message} Nothing was changed.`,
      {
        hint: `${thrown.hint}${otherwise(plan.alternatives)}`,
        cause: thrown,
      },
    );
  }
}
