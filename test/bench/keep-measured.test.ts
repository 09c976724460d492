import { describe, expect, it } from "vitest";
import type { BenchAnswer, SpeedSample } from "../../src/bench/bench-answer.ts";
import { keepMeasured, speedPoints } from "../../src/bench/keep-measured.ts";
import { planRun } from "../../src/bench/plan-run.ts";
import type { BenchRun } from "../../src/bench/run-log.ts";
import { modelFacts } from "../../src/registry/model-facts.ts";
import { createMeasurements } from "../../src/store/measurements.ts";
import { openTemp } from "../store/temp-store.ts";
import { someSuite } from "./bench-items.ts";
import { A, CLOUD } from "./lab-parts.ts";

const plan = planRun({
  suites: [someSuite(6)],
  level: "quick",
  models: [
    { ref: A, local: true, memory: "this machine" },
    { ref: CLOUD, local: false },
  ],
  seed: 1,
  consent: { usd: 1, evict: false },
});
const RUN: BenchRun = {
  id: 1,
  at: 0,
  state: "open",
  actor: "a",
  plan,
  conditions: undefined,
  note: undefined,
  heardAt: 0,
};

const answer = (at: number, more: Partial<BenchAnswer> = {}): BenchAnswer => ({
  ...{ model: A, itemId: `sums/even/v${at}`, task: "reasoning", family: "even", repeat: 0, outcome: "answered" },
  ...{ score: 1, passed: true, malformedTool: false, notes: [], tokens: {}, timings: { totalMs: 1 }, usd: 0, at: 0 },
  ...more,
});
const sample = (
  promptTokens: number,
  timings: Partial<SpeedSample["timings"]>,
  more: Partial<SpeedSample> = {},
): SpeedSample => ({
  ...{ model: A, promptTokens, cold: false, energy: undefined, usd: 0, at: 0 },
  tokens: { input: promptTokens, output: 96 },
  timings: { totalMs: 10_000, ...timings },
  ...more,
});

async function kept(answers: readonly BenchAnswer[], speeds: readonly SpeedSample[], run = RUN) {
  const { store } = await openTemp();
  const measurements = createMeasurements(store.db, () => Date.UTC(2026, 10, 28));
  await keepMeasured(measurements, run, answers, speeds);
  const all = await measurements.all();
  return modelFacts({
    ...{ served: undefined, description: undefined, seed: undefined, stated: undefined, machine: undefined },
    ...{ configuredPrice: undefined, server: "ollama", today: "2026-11-28" },
    measured: all.filter(({ model }) => model === "a"),
  });
}

describe("what a run found out, in the registry", () => {
  it("is the median of each size, reading at half the depth, and the load", async () => {
    const facts = await kept(
      [],
      [
        ...[4_000, 5_000, 9_000].map((promptMs) => sample(1_000, { promptMs, decodeMs: 9_600 })),
        sample(1_000, { loadMs: 30_000, promptMs: 1, decodeMs: 1 }, { cold: true }),
        sample(1_000, { loadMs: 40_000 }, { cold: true }),
        sample(1_000, { promptMs: 1, decodeMs: 1 }, { model: CLOUD }),
      ],
    );
    const figure = { origin: "measured", source: "measured here by /bench", date: "2026-11-28" };
    expect(facts.speeds).toEqual([
      { depthTokens: 500, prefill: { value: 200, ...figure }, decode: undefined },
      { depthTokens: 1_000, prefill: undefined, decode: { value: 10, ...figure } },
    ]);
    expect(facts.loadMs).toEqual({ value: 35_000, ...figure });
  });

  it("is a rating for each task, in which repeats are one item and nothing counts that was not answered", async () => {
    const answers = [
      ...[0, 1, 2, 3].map((at) => answer(at)),
      answer(4, { score: 0 }),
      answer(4, { score: 1, repeat: 1 }),
      answer(5, { outcome: "failed", score: 0 }),
    ];
    expect((await kept(answers, [])).ratings).toEqual([
      {
        task: "reasoning",
        score: {
          value: 90,
          origin: "measured",
          source: "measured here by /bench: 5 items of sums",
          date: "2026-11-28",
        },
      },
    ]);
  });

  it.each<[string, readonly BenchAnswer[], BenchRun]>([
    ["too few items were answered", [0, 1, 2, 3].map((at) => answer(at)), RUN],
    [
      "too many were not",
      [...[0, 1, 2, 3, 4].map((at) => answer(at)), ...[5, 6].map((at) => answer(at, { outcome: "failed" }))],
      RUN,
    ],
    [
      "an agent of OpenClaw answered",
      [0, 1, 2, 3, 4].map((at) => answer(at)),
      { ...RUN, plan: { ...plan, through: { kind: "openclaw", agentId: "main" } } },
    ],
  ])("is no rating where %s", async (_, answers, run) => {
    expect((await kept(answers, [sample(500, { decodeMs: 1 })], run)).ratings).toEqual([]);
  });
});

describe("the pace of reading, where the server does not time it", () => {
  it("is what a longer prompt was waited for more", () => {
    const seen = (promptTokens: number, firstTokenMs: number) =>
      sample(promptTokens, { firstTokenMs, totalMs: firstTokenMs + 9_500 });
    expect(speedPoints([seen(500, 700), seen(4_000, 4_200), seen(4_000, 4_200)])).toEqual([
      { depthTokens: 500, decode: 10 },
      { depthTokens: 2_250, prefill: 1_000 },
      { depthTokens: 4_000, decode: 10 },
    ]);
  });

  it("is unknown where the longer one was waited for hardly longer", () => {
    const seen = (promptTokens: number, firstTokenMs: number) => sample(promptTokens, { firstTokenMs });
    expect(speedPoints([seen(500, 700), seen(4_000, 720)]).every(({ prefill }) => prefill === undefined)).toBe(true);
  });
});
