import { ClutchError } from "../errors.ts";
import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import type { BenchAnswer, SpeedSample } from "./bench-answer.ts";
import type { BenchTarget } from "./bench-target.ts";
import type { BenchTargets } from "./bench-targets.ts";
import { type CallCost, chargedUsd } from "./call-cost.ts";
import { type Reply, sleepWell } from "./patience.ts";
import type { RunPlan } from "./run-plan.ts";
import type { ProgressKeeper } from "./run-progress.ts";
import { countOf, type Job, type RunQueue } from "./run-queue.ts";
import type { RunWork } from "./run-work.ts";

export interface WorkedThrough {
  /** False where a server did not answer for so long that the rest was left for later. */
  readonly isWhole: boolean;
  /** What was not asked and why, one sentence each. */
  readonly left: readonly string[];
}

/** How soon a server that does not answer is looked at again, doubled each time up to the longest, ms. */
const FIRST_LOOK_MS = 2_000;
const LONGEST_LOOK_MS = 30_000;
/** After so long the run is left open for another time, ms. */
const DOWN_PATIENCE_MS = 15 * 60_000;
const HEALTH_MS = 5_000;
/** Failed items in a row after which a model is asked nothing more. */
const FAILED_IN_A_ROW = 5;

/** What came of a question; undefined where nothing could be measured. */
type Outcome = BenchAnswer | SpeedSample | undefined;

interface Down {
  readonly target: BenchTarget;
  readonly since: number;
  readonly reason: string;
  lookMs: number;
}

/**
 * Works through a run's questions. A server that is down keeps none of the others
 * waiting, and costs no item: what was to be asked there is asked when it is back.
 */
