import type { Logger } from "pino";
import { ClutchError, toClutchError } from "../errors.ts";
import type { EnergyMeter } from "../hardware/energy-meter.ts";
import type { ModelRef } from "../models/model-ref.ts";
import type { Rate } from "../models/usage-call.ts";
import type { BenchRuns } from "../store/bench-runs.ts";
import type { Lease, Leases, LeaseWords } from "../store/leases.ts";
import type { GradeItem } from "./answer-item.ts";
import type { AskAgent } from "./ask-agent.ts";
import type { BenchTarget } from "./bench-target.ts";
import type { BenchTargets } from "./bench-targets.ts";
import { chargedUsd } from "./call-cost.ts";
import { createPatience } from "./patience.ts";
import type { People } from "./people.ts";
import { createReadiness } from "./readiness.ts";
import { type BenchRun, type RunConditions, readAnswers, readRun, readSpeeds } from "./run-log.ts";
import { keepProgress, type RunProgress } from "./run-progress.ts";
import { runQueue } from "./run-queue.ts";
import { createRunWork } from "./run-work.ts";
import type { BenchItem, Suite } from "./suite.ts";
import { workThrough } from "./work-through.ts";

export interface BenchRunner {
  /**
   * Works on an open run until nothing is left to be asked, going on where it was left.
   * Only one run at a time, in whichever process. With `signal` it stops at once, and
   * the run stays open. Codes: `no_bench` where there is no such open run,
   * `bench_running` where one is being worked on, `changed_meanwhile` where a suite is
   * not what it was; rejects with the signal's own reason.
   */
  work(id: number, how: RunHow): Promise<RunEnd>;
  /** Ends an open run, wherever it is worked on; what was answered stays. False where it was not open. */
  cancel(id: number): Promise<boolean>;
}

export interface RunHow {
  readonly signal: AbortSignal;
  /** Must not throw. */
  readonly onProgress?: ((progress: RunProgress) => void) | undefined;
}

/** How the work on a run ended. `paused`: it is still open, since a server did not answer for long. */
export interface RunEnd {
  readonly kind: "done" | "cancelled" | "paused";
  /** What was not asked and why, one sentence each; empty where all was. */
  readonly left: readonly string[];
}

export interface BenchRunnerParts {
  readonly runs: BenchRuns;
  readonly leases: Leases;
  /** As they are on the disk now. */
  readonly suites: () => Promise<readonly Suite[]>;
  readonly targets: BenchTargets;
  readonly grade: GradeItem;
  readonly people: People;
  readonly isLocalOnly: () => boolean;
  readonly rate: (model: ModelRef, promptTokens: number) => Rate | undefined;
  /** How an agent of OpenClaw is asked, for runs that ask one. */
  readonly askAgent?: AskAgent | undefined;
  readonly energy?: EnergyMeter | undefined;
  /** Work waiting for each core of this machine, by the system's mean of a minute. */
  readonly load: () => number;
  /** Is told of each run that was worked through, while it is still held. */
  readonly onDone?: ((run: BenchRun) => Promise<void>) | undefined;
  /** How long an item may take, ms. */
  readonly deadlineMs?: ((item: BenchItem, target: BenchTarget) => number) | undefined;
  readonly sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}

const LEASE = "bench";
/** How soon it is noticed that another process cancelled the run, ms. */
const CANCEL_LOOK_MS = 2_000;
const HEALTH_MS = 5_000;
const CANCELLED = new Error("The run was cancelled.");

