import type { TaskAdvice } from "../src/bench/advice.ts";
import type { BenchHistory, RunSummary } from "../src/bench/bench-results.ts";
import { rounded, TASK_WORDS, waitWords } from "../src/bench/bench-words.ts";
import { ago, dollars } from "./amounts.ts";
import type { NameOf } from "./bench-question.ts";
import type { Card } from "./card.ts";

const MOST_RUNS = 12;
export const HOW_TO_MEASURE = "To measure: /bench run, which says what it takes before it begins.";

/** `/bench history`: runs, and what changed beyond chance. */
export function historyCard({ runs, drift }: BenchHistory, nameOf: NameOf, now: number): Card {
  if (runs.length === 0) return { tone: "info", title: "No bench was run here yet", body: [HOW_TO_MEASURE] };
  const shown = runs.slice(0, MOST_RUNS);
  return {
    tone: "info",
    title: `${runs.length === 1 ? "One bench" : `The last ${shown.length} benches`}`,
    body:
      drift.length === 0
        ? ["Nothing was asked twice yet, so nothing can be said of changes."]
        : drift.map(({ sentence }) => sentence),
    table: {
      columns: ["Bench", "When", "Level", "Suites", "Models", "Answers"],
      rows: shown.map((summary) => historyRow(summary, nameOf, now)),
    },
    footer: "/bench results NUMBER shows one of them",
  };
}

const historyRow = ({ run, answers }: RunSummary, nameOf: NameOf, now: number): string[] => [
  String(run.id),
  ago(now - run.at),
  run.plan.level,
  run.plan.suites.length > 3 ? `${run.plan.suites.length} suites` : run.plan.suites.map(({ name }) => name).join(", "),
  run.plan.models.map(({ ref }) => nameOf(ref)).join(", "),
  run.state === "done" ? String(answers) : `${answers}, ${run.state === "open" ? "not over" : "cancelled"}`,
];

/** `/bench advice`: which model for what, at what price and wait, and why. */
export function adviceCard(advice: readonly TaskAdvice[]): Card {
  if (advice.length === 0) {
    return {
      tone: "info",
      title: "Nothing was measured here yet, so nothing can be advised",
      body: [HOW_TO_MEASURE],
      actions: [{ label: "Measure", line: "/bench run", style: "primary" }],
    };
  }
  return {
    tone: "info",
    title: "Which model for what, by what was measured here",
    table: { columns: ["For", "Model", "Score", "100 answers", "Wait"], rows: advice.map(adviceRow) },
    fields: advice.map(({ task, reason }) => ({ name: TASK_WORDS[task], value: reason })),
    footer: "the cheapest, then the quickest, of those near the best · docs/bench.md says how",
  };
}

function adviceRow({ task, choice }: TaskAdvice): string[] {
  if (choice === undefined) return [TASK_WORDS[task], "none", "", "", ""];
  const { model, score, usdPer100, wait } = choice;
  return [
    TASK_WORDS[task],
    model.name,
    `${rounded(score.value)} (n=${score.n})`,
    usdPer100 === undefined ? "?" : dollars(usdPer100),
    wait === undefined ? "?" : waitWords(wait),
  ];
}
