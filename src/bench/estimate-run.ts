import { type ModelRef, sameModel } from "../models/model-ref.ts";
import type { SpeedMachine } from "../models/speed.ts";
import type { Rate } from "../models/usage-call.ts";
import { expectedSpeed } from "../registry/expected-speed.ts";
import type { ModelFacts } from "../registry/model-facts.ts";
import { costOf } from "../usage/price-cost.ts";
import { AGENT_PROMPT_TOKENS, promptCharacters } from "./bench-prompt.ts";
import { blocksOf } from "./plan-run.ts";
import type { PlannedModel, RunPlan } from "./run-plan.ts";
import { SPEED_ANSWER_TOKENS } from "./speed-prompt.ts";
import type { BenchItem } from "./suite.ts";

/** What a run would take, before it begins. */
export interface RunEstimate {
  readonly models: readonly ModelEstimate[];
  /** Undefined where the speed of one model is not known. */
  readonly ms: number | undefined;
  /** Of all cloud models with a known price, USD. */
  readonly usd: number;
  /** If every answer were as long as it may be, USD. */
  readonly mostUsd: number;
  /** Cloud models that nobody has a price of: what they cost is in neither sum. */
  readonly unpriced: readonly ModelRef[];
}

export interface ModelEstimate {
  readonly model: ModelRef;
  /** How many questions, those about speed included. */
  readonly asks: number;
  /** 0 for a local model, undefined where no price is known. */
  readonly usd: number | undefined;
  readonly mostUsd: number | undefined;
  /** Undefined where its speed is not known. */
  readonly ms: number | undefined;
}

/** Of English prose, by the usual rule of thumb; code and figures make more tokens of a text, so that the most is reckoned with fewer. */
const CHARACTERS_PER_TOKEN = { usual: 4, fewest: 3 } as const;
/** Models say more than the key does. */
const WORDINESS = 1.5;
const LEAST_ANSWER_TOKENS = 24;

interface Call {
  readonly promptCharacters: number;
  readonly answerTokens: number;
  readonly mostAnswerTokens: number;
}

/** Tokens are estimated by length, and speeds are what the registry knows. */
export function estimateRun(
  plan: RunPlan,
  parts: {
    readonly item: (id: string) => BenchItem | undefined;
    readonly facts: (
      model: ModelRef,
    ) => Pick<ModelFacts, "speeds" | "architecture" | "diskBytes" | "loadMs"> | undefined;
    /** The machine that a local model runs on; undefined where that is another one. */
    readonly machine: (model: ModelRef) => SpeedMachine | undefined;
    readonly rate: (model: ModelRef, promptTokens: number) => Rate | undefined;
  },
): RunEstimate {
  const items = plan.items.flatMap((id) => parts.item(id) ?? []);
  const models = plan.models.map((planned): ModelEstimate => {
    const { ref: model } = planned;
    const asked = items.map((item) => callOf(item, plan, planned));
    const calls = [...Array.from({ length: plan.repeats }, () => asked).flat(), ...speedCalls(plan, planned)];
    const price = (size: keyof typeof CHARACTERS_PER_TOKEN): number | undefined =>
      planned.local ? 0 : sum(calls.map((call) => costOfCall(call, size, (tokens) => parts.rate(model, tokens))));
    const facts = parts.facts(model);
    const machine = parts.machine(model);
    const answers = facts && sum(calls.map((call) => timeOf(call, facts, machine)));
    return {
      model,
      asks: calls.length,
      usd: price("usual"),
      mostUsd: price("fewest"),
      ms: answers === undefined ? undefined : answers + loadsOf(plan, planned) * (facts?.loadMs?.value ?? 0),
    };
  });
  const known = (amounts: readonly (number | undefined)[]): number => sum(amounts.map((amount) => amount ?? 0)) ?? 0;
  return {
    models,
    ms: sum(models.map(({ ms }) => ms)),
    usd: known(models.map(({ usd }) => usd)),
    mostUsd: known(models.map(({ mostUsd }) => mostUsd)),
    unpriced: models.filter(({ mostUsd }) => mostUsd === undefined).map(({ model }) => model),
  };
}

