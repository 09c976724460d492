import type { Logger } from "pino";
import type { EnergyMeter } from "../hardware/energy-meter.ts";
import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import type { Rate } from "../models/usage-call.ts";
import type { TokenCounts } from "../servers/model-server.ts";
import type { BenchNotes } from "../store/bench-runs.ts";
import { failedAnswer, type GradeItem, gradedAnswer, unableAnswer } from "./answer-item.ts";
import type { AskAgent } from "./ask-agent.ts";
import { type AskedItem, askItem } from "./ask-item.ts";
import type { BenchAnswer, SpeedSample } from "./bench-answer.ts";
import { nonceFor, prepareItem } from "./bench-prompt.ts";
import type { BenchTarget } from "./bench-target.ts";
import { type CallCost, callCost, sumOfCosts } from "./call-cost.ts";
import { mostForItem, mostForSpeed } from "./estimate-run.ts";
import { dropFromMemory, type SpeedStep, timeCall } from "./measure-speed.ts";
import type { Patience, Reply } from "./patience.ts";
import type { Ask } from "./plan-run.ts";
import type { Readiness } from "./readiness.ts";
import type { BenchRun } from "./run-log.ts";
import type { ProgressKeeper } from "./run-progress.ts";
import { seedOf } from "./seeded.ts";
import type { BenchItem } from "./suite.ts";

/** Questions of a run, one at a time, each written down before the next. */
export interface RunWork {
  /** `done` where it was answered and kept, be it as failed. */
  item(target: BenchTarget, ask: Ask): Promise<Reply<BenchAnswer>>;
  speed(target: BenchTarget, step: SpeedStep): Promise<Reply<SpeedSample | undefined>>;
}

export interface RunWorkParts {
  readonly run: BenchRun;
  readonly items: ReadonlyMap<string, BenchItem>;
  readonly notes: BenchNotes;
  readonly patience: Patience;
  readonly readiness: Readiness;
  readonly grade: GradeItem;
  readonly rate: (model: ModelRef, promptTokens: number) => Rate | undefined;
  /** How an agent of OpenClaw is asked, for a run that asks one. */
  readonly askAgent: AskAgent | undefined;
  readonly energy: EnergyMeter | undefined;
  /** Work waiting for each core. */
  readonly load: () => number;
  readonly deadlineMs: ((item: BenchItem, target: BenchTarget) => number) | undefined;
  readonly progress: ProgressKeeper;
  readonly signal: AbortSignal;
  readonly clock: () => number;
  readonly logger: Logger;
}

/** Characters of a turn that are kept for whoever wants to see what was said. */
const KEPT_CHARACTERS = 20_000;
/** So many say that it is the question. */
const OUTAGES = 2;

