import { routingTable } from "../../src/bench/advice.ts";
import type { Bench } from "../../src/bench/bench.ts";
import { planRun } from "../../src/bench/plan-run.ts";
import type { BenchRun } from "../../src/bench/run-log.ts";
import { HAIKU, QWEN, SONNET } from "../bench/answers.ts";
import { someSuite } from "../bench/bench-items.ts";
import { BASIS, madeUpAnswers, REPORT } from "../bench/reports.ts";

const NAMED = BASIS.models
  .filter(({ ref }) => ref !== HAIKU)
  .map(({ ref, name, where }) => ({ ref, name, local: where === "local" }));

/** Benches as commands see them, with made-up results; what would begin or end one is written down instead. */
export function recordingBench(changes: string[], clock: () => number): Bench {
  const plan = planRun({
    suites: [someSuite(4)],
    level: "quick",
    models: [
      { ref: QWEN, local: true, memory: "this machine" },
      { ref: SONNET, local: false },
    ],
    seed: 1,
    consent: { usd: 0.5, evict: false },
  });
  const run: BenchRun = {
    id: 12,
    at: clock() - 4 * 60_000,
    state: "open",
    actor: "discord:123",
    place: "discord:1",
    plan,
    conditions: undefined,
    note: undefined,
    heardAt: clock(),
  };
  return {
    results: {
      report: async () => REPORT,
      compare: async () => REPORT,
      history: async () => ({ runs: [{ run: { ...run, state: "done" }, answers: 8 }], drift: REPORT.drift }),
      advice: async () => routingTable({ models: NAMED, answers: madeUpAnswers(1), speeds: [] }),
    },
    suites: async () => ["extraction", "sums"],
    knownSuites: () => ["extraction", "sums"],
    usualModels: async () => [QWEN, SONNET, HAIKU],
    prepare: async () => ({
      plan,
      estimate: {
        models: [
          { model: QWEN, asks: 12, usd: 0, mostUsd: 0, ms: 4 * 60_000 },
          { model: SONNET, asks: 11, usd: 0.02, mostUsd: 0.06, ms: 40_000 },
        ],
        ms: 280_000,
        usd: 0.02,
        mostUsd: 0.06,
        unpriced: [],
      },
      questions: [],
    }),
    shown: { show: async () => undefined, agreed: async (prepared) => prepared.plan },
    async start() {
      changes.push("bench run");
      return run;
    },
    open: async () => ({
      run,
      progress: {
        runId: 12,
        done: 9,
        total: 23,
        doing: "asking",
        model: QWEN,
        itemId: "sums/even/v2",
        leftMs: 130_000,
        why: undefined,
      },
    }),
    follow: async () => ({ ...run, state: "done" }),
    async cancel() {
      changes.push("bench cancel");
      return run;
    },
    isWatched: async () => true,
    watch: () => ({ wake: () => undefined, stop: async () => undefined }),
  };
}
