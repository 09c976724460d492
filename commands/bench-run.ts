import type { BenchRun } from "../src/bench/run-log.ts";
import { ClutchError } from "../src/errors.ts";
import { type ModelRef, sameModel } from "../src/models/model-ref.ts";
import { formatPlace } from "../src/models/place.ts";
import { type ModelProfile, nameOf } from "../src/registry/model-profile.ts";
import type { ModelRegistry } from "../src/registry/model-registry.ts";
import { runWords } from "./bench-options.ts";
import { benchInterimCard, benchProgressCard } from "./bench-progress-card.ts";
import { benchQuestion, type NameOf } from "./bench-question.ts";
import { benchResultCard } from "./bench-result-card.ts";
import type { Action, Card } from "./card.ts";
import { chooseModel } from "./choose-model.ts";
import type { CommandContext, Reply } from "./command.ts";
import { actorOf } from "./model-switch.ts";
import type { Services } from "./services.ts";

/** What a person may wish to see next. */
export const RESULT_ACTIONS: readonly Action[] = [
  { label: "Which model for what", line: "/bench advice", style: "secondary" },
  { label: "Over time", line: "/bench history", style: "secondary" },
];

/** How long its card is drawn anew; what takes longer goes on, and its result is posted, ms. Discord keeps an answer open for 15 minutes. */
export const LOOK_ON_MS = 10 * 60_000;

/** `/bench run`: what it would take is asked first. */
export async function runBench(context: CommandContext<Services>): Promise<Reply> {
  const { services, options, conversation, confirmed } = context;
  const { bench, registry } = services;
  const words = runWords(options, await bench.suites());
  const { current, agentId } = await whereFrom(context);
  const models =
    words.models.length === 0 ? await bench.usualModels(current, agentId) : await namedModels(words.models, registry);
  const prepared = await bench.prepare({
    ...words,
    models,
    agentId: words.through === undefined ? undefined : agentId,
  });
  const called = namesIn((await registry.current()).models);
  const actor = actorOf(context);
  const agreed = confirmed ? await bench.shown.agreed(prepared, actor) : undefined;
  if (agreed === undefined) {
    await bench.shown.show(prepared, actor);
    const card = benchQuestion(prepared, called);
    return { card: confirmed ? askedAgain(card) : card, visibility: "private", needsConfirmation: true };
  }
  const run = await bench.start(agreed, { actor, place: formatPlace(conversation) });
  return lookOn(context, run, called);
}

const askedAgain = (card: Card): Card => ({
  ...card,
  body: ["Nothing was begun: this is not what was shown before, so it needs another yes.", ...(card.body ?? [])],
});

/** Each once, in the order in which they were typed. */
export async function namedModels(words: readonly string[], registry: ModelRegistry): Promise<readonly ModelRef[]> {
  const models: ModelRef[] = [];
  for (const word of words) {
    const { ref } = await chooseModel(word, registry);
    if (!models.some((model) => sameModel(model, ref))) models.push(ref);
  }
  return models;
}

/** A bench is the machine's: it must not fail because it is unclear which conversation this is. */
async function whereFrom({ services, conversation, options }: CommandContext<Services>) {
  const { sessions, registry } = services;
  const here = await sessions.view(conversation, options["agent"]).catch((thrown: unknown) => {
    if (thrown instanceof ClutchError && !thrown.isFault && options["agent"] === undefined) return undefined;
    throw thrown;
  });
  const agentId = here?.agentId ?? (await registry.current()).defaultAgentId;
  return { current: here?.effective?.model, agentId };
}

/** Names for people; a model without one is called by its ref. */
export const namesIn =
  (models: readonly ModelProfile[]): NameOf =>
  (ref) =>
    nameOf(
      models.find((known) => sameModel(known.ref, ref)),
      ref,
    );

/** Shows how it goes on for a while; a short run ends in the same card. */
async function lookOn(context: CommandContext<Services>, { id }: BenchRun, called: NameOf): Promise<Reply> {
  const { bench } = context.services;
  const isWatched = await bench.isWatched();
  const signal = AbortSignal.any([AbortSignal.timeout(LOOK_ON_MS), context.signal, context.ending]);
  try {
    const run = await bench.follow(id, {
      works: !isWatched,
      signal,
      onProgress: (progress) => context.progress(benchInterimCard(progress, called)),
    });
    if (run.state === "cancelled") {
      return { card: { tone: "info", title: `Bench ${id} was cancelled` }, visibility: "private" };
    }
    return { card: benchResultCard(await bench.results.report(id), RESULT_ACTIONS), visibility: "public" };
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    const open = await bench.open();
    if (open === undefined)
      return { card: benchResultCard(await bench.results.report(id), RESULT_ACTIONS), visibility: "public" };
    return { card: benchProgressCard(open, called, whatNext(isWatched)), visibility: "public" };
  }
}

/** Who goes on with a run, and where its result is told. */
export const whatNext = (isWatched: boolean): string =>
  isWatched
    ? "It goes on by itself, also after a restart. Its result is posted where it was asked for."
    : "No Clutch service is running here, so it goes on once `clutch start` runs, or with `clutch bench run --resume`.";
