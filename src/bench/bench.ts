import type { Logger } from "pino";
import { ClutchError } from "../errors.ts";
import type { ModelRef } from "../models/model-ref.ts";
import type { SpeedMachine } from "../models/speed.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { AuditLog } from "../store/audit-log.ts";
import type { BenchRuns } from "../store/bench-runs.ts";
import { type BenchResults, createBenchResults } from "./bench-results.ts";
import { type BenchNews, type BenchWorker, startBenchWorker } from "./bench-worker.ts";
import { sleepWell } from "./patience.ts";
import type { PreparedRun, RunPreparer } from "./prepare-run.ts";
import { type BenchRun, readRun } from "./run-log.ts";
import type { RunPlan } from "./run-plan.ts";
import type { RunProgress } from "./run-progress.ts";
import { runQueue } from "./run-queue.ts";
import type { BenchRunner, RunEnd, RunHow } from "./runner.ts";
import type { ShownRuns } from "./shown-runs.ts";
import type { Level, Suite } from "./suite.ts";
import type { SuiteFiles } from "./suite-files.ts";
import { usualModels } from "./usual-models.ts";

export interface BenchRequest {
  /** Names; all where absent. */
  readonly suites?: readonly string[] | undefined;
  readonly level: Level;
  readonly models: readonly ModelRef[];
  /** The agent that is to stand between; models are asked directly where absent. */
  readonly agentId?: string | undefined;
}

export interface OpenBench {
  readonly run: BenchRun;
  readonly progress: RunProgress;
}

/** What people do with benches; `results` is what they look at. */
export interface Bench {
  readonly results: BenchResults;
  /** Names of the suites that can be used. */
  suites(): Promise<readonly string[]>;
  /** The same as last read, for what must not wait. */
  knownSuites(): readonly string[];
  /** Models that are compared where nobody names any: at most three. Throws `unknown_model` where there is none. */
  usualModels(current: ModelRef | undefined, agentId: string): Promise<readonly ModelRef[]>;
  /**
   * What a run would ask, take and cost; nothing is begun. Throws `bench_running` where
   * one is open, `bad_option` for a suite that is not there, `bad_suite` for one that
   * cannot be used, and the codes of `RunPreparer`.
   */
  prepare(request: BenchRequest): Promise<PreparedRun>;
  /** What people were shown of what was prepared, and what their yes is to. */
  readonly shown: ShownRuns;
  /** Begins what was prepared, once a person has said yes. Throws `bench_running`. */
  start(plan: RunPlan, by: BenchAuthor): Promise<BenchRun>;
  /** The run that is open, and how far it is. */
  open(): Promise<OpenBench | undefined>;
  /**
   * Looks on until the run has ended, wherever it is worked on, and works on it where
   * `works` says so and nobody else does. Rejects with the signal's reason, which ends
   * the looking on and the work here, and with the codes of `BenchRunner.work`.
   */
  follow(id: number, how: RunHow & { readonly works: boolean }): Promise<BenchRun>;
  /** Ends the run that is open; undefined where none is. What was answered stays. */
  cancel(by: BenchAuthor): Promise<BenchRun | undefined>;
  /** A Clutch that stays works on what is open. */
  isWatched(): Promise<boolean>;
  /** Works on what is open until it is stopped. News are not told of runs that somebody here follows. */
  watch(onNews: (news: BenchNews) => Promise<boolean | undefined>): BenchWorker;
}

export interface BenchAuthor {
  /** `platform:user`. */
  readonly actor: string;
  /** Where the result is to be told, as `formatPlace` writes it. */
  readonly place?: string | undefined;
}

export interface BenchParts {
  readonly runs: BenchRuns;
  readonly runner: BenchRunner;
  readonly preparer: RunPreparer;
  readonly shown: ShownRuns;
  readonly suiteFiles: SuiteFiles;
  readonly registry: Pick<ModelRegistry, "current" | "find">;
  readonly machine: () => SpeedMachine | undefined;
  readonly cloudDefault: (agentId: string) => ModelRef | undefined;
  readonly isLocalOnly: () => boolean;
  readonly isWatched: () => Promise<boolean>;
  readonly audit: Pick<AuditLog, "append">;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}

/** The same for every run: texts that are made by it are the same then, and runs compare. */
const SEED = 1;
const LOOK_MS = 500;
/** Whoever held it may have died. */
const LEASE_LOOK_MS = 3_000;
/** Before a server that was down is asked again. */
const AGAIN_MS = 60_000;

