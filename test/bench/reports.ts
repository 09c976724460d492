import type { BenchAnswer, SpeedSample } from "../../src/bench/bench-answer.ts";
import { buildReport, type ReportBasis } from "../../src/bench/build-report.ts";
import { driftOf } from "../../src/bench/drift.ts";
import { seededRandom } from "../../src/bench/seeded.ts";
import type { Task } from "../../src/bench/suite.ts";
import type { ModelRef } from "../../src/models/model-ref.ts";
import { answersOf, HAIKU, QWEN, SONNET, speedOf } from "./answers.ts";

/** Made up: how often each model is right in each task type, its time for an answer, and its price for one. */
const MADE_UP: readonly (readonly [ModelRef, number, number, readonly number[]])[] = [
  [QWEN, 14_000, 0, [0.62, 0.95, 0.6, 0.8, 0.85, 0.55, 0.7, 0.9]],
  [SONNET, 4_200, 0.0045, [0.93, 0.97, 0.9, 0.9, 0.9, 0.95, 0.92, 0.95]],
  [HAIKU, 1_900, 0.0002, [0.8, 0.93, 0.7, 0.82, 0.88, 0.85, 0.75, 0.93]],
];
const TASKS: readonly Task[] = [
  "code",
  "extraction",
  "reasoning",
  "instructions",
  "summary",
  "tools",
  "persona",
  "recall",
];

export function madeUpAnswers(seed: number, families = 10, size = 4): BenchAnswer[] {
  const random = seededRandom(seed);
  return TASKS.flatMap((task, index) =>
    MADE_UP.flatMap(([model, ms, usd, right]) =>
      answersOf({
        model,
        task,
        families,
        size,
        score: () => (random() < (right[index] ?? 0) ? 1 : Math.round(random() * 2) / 4),
        more: { usd },
      }).map((answer) => ({
        ...answer,
        notes: answer.passed ? [] : ["total is 12, not 12.50"],
        timings: { firstTokenMs: ms / 5, decodeMs: ms / 2, totalMs: ms * (0.7 + 0.6 * random()) },
      })),
    ),
  );
}

export function madeUpSpeeds(): SpeedSample[] {
  const random = seededRandom(4);
  return MADE_UP.flatMap(([model, ms]) =>
    [500, 4_000, 16_000].flatMap((promptTokens) =>
      Array.from({ length: 5 }, (_, sample) => {
        const slow = (ms / 14_000) * (0.9 + 0.2 * random());
        const cold = sample === 0 && promptTokens === 500 && model === QWEN;
        const promptMs = promptTokens * 1.1 * slow;
        const decodeMs = 18_000 * slow;
        const loadMs = cold ? 9_000 : 0;
        const firstTokenMs = loadMs + promptMs + 60;
        return speedOf(model, {
          promptTokens,
          cold,
          tokens: { input: promptTokens, output: 200 },
          timings: { loadMs, promptMs, decodeMs, firstTokenMs, totalMs: firstTokenMs + decodeMs },
          energy: model === QWEN ? 2_400 * slow : undefined,
        });
      }),
    ),
  );
}

export const BASIS: ReportBasis = {
  title: "Local models against Claude, 22 November 2026",
  run: {
    startedAt: "2026-11-22T20:14:03.000Z",
    endedAt: "2026-11-22T22:41:50.000Z",
    level: "standard",
    through: "servers",
    repeats: 1,
    temperature: 0,
    seed: 7,
    machine: "made-up machine for tests, 128 GB",
    suites: TASKS.map((task) => ({ name: task, title: `About ${task}`, task, hash: "0123456789abcdef".repeat(4) })),
    notes: ["Paused twice while a conversation ran on the same server."],
  },
  models: [
    { ref: QWEN, name: "Qwen2.5-Coder 32B", where: "local", details: ["Q4_K_M", "32k context"] },
    { ref: SONNET, name: "Claude Sonnet 5", where: "cloud", details: [] },
    { ref: HAIKU, name: "Claude Haiku 5.5", where: "cloud", details: [] },
  ],
  answers: madeUpAnswers(1),
  speeds: madeUpSpeeds(),
  drift: driftOf(
    [2, 1].map((seed, day) => ({
      at: Date.UTC(2026, 10, 15 + 7 * day, 20),
      suites: TASKS.map((name) => ({ name, hash: "same" })),
      answers: madeUpAnswers(seed),
    })),
  ),
};

export const REPORT = buildReport(BASIS);
