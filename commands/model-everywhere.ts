import { ClutchError, type ErrorCode } from "../src/errors.ts";
import { closestTo } from "../src/models/closest.ts";
import { formatModelRef } from "../src/models/model-ref.ts";
import type { ModelProfile } from "../src/registry/model-profile.ts";
import type { BulkContext, BulkPlan, BulkResult } from "../src/sessions/bulk-switch.ts";
import { forAgent } from "./agent-option.ts";
import type { Action, Card, Field, Table } from "./card.ts";
import type { CommandContext, OptionValues, Reply } from "./command.ts";
import { localityWord } from "./model-card.ts";
import { refuseUnanswerable } from "./model-prepare.ts";
import { undoButton } from "./model-undo.ts";
import type { Services } from "./services.ts";

/** `/model NAME scope:all` and `/model default scope:all`: asks first, with the number of conversations. */
export async function switchEverywhere(context: CommandContext<Services>, target: ModelProfile | null): Promise<Reply> {
  const { bulk, registry, journal } = context.services;
  const agentId = context.options["agent"];
  const { agentIds } = await registry.current();
  if (agentId !== undefined && !agentIds.includes(agentId)) {
    throw new ClutchError("unknown_agent", `There is no agent “${agentId}”.`, {
      hint: `Agents: ${agentIds.join(", ")}.`,
      suggestions: closestTo(agentId, agentIds),
    });
  }
  if (target !== null) await refuseUnanswerable(context, target);
  const plan = await bulk.plan(target?.ref ?? null, agentId);
  if (countOf(plan) === 0) {
    const card: Card = {
      tone: "info",
      title: target === null ? "No conversation has a pin" : `Every conversation is pinned to ${target.name} already`,
      body: ["Nothing was changed."],
      fields: planFields(plan),
    };
    return { card, visibility: "private" };
  }
  if (!context.confirmed) {
    return { card: question(plan, target, context.options), visibility: "private", needsConfirmation: true };
  }
  const { place, answering } = await whereUndone(context);
  const doing = target === null ? "Dropping pins" : `Switching to ${target.name}`;
  const result = await bulk.run(plan, target?.ref ?? null, aboutOf(context, place, doing));
  // None where all of them were on it for a while, and stay: an undo would take back something else.
  const [first] = await journal.inBatch(result.batch);
  const undo = undoButton(first?.id, "Undo all").map((button) => ({
    ...button,
    line: forAgent(button.line, answering),
  }));
  return {
    visibility: "public",
    card: resultCard(result, {
      title: (count) => (target === null ? `${count} without a pin again` : `${count} switched to ${target.name}`),
      fields: [
        ...(target === null ? [] : [{ name: "Now", value: `${formatModelRef(target.ref)} (${localityWord(target)})` }]),
        { name: "Left alone", value: leftAlone(plan.leftAlone) },
        { name: "By", value: nameOf(context) },
      ],
      undo,
    }),
  };
}

/** `/model undo` where the last change was one of all conversations. */
export async function undoEverywhere(context: CommandContext<Services>, batch: string, place: string): Promise<Reply> {
  const result = await context.services.bulk.undo(batch, aboutOf(context, place, "Going back"));
  return {
    visibility: "public",
    card: resultCard(result, {
      title: (count) => `${count} back on the model before`,
      fields: [{ name: "By", value: nameOf(context) }],
      undo: [],
    }),
  };
}

/** Under which session's key an undo will look for it, and the agent that it has to name to look there. */
async function whereUndone(
  context: CommandContext<Services>,
): Promise<{ readonly place: string; readonly answering: string | undefined }> {
  const { sessions, registry } = context.services;
  try {
    return { place: (await sessions.view(context.conversation)).key, answering: undefined };
  } catch (error) {
    if (!(error instanceof ClutchError) || error.code !== "ambiguous_agent") throw error;
    // Several agents answer here, and the undo has to say whose conversation it is typed in as well.
    const answering = context.options["agent"] ?? (await registry.current()).defaultAgentId;
    return { place: (await sessions.view(context.conversation, answering)).key, answering };
  }
}

