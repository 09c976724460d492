import { ClutchError } from "../src/errors.ts";
import { formatModelRef, sameModel } from "../src/models/model-ref.ts";
import type { ModelProfile } from "../src/registry/model-profile.ts";
import { pinOf } from "../src/sessions/pin.ts";
import type { SessionView } from "../src/sessions/session-models.ts";
import type { Obstacle, SwitchPlan } from "../src/sessions/switch-plan.ts";
import { bytes } from "./amounts.ts";
import type { CommandContext, Reply } from "./command.ts";
import {
  alternativeNames,
  evictionQuestion,
  leftAs,
  obstacleCard,
  obstacleSentence,
  planCard,
  planFields,
  usedEvictions,
} from "./model-plan.ts";
import type { Services } from "./services.ts";

/** What is ready when the pin may move. `plan` is undefined where there is nothing to prepare. */
export interface Prepared {
  readonly plan: SwitchPlan | undefined;
  /** How long the model took to load, ms; undefined where it was loaded or is elsewhere. */
  readonly loadedInMs: number | undefined;
}

const SAID_AGAIN = ["once", "for", "agent", "compact", "force", "after"] as const;

/** Options of a command line that an action has to say again. */
export const endingOf = ({ options }: Pick<CommandContext<Services>, "options">, without?: "compact"): string =>
  SAID_AGAIN.filter((name) => name !== without && options[name] !== undefined)
    .map((name) => (name === "for" || name === "agent" ? ` ${name}:${options[name]}` : ` ${name}`))
    .join("");

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
 * `does_not_fit`, `no_tools`, `changed_meanwhile`, and the gateway's.
 */
export async function prepareSwitch(
  context: CommandContext<Services>,
  target: ModelProfile,
): Promise<Prepared | { readonly reply: Reply }> {
  const { sessions, planner } = context.services;
  const view = await sessions.view(context.conversation, context.options["agent"]);
  const isPinned = view.effective?.why.kind === "pin" && sameModel(view.effective.model, target.ref);
  if (isPinned) return { plan: undefined, loadedInMs: undefined };

  let plan = await planner.plan(view, target);
  if (context.options["pull"] !== undefined && plan.refusal?.code === "model_missing") {
    await download(context, plan.target);
    plan = await planner.plan(view, target);
  }
  refuseWhereNothingAnswers(plan);
  const compacts = context.options["compact"] !== undefined && plan.obstacles.some(isTooLong);
  // All questions come before the summary, which cannot be taken back.
  const first = compacts ? { ...plan, obstacles: plan.obstacles.filter((obstacle) => !isTooLong(obstacle)) } : plan;
  const stop = stopOf(context, first, false);
  if (stop !== undefined) return { reply: stop };
  // Before anybody spoke the question whether to begin comes first, and the load after the yes.
  if (view.row === undefined && !context.confirmed) return { plan, loadedInMs: undefined };
  if (compacts) {
    plan = await compactFirst(context, view, target);
    refuseWhereNothingAnswers(plan, true);
    const still = stopOf(context, plan, true);
    if (still !== undefined) return { reply: still };
  }
  const loadedInMs = await load(context, plan, compacts);
  if (compacts || loadedInMs !== undefined) await refuseWhereChanged(context, view, target, compacts);
  return { plan, loadedInMs };
}

const isTooLong = ({ kind }: Obstacle): boolean => kind === "too-long";

/** What the plan has against it, or a question; undefined where nothing is in the way. */
function stopOf(context: CommandContext<Services>, plan: SwitchPlan, compacted: boolean): Reply | undefined {
  const ending = endingOf(context, compacted ? "compact" : undefined);
  if (plan.obstacles.length > 0 && context.options["force"] === undefined) {
    return obstacleReply(plan, ending, compacted);
  }
  if (usedEvictions(plan).length === 0 || context.confirmed) return undefined;
  return { card: evictionQuestion(plan, ending, compacted), visibility: "private", needsConfirmation: true };
}