export function createRunWork(parts: RunWorkParts): RunWork {
  const { run, notes, patience, readiness, progress, signal, clock, logger } = parts;
  const { plan } = run;
  /** Sizes of a model that have had their warm-up in this process. */
  const warmed = new Set<string>();
  /** What timed calls of a model have cost that no sample has in it yet: warm-ups, and those before one that failed. */
  const unbooked = new Map<string, readonly CallCost[]>();
  /** How often a server went down while a question was asked. */
  const outages = new Map<string, number>();

  /** A question that takes its server down each time would be asked for ever: the second time it has failed. */
  const notForEver = <T>(reply: Reply<T>, key: object): Reply<T> => {
    if (reply.kind !== "down" || !reply.meanwhile) return reply;
    const question = JSON.stringify(key);
    const times = (outages.get(question) ?? 0) + 1;
    outages.set(question, times);
    return times < OUTAGES ? reply : { kind: "failed", reason: `Its server went down twice at it: ${reply.reason}` };
  };

  const askOnce = async (
    target: BenchTarget,
    item: BenchItem,
    { repeat }: Ask,
    attempt: number,
    within: AbortSignal,
  ): Promise<AskedItem> => {
    const facts = { level: plan.level, seed: plan.seed, nonce: nonceFor(run.id, run.at, item.id, repeat, attempt) };
    const deadlineMs = (parts.deadlineMs ?? deadlineFor)(item, target);
    if (plan.through.kind === "openclaw") {
      if (parts.askAgent === undefined) throw new Error("This runner does not know OpenClaw.");
      // A key for the cloud may be OpenClaw's alone; what is here is loaded with the same care as otherwise.
      const there = target.local ? (await readiness.ensure(target, within)).target : target;
      const { agentId } = plan.through;
      return parts.askAgent({ agentId, target: there, item, facts, deadlineMs, signal: within });
    }
    const ready = await readiness.ensure(target, within);
    progress.now({ doing: "asking", model: target.ref, itemId: item.id });
    const prepared = prepareItem(item, {
      ...facts,
      windowTokens: ready.target.windowTokens,
      charactersPerToken: plan.level === "full" ? ready.charactersPerToken : undefined,
    });
    const { temperature } = plan;
    return askItem(ready.target, item, prepared, { temperature, seed: plan.seed + repeat, deadlineMs, signal: within });
  };

  const graded = async (asked: AskedItem, about: Parameters<typeof gradedAnswer>[2]): Promise<BenchAnswer> => {
    try {
      return gradedAnswer(asked, await parts.grade(about.item, asked.said), about);
    } catch (thrown) {
      signal.throwIfAborted();
      logger.error({ err: thrown, item: about.item.id }, "an answer could not be graded");
      return { ...failedAnswer("The answer could not be graded.", about), ...about.cost };
    }
  };

  return {
    async item(target, ask) {
      const item = parts.items.get(ask.itemId);
      if (item === undefined) throw new Error(`The run names an item that no suite has: ${ask.itemId}.`);
      progress.now({ doing: "asking", model: target.ref, itemId: item.id });
      const began = performance.now();
      const load = parts.load();
      const key = { model: target.ref, itemId: item.id, repeat: ask.repeat };
      const reply = notForEver(
        await patience.ask(target, (within, attempt) => askOnce(target, item, ask, attempt, within), signal),
        key,
      );
      if (reply.kind === "down" || reply.kind === "set-aside") return reply;

      const about = { item, level: plan.level, repeat: ask.repeat, target, load, at: clock() };
      const answer =
        reply.kind === "done"
          ? await graded(reply.value, { ...about, cost: costOfItem(parts, target, item, reply.value) })
          : (reply.kind === "unable" ? unableAnswer : failedAnswer)(reply.reason, about);
      await notes.answer(run.id, key, answer, reply.kind === "done" ? shortened(reply.value) : null);
      progress.done(target.ref, reply.kind === "done" ? performance.now() - began : undefined);
      return { kind: "done", value: answer };
    },

    async speed(target, { promptTokens, cold, sample }) {
      progress.now({ doing: "measuring", model: target.ref, itemId: undefined });
      const began = performance.now();
      const name = formatModelRef(target.ref);
      const size = `${name} ${promptTokens}`;
      const key = { model: target.ref, promptTokens, cold, sample };
      const asked = await patience.ask(
        target,
        async (within, attempt) => {
          const ready = await readiness.ensure(target, within);
          const call = async (what: string) => {
            const timed = await timeCall(ready, promptTokens, {
              nonce: nonceFor(run.id, run.at, what, promptTokens, sample, attempt),
              seed: seedOf(plan.seed, `${promptTokens} ${sample}`),
              energy: parts.energy,
              signal: within,
            });
            const cost = costOfSpeed(parts, target, promptTokens, timed.tokens);
            unbooked.set(name, [...(unbooked.get(name) ?? []), cost]);
            return timed;
          };
          if (cold) await dropFromMemory(target, within);
          else if (!warmed.has(size)) {
            await call("warm-up");
            warmed.add(size);
          }
          return call(cold ? "cold" : "warm");
        },
        signal,
      );
      const reply = notForEver(asked, key);
      if (reply.kind === "down" || reply.kind === "set-aside") return reply;
      const cost = sumOfCosts(unbooked.get(name) ?? []);
      const measured: SpeedSample | undefined =
        reply.kind === "done"
          ? { model: target.ref, promptTokens, cold, ...reply.value, ...cost, at: clock() }
          : undefined;
      if (measured === undefined)
        logger.warn({ model: target.ref, promptTokens, reply }, "a speed could not be measured");
      else {
        await notes.speed(run.id, key, measured);
        unbooked.delete(name);
      }
      progress.done(target.ref, performance.now() - began);
      return { kind: "done", value: measured };
    },
  };
}

/** A slow machine reads 20 tokens a second and writes one; a vendor that takes a tenth of that long is at a stand. */
function deadlineFor(item: BenchItem, { local }: BenchTarget): number {
  const turns = item.turns.filter(({ reply }) => reply === undefined).length;
  const characters = item.turns.reduce((sum, { say, reply = "" }) => sum + say.length + reply.length, 0);
  const reading = item.haystack === undefined ? characters / 3 / 20 : 3_600;
  const seconds = reading + item.maxTokens * turns;
  return Math.ceil(1_000 * (120 + (local ? seconds : seconds / 10)));
}

type Priced = Pick<RunWorkParts, "run" | "rate">;

/** A request is charged by its own prompt: those of several turns count in the mean. */
function costOfItem(
  { run, rate }: Priced,
  target: BenchTarget,
  item: BenchItem,
  { tokens, said }: AskedItem,
): CallCost {
  if (target.local) return { usd: 0 };
  const rateFor = (promptTokens: number): Rate | undefined => rate(target.ref, promptTokens);
  const mean = Math.ceil(promptOf(tokens) / Math.max(1, said.turns.length));
  return callCost(tokens, rateFor(mean), mostForItem(item, run.plan, windowOf(target), rateFor));
}

function costOfSpeed({ rate }: Priced, target: BenchTarget, promptTokens: number, tokens: TokenCounts): CallCost {
  if (target.local) return { usd: 0 };
  const rateFor = (size: number): Rate | undefined => rate(target.ref, size);
  return callCost(tokens, rateFor(promptOf(tokens)), mostForSpeed(promptTokens, windowOf(target), rateFor));
}

const promptOf = ({ input = 0, cacheRead = 0, cacheWrite = 0 }: TokenCounts): number => input + cacheRead + cacheWrite;

const windowOf = ({ windowTokens }: BenchTarget) => (windowTokens === undefined ? {} : { windowTokens });

const shortened = ({ said }: AskedItem) => ({
  turns: said.turns.map((turn) => ({ ...turn, text: turn.text.slice(0, KEPT_CHARACTERS) })),
});