type RateOf = (promptTokens: number) => Rate | undefined;
type Window = Pick<PlannedModel, "windowTokens">;

/** What an answer to an item may cost at most; undefined where no price is known. */
export const mostForItem = (item: BenchItem, plan: RunPlan, model: Window, rate: RateOf): number | undefined =>
  costOfCall(callOf(item, plan, model), "fewest", rate);

/** The same for one call that is timed. */
export const mostForSpeed = (promptTokens: number, model: Window, rate: RateOf): number | undefined =>
  costOfCall(speedCall(promptTokens, model), "fewest", rate);

function callOf(item: BenchItem, { level, through }: RunPlan, { windowTokens }: Window): Call {
  const key = item.key.turns.reduce(
    (length, { text, toolCalls }) => length + text.length + JSON.stringify(toolCalls).length,
    0,
  );
  const turns = item.turns.filter(({ reply }) => reply === undefined).length;
  const most = item.maxTokens * turns;
  const usual = Math.max(LEAST_ANSWER_TOKENS, (key / CHARACTERS_PER_TOKEN.usual) * WORDINESS);
  const agent = through.kind === "servers" ? 0 : turns * AGENT_PROMPT_TOKENS * CHARACTERS_PER_TOKEN.usual;
  return {
    promptCharacters: promptCharacters(item, { level, windowTokens }) + agent,
    answerTokens: Math.min(most, usual),
    mostAnswerTokens: most,
  };
}

const speedCall = (promptTokens: number, { windowTokens = Number.POSITIVE_INFINITY }: Window): Call => ({
  promptCharacters: Math.min(promptTokens, windowTokens) * CHARACTERS_PER_TOKEN.usual,
  answerTokens: SPEED_ANSWER_TOKENS,
  mostAnswerTokens: SPEED_ANSWER_TOKENS,
});

/** One call of each size is a warm-up. */
function speedCalls({ speed }: RunPlan, model: PlannedModel): readonly Call[] {
  if (speed === undefined) return [];
  const call = (promptTokens: number): Call => speedCall(promptTokens, model);
  const smallest = speed.promptTokens[0];
  const cold =
    model.local && smallest !== undefined ? Array.from({ length: speed.coldSamples }, () => call(smallest)) : [];
  return [
    ...cold,
    ...speed.promptTokens.flatMap((tokens) => Array.from({ length: speed.samples + 1 }, () => call(tokens))),
  ];
}

function costOfCall(call: Call, size: keyof typeof CHARACTERS_PER_TOKEN, rate: RateOf): number | undefined {
  const input = Math.ceil(call.promptCharacters / CHARACTERS_PER_TOKEN[size]);
  const output = Math.ceil(size === "usual" ? call.answerTokens : call.mostAnswerTokens);
  const known = rate(input);
  return known && costOf({ input, output, cacheRead: 0, cacheWrite: 0 }, known);
}

function timeOf(
  { promptCharacters: characters, answerTokens }: Call,
  facts: Pick<ModelFacts, "speeds" | "architecture" | "diskBytes">,
  machine: SpeedMachine | undefined,
): number | undefined {
  const promptTokens = characters / CHARACTERS_PER_TOKEN.usual;
  const prefill = expectedSpeed("prefill", facts, promptTokens / 2, machine);
  const decode = expectedSpeed("decode", facts, promptTokens, machine);
  if (prefill === undefined || decode === undefined) return undefined;
  return (promptTokens / prefill.value + answerTokens / decode.value) * 1_000;
}

/** How often it is loaded: once, and again whenever another model had its memory in between. */
function loadsOf(plan: RunPlan, { ref, memory }: PlannedModel): number {
  if (memory === undefined) return 0;
  const there = blocksOf(plan).filter(({ model }) =>
    plan.models.some((planned) => planned.memory === memory && sameModel(planned.ref, model)),
  );
  return there.filter(({ model }, at) => sameModel(model, ref) && !sameModel(there[at - 1]?.model, ref)).length;
}

/** Undefined where a part is. */
const sum = (amounts: readonly (number | undefined)[]): number | undefined =>
  amounts.reduce((total, amount) => (total === undefined || amount === undefined ? undefined : total + amount), 0);
