import { amount } from "../charts/amount.ts";
import type { DotChart } from "../charts/dot-chart.ts";
import { USABLE } from "./advice.ts";
import type { BenchReport, ReportedModel, ReportedQuality, ReportedSpeed } from "./bench-report.ts";
import { rounded, seconds, TASK_WORDS, timeWords, waitWords } from "./bench-words.ts";
import { MARGIN } from "./comparison.ts";
import { differenceWords } from "./comparison-sentence.ts";
import { firstTokenChart, promptLabel, qualityChart, speedChart } from "./report-charts.ts";

/** A report as people read it, before it is Markdown or HTML. Texts are plain: they are escaped where they are drawn. */
export type Block =
  | { readonly kind: "heading"; readonly text: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly string[] }
  | { readonly kind: "table"; readonly table: DocumentTable }
  | { readonly kind: "chart"; readonly chart: DotChart }
  /** Longer than most care to read. */
  | { readonly kind: "details"; readonly summary: string; readonly table: DocumentTable };

export interface DocumentTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function reportDocument(report: BenchReport): readonly Block[] {
  return [
    ...report.summary.map((text): Block => ({ kind: "text", text })),
    ...adviceSection(report),
    ...qualitySection(report),
    ...comparisonSection(report),
    ...speedSection(report),
    ...driftSection(report),
    ...methodSection(report),
    ...itemSection(report),
  ];
}

const heading = (text: string): Block => ({ kind: "heading", text });
const text = (words: string): Block => ({ kind: "text", text: words });
const table = (columns: readonly string[], rows: readonly (readonly string[])[]): Block => ({
  kind: "table",
  table: { columns, rows },
});
const UNKNOWN = "unknown";
/** The newest of them. */
const RUNS_SHOWN = 6;

function adviceSection({ advice, models }: BenchReport): Block[] {
  if (advice.length === 0) return [];
  return [
    heading("Which model for what"),
    table(
      ["For", "Model", "Score", "100 answers", "Wait", "Why"],
      advice.map(({ task, model, score, usdPer100, wait, reason }) => [
        TASK_WORDS[task],
        model === undefined ? "none" : nameOf(models, model),
        score === undefined ? "" : rounded(score.value),
        model === undefined ? "" : usdPer100 === undefined ? UNKNOWN : amount(usdPer100, "USD"),
        wait === undefined ? "" : waitWords(wait),
        reason,
      ]),
    ),
    text(
      `The cheapest model, then the quickest, whose score is at most ${MARGIN} points below the best, and which is quick enough for a chat: at least ${USABLE.tokensPerSecond} tokens/s, and less than ${USABLE.firstTokenMs / 1_000} s until an answer begins after ${USABLE.longPromptTokens.toLocaleString("en")} tokens with the model in memory. Prices are for answers like these; an agent's prompts are longer. Electricity is not counted.`,
    ),
  ];
}

function qualitySection(report: BenchReport): Block[] {
  const { quality, models } = report;
  if (quality.length === 0) return [heading("Quality"), text("No model answered anything that could be graded.")];
  return [
    heading("Quality"),
    { kind: "chart", chart: qualityChart(report) },
    table(
      ["For", "Model", "Score", "95 % interval", "Right in every part", "n", "Families", "Wait"],
      bySubject(quality).map(({ subject, model, score, passed, wait }) => [
        TASK_WORDS[subject],
        nameOf(models, model),
        rounded(score.value),
        `${rounded(score.low)} to ${rounded(score.high)}`,
        `${passed.count} (${rounded(passed.low)} to ${rounded(passed.high)} %)`,
        String(score.n),
        String(score.families),
        wait === undefined ? UNKNOWN : waitWords(wait),
      ]),
    ),
  ];
}

function comparisonSection({ comparisons, models }: BenchReport): Block[] {
  return comparisons.flatMap(({ a, b, differences }) => [
    heading(`${nameOf(models, a)} against ${nameOf(models, b)}`),
    table(
      ["For", "Shown", "Only the first right", "Only the second right", "McNemar's p", "Time"],
      differences.map((difference) => {
        const { onlyA, onlyB, p } = difference.passes;
        const bare = difference.n === 0;
        return [
          TASK_WORDS[difference.subject],
          differenceWords(difference),
          bare ? "" : String(onlyA),
          bare ? "" : String(onlyB),
          bare ? "" : p < 0.001 ? "under 0.001" : p.toFixed(3),
          difference.time === undefined ? UNKNOWN : (timeWords(difference.time) ?? "no difference shown"),
        ];
      }),
    ),
  ]);
}