export async function workThrough(parts: {
  readonly plan: RunPlan;
  readonly queue: RunQueue;
  readonly work: RunWork;
  readonly targets: BenchTargets;
  /** What the cloud cost before, USD. */
  readonly spentUsd: number;
  readonly progress: ProgressKeeper;
  readonly sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
  readonly signal: AbortSignal;
  readonly clock: () => number;
}): Promise<WorkedThrough> {
  const { plan, work, targets, progress, sleep = sleepWell, signal, clock } = parts;
  const { consent } = plan;
  let jobs = [...parts.queue.jobs];
  let spentUsd = parts.spentUsd;
  const left: string[] = [];
  const failed = new Map<string, number>();
  const down = new Map<string, Down>();

  const setAside = (model: ModelRef, reason: string): void => {
    const mine = jobs.filter((job) => isOf(job, model));
    const count = mine.reduce((sum, job) => sum + countOf(job), 0);
    jobs = jobs.filter((job) => !isOf(job, model));
    for (let at = 0; at < count; at++) progress.done(model, undefined);
    left.push(
      `${reason} ${count} ${count === 1 ? "question" : "questions"} to ${formatModelRef(model)} were not asked.`,
    );
  };

  /** Why a model may not be asked any further; undefined where it may. */
  const refusal = (target: BenchTarget): string | undefined => {
    const { local, ref } = target;
    if (local) return undefined;
    const name = formatModelRef(ref);
    if (spentUsd > consent.usd) return `The cloud has cost more than the ${dollars(consent.usd)} that were agreed to.`;
    const planned = plan.models.find((model) => formatModelRef(model.ref) === name);
    return planned?.local === true ? `${name} was local when this began and is not known to be now.` : undefined;
  };

  const spent = <T extends CallCost | undefined>(reply: Reply<T>): Reply<T> => {
    if (reply.kind === "done" && reply.value !== undefined) spentUsd += chargedUsd(reply.value);
    return reply;
  };

  /** Why the model is asked nothing more after this; undefined where it is. */
  const countAnswer = ({ model, outcome, notes }: BenchAnswer): string | undefined => {
    const name = formatModelRef(model);
    const inARow = outcome === "failed" ? (failed.get(name) ?? 0) + 1 : 0;
    failed.set(name, inARow);
    return inARow < FAILED_IN_A_ROW
      ? undefined
      : `${inARow} items in a row came to nothing (${notes[0] ?? "no reason"}).`;
  };

  /** Takes the questions of a job one after the other; those that were not asked stay. */
  const workOn = async (job: Job, target: BenchTarget): Promise<void> => {
    for (let at = 0; at < countOf(job); at++) {
      const refused = refusal(target);
      const reply: Reply<Outcome> =
        refused === undefined ? await ask(job, at, target) : { kind: "set-aside", reason: refused };
      if (reply.kind === "done") {
        const given = reply.value !== undefined && "itemId" in reply.value ? countAnswer(reply.value) : undefined;
        if (given === undefined) continue;
        jobs = [restOf(job, at + 1), ...jobs].filter((rest) => countOf(rest) > 0);
        return setAside(job.model, given);
      }
      jobs = [restOf(job, at), ...jobs];
      if (reply.kind === "down") {
        down.set(target.host, { target, since: clock(), reason: reply.reason, lookMs: FIRST_LOOK_MS });
        return;
      }
      return setAside(job.model, reply.reason);
    }
  };

  const ask = async (job: Job, at: number, target: BenchTarget): Promise<Reply<Outcome>> => {
    const question = job.kind === "items" ? job.asks[at] : undefined;
    if (question !== undefined) return spent(await work.item(target, question));
    const step = job.kind === "speed" ? job.steps[at] : undefined;
    if (step === undefined) throw new Error("A job has no such question.");
    if (step.cold && !consent.evict && (await targets.isUsed(job.model))) {
      left.push(`A conversation uses ${formatModelRef(job.model)}, so it was not loaded anew to time that.`);
      progress.done(job.model, undefined);
      return { kind: "done", value: undefined };
    }
    return spent(await work.speed(target, step));
  };

  /** Forgets servers that answer again. True where one does. */
  const lookAgain = async (): Promise<boolean> => {
    let isBack = false;
    for (const [host, { target }] of [...down]) {
      const health = await target.server.health(AbortSignal.any([signal, AbortSignal.timeout(HEALTH_MS)]));
      signal.throwIfAborted();
      if (!health.ok) continue;
      down.delete(host);
      isBack = true;
    }
    return isBack;
  };

  while (jobs.length > 0) {
    signal.throwIfAborted();
    const next = jobs.find(({ model }) => !down.has(targets.hostOf(model) ?? ""));
    if (next !== undefined) {
      jobs = jobs.filter((job) => job !== next);
      const found = await targets.target(next.model).catch(refusalOf);
      if (typeof found === "string") {
        jobs = [next, ...jobs];
        setAside(next.model, found);
      } else await workOn(next, found);
      if (down.size > 0) await lookAgain();
      continue;
    }
    const [first] = down.values();
    if (first === undefined) throw new Error("Nothing is down, and yet nothing can be asked.");
    if (clock() - first.since >= DOWN_PATIENCE_MS) {
      const count = jobs.reduce((sum, job) => sum + countOf(job), 0);
      return { isWhole: false, left: [...left, `${first.reason} ${count} questions wait for it.`] };
    }
    progress.waits(`${first.reason} The bench goes on when it is back.`);
    await sleep(first.lookMs, signal);
    first.lookMs = Math.min(LONGEST_LOOK_MS, first.lookMs * 2);
    await lookAgain();
  }
  return { isWhole: true, left };
}

const isOf = (job: Job, model: ModelRef): boolean => formatModelRef(job.model) === formatModelRef(model);

const restOf = (job: Job, from: number): Job =>
  job.kind === "speed" ? { ...job, steps: job.steps.slice(from) } : { ...job, asks: job.asks.slice(from) };

/** Why a model cannot be asked at all; faults of the gateway's go on as they are. */
function refusalOf(thrown: unknown): string {
  if (thrown instanceof ClutchError && (thrown.code === "unknown_model" || thrown.code === "local_only")) {
    return thrown.message;
  }
  throw thrown;
}

const dollars = (usd: number): string => `$${usd.toFixed(usd > 0 && usd < 0.01 ? 4 : 2)}`;