export function createBenchRunner(parts: BenchRunnerParts): BenchRunner {
  const { runs, leases, targets, people, isLocalOnly, sleep, clock, logger } = parts;
  /** What this process works on. */
  const here = new Map<number, AbortController>();

  const openRun = async (id: number): Promise<BenchRun> => {
    const stored = await runs.read(id);
    if (stored === undefined) throw new ClutchError("no_bench", `There is no bench with the number ${id}.`);
    if (stored.state !== "open") {
      throw new ClutchError("no_bench", `Bench ${id} has ended already.`, { hint: "See /bench history." });
    }
    return readRun(stored);
  };

  /** Answers to different texts do not compare, so a suite that was changed ends the run for good. */
  const itemsOf = async ({ id, plan }: BenchRun): Promise<ReadonlyMap<string, BenchItem>> => {
    const there = await parts.suites();
    const items = new Map<string, BenchItem>();
    for (const { name, hash } of plan.suites) {
      const suite = there.find((each) => each.name === name);
      if (suite?.hash !== hash) {
        const what = suite === undefined ? "is not there any more" : "was changed since";
        throw new ClutchError("changed_meanwhile", `Bench ${id} cannot go on: its suite ${name} ${what}.`, {
          hint: "Cancel it with /bench cancel, and begin a new one.",
        });
      }
      for (const item of suite.items) items.set(item.id, item);
    }
    return items;
  };

  const localHosts = ({ plan }: BenchRun): ReadonlySet<string> =>
    new Set(plan.models.flatMap(({ ref, local }) => (local ? (targets.hostOf(ref) ?? []) : [])));

  const conditionsOf = async ({ plan }: BenchRun, signal: AbortSignal): Promise<RunConditions> => ({
    load: parts.load(),
    models: await Promise.all(
      plan.models.map(async ({ ref: model }) => {
        const target = await targets.target(model).catch(() => undefined);
        if (target === undefined) return { model, server: "unknown" };
        const health = await target.server.health(AbortSignal.any([signal, AbortSignal.timeout(HEALTH_MS)]));
        const version = health.ok && health.version !== undefined ? ` ${health.version}` : "";
        const { quantization, windowTokens } = target;
        return {
          model,
          server: `${target.server.kind}${version}`,
          ...(quantization === undefined ? {} : { quantization }),
          ...(windowTokens === undefined ? {} : { windowTokens }),
        };
      }),
    ),
  });

  const workOn = async (
    id: number,
    { signal, onProgress = () => undefined }: RunHow,
    lease: Lease,
  ): Promise<RunEnd> => {
    const run = await openRun(id);
    const items = await itemsOf(run);
    const notes = runs.heldBy(lease);
    const cancelled = new AbortController();
    here.set(id, cancelled);
    const unfollow: (() => void)[] = [];
    const within = AbortSignal.any([signal, cancelled.signal]);
    const watch = setInterval(() => {
      runs.read(id).then(
        (now) => (now?.state === "open" ? undefined : cancelled.abort(CANCELLED)),
        (error: unknown) => logger.warn({ err: error, run: id }, "a bench could not be looked up"),
      );
    }, CANCEL_LOOK_MS).unref();
    try {
      await notes.note(id, undefined);
      if (run.conditions === undefined) await notes.conditions(id, await conditionsOf(run, within));
      const [answered, timed, answers, speeds] = await Promise.all([
        runs.answered(id),
        runs.timed(id),
        readAnswers(runs, id),
        readSpeeds(runs, id),
      ]);
      const queue = runQueue(run.plan, { answered, timed });
      const progress = keepProgress(id, queue.left, answered.length + timed.length, onProgress);
      const readiness = createReadiness({
        evictions: targets.evictions,
        mayEvict: run.plan.consent.evict,
        onWait: progress.waits,
        onLoad: (model) => progress.now({ doing: "loading", model, itemId: undefined }),
        sleep,
        mark: `${id} ${run.at} ${clock()}`,
      });
      // While another server is asked as well: a turn that came and went may have pushed a model out.
      for (const host of localHosts(run)) {
        unfollow.push(people.onTurn({ host, local: true }, () => readiness.forget(host)));
      }
      const patience = createPatience({
        people,
        isLocalOnly,
        onPeople: ({ local, host }) => {
          if (local) readiness.forget(host);
        },
        onWait: progress.waits,
        sleep,
      });
      const work = createRunWork({
        run,
        items,
        notes,
        patience,
        readiness,
        grade: parts.grade,
        rate: parts.rate,
        askAgent: parts.askAgent,
        energy: parts.energy,
        load: parts.load,
        deadlineMs: parts.deadlineMs,
        progress,
        signal: within,
        clock,
        logger,
      });
      const { isWhole, left } = await workThrough({
        plan: run.plan,
        queue,
        work,
        targets,
        spentUsd: [...answers, ...speeds].reduce((sum, cost) => sum + chargedUsd(cost), 0),
        progress,
        sleep,
        signal: within,
        clock,
      });
      if (left.length > 0) await notes.note(id, left.join(" "));
      if (!isWhole) return { kind: "paused", left };
      await parts.onDone?.(run);
      return { kind: (await notes.end(id, "done")) ? "done" : "cancelled", left };
    } catch (thrown) {
      signal.throwIfAborted();
      if (cancelled.signal.aborted) return { kind: "cancelled", left: [] };
      const { message, isFault } = toClutchError(thrown);
      if (isFault) await runs.note(id, message).catch(() => undefined);
      throw thrown;
    } finally {
      clearInterval(watch);
      for (const end of unfollow) end();
      here.delete(id);
    }
  };

  return {
    work: (id, how) => leases.hold(LEASE, (lease) => workOn(id, how, lease), { patienceMs: 0, words: WORDS }),
    async cancel(id) {
      const ended = await runs.end(id, "cancelled");
      here.get(id)?.abort(CANCELLED);
      return ended;
    },
  };
}

const WORDS: LeaseWords = {
  busy: () =>
    new ClutchError("bench_running", "A bench is running already; two at once would disturb each other's figures.", {
      hint: "Wait for its end, or cancel it with /bench cancel.",
    }),
  lost: () =>
    new ClutchError("bench_running", "Another Clutch took this bench over, since this one did not get on for long.", {
      hint: "Nothing is lost: the other one goes on with it.",
    }),
};
