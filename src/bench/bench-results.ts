import { ClutchError } from "../errors.ts";
import { formatModelRef, type ModelRef, sameModel } from "../models/model-ref.ts";
import type { SpeedMachine } from "../models/speed.ts";
import { nameOf } from "../registry/model-profile.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { BenchRuns } from "../store/bench-runs.ts";
import { routingTable, type TaskAdvice } from "./advice.ts";
import type { BenchAnswer } from "./bench-answer.ts";
import type { BenchReport, ReportedRun } from "./bench-report.ts";
import { type BenchedModel, buildReport } from "./build-report.ts";
import { modelsIn } from "./comparison.ts";
import { driftOf } from "./drift.ts";
import { questionOf } from "./item-scores.ts";
import { machineWords } from "./machine-words.ts";
import { type FullRun, type NewestAnswers, newestAnswers } from "./newest-answers.ts";
import { type BenchRun, readAnswers, readRun, readSpeeds } from "./run-log.ts";

/** What benches have found out. */
export interface BenchResults {
  /** Of a run by its number, or of the newest that anything was answered in. Throws `no_bench`. */
  report(id?: number): Promise<BenchReport>;
  /** Two models by their newest answers to the same items. Throws `no_bench` where one has none. */
  compare(a: ModelRef, b: ModelRef): Promise<BenchReport>;
  /** Runs, newest first, and what changed in the newest against those before. */
  history(): Promise<BenchHistory>;
  /** Which model for what, by each model's newest answers; empty where nothing was measured. Of local models alone with `localOnly`. */
  advice(which?: { readonly localOnly: boolean }): Promise<readonly TaskAdvice[]>;
}

export interface BenchHistory {
  readonly runs: readonly RunSummary[];
  readonly drift: BenchReport["drift"];
}

export interface RunSummary {
  readonly run: BenchRun;
  readonly answers: number;
}

/** So many runs back, the newest answers are found in the first few as a rule. */
const LOOKED_AT = 30;
/** Work for each core above this is worth a word. */
const BUSY = 0.5;

export function createBenchResults(parts: {
  readonly runs: BenchRuns;
  readonly registry: Pick<ModelRegistry, "find">;
  readonly machine: () => SpeedMachine | undefined;
}): BenchResults {
  const { runs, registry, machine } = parts;

  const full = async (run: BenchRun): Promise<FullRun> => {
    const [answers, speeds] = await Promise.all([readAnswers(runs, run.id), readSpeeds(runs, run.id)]);
    return { run, answers: answers.map((answer) => withLevel(answer, run)), speeds };
  };
  const all = async (): Promise<readonly FullRun[]> => {
    const found: FullRun[] = [];
    for (const stored of await runs.list({ limit: LOOKED_AT })) found.push(await full(readRun(stored)));
    return found;
  };

  const benched = (ref: ModelRef, of: readonly BenchRun[]): BenchedModel => {
    const profile = registry.find(ref);
    const newest = of.findLast(({ plan }) => plan.models.some((model) => sameModel(model.ref, ref)));
    const isLocal = newest?.plan.models.some((model) => model.local && sameModel(model.ref, ref)) === true;
    const conditions = newest?.conditions?.models.find(({ model }) => sameModel(model, ref));
    const { quantization, server, windowTokens } = conditions ?? {};
    return {
      ref,
      name: nameOf(profile, ref),
      where: isLocal ? "local" : profile?.locality.kind === "cloud" ? "cloud" : "unknown",
      details: [
        ...(quantization === undefined ? [] : [quantization]),
        ...(server === undefined ? [] : [server]),
        ...(windowTokens === undefined ? [] : [`window of ${windowTokens.toLocaleString("en")} tokens`]),
        ...(profile?.demo === true ? ["played by a demo server"] : []),
      ],
    };
  };

  const demoNote = (models: readonly ModelRef[]): readonly string[] => {
    const played = models.filter((ref) => registry.find(ref)?.demo === true).map(formatModelRef);
    return played.length === 0
      ? []
      : [
          `Demo servers play ${played.join(" and ")}: their answers are made up, and the figures say nothing of the models.`,
        ];
  };

  const drifts = (of: readonly FullRun[], newest: BenchRun) =>
    driftOf(
      of
        .filter(({ run }) => run.id <= newest.id && sameWay(run, newest))
        .map(({ run, answers }) => ({ at: run.at, suites: run.plan.suites, answers })),
    );

  const reportOf = ({ run, answers, speeds }: FullRun, of: readonly FullRun[]): BenchReport =>
    buildReport({
      title: titleOf(run),
      run: reported(run, machine(), [
        ...notesOf(run, answers.length),
        ...demoNote(run.plan.models.map(({ ref }) => ref)),
      ]),
      models: run.plan.models.map(({ ref }) => benched(ref, [run])),
      answers,
      speeds,
      drift: drifts(of, run),
    });

  return {
    async report(id) {
      const found = await all();
      const wanted =
        id === undefined
          ? found.find(({ answers, speeds }) => answers.length + speeds.length > 0)
          : (found.find(({ run }) => run.id === id) ?? (await one(id)));
      if (wanted === undefined) throw id === undefined ? nothingYet() : noSuchRun(id);
      return reportOf(wanted, found);
    },

    async compare(a, b) {
      const newest = newestAnswers(await all());
      const missing = [a, b].find((ref) => !newest.models.some((model) => sameModel(model, ref)));
      if (missing !== undefined) throw notMeasured(missing);
      const own = ({ model }: { readonly model: ModelRef }) => sameModel(model, a) || sameModel(model, b);
      const models = [a, b].map((ref) => benched(ref, newest.from));
      return buildReport({
        title: `${models.map(({ name }) => name).join(" and ")}`,
        run: reportedTogether(newest, machine(), demoNote([a, b])),
        models,
        answers: atSharedLevels(newest.answers.filter(own)),
        speeds: newest.speeds.filter(own),
        reference: b,
        drift: [],
      });
    },

    async history() {
      const found = await all();
      const newest = found.find(({ answers }) => answers.length > 0);
      return {
        runs: found.map(({ run, answers }) => ({ run, answers: answers.length })),
        drift: newest === undefined ? [] : reportOf(newest, found).drift,
      };
    },

    async advice({ localOnly } = { localOnly: false }) {
      const newest = newestAnswers(await all());
      // What is not offered any more is no advice.
      const offered = newest.models.filter((ref) => registry.find(ref) !== undefined);
      const models = offered.map((ref) => {
        const { name, where } = benched(ref, newest.from);
        return { ref, name, local: where === "local" };
      });
      return routingTable({ ...newest, models: models.filter(({ local }) => local || !localOnly) });
    },
  };

  /** Older than those that are looked at as a rule. */
  async function one(id: number): Promise<FullRun | undefined> {
    const stored = await runs.read(id);
    return stored === undefined ? undefined : full(readRun(stored));
  }
}

