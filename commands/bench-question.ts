import type { ModelEstimate } from "../src/bench/estimate-run.ts";
import type { PreparedRun, RunQuestion } from "../src/bench/prepare-run.ts";
import { formatModelRef, type ModelRef } from "../src/models/model-ref.ts";
import { dollars, wait } from "./amounts.ts";
import type { Card } from "./card.ts";

/** How a model is called in a card. */
export type NameOf = (model: ModelRef) => string;

/** What a run would ask, take and cost, before anything of it is begun. */
export function benchQuestion({ plan, estimate, questions }: PreparedRun, nameOf: NameOf): Card {
  const { models, suites, level, items } = plan;
  const names = models.map(({ ref }) => nameOf(ref));
  const asks = estimate.models.reduce((sum, model) => sum + model.asks, 0);
  return {
    tone: questions.length > 0 ? "warning" : "info",
    title: `Bench ${listed(names)}?`,
    body: questions.map((question) => questionWords(question, nameOf)),
    fields: [
      { name: "Suites", value: `${suites.map(({ name }) => name).join(", ")}, level ${level}` },
      {
        name: "Asks",
        value: `${asks} questions: ${items.length} items of each model, the rest about speed`,
      },
      { name: "Takes", value: timeWords(estimate.ms, estimate.models, nameOf) },
      { name: "Costs", value: costWords(estimate) },
    ],
    table: {
      columns: ["Model", "Where", "Questions", "Time", "Cost"],
      rows: estimate.models.map((model) => [
        nameOf(model.model),
        models.find(({ ref }) => formatModelRef(ref) === formatModelRef(model.model))?.local === true
          ? "local"
          : "cloud",
        String(model.asks),
        model.ms === undefined ? "?" : wait(model.ms),
        model.usd === undefined ? "?" : dollars(model.usd),
      ]),
    },
    actions: [
      { label: "Begin", line: runLine(plan), style: questions.length > 0 ? "danger" : "primary", confirms: true },
    ],
    footer: "estimates · it pauses while people talk to a model on the same server",
  };
}

/** The line that says yes to this plan, as it would be typed. */
function runLine({ suites, models, level, through }: PreparedRun["plan"]): string {
  const chosen = suites.map(({ name }) => name).join(",");
  const agent = through.kind === "openclaw" ? ` through:openclaw agent:${through.agentId}` : "";
  return `/bench run suite:${chosen} models:${models.map(({ ref }) => formatModelRef(ref)).join(",")} level:${level}${agent}`;
}

function questionWords(question: RunQuestion, nameOf: NameOf): string {
  switch (question.kind) {
    case "cost":
      return `It may cost up to ${dollars(question.mostUsd)}, which is more than the ${dollars(question.limitUsd)} that are spent without asking (bench.askAbove).`;
    case "unpriced":
      return `Nobody states a price for ${listed(question.models.map(nameOf))}, so what that costs is not known.`;
    case "evicts":
      return question.evictions
        .map(
          ({ model, usedBy }) =>
            `It would push ${model} out of memory, which ${usedBy.length === 1 ? "a conversation uses" : `${usedBy.length} conversations use`}: the next answer there would wait for it to be loaded again.`,
        )
        .join(" ");
  }
}

function timeWords(ms: number | undefined, models: readonly ModelEstimate[], nameOf: NameOf): string {
  if (ms !== undefined) return `about ${wait(ms)}`;
  const unknown = models.filter((model) => model.ms === undefined).map(({ model }) => nameOf(model));
  return `not known: nobody knows how fast ${listed(unknown)} ${unknown.length === 1 ? "is" : "are"} here`;
}

function costWords({ usd, mostUsd, unpriced }: PreparedRun["estimate"]): string {
  const known = mostUsd === 0 ? "nothing" : `about ${dollars(usd)}, at most ${dollars(mostUsd)}`;
  return unpriced.length === 0 ? known : mostUsd === 0 ? "not known" : `${known}, and what is not known`;
}

const listed = (names: readonly string[]): string =>
  names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
