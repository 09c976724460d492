import { ClutchError } from "../src/errors.ts";
import { countsAsCloud } from "../src/models/locality.ts";
import { formatModelRef } from "../src/models/model-ref.ts";
import { type ModelProfile, nameOf, type RegistrySnapshot } from "../src/registry/model-registry.ts";
import type { SwitchResult } from "../src/sessions/session-models.ts";
import { mayDo } from "./access.ts";
import type { Card, Field } from "./card.ts";
import type { CommandContext, Reply } from "./command.ts";
import { contextMeter, localitySentence, localityWord, modelCard, profileOf, reasonWords } from "./model-card.ts";
import { defaultCard } from "./model-default.ts";
import type { Services } from "./services.ts";

/** `/model NAME` and `/model default`: null drops the pin. */
export async function switchHere(context: CommandContext<Services>, target: ModelProfile | null): Promise<Reply> {
  const { sessions, registry, clock } = context.services;
  const agentId = context.options["agent"];
  try {
    const result = await sessions.switchModel({
      conversation: context.conversation,
      target: target?.ref ?? null,
      actor: actorOf(context),
      ...(agentId === undefined ? {} : { agentId }),
      createIfMissing: context.confirmed,
    });
    const snapshot = await registry.current();
    if (result.changed) return { card: switchedCard(result, snapshot, actorOf(context)), visibility: "public" };
    return { card: unchangedCard(result, snapshot, clock()), visibility: "private" };
  } catch (error) {
    if (!(error instanceof ClutchError) || error.code !== "no_session" || target === null) throw error;
    return firstMessageQuestion(context, target);
  }
}

/** `/model undo`: the last change that was made here, whatever its scope. */
export async function undoHere(context: CommandContext<Services>): Promise<Reply> {
  const { sessions, defaults, journal, registry } = context.services;
  const view = await sessions.view(context.conversation, context.options["agent"]);
  const last = await journal.lastUndoable({ place: view.key });
  if (last === undefined) {
    throw new ClutchError("nothing_to_undo", "Clutch has changed nothing here that could be undone.", {
      hint: "/model shows where things stand.",
    });
  }
  const actor = actorOf(context);
  if (last.scope === "session") {
    const result = await sessions.undo(last, actor);
    return { card: switchedCard(result, await registry.current(), actor), visibility: "public" };
  }
  if (!mayDo(context.level, "owner")) {
    throw new ClutchError("not_allowed", `The last change here was to a default, which only an owner may undo.`, {
      hint: "To change this conversation alone: /model NAME",
    });
  }
  const change = await defaults.undo(last, { actor, place: view.key });
  const scope =
    last.scope === "agent" ? ({ kind: "agent", agentId: last.target } as const) : ({ kind: "global" } as const);
  return { card: defaultCard(scope, change, actor, undefined), visibility: "public" };
}

export const actorOf = ({ person }: Pick<CommandContext<Services>, "person">): string =>
  `${person.platform}:${person.id}`;

/** Only for a switch that was read back. */
function switchedCard({ before, after }: SwitchResult, snapshot: RegistrySnapshot, actor: string): Card {
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
  const body: string[] = [];
  if (before.row === undefined) body.push("The first message here will be answered by it.");
  else if (after.running) body.push("A turn is running; it ends on the former model. The next turn uses the new one.");
  else body.push("The next turn uses it. The conversation goes on with its whole history.");
  if (
    profile !== undefined &&
    former !== undefined &&
    former.locality.kind === "local" &&
    countsAsCloud(profile.locality)
  ) {
    body.push("What was said here while it ran locally goes to the cloud with the next turn.");
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
    actions: [{ label: "Undo", line: "/model undo", style: "secondary" }],
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
      actions: [{ label: "Set it", line: `/model ${formatModelRef(target.ref)}`, style: "primary", confirms: true }],
      footer: `session ${view.key}`,
    },
  };
}
