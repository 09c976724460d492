import { formatModelRef, type ModelRef, sameModel } from "../models/model-ref.ts";
import { TASKS } from "../registry/seed-profile.ts";
import { routingTable } from "./advice.ts";
import type { BenchAnswer, SpeedSample } from "./bench-answer.ts";
import type { BenchReport, ReportedItem, ReportedModel, ReportedQuality, ReportedRun } from "./bench-report.ts";
import { sumOfCosts } from "./call-cost.ts";
import { compareModels, type Difference, inPoints } from "./comparison.ts";
import { comparisonSentence, type NamedModel } from "./comparison-sentence.ts";
import { type Drift, driftSentence } from "./drift.ts";
import { type ItemScore, itemScores, questionOf } from "./item-scores.ts";
import { speedTable } from "./speed-table.ts";
import { scoreInterval } from "./statistics/score-interval.ts";
import { spreadOf } from "./statistics/spread.ts";

/** What a report is made of. */
export interface ReportBasis {
  readonly title: string;
  readonly run: ReportedRun;
  /** In the order in which they are shown. */
  readonly models: readonly BenchedModel[];
  readonly answers: readonly BenchAnswer[];
  readonly speeds: readonly SpeedSample[];
  /** What the others are held against; the first cloud model where absent, or else the one that scores best. */
  readonly reference?: ModelRef | undefined;
  readonly drift: readonly Drift[];
}

export interface BenchedModel {
  readonly ref: ModelRef;
  readonly name: string;
  readonly where: ReportedModel["where"];
  readonly details: readonly string[];
}

export function buildReport({ title, run, models, answers, speeds, reference, drift }: ReportBasis): BenchReport {
  const scores = new Map(models.map((model) => [model, itemScores(answers, model.ref)]));
  const scoresOf = (model: BenchedModel): readonly ItemScore[] => [...(scores.get(model)?.values() ?? [])];
  const against = models.find(({ ref }) => sameModel(ref, reference)) ?? referenceAmong(models, scoresOf);
  const comparisons = models.flatMap((model) => {
    if (against === undefined || model === against) return [];
    const comparison = compareModels(answers, model.ref, against.ref);
    return [
      {
        a: formatModelRef(model.ref),
        b: formatModelRef(against.ref),
        sentence: comparisonSentence(comparison, asNamed(model), asNamed(against)),
        differences: withOverall(comparison),
      },
    ];
  });
  const basis = { models: models.map((model) => ({ ...asNamed(model), ref: model.ref })), answers, speeds };
  return {
    version: 1,
    title,
    summary: comparisons.map(({ sentence }) => sentence),
    run,
    models: models.map((model) => asReported(model, answers, speeds)),
    quality: models.flatMap((model) => qualityOf(model, scoresOf(model), answers)),
    speed: speedTable(speeds).map((row) => ({ ...row, model: formatModelRef(row.model) })),
    comparisons,
    advice: routingTable(basis).map(({ task, choice, reason }) => ({
      task,
      model: choice && formatModelRef(choice.model.ref),
      reason,
      score: choice?.score,
      usdPer100: choice?.usdPer100,
      wait: choice?.wait,
    })),
    drift: drift.map((found) => ({
      model: formatModelRef(found.model),
      earlier: found.earlier.map(iso),
      sentence: driftSentence(
        found,
        asNamed(models.find(({ ref }) => sameModel(ref, found.model)) ?? bare(found.model)),
      ),
      differences: withOverall(found.change),
      history: found.history.map((point) => ({ ...point, at: iso(point.at) })),
    })),
    items: itemsOf(models, answers),
  };
}

/** Where nobody says otherwise the question is what the cloud would do better. */
function referenceAmong(
  models: readonly BenchedModel[],
  scoresOf: (model: BenchedModel) => readonly ItemScore[],
): BenchedModel | undefined {
  const answered = models.filter((model) => scoresOf(model).length > 0);
  const mean = (model: BenchedModel) => meanOf(scoresOf(model));
  return (
    answered.find(({ where }) => where !== "local") ?? answered.toSorted((one, other) => mean(other) - mean(one))[0]
  );
}