function speedSection(report: BenchReport): Block[] {
  const { speed, models } = report;
  if (speed.length === 0) return [];
  return [
    heading("Speed"),
    { kind: "chart", chart: speedChart(report) },
    { kind: "chart", chart: firstTokenChart(report) },
    table(
      [
        "Model",
        "Prompt",
        "n",
        "Until it begins",
        "Loading",
        "Reading",
        "Rest",
        "Reading, tokens/s",
        "Answering, tokens/s",
        "J a token",
      ],
      speed.map((row) => [
        nameOf(models, row.model),
        promptLabel(row.promptTokens, row.cold).replace(/^prompt of /, ""),
        String(row.n),
        row.firstTokenMs === undefined ? UNKNOWN : waitWords(row.firstTokenMs),
        ...[row.loadMs, row.promptMs, row.restMs].map((part) => (part === undefined ? UNKNOWN : seconds(part.median))),
        paceWords(row.prefill),
        paceWords(row.decode),
        row.joulesPerToken === undefined ? UNKNOWN : rounded(row.joulesPerToken.median),
      ]),
    ),
  ];
}

function driftSection({ drift, models }: BenchReport): Block[] {
  if (drift.length === 0) return [];
  const runs = [...new Set(drift.flatMap(({ history }) => history.map(({ at }) => at)))].sort().slice(-RUNS_SHOWN);
  const rows = drift.flatMap(({ model, history }) =>
    [...Map.groupBy(history, ({ task }) => task)].map(([task, points]) => [
      nameOf(models, model),
      TASK_WORDS[task],
      ...runs.map((run) => {
        const score = points.find(({ at }) => at === run)?.score;
        return score === undefined
          ? ""
          : `${rounded(score.value)} (${rounded(score.low)} to ${rounded(score.high)}, n=${score.n})`;
      }),
    ]),
  );
  return [
    heading("Over time"),
    { kind: "list", items: drift.map(({ sentence }) => sentence) },
    table(["Model", "For", ...runs.map(minute)], rows),
  ];
}

function methodSection({ run, models }: BenchReport): Block[] {
  const { startedAt, endedAt, level, through, repeats, temperature, seed, machine, suites, notes } = run;
  return [
    heading("How it was measured"),
    {
      kind: "list",
      items: [
        `${minute(startedAt)} to ${minute(endedAt)} UTC, level ${level}, ${through === "servers" ? "models asked directly" : `through OpenClaw, agent ${through}`}.`,
        `Each item ${repeats === 1 ? "once" : `${repeats} times`}, temperature ${temperature}, seed ${seed}.`,
        `Machine: ${machine ?? UNKNOWN}.`,
        ...models.map(modelWords),
        ...suites.map(({ title, name, hash }) => `Suite ${name} (${title}): ${hash.slice(0, 12)}.`),
        ...notes,
      ],
    },
    text(
      "Intervals hold the true value with 95 % confidence for items like these, and allow for variants of one idea falling together (families). Each stands for itself. “Better” and “worse” are said only where that holds with all task types of a comparison looked at together (Holm). “No difference shown” does not mean that there is none: it may be as large as the interval. McNemar's p takes items for independent and decides nothing here. Calls that a server did not answer count for nobody.",
    ),
  ];
}

function modelWords({ name, ref, where, details, outcomes, malformedTools, usd }: ReportedModel): string {
  const { answered, empty, refused, cut, failed } = outcomes;
  const odd = [
    [empty, "empty"],
    [refused, "refused"],
    [cut, "cut off at the limit"],
    [malformedTools, "tool calls written as text"],
    [failed, "calls failed"],
  ] as const;
  const counts = odd.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  const cost = usd === undefined ? "cost unknown" : `cost ${amount(usd, "USD")}`;
  const what = [`${answered + empty + refused + cut} answers`, ...counts, ...(where === "local" ? [] : [cost])];
  return `${name} (${[ref, where === "unknown" ? "not known where it runs" : where, ...details].join(", ")}): ${what.join(", ")}.`;
}

function itemSection({ items, models }: BenchReport): Block[] {
  if (items.length === 0) return [];
  return [
    {
      kind: "details",
      summary: `All ${items.length} items`,
      table: {
        columns: ["Item", ...models.map(({ name }) => name)],
        rows: items.map(({ id, level, answers }) => [
          level === undefined ? id : `${id} (${level})`,
          ...models.map(({ ref }) => {
            const own = answers.find(({ model }) => model === ref);
            if (own === undefined) return "not asked";
            const score = own.score === undefined ? "no answer" : rounded(own.score);
            return own.notes.length === 0 ? score : `${score}: ${own.notes.join("; ")}`;
          }),
        ]),
      },
    },
  ];
}

/** Models of one task type beside each other. */
function bySubject(quality: readonly ReportedQuality[]): readonly ReportedQuality[] {
  const subjects = Object.keys(TASK_WORDS);
  return quality.toSorted((one, other) => subjects.indexOf(one.subject) - subjects.indexOf(other.subject));
}

const paceWords = (spread: ReportedSpeed["decode"]): string => {
  if (spread === undefined) return UNKNOWN;
  const { median, shortest, longest } = spread;
  const [middle, least, most] = [median, shortest, longest].map((value) =>
    value < 10 ? value.toFixed(1) : String(Math.round(value)),
  );
  return `${middle} (${least} to ${most})`;
};

const nameOf = (models: readonly ReportedModel[], ref: string): string =>
  models.find((model) => model.ref === ref)?.name ?? ref;

const minute = (iso: string): string => iso.slice(0, 16).replace("T", " ");
