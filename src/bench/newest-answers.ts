import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import type { BenchAnswer, SpeedSample } from "./bench-answer.ts";
import { questionOf } from "./item-scores.ts";
import type { BenchRun } from "./run-log.ts";

/** A run with all that it found out. */
export interface FullRun {
  readonly run: BenchRun;
  readonly answers: readonly BenchAnswer[];
  readonly speeds: readonly SpeedSample[];
}

/** What several runs know together. */
export interface NewestAnswers {
  readonly models: readonly ModelRef[];
  readonly answers: readonly BenchAnswer[];
  readonly speeds: readonly SpeedSample[];
  /** Those that something is from, the oldest first. */
  readonly from: readonly BenchRun[];
}

/**
 * Each model's newest answers to each question, of the newest text of each suite: an
 * older text asked something else. A run's repeats stay together, and calls that
 * failed stand in nobody's way. Runs through OpenClaw are another question.
 */
export function newestAnswers(runs: readonly FullRun[]): NewestAnswers {
  const direct = runs
    .filter(({ run }) => run.plan.through.kind === "servers")
    .toSorted((one, other) => other.run.id - one.run.id);
  const hashes = new Map<string, string>();
  const answers = new Map<string, { readonly run: number; readonly of: BenchAnswer[] }>();
  const speeds = new Map<string, { readonly run: number; readonly of: SpeedSample[] }>();
  const from = new Set<BenchRun>();
  const keep = <T>(
    kept: Map<string, { readonly run: number; readonly of: T[] }>,
    key: string,
    run: BenchRun,
    value: T,
  ) => {
    const there = kept.get(key) ?? { run: run.id, of: [] };
    if (there.run !== run.id) return;
    there.of.push(value);
    kept.set(key, there);
    from.add(run);
  };
  for (const { run, ...found } of direct) {
    const { suites } = run.plan;
    for (const { name, hash } of suites) if (!hashes.has(name)) hashes.set(name, hash);
    const current = new Set(suites.filter(({ name, hash }) => hashes.get(name) === hash).map(({ name }) => name));
    for (const answer of found.answers) {
      if (answer.outcome === "failed" || !current.has(answer.itemId.split("/")[0] ?? "")) continue;
      keep(answers, JSON.stringify([formatModelRef(answer.model), questionOf(answer)]), run, answer);
    }
    for (const sample of found.speeds) {
      keep(speeds, JSON.stringify([formatModelRef(sample.model), sample.promptTokens, sample.cold]), run, sample);
    }
  }
  const all = [...answers.values()].flatMap(({ of }) => of);
  return {
    models: [...new Map(all.map(({ model }) => [formatModelRef(model), model])).values()],
    answers: all,
    speeds: [...speeds.values()].flatMap(({ of }) => of),
    from: [...from].toSorted((one, other) => one.id - other.id),
  };
}