const meanOf = (scores: readonly ItemScore[]): number =>
  scores.reduce((sum, { score }) => sum + score, 0) / scores.length;

function asReported(
  { ref, name, where, details }: BenchedModel,
  answers: readonly BenchAnswer[],
  speeds: readonly SpeedSample[],
): ReportedModel {
  const own = answers.filter((answer) => sameModel(answer.model, ref));
  const count = (outcome: BenchAnswer["outcome"]) => own.filter((answer) => answer.outcome === outcome).length;
  // Runs of earlier versions do not say what timing cost, which is nothing where it ran here.
  const timed = speeds
    .filter((sample) => sameModel(sample.model, ref))
    .map(({ usd, ...sample }) => ({ ...sample, usd: usd ?? (where === "local" ? 0 : undefined) }));
  // A vendor charges for no answer that it did not give.
  const charged = [...own.filter(({ outcome, usd }) => outcome !== "failed" || usd !== undefined), ...timed];
  return {
    ref: formatModelRef(ref),
    name,
    where,
    details,
    outcomes: {
      answered: count("answered"),
      empty: count("empty"),
      refused: count("refused"),
      cut: count("cut"),
      failed: count("failed"),
    },
    malformedTools: own.filter(({ malformedTool }) => malformedTool).length,
    usd: charged.length === 0 ? undefined : sumOfCosts(charged).usd,
  };
}

function qualityOf(
  { ref }: BenchedModel,
  scores: readonly ItemScore[],
  answers: readonly BenchAnswer[],
): ReportedQuality[] {
  const own = answers.filter((answer) => sameModel(answer.model, ref) && answer.outcome !== "failed");
  const row = (subject: ReportedQuality["subject"]): ReportedQuality[] => {
    const all = subject === "overall";
    const items = scores.filter(({ task }) => all || task === subject);
    const score = inPoints(scoreInterval(items.map(({ family, score: value }) => ({ family, value }))));
    const passed = inPoints(scoreInterval(items.map(({ family, passed }) => ({ family, value: Number(passed) }))));
    if (score === undefined || passed === undefined) return [];
    return [
      {
        model: formatModelRef(ref),
        subject,
        score,
        passed: { count: items.filter((item) => item.passed).length, low: passed.low, high: passed.high },
        wait: spreadOf(own.filter(({ task }) => all || task === subject).map(({ timings }) => timings.totalMs)),
      },
    ];
  };
  const tasks = TASKS.flatMap(row);
  return tasks.length > 1 ? [...tasks, ...row("overall")] : tasks;
}

function itemsOf(models: readonly BenchedModel[], answers: readonly BenchAnswer[]): readonly ReportedItem[] {
  const order = (task: BenchAnswer["task"]) => TASKS.indexOf(task);
  return [...Map.groupBy(answers, questionOf)]
    .map(([question, own]): ReportedItem => {
      const [{ itemId: id, level, task } = { itemId: question, level: undefined, task: "code" as const }] = own;
      const shown = models.flatMap(({ ref }) => {
        const mine = own.filter((answer) => sameModel(answer.model, ref));
        if (mine.length === 0) return [];
        const score = itemScores(mine, ref).get(question)?.score;
        const notes = [...new Set(mine.flatMap((answer) => answer.notes))];
        return [{ model: formatModelRef(ref), score: score === undefined ? undefined : 100 * score, notes }];
      });
      return { id, level, task, answers: shown };
    })
    .sort((one, other) => order(one.task) - order(other.task) || (one.id < other.id ? -1 : 1));
}

/** All together says something only where there are several. */
const withOverall = ({
  tasks,
  overall,
}: {
  tasks: readonly Difference[];
  overall: Difference;
}): readonly Difference[] => (tasks.length > 1 ? [...tasks, overall] : tasks);

const asNamed = ({ name, where }: BenchedModel): NamedModel => ({ name, local: where === "local" });
const bare = (ref: ModelRef): BenchedModel => ({ ref, name: formatModelRef(ref), where: "unknown", details: [] });
const iso = (at: number): string => new Date(at).toISOString();
