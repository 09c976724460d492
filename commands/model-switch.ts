import { ClutchError } from "../src/errors.ts";
import { countsAsCloud } from "../src/models/locality.ts";
import { formatModelRef } from "../src/models/model-ref.ts";
import { type ModelProfile, nameOf } from "../src/registry/model-profile.ts";
import type { RegistrySnapshot } from "../src/registry/model-registry.ts";
import type { SwitchRequest, SwitchResult } from "../src/sessions/session-models.ts";
import type { Until } from "../src/sessions/temporary-switches.ts";
import { mayDo } from "./access.ts";
import type { Card, Field } from "./card.ts";
import type { CommandContext, Reply } from "./command.ts";
import {
  contextMeter,
  endingWords,
  localitySentence,
  localityWord,
  modelCard,
  profileOf,
  reasonWords,
} from "./model-card.ts";
import { defaultCard } from "./model-default.ts";
import { undoEverywhere } from "./model-everywhere.ts";
import { undoHelpers } from "./model-helpers.ts";
import { lockSentence, withSentence } from "./model-locked.ts";
import { obstacleSentence, planFields, warnings } from "./model-plan.ts";
import { endingOf, type Prepared, prepareSwitch } from "./model-prepare.ts";
import { changeToUndo, lastHere, undoButton } from "./model-undo.ts";
import type { Services } from "./services.ts";

const NOTHING_PREPARED: Prepared = { plan: undefined, loadedInMs: undefined };

/** `/model NAME` and `/model default`: null drops the pin. */
export async function switchHere(context: CommandContext<Services>, target: ModelProfile | null): Promise<Reply> {
  const { sessions, temporary, registry, clock } = context.services;
  const actor = actorOf(context);
  const prepared = target === null ? NOTHING_PREPARED : await prepareSwitch(context, target);
  if ("reply" in prepared) return prepared.reply;
  try {
    const result = await sessions.switchModel({ ...requestOf(context), target: target?.ref ?? null });
    const snapshot = await registry.current();
    if (result.changed) {
      const card = switchedCard(result, snapshot, actor, clock(), prepared);
      return { card: await saysLocked(context, card, result, snapshot), visibility: "public" };
    }
    const ending = result.after.temporary;
    if (ending === undefined || !(await temporary.keep(ending, actor))) {
      return { card: unchangedCard(result, snapshot, clock()), visibility: "private" };
    }
    const card = modelCard({ ...result.after, temporary: undefined }, snapshot, clock());
    const body = ["This conversation was switched to it for a while only. Now it stays."];
    return { card: { ...card, tone: "success", body }, visibility: "public" };
  } catch (error) {
    if (!(error instanceof ClutchError) || error.code !== "no_session" || target === null) throw error;
    return firstMessageQuestion(context, target);
  }
}

/** `/model NAME once` and `/model NAME for:30m`. */
export async function switchForNow(
  context: CommandContext<Services>,
  target: ModelProfile,
  until: Until,
): Promise<Reply> {
  const { temporary, registry, clock } = context.services;
  const prepared = await prepareSwitch(context, target);
  if ("reply" in prepared) return prepared.reply;
  try {
    const result = await temporary.begin({ ...requestOf(context), target: target.ref }, until);
    const snapshot = await registry.current();
    const now = clock();
    if (result.ending === undefined) {
      return { card: unchangedCard(result, snapshot, now), visibility: "private" };
    }
    const view = { ...result.after, temporary: result.ending };
    const unattended = (await temporary.isWatched())
      ? []
      : ["No Clutch service is running here, so nobody switches it back until `clutch start` runs."];
    if (result.changed) {
      const card = switchedCard({ ...result, after: view }, snapshot, actorOf(context), now, prepared);
      return { card: { ...card, body: [...(card.body ?? []), ...unattended] }, visibility: "public" };
    }
    const body = [`It was a temporary switch already. Now it is ${endingWords(result.ending, now)}.`, ...unattended];
    return { card: { ...modelCard(view, snapshot, now), tone: "success", body }, visibility: "public" };
  } catch (error) {
    if (!(error instanceof ClutchError) || error.code !== "no_session") throw error;
    return firstMessageQuestion(context, target);
  }
}

const requestOf = (context: CommandContext<Services>): Omit<SwitchRequest, "target"> => ({
  conversation: context.conversation,
  actor: actorOf(context),
  ...(context.options["agent"] === undefined ? {} : { agentId: context.options["agent"] }),
  createIfMissing: context.confirmed,
});

/** `/model undo`: the last change that was made here, whatever its scope, or the one that a button names. */
export async function undoHere(context: CommandContext<Services>): Promise<Reply> {
  const { sessions, defaults, journal, registry, clock } = context.services;
  const view = await sessions.view(context.conversation, context.options["agent"]);
  const last = await changeToUndo(journal, context.options["name"], view);
  if (last === undefined) {
    throw new ClutchError("nothing_to_undo", "Clutch has changed nothing here that could be undone.", {
      hint: "/model shows where things stand.",
    });
  }
  const actor = actorOf(context);
  if (last.scope !== "session" && !mayDo(context.level, "owner")) {
    throw new ClutchError("not_allowed", "That change was system-wide, so only an owner may undo it.", {
      hint: "To change this conversation alone: /model NAME",
    });
  }
  if (last.scope === "config" && last.batch !== undefined) return undoHelpers(context, last.batch, view.key);
  if (last.batch !== undefined && last.place === view.key) return undoEverywhere(context, last.batch, view.key);
  // The button of an undo goes one step further back.
  const before = async () => (await lastHere(journal, view.key))?.id;
  if (last.scope === "session") {
    const result = await sessions.undo(last, { actor });
    const snapshot = await registry.current();
    const card = switchedCard({ ...result, changeId: await before() }, snapshot, actor, clock());
    return { card: await saysLocked(context, card, result, snapshot), visibility: "public" };
  }
  const change = await defaults.undo(last, { actor, place: view.key });
  const scope =
    last.scope === "agent" ? ({ kind: "agent", agentId: last.target } as const) : ({ kind: "global" } as const);
  return { card: defaultCard(scope, change, { actor, undo: undoButton(await before()) }), visibility: "public" };
}

