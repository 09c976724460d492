import type { Figure } from "../src/models/figure.ts";
import { formatModelRef } from "../src/models/model-ref.ts";
import type { ModelProfile } from "../src/registry/model-profile.ts";
import type { Obstacle, SwitchPlan } from "../src/sessions/switch-plan.ts";
import { bytes, dollars, tokens, wait } from "./amounts.ts";
import type { Action, Card, Field } from "./card.ts";
import { localitySentence, localityWord } from "./model-card.ts";

/** `/model NAME plan:true`: what a switch would do, without doing it. */
export function planCard(plan: SwitchPlan, ending: string): Card {
  const { target, refusal, obstacles } = plan;
  const ready = refusal === undefined && obstacles.length === 0;
  const line = `/model ${formatModelRef(target.ref)}${ending}`;
  return {
    tone: ready ? "info" : "warning",
    title: ready ? `Switching to ${target.name} would go well` : `Switching to ${target.name} would not go well`,
    body: [
      ...(refusal === undefined ? [] : [refusal.reason]),
      ...obstacles.map(obstacleSentence),
      ...warnings(plan),
      ...evictionSentences(plan),
      "Nothing was changed.",
    ],
    fields: [{ name: "Runs", value: localitySentence(target) }, ...planFields(plan)],
    actions: [...(ready ? [{ label: "Switch", line, style: "primary" as const }] : []), ...waysOn(plan, ending)],
    footer: FIGURES,
  };
}

/** What to say of the conversation where its model stays, in a sentence. */
export const leftAs = (compacted: boolean): string =>
  compacted ? "The conversation was summarised; its model was not changed." : "Nothing was changed.";

/** The plan stands in the way of a switch that was asked for: what is wrong, and the ways on. */
export function obstacleCard(plan: SwitchPlan, ending: string, compacted: boolean): Card {
  const { target, obstacles } = plan;
  return {
    tone: "warning",
    title: `${target.name} was not switched to`,
    body: [...obstacles.map(obstacleSentence), ...warnings(plan), leftAs(compacted)],
    fields: planFields(plan),
    actions: waysOn(plan, ending, compacted),
    footer: FIGURES,
  };
}

/** Models of other conversations would be pushed out of memory: asked before it happens. */
export function evictionQuestion(plan: SwitchPlan, ending: string, compacted: boolean): Card {
  const used = usedEvictions(plan);
  const line = `/model ${formatModelRef(plan.target.ref)}${ending}`;
  return {
    tone: "warning",
    title: `Load ${plan.target.name} in place of ${used.map(({ model }) => model).join(" and ")}?`,
    body: [...evictionSentences(plan), leftAs(compacted)],
    fields: planFields(plan),
    actions: [{ label: "Load it", line, style: "danger", confirms: true }],
    footer: FIGURES,
  };
}

/** Models that would be pushed out although another conversation talks with them. */
export const usedEvictions = ({ evicts }: SwitchPlan): SwitchPlan["evicts"] =>
  evicts.filter(({ usedBy }) => usedBy.length > 0);

const evictionSentences = (plan: SwitchPlan): readonly string[] =>
  usedEvictions(plan).map(
    ({ model, usedBy }) =>
      `${usedBy.length === 1 ? "Another conversation talks" : `${usedBy.length} other conversations talk`} with ${model}, which would have to make room. Its next answer there would wait for it to be loaded again.`,
  );

const FIGURES =
  "~ is an estimate, † was published for this kind of machine; the rest was measured or is the server's own word";

/** What a person who waits wants to know, in plain words. */
export function planFields(plan: SwitchPlan, loadedInMs?: number): readonly Field[] {
  const { context, load, reading, speed, history, toolCalls } = plan;
  const fields: Field[] = [];
  if (context.usedTokens !== undefined && context.windowTokens !== undefined) {
    const room = context.windowTokens - (context.reserveTokens ?? 0);
    const fits = context.usedTokens <= room ? "fits" : "does not fit";
    fields.push({
      name: "Conversation",
      value: `${tokens(context.usedTokens)} tokens, room for ${tokens(room)}: ${fits}`,
    });
  }
  if (loadedInMs !== undefined) fields.push({ name: "Loaded", value: `in ${wait(loadedInMs)}` });
  else if (load !== undefined) fields.push({ name: "Load", value: marked(load.ms, wait) });
  if (reading !== undefined) {
    fields.push({
      name: "First answer",
      value: `${marked(reading.ms, wait)} to read ${tokens(reading.tokens)} tokens`,
    });
  }
  if (speed !== undefined)
    fields.push({ name: "Speed", value: marked(speed, (rate) => `${rate.toFixed(1)} tokens/s`) });
  if (toolCalls !== undefined) fields.push({ name: "Tool calls", value: toolWords(toolCalls) });
  if (history !== undefined) {
    const name = history.when === "going" ? "Sending the history" : "Coming back";
    fields.push({ name, value: `${dollars(history.usd.value)} for ${tokens(history.tokens)} tokens anew` });
  }
  return fields;
}