/** Earlier versions did not write the level down; of their items those of recall have a text that it makes longer. */
const withLevel = (answer: BenchAnswer, { plan }: BenchRun): BenchAnswer =>
  answer.level === undefined && answer.task === "recall" ? { ...answer, level: plan.level } : answer;

/** Of an item that both answered at some level, what one answered at another is left out: it is in no comparison. */
function atSharedLevels(answers: readonly BenchAnswer[]): readonly BenchAnswer[] {
  const byQuestion = Map.groupBy(answers, questionOf);
  const isShared = (answer: BenchAnswer): boolean => modelsIn(byQuestion.get(questionOf(answer)) ?? []).length > 1;
  const items = new Set(answers.filter(isShared).map(({ itemId }) => itemId));
  return answers.filter((answer) => isShared(answer) || !items.has(answer.itemId));
}

const sameWay = ({ plan: one }: BenchRun, { plan: other }: BenchRun): boolean =>
  JSON.stringify(one.through) === JSON.stringify(other.through);

const titleOf = ({ id, plan }: BenchRun): string => `Bench ${id}: ${plan.suites.map(({ name }) => name).join(", ")}`;

const iso = (at: number): string => new Date(at).toISOString();

const reported = (
  { at, heardAt, plan }: BenchRun,
  machine: SpeedMachine | undefined,
  notes: readonly string[],
): ReportedRun => ({
  startedAt: iso(at),
  endedAt: iso(heardAt),
  level: plan.level,
  through: plan.through.kind === "servers" ? "servers" : plan.through.agentId,
  repeats: plan.repeats,
  temperature: plan.temperature,
  seed: plan.seed,
  machine: machine === undefined ? undefined : machineWords(machine),
  suites: plan.suites,
  notes,
});

/** Of the newest of them, with the time that all of them span. */
function reportedTogether(
  { from }: NewestAnswers,
  machine: SpeedMachine | undefined,
  more: readonly string[],
): ReportedRun {
  const [first] = from;
  const last = from.at(-1);
  if (first === undefined || last === undefined) throw nothingYet();
  const suites = new Map(from.flatMap(({ plan }) => plan.suites.map((suite) => [suite.name, suite] as const)));
  const numbers = from.map(({ id }) => id).join(", ");
  const notes = [
    `Each model's newest answers to the same items, of ${from.length === 1 ? "bench" : "benches"} ${numbers}.`,
  ];
  return { ...reported(last, machine, [...notes, ...more]), startedAt: iso(first.at), suites: [...suites.values()] };
}

function notesOf({ state, note, plan, conditions }: BenchRun, answers: number): string[] {
  const asked = plan.items.length * plan.models.length * plan.repeats;
  return [
    ...(state === "done"
      ? []
      : [`It ${state === "open" ? "is not over" : "was cancelled"}: ${answers} of ${asked} answers are there.`]),
    ...(note === undefined ? [] : [note]),
    ...(conditions !== undefined && conditions.load > BUSY
      ? [`Other work ran on the machine when it began: ${conditions.load.toFixed(1)} for each core.`]
      : []),
  ];
}

const nothingYet = (): ClutchError =>
  new ClutchError("no_bench", "Nothing was measured here yet.", {
    hint: "/bench run begins; it says what it takes first.",
  });

const noSuchRun = (id: number): ClutchError =>
  new ClutchError("no_bench", `There is no bench with the number ${id}.`, {
    hint: "/bench history shows what there is.",
  });

const notMeasured = (ref: ModelRef): ClutchError =>
  new ClutchError("no_bench", `Nothing was measured of ${formatModelRef(ref)} yet.`, {
    hint: `/bench run all ${formatModelRef(ref)} does.`,
  });