export const actorOf = ({ person }: Pick<CommandContext<Services>, "person">): string =>
  `${person.platform}:${person.id}`;

/** A pin that waits for the end of local-only mode is not what answers next. */
async function saysLocked(
  { services }: CommandContext<Services>,
  card: Card,
  { after }: SwitchResult,
  snapshot: RegistrySnapshot,
): Promise<Card> {
  const model = after.effective?.model;
  return withSentence(card, await lockSentence(services, after.key, model, profileOf(model, snapshot)));
}

/** Only for a switch that was read back. Its button takes back `changeId`. */
function switchedCard(
  { before, after, changeId }: SwitchResult,
  snapshot: RegistrySnapshot,
  actor: string,
  now: number,
  { plan, loadedInMs }: Prepared = NOTHING_PREPARED,
): Card {
  const model = after.effective?.model;
  const profile = profileOf(model, snapshot);
  const formerly = before.effective?.model;
  const former = profileOf(formerly, snapshot);
  const pinned = after.effective?.why.kind === "pin";
  const fields: Field[] = [
    ...(formerly === undefined
      ? []
      : [{ name: "Before", value: `${formatModelRef(formerly)} (${localityWord(former)})` }]),
    ...(model === undefined ? [] : [{ name: "Now", value: `${formatModelRef(model)} (${localityWord(profile)})` }]),
    { name: "Runs", value: localitySentence(profile) },
    { name: "Because", value: after.effective === undefined ? "unknown" : reasonWords(after.effective.why) },
    { name: "By", value: actor },
  ];
  const ending = after.temporary;
  if (ending !== undefined) fields.push({ name: "Lasts", value: endingWords(ending, now) });
  const body: string[] = [];
  if (before.row === undefined) body.push("The first message here will be answered by it.");
  else if (after.running) body.push("A turn is running; it ends on the former model. The next turn uses the new one.");
  else body.push("The next turn uses it. The conversation goes on with its whole history.");
  if (ending !== undefined && ending.dueAt === undefined) {
    body.push("However that turn ends, the conversation goes back by itself after it.");
  }
  if (
    profile !== undefined &&
    former !== undefined &&
    former.locality.kind === "local" &&
    countsAsCloud(profile.locality)
  ) {
    body.push("What was said here while it ran locally goes to the cloud with the next turn.");
  }
  if (plan !== undefined) {
    // The meter below says how full the window is.
    fields.push(...planFields(plan, loadedInMs).filter(({ name }) => name !== "Conversation" && name !== "Load"));
    // Those that “force” overruled: what will happen is said once more.
    body.push(...plan.obstacles.map(obstacleSentence), ...warnings(plan));
  }
  const meter = contextMeter(after, profile);
  if (meter !== undefined && meter.value > meter.max) {
    body.push("The conversation is larger than this model's window: OpenClaw will summarise it before the next turn.");
  }
  return {
    tone: "success",
    title:
      model === undefined
        ? "The pin is gone"
        : `${pinned ? "Switched to" : "Back on the default:"} ${nameOf(profile, model)}`,
    body,
    fields,
    ...(meter === undefined ? {} : { meter }),
    actions: undoButton(changeId),
    footer: `read back from OpenClaw · session ${after.key}`,
  };
}

function unchangedCard(result: SwitchResult, snapshot: RegistrySnapshot, now: number): Card {
  const card = modelCard(result.after, snapshot, now);
  const why = result.after.effective?.why.kind;
  const body =
    why === "pin"
      ? ["This conversation is pinned to it already; nothing was changed."]
      : why === "inherited"
        ? ["There is no pin of its own here to drop: the parent channel's applies. Drop it there, or pin a model here."]
        : ["There is no pin here to drop; nothing was changed."];
  return { ...card, body: [...body, ...(card.body ?? [])] };
}

/** Setting a model before anybody spoke opens a session, so it is asked first. */
async function firstMessageQuestion(context: CommandContext<Services>, target: ModelProfile): Promise<Reply> {
  const { sessions } = context.services;
  const view = await sessions.view(context.conversation, context.options["agent"]);
  const ending = endingOf(context);
  return {
    visibility: "private",
    needsConfirmation: true,
    card: {
      tone: "warning",
      title: `Start this conversation on ${target.name}?`,
      body: [
        "Nobody has talked to the agent here yet, so there is nothing to switch. Clutch can open the session now, so that the first message is answered by this model.",
      ],
      fields: [
        { name: "Model", value: `${formatModelRef(target.ref)} (${localityWord(target)})` },
        { name: "Agent", value: view.agentId },
      ],
      actions: [
        { label: "Set it", line: `/model ${formatModelRef(target.ref)}${ending}`, style: "primary", confirms: true },
      ],
      footer: `session ${view.key}`,
    },
  };
}