function question(plan: BulkPlan, target: ModelProfile | null, { agent: agentId, after }: OptionValues): Card {
  const whose = agentId === undefined ? "" : ` of agent ${agentId}`;
  const count = conversations(countOf(plan));
  const name = target === null ? "default" : formatModelRef(target.ref);
  return {
    tone: "warning",
    title: target === null ? `Drop the pin of ${count}${whose}?` : `Switch ${count}${whose} to ${target.name}?`,
    body: [
      "Each one is switched and checked by itself; turns that are running end on their former model.",
      "One /model undo here takes all of it back.",
    ],
    fields: [
      ...(target === null ? [] : [{ name: "Model", value: `${name} (${localityWord(target)})` }]),
      ...planFields(plan),
    ],
    actions: [
      {
        label: target === null ? "Drop them" : "Switch them",
        line: forAgent(`/model ${name} scope:all${after === undefined ? "" : " after"}`, agentId),
        style: "danger",
        confirms: true,
      },
    ],
  };
}

const countOf = ({ toChange, toKeep }: BulkPlan): number => toChange.length + toKeep.length;

const planFields = (plan: BulkPlan): Field[] => [
  { name: "To change", value: conversations(countOf(plan)) },
  ...(plan.toKeep.length === 0
    ? []
    : [{ name: "On it for a while", value: `${conversations(plan.toKeep.length)} of them; they stay on it` }]),
  { name: "So already", value: conversations(plan.already) },
  { name: "Left alone", value: leftAlone(plan.leftAlone) },
];

/** Throws where nothing at all was done: a card that says so would pass for success. */
function resultCard(
  result: BulkResult,
  words: {
    readonly title: (count: string) => string;
    readonly fields: readonly Field[];
    readonly undo: readonly Action[];
  },
): Card {
  const { done, already, failures, untouched } = result;
  const [first] = failures;
  if (done === 0 && already === 0 && first !== undefined) {
    throw new ClutchError(first.code, `None of ${conversations(failures.length)} was changed: ${codes(result)}.`, {
      hint: `The first one is ${first.key}. Look with /model there.`,
    });
  }
  return {
    tone: failures.length + untouched > 0 ? "warning" : "success",
    title: words.title(conversations(done)),
    body: [
      ...(already > 0 ? [`${conversations(already)} had become so meanwhile.`] : []),
      ...(failures.length > 0 ? [`${conversations(failures.length)} stayed as before: ${codes(result)}.`] : []),
      ...(untouched > 0 ? [`${conversations(untouched)} were not tried, since Clutch was stopped.`] : []),
    ],
    fields: words.fields,
    ...(failures.length > 0 ? { table: failureTable(result) } : {}),
    ...(done > 0 ? { actions: words.undo } : {}),
    footer: "each one read back from OpenClaw",
  };
}

const MEANINGS: Partial<Record<ErrorCode, string>> = {
  changed_meanwhile: "a model was chosen there since; it is left alone",
  session_changed: "reset or deleted at the same moment",
  no_session: "deleted meanwhile",
  not_verified: "OpenClaw does not show the change",
};
const MOST_NAMED = 20;

function failureTable({ failures }: BulkResult): Table {
  const more = failures.length - MOST_NAMED;
  return {
    columns: ["Conversation", "Code", "Why"],
    rows: [
      ...failures.slice(0, MOST_NAMED).map(({ key, code }) => [key, code, MEANINGS[code] ?? "the log has the details"]),
      ...(more > 0 ? [[`and ${more} more`, "", "clutch audit names them all"]] : []),
    ],
  };
}

/** “2 changed_meanwhile, 1 deadline”. */
function codes({ failures }: BulkResult): string {
  const counts = new Map<string, number>();
  for (const { code } of failures) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts].map(([code, count]) => `${count} ${code}`).join(", ");
}

const aboutOf = (context: CommandContext<Services>, place: string, doing: string): BulkContext => ({
  actor: nameOf(context),
  place,
  signal: context.signal,
  onProgress: (value, max) =>
    context.progress({
      tone: "info",
      title: `${doing}…`,
      meter: { label: "Conversations", value, max, text: `${value} of ${max}` },
    }),
});

const nameOf = ({ person }: CommandContext<Services>): string => `${person.platform}:${person.id}`;
const conversations = (count: number): string => `${count} ${count === 1 ? "conversation" : "conversations"}`;
const leftAlone = (count: number): string =>
  count === 0 ? "nothing" : `${count} ${count === 1 ? "session" : "sessions"} of jobs, sub-agents and the like`;
