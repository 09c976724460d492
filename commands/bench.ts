import { LEVELS } from "../src/bench/suite.ts";
import { ClutchError } from "../src/errors.ts";
import { formatModelRef } from "../src/models/model-ref.ts";
import { formatPlace } from "../src/models/place.ts";
import { rankModels } from "../src/registry/find-model.ts";
import { adviceCard, HOW_TO_MEASURE, historyCard } from "./bench-looks.ts";
import { BENCH_ACTIONS, benchAccess, checkBenchOptions, numberOf, pairOf } from "./bench-options.ts";
import { benchProgressCard } from "./bench-progress-card.ts";
import { benchResultCard } from "./bench-result-card.ts";
import { LOOK_ON_MS, namesIn, RESULT_ACTIONS, runBench, whatNext } from "./bench-run.ts";
import type { Card } from "./card.ts";
import { chooseModel } from "./choose-model.ts";
import type { Command, CommandContext, Completion, Reply } from "./command.ts";
import { localityWord } from "./model-card.ts";
import { actorOf } from "./model-switch.ts";
import type { Services } from "./services.ts";

/** Room for the last words after the work was stopped. */
const SPARE_MS = 60_000;
/** The longest value that a platform offers. */
const MOST_VALUE = 100;

/** `/bench`: which model is good enough for what, measured on this machine. */
export const benchCommand: Command<Services> = {
  name: "bench",
  summary: "Measure how good and how fast models are here, local against cloud",
  options: [
    {
      name: "action",
      summary: "Run one, show results, compare two models, cancel, see runs over time, or be advised",
      kind: "choice",
      positional: true,
      choices: BENCH_ACTIONS,
    },
    {
      name: "models",
      summary: "With run or compare: models, with spaces between them; a suite may come first",
      kind: "text",
      rest: true,
      complete: completeModels,
    },
    {
      name: "suite",
      summary: "With run: what to ask; all where it is left out",
      kind: "text",
      complete: (typed, { bench }) =>
        ["all", ...bench.knownSuites()]
          .filter((name) => name.startsWith(typed.trim().toLowerCase()))
          .map((name) => ({ value: name, label: name })),
    },
    {
      name: "level",
      summary: "With run: quick (minutes), standard or full (a night)",
      kind: "choice",
      choices: LEVELS,
    },
    {
      name: "through",
      summary: "With run: ask the agent, so that its prompt, tools and the gateway count",
      kind: "choice",
      choices: ["openclaw"],
    },
    { name: "number", summary: "With results: which bench; the newest where it is left out", kind: "text" },
    { name: "agent", summary: "With run: whose model is meant, where several agents answer here", kind: "text" },
  ],
  access: benchAccess,
  deadlineMs: ({ action }) => (action === "run" ? LOOK_ON_MS + SPARE_MS : undefined),
  forms: [
    { line: "/bench", does: "Shows how far the running bench is, or the newest result" },
    {
      line: "/bench run",
      does: "Asks the model of this conversation, the best local one and the cloud's all suites, after a question",
    },
    { line: "/bench run extraction NAME", does: "The same with one suite, and with the models that are named" },
    { line: "/bench run level:standard", does: "The same with more items: quick takes minutes, full a night" },
    {
      line: "/bench run through:openclaw",
      does: "Asks this conversation's agent instead of the models' servers: its prompt, its tools and the gateway count",
    },
    { line: "/bench results", does: "Shows the newest result: quality with its intervals, speed, and what it means" },
    { line: "/bench results number:12", does: "The same of an earlier bench" },
    { line: "/bench compare NAME sonnet", does: "Compares two models by their newest answers to the same items" },
    { line: "/bench history", does: "Lists benches, and what changed between them beyond chance" },
    { line: "/bench advice", does: "Says which model for what, at what price and wait" },
    { line: "/bench cancel", does: "Ends the bench that is open; what was answered stays" },
  ],
  run: async (context) => {
    const { action } = context.options;
    checkBenchOptions(context.options);
    switch (action) {
      case "run":
        return runBench(context);
      case "results":
        return results(context);
      case "compare":
        return compare(context);
      case "cancel":
        return cancel(context);
      case "history":
        return look(
          historyCard(await context.services.bench.results.history(), await names(context), context.services.clock()),
        );
      case "advice":
        return look(adviceCard(await context.services.bench.results.advice()));
      default:
        return show(context);
    }
  },
};

const look = (card: Card): Reply => ({ card, visibility: "private" });
const names = async ({ services }: CommandContext<Services>) => namesIn((await services.registry.current()).models);

/** The last word is completed, those before it stay. */
function completeModels(typed: string, { registry, bench }: Services): readonly Completion[] {
  const before = /^(.*[\s,])?/.exec(typed)?.[0] ?? "";
  const word = typed.slice(before.length);
  const suites =
    before === "" ? bench.knownSuites().filter((name) => word !== "" && name.startsWith(word.toLowerCase())) : [];
  return [
    ...suites.map((name) => ({ value: name, label: `${name} · suite` })),
    ...rankModels(word, registry.known()?.models ?? []).map((profile) => ({
      value: `${before}${formatModelRef(profile.ref)}`,
      label: `${before}${profile.name} · ${localityWord(profile)}`.slice(0, MOST_VALUE),
    })),
  ]
    .filter(({ value }) => value.length <= MOST_VALUE)
    .slice(0, 25);
}

/** `/bench`: what there is to see now. */
async function show(context: CommandContext<Services>): Promise<Reply> {
  const { bench } = context.services;
  const open = await bench.open();
  if (open !== undefined) {
    return look(benchProgressCard(open, await names(context), whatNext(await bench.isWatched())));
  }
  try {
    return look(benchResultCard(await bench.results.report(), RESULT_ACTIONS));
  } catch (thrown) {
    if (!(thrown instanceof ClutchError) || thrown.code !== "no_bench") throw thrown;
    return look({
      tone: "info",
      title: "Nothing was measured here yet",
      body: [
        "A bench asks models the same questions and says which is good enough for what, and how fast.",
        HOW_TO_MEASURE,
      ],
      actions: [{ label: "Measure", line: "/bench run", style: "primary" }],
    });
  }
}

async function results({ services, options }: CommandContext<Services>): Promise<Reply> {
  return look(benchResultCard(await services.bench.results.report(numberOf(options)), RESULT_ACTIONS));
}

async function compare({ services, options }: CommandContext<Services>): Promise<Reply> {
  const [one, other] = pairOf(options);
  const [a, b] = [await chooseModel(one, services.registry), await chooseModel(other, services.registry)];
  if (a === b) {
    throw new ClutchError("bad_option", `“${one}” and “${other}” are the same model.`, {
      hint: "Name two different ones.",
    });
  }
  return look(benchResultCard(await services.bench.results.compare(a.ref, b.ref), RESULT_ACTIONS));
}

async function cancel(context: CommandContext<Services>): Promise<Reply> {
  const { services, conversation } = context;
  const run = await services.bench.cancel({ actor: actorOf(context), place: formatPlace(conversation) });
  if (run === undefined) {
    throw new ClutchError("no_bench", "No bench is open, so there is nothing to cancel.", {
      hint: "/bench history shows what there was.",
    });
  }
  return {
    visibility: "public",
    card: {
      tone: "success",
      title: `Bench ${run.id} was cancelled`,
      body: ["What was answered stays: it counts in results, comparisons and advice."],
      actions: [{ label: "Results", line: `/bench results number:${run.id}`, style: "secondary" }],
    },
  };
}
