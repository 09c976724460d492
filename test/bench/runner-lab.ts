import { setImmediate as turn } from "node:timers/promises";
import { pino } from "pino";
import { afterEach } from "vitest";
import type { People } from "../../src/bench/people.ts";
import { planRun, type RunRequest } from "../../src/bench/plan-run.ts";
import { readAnswers, readSpeeds } from "../../src/bench/run-log.ts";
import type { RunProgress } from "../../src/bench/run-progress.ts";
import { type BenchRunnerParts, createBenchRunner, type RunHow } from "../../src/bench/runner.ts";
import type { Suite } from "../../src/bench/suite.ts";
import { formatModelRef, type ModelRef } from "../../src/models/model-ref.ts";
import type { Eviction } from "../../src/sessions/switch-plan.ts";
import { createBenchRuns } from "../../src/store/bench-runs.ts";
import { createLeases } from "../../src/store/leases.ts";
import { openTemp } from "../store/temp-store.ts";
import { someSuite } from "./bench-items.ts";
import { A, gradeNumber, RATE, targetsAt } from "./lab-parts.ts";
import { type AskedChat, type Script, type ScriptedOllama, startScriptedOllama } from "./scripted-ollama.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** The number that a question asks for; the warm-up and speed prompts have none. */
export const questionOf = ({ messages }: AskedChat): number | undefined => {
  const at = /Question (\d+):/.exec(messages.findLast(({ role }) => role === "user")?.content ?? "")?.[1];
  return at === undefined ? undefined : Number(at);
};
export const right = (chat: AskedChat): Script => ({ text: `It is ${(questionOf(chat) ?? 0) + 1}.` });
export const isWarmUp = (chat: AskedChat): boolean => chat.text.endsWith("Say yes.");
/** What of what was asked were items. */
export const items = (server: ScriptedOllama): readonly AskedChat[] =>
  server.asked.filter((chat) => questionOf(chat) !== undefined);

export interface LabOptions {
  readonly suites?: readonly Suite[];
  readonly models?: readonly ModelRef[];
  /** Of the local server, which has the models a and b. */
  readonly answer?: (chat: AskedChat, count: number) => Script;
  readonly cloud?: (chat: AskedChat, count: number) => Script;
  readonly request?: Partial<RunRequest>;
  readonly url?: string;
  readonly loadMs?: number;
  readonly windowTokens?: number;
  readonly parts?: Partial<BenchRunnerParts>;
}

/** A runner over a real store and servers that answer by a script, with time that passes at once where it only waits. */
export async function startLab(options: LabOptions = {}) {
  const { suites = [someSuite(6)], models = [A], answer = right } = options;
  const { store } = await openTemp(...(options.url === undefined ? [] : [options.url]));
  const local = await startScriptedOllama(answer, {
    ...(options.loadMs === undefined ? {} : { loadMs: options.loadMs }),
    ...(options.windowTokens === undefined ? {} : { windowTokens: options.windowTokens }),
  });
  const cloud = await startScriptedOllama(options.cloud ?? right, { models: ["c"] });
  const servers = { local, cloud };
  closing.push(
    () => servers.local.close(),
    () => servers.cloud.close(),
  );

  const state = {
    /** Ms that were waited without waiting. */
    waitedMs: 0,
    sleeps: [] as number[],
    busy: [] as boolean[],
    locked: false,
    evictions: [] as Eviction[],
    isUsed: false,
    suites,
    listeners: new Set<() => void>(),
    progress: [] as RunProgress[],
  };
  const clock = (): number => Date.now() + state.waitedMs;
  const runs = createBenchRuns(store.db, clock);
  const leases = createLeases(store.db, clock);
  const people: People = {
    isBusy: async () => state.busy.shift() ?? false,
    onTurn(_, listener) {
      state.listeners.add(listener);
      return () => state.listeners.delete(listener);
    },
  };
  const targets = targetsAt(
    () => ({ local: servers.local.url, cloud: servers.cloud.url }),
    () => state,
    options.windowTokens,
  );
  const runner = createBenchRunner({
    runs,
    leases,
    suites: async () => state.suites,
    targets,
    grade: gradeNumber,
    people,
    isLocalOnly: () => state.locked,
    rate: () => RATE,
    load: () => 0.25,
    async sleep(ms, signal) {
      state.sleeps.push(ms);
      state.waitedMs += ms;
      await turn();
      signal.throwIfAborted();
    },
    clock,
    logger: pino({ level: "silent" }),
    ...options.parts,
  });
  const plan = planRun({
    suites,
    level: "quick",
    models: models.map((ref) => {
      const isLocal = ref.provider === "ollama";
      return { ref, local: isLocal, ...(isLocal ? { memory: "this machine" } : {}) };
    }),
    seed: 5,
    speed: false,
    consent: { usd: 1, evict: false },
    ...options.request,
  });
  const run = await runs.begin({ actor: "test:1", plan });
  return {
    ...state,
    state,
    servers,
    store,
    runs,
    leases,
    runner,
    run,
    plan,
    work: (how: Partial<RunHow> = {}) =>
      runner.work(run.id, {
        signal: new AbortController().signal,
        onProgress: (progress) => void state.progress.push(progress),
        ...how,
      }),
    answers: () => readAnswers(runs, run.id),
    speeds: () => readSpeeds(runs, run.id),
    /** What was asked of whom, as it was kept. */
    keys: async () =>
      (await readAnswers(runs, run.id)).map(
        ({ model, itemId, repeat }) => `${formatModelRef(model)} ${itemId} ${repeat}`,
      ),
  };
}