/** What to know, but no reason to stop. */
export function warnings({ toolCalls, fit, obstacles, evicts }: SwitchPlan): readonly string[] {
  const found: string[] = [];
  if (toolCalls?.value === "text" && !obstacles.some(({ kind }) => kind === "no-tools")) {
    found.push(
      `Its tool calls may come as plain text, so the agent may not act (${toolCalls.source}). \`clutch models setup\` makes a variant that works.`,
    );
  }
  if (fit?.kind === "spills") found.push("Part of it does not fit into the graphics memory, so it will be slow.");
  if (fit?.kind === "tight") found.push("It fits with little memory to spare.");
  const idle = evicts.filter(({ usedBy }) => usedBy.length === 0).map(({ model }) => model);
  if (idle.length > 0) found.push(`${idle.join(" and ")}, which nobody uses now, may make room for it.`);
  return found;
}

export function obstacleSentence(obstacle: Obstacle): string {
  switch (obstacle.kind) {
    case "too-long":
      return `The conversation has ${tokens(obstacle.usedTokens)} tokens; this model's window has room for ${tokens(obstacle.roomTokens)}. OpenClaw would summarise it with the new, smaller model, and might fail.`;
    case "no-tools":
      return `A probe showed that ${obstacle.calls.value === "text" ? "it prints its tool calls as plain text" : "it makes no tool calls"} (${obstacle.calls.source}, ${obstacle.calls.date}), so the agent could not act.`;
    case "no-memory":
      return `It needs ${bytes(obstacle.needBytes)} of memory; this machine can give ${bytes(obstacle.haveBytes)}.`;
  }
}

/** Where nothing could answer no force helps, and neither does a summary; and one summary is enough. */
function waysOn(
  { target, refusal, obstacles, alternatives }: SwitchPlan,
  ending: string,
  compacted = false,
): readonly Action[] {
  const line = `/model ${formatModelRef(target.ref)}`;
  const [other] = alternatives;
  const open = refusal === undefined ? obstacles : [];
  const isForLater = / after\b/.test(ending);
  return [
    ...(open.some(({ kind }) => kind === "too-long") && !compacted && !isForLater
      ? [{ label: "Compact first", line: `${line}${ending} compact`, style: "primary" as const }]
      : []),
    ...(other === undefined || (refusal === undefined && obstacles.length === 0)
      ? []
      : [
          {
            label: `Use ${other.name}`,
            line: `/model ${formatModelRef(other.ref)}${ending}`,
            style: "secondary" as const,
          },
        ]),
    ...(open.length === 0
      ? []
      : [{ label: "Switch anyway", line: `${line}${ending} force`, style: "danger" as const }]),
  ];
}

/** “ollama/qwen3:8b (local)”, for a hint. */
export const alternativeNames = (alternatives: readonly ModelProfile[]): readonly string[] =>
  alternatives.slice(0, 3).map((model) => `${formatModelRef(model.ref)} (${localityWord(model)})`);

/** The figure with a mark for where it is from; “unknown” where there is none. */
export function marked<T>(figure: Figure<T> | undefined, words: (value: T) => string): string {
  if (figure === undefined) return "unknown";
  return `${figure.origin === "estimated" ? "~" : ""}${words(figure.value)}${figure.origin === "published" ? "†" : ""}`;
}

function toolWords({ value, origin }: NonNullable<SwitchPlan["toolCalls"]>): string {
  const known = origin === "measured" ? "probed here" : origin === "stated" ? "as you stated" : "reported elsewhere";
  const words = { works: "work", text: "come as plain text", none: "none" } as const;
  return `${words[value]} (${known})`;
}
