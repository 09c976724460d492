import { z } from "zod";
import { ClutchError } from "../errors.ts";
import { TASKS } from "../registry/seed-profile.ts";
import type { BenchRuns, StoredBenchRun } from "../store/bench-runs.ts";
import type { BenchAnswer, SpeedSample } from "./bench-answer.ts";
import { type RunPlan, runPlan } from "./run-plan.ts";
import { LEVELS } from "./suite.ts";

/** A run with all that it is to know of itself. */
export interface BenchRun extends Omit<StoredBenchRun, "plan" | "conditions"> {
  readonly plan: RunPlan;
  readonly conditions: RunConditions | undefined;
}

const count = z.number().exactOptional();
const ref = z.object({ provider: z.string(), model: z.string() });
const tokens = z.object({ input: count, output: count, cacheRead: count, cacheWrite: count });
const timings = z.object({
  loadMs: count,
  promptMs: count,
  decodeMs: count,
  firstTokenMs: count,
  totalMs: z.number(),
});

/** How machine and servers were when a run was first worked on. */
const runConditions = z.object({
  /** Work waiting for each core, from the system's own mean of a minute. */
  load: z.number(),
  models: z.array(
    z.object({
      model: ref,
      /** As the server calls it, such as `Q4_K_M`. */
      quantization: z.string().exactOptional(),
      /** Kind of the server, and its version where it tells. */
      server: z.string(),
      windowTokens: count,
    }),
  ),
});
export type RunConditions = z.output<typeof runConditions>;

const answer = z
  .object({
    model: ref,
    itemId: z.string(),
    level: z.enum(LEVELS).exactOptional(),
    task: z.enum(TASKS),
    family: z.string(),
    repeat: z.number(),
    outcome: z.enum(["answered", "empty", "refused", "cut", "failed"]),
    score: z.number(),
    passed: z.boolean(),
    malformedTool: z.boolean(),
    notes: z.array(z.string()),
    tokens,
    timings,
    usd: count,
    mostUsd: count,
    thinkingCharacters: count,
    load: count,
    at: z.number(),
  })
  .transform((stored): BenchAnswer => ({ ...stored, usd: stored.usd }));
const sample = z
  .object({
    model: ref,
    promptTokens: z.number(),
    cold: z.boolean(),
    tokens,
    timings,
    energy: count,
    // Earlier versions did not write it down.
    usd: count,
    mostUsd: count,
    at: z.number(),
  })
  .transform((stored): SpeedSample => ({ ...stored, energy: stored.energy, usd: stored.usd }));

/** A stored run, parsed. Throws `store_failed` where it was not written by Clutch. */
export const readRun = (stored: StoredBenchRun): BenchRun => ({
  ...stored,
  plan: parse(runPlan, stored.plan),
  conditions: stored.conditions === undefined ? undefined : parse(runConditions, stored.conditions),
});

export const readAnswers = async (runs: Pick<BenchRuns, "answers">, id: number): Promise<readonly BenchAnswer[]> =>
  (await runs.answers(id)).map((stored) => parse(answer, stored));

export const readSpeeds = async (runs: Pick<BenchRuns, "speeds">, id: number): Promise<readonly SpeedSample[]> =>
  (await runs.speeds(id)).map((stored) => parse(sample, stored));

function parse<T extends z.ZodType>(schema: T, stored: unknown): z.output<T> {
  const parsed = schema.safeParse(stored);
  if (parsed.success) return parsed.data;
  throw new ClutchError("store_failed", "An entry of a bench in the store can't be read.", {
    hint: "It was changed by something other than Clutch, or written by another version.",
    cause: parsed.error,
  });
}