/** Minutes may have passed: what was chosen here meanwhile is newer than this command, so it stays. */
async function refuseWhereChanged(
  context: CommandContext<Services>,
  before: SessionView,
  target: ModelProfile,
  compacted: boolean,
): Promise<void> {
  context.signal.throwIfAborted();
  const { row } = await context.services.sessions.view(context.conversation, context.options["agent"]);
  const [then, now] = [before.row, row].map((one) => (one === undefined ? null : pinOf(one)));
  const name = formatModelRef(target.ref);
  if (now === then || now === name) return;
  throw new ClutchError(
    "changed_meanwhile",
    `While ${target.name} was made ready, this conversation was switched to ${now ?? "its default"}. ${leftAs(compacted)}`,
    { hint: `To switch all the same: /model ${name}${endingOf(context, "compact")}` },
  );
}

/** For changes beyond this conversation, which have no plan. Codes: `server_unreachable`, `model_missing`. */
export async function refuseUnanswerable(context: CommandContext<Services>, target: ModelProfile): Promise<void> {
  const refusal = await context.services.planner.refusal(target);
  refuseWhereNothingAnswers({ target, refusal, alternatives: [] });
}

function refuseWhereNothingAnswers(
  { target, refusal, alternatives }: Pick<SwitchPlan, "target" | "refusal" | "alternatives">,
  compacted = false,
): void {
  if (refusal === undefined) return;
  const name = formatModelRef(target.ref);
  const instead = otherwise(alternatives);
  if (refusal.code === "server_down") {
    throw new ClutchError("server_unreachable", `${name} cannot answer now: ${refusal.reason} ${leftAs(compacted)}`, {
      hint: `Start its server, then try again.${instead}`,
    });
  }
  throw new ClutchError("model_missing", `${refusal.reason} ${leftAs(compacted)}`, {
    hint: `An owner can get it: /model ${name} pull.${instead}`,
  });
}

function obstacleReply(plan: SwitchPlan, ending: string, compacted: boolean): Reply {
  const message = plan.obstacles.map(obstacleSentence).join(" ");
  const code = plan.obstacles.some(({ kind }) => kind !== "no-tools") ? "does_not_fit" : "no_tools";
  const [other] = plan.alternatives;
  const ways = [
    ...(plan.obstacles.some(isTooLong) && !compacted ? ["“compact” summarises the conversation first"] : []),
    ...(other === undefined ? [] : [`${formatModelRef(other.ref)} could answer instead`]),
    "“force” switches all the same",
  ];
  return {
    card: obstacleCard(plan, ending, compacted),
    visibility: "private",
    refusal: new ClutchError(code, `${message} ${leftAs(compacted)}`, { hint: `${ways.join("; ")}.` }),
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
      hint: "Use a model with a larger window, or “force” without “compact”.",
    });
  }
  return planner.plan(await sessions.view(context.conversation, context.options["agent"]), target);
}

/** Gigabytes, so the card says how far it is. Stopped halfway it goes on there the next time. */
async function download(context: CommandContext<Services>, target: ModelProfile): Promise<void> {
  const title = `Downloading ${target.name} …`;
  const body = [
    "The conversation stays with the model that it has. If this is stopped, the same command goes on from there.",
  ];
  context.progress({ tone: "info", title, body });
  await context.services.planner.download(
    target,
    ({ doneBytes, totalBytes }) => {
      if (doneBytes === undefined || totalBytes === undefined || totalBytes === 0) return;
      const text = `${bytes(doneBytes)} of ${bytes(totalBytes)}`;
      const meter = { label: "Downloaded", value: doneBytes, max: totalBytes, text };
      context.progress({ tone: "info", title, body, meter });
    },
    context.signal,
  );
  context.signal.throwIfAborted();
}

async function load(
  context: CommandContext<Services>,
  plan: SwitchPlan,
  compacted: boolean,
): Promise<number | undefined> {
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
      `${plan.target.name} could not be loaded: ${thrown.message} ${leftAs(compacted)}`,
      {
        hint: `${thrown.hint}${otherwise(plan.alternatives)}`,
        cause: thrown,
      },
    );
  }
}