export function createBench(parts: BenchParts): Bench {
  const { runs, runner, preparer, suiteFiles, registry, machine, isLocalOnly, audit, clock, logger } = parts;
  /** What this process last heard of the run that it works on. */
  let heard: RunProgress | undefined;
  const followed = new Map<number, number>();
  let worker: BenchWorker | undefined;

  const openRun = async (): Promise<BenchRun | undefined> => {
    const oldest = (await runs.list({ state: "open", limit: 20 })).at(-1);
    return oldest === undefined ? undefined : readRun(oldest);
  };

  const refuseWhileOpen = async (): Promise<void> => {
    const open = await openRun();
    if (open === undefined) return;
    throw new ClutchError(
      "bench_running",
      `Bench ${open.id} is not over yet, and two at once would disturb each other.`,
      {
        hint: "/bench shows how far it is, /bench cancel ends it.",
      },
    );
  };

  /** By what the store knows, where another process is at work, or nobody. */
  const progressOf = async (run: BenchRun): Promise<RunProgress> => {
    if (heard?.runId === run.id) return heard;
    const [answered, timed] = await Promise.all([runs.answered(run.id), runs.timed(run.id)]);
    const left = [...runQueue(run.plan, { answered, timed }).left.values()].reduce((sum, asks) => sum + asks, 0);
    const done = answered.length + timed.length;
    return {
      runId: run.id,
      done,
      total: done + left,
      doing: "asking",
      model: undefined,
      itemId: undefined,
      leftMs: undefined,
      why: run.note,
    };
  };

  const hear =
    (onProgress?: (progress: RunProgress) => void) =>
    (progress: RunProgress): void => {
      heard = progress;
      onProgress?.(progress);
    };

  /** Undefined where somebody else is at it. */
  const workHere = async (id: number, { signal, onProgress }: RunHow): Promise<RunEnd | undefined> => {
    try {
      return await runner.work(id, { signal, onProgress: hear(onProgress) });
    } catch (thrown) {
      if (thrown instanceof ClutchError && ["bench_running", "no_bench"].includes(thrown.code)) return undefined;
      throw thrown;
    }
  };

  const chosen = async (names: readonly string[] | undefined): Promise<readonly Suite[]> => {
    const { suites, broken } = await suiteFiles.load();
    const [flaw] = broken;
    if (names === undefined) {
      if (flaw !== undefined) throw flaw;
      return suites;
    }
    return names.map((name) => {
      const suite = suites.find((known) => known.name === name);
      if (suite !== undefined) return suite;
      if (flaw !== undefined) throw flaw;
      throw new ClutchError("bad_option", `There is no suite “${name.slice(0, 60)}”.`, {
        hint: `Suites: ${suites.map((known) => known.name).join(", ")}.`,
        suggestions: suites.map((known) => known.name),
      });
    });
  };

  return {
    results: createBenchResults({ runs, registry, machine }),
    shown: parts.shown,
    suites: async () => (await suiteFiles.load()).suites.map(({ name }) => name),
    knownSuites: suiteFiles.known,
    isWatched: parts.isWatched,

    async usualModels(current, agentId) {
      const { models } = await registry.current();
      const cloud = parts.cloudDefault(agentId);
      const usual = usualModels(models, { current, cloud, machine: machine(), isLocalOnly: isLocalOnly() });
      if (usual.length > 0) return usual;
      throw new ClutchError("unknown_model", "There is no model here that could be asked.", {
        hint: "/model list shows what there is; clutch models setup gets local ones.",
      });
    },

    async prepare({ suites, level, models, agentId }) {
      await refuseWhileOpen();
      return preparer.prepare({
        suites: await chosen(suites),
        level,
        models,
        seed: SEED,
        ...(agentId === undefined ? {} : { through: { kind: "openclaw", agentId } }),
      });
    },

    async start(plan, { actor, place }) {
      await refuseWhileOpen();
      const run = readRun(await runs.begin({ actor, place, plan }));
      await audit.append({ actor, place, action: "bench.run", target: `bench ${run.id}`, result: "ok" });
      worker?.wake();
      return run;
    },

    async open() {
      const run = await openRun();
      return run === undefined ? undefined : { run, progress: await progressOf(run) };
    },

    async follow(id, how) {
      followed.set(id, (followed.get(id) ?? 0) + 1);
      try {
        let tryAt = how.works ? 0 : Number.POSITIVE_INFINITY;
        for (;;) {
          const stored = await runs.read(id);
          if (stored === undefined) throw new ClutchError("no_bench", `There is no bench with the number ${id}.`);
          const run = readRun(stored);
          if (run.state === "done") await runs.told(id);
          if (run.state !== "open") return run;
          if (performance.now() >= tryAt) {
            const end = await workHere(id, how);
            tryAt = performance.now() + (end?.kind === "paused" ? AGAIN_MS : LEASE_LOOK_MS);
            if (end !== undefined && end.kind !== "paused") continue;
          }
          how.onProgress?.(await progressOf(run));
          await sleepWell(LOOK_MS, how.signal);
          how.signal.throwIfAborted();
        }
      } finally {
        const others = (followed.get(id) ?? 1) - 1;
        if (others === 0) followed.delete(id);
        else followed.set(id, others);
      }
    },

    async cancel({ actor, place }) {
      const open = await openRun();
      if (open === undefined || !(await runner.cancel(open.id))) return undefined;
      await audit.append({ actor, place, action: "bench.cancel", target: `bench ${open.id}`, result: "ok" });
      return open;
    },

    watch(onNews) {
      suiteFiles.load().catch((error: unknown) => logger.warn({ err: error }, "suites could not be read"));
      worker = startBenchWorker({
        runs,
        runner,
        onProgress: hear(),
        onNews: async (news) => (followed.has(news.run.id) ? undefined : onNews(news)),
        clock,
        logger,
      });
      return worker;
    },
  };
}
