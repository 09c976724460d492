import { z } from "zod";
import { knownMachine } from "../hardware/known-machines.ts";
import { bestFigure, type Figure } from "../models/figure.ts";
import type { CacheArchitecture } from "../models/fit.ts";
import type { Machine } from "../models/machine.ts";
import type { ModelDescription, ServedModel } from "../servers/model-server.ts";
import type { Measurement } from "../store/measurements.ts";
import type { StatedProfile } from "./profile-file.ts";
import { type Price, type Rating, type SeedProfile, TASKS } from "./seed-profile.ts";

/** How a model asks for tools: as the server understands it, as plain text that nobody acts on, or not at all. */
export type ToolCalls = "works" | "text" | "none";

export interface SpeedPoint {
  readonly depthTokens: number;
  /** Tokens a second. */
  readonly decode: Figure<number> | undefined;
  readonly prefill: Figure<number> | undefined;
}

/** What is known of a model, each figure with its source and date; undefined is unknown. */
export interface ModelFacts {
  /** The most that the model takes, tokens. */
  readonly contextLength: Figure<number> | undefined;
  /** Ollama's words: `tools`, `vision`, `thinking`. */
  readonly capabilities: Figure<readonly string[]> | undefined;
  readonly toolCalls: Figure<ToolCalls> | undefined;
  readonly architecture: CacheArchitecture | undefined;
  readonly diskBytes: Figure<number> | undefined;
  /** As it is loaded now. */
  readonly memoryBytes: Figure<number> | undefined;
  readonly quantization: string | undefined;
  /** By depth, shallow first; without estimates, which `expected-speed.ts` makes. */
  readonly speeds: readonly SpeedPoint[];
  /** From the beginning of a load to the first answer, ms, as it was measured. */
  readonly loadMs: Figure<number> | undefined;
  readonly ratings: readonly Rating[];
  readonly price: Figure<Price> | undefined;
}

/** Kinds of measurements, and what each holds. */
export const MEASURED = {
  tools: z.object({ calls: z.enum(["works", "text", "none"]) }),
  speed: z.object({
    points: z.array(
      z.object({
        depthTokens: z.number().nonnegative(),
        decode: z.number().positive().optional(),
        prefill: z.number().positive().optional(),
      }),
    ),
  }),
  load: z.object({ ms: z.number().nonnegative() }),
} as const;

/** A rating has a kind of its own for each task: a bench of one suite leaves those of the others alone. */
export const ratingKind = (task: Rating["task"]): string => `rating:${task}`;
const measuredRating = z.object({ score: z.number().min(0).max(100) });

export interface FactSources {
  readonly served: ServedModel | undefined;
  readonly description: ModelDescription | undefined;
  readonly seed: SeedProfile | undefined;
  readonly stated: StatedProfile | undefined;
  /** Of this model alone. */
  readonly measured: readonly Measurement[];
  /** The machine that runs it; undefined where that is another one. */
  readonly machine: Machine | undefined;
  /** OpenClaw's configured price. */
  readonly configuredPrice: Price | undefined;
  /** What the server is called in sources, such as `Ollama at 127.0.0.1`. */
  readonly server: string;
  /** Day, `2026-11-22`. */
  readonly today: string;
}

/** Everything that is known of a model, the most trustworthy of each. */
export function modelFacts(sources: FactSources): ModelFacts {
  const { served, description, seed, stated, today, server } = sources;
  const reported = <T>(value: T | undefined, source = server): Figure<T> | undefined =>
    value === undefined ? undefined : { value, origin: "reported", source, date: today };
  return {
    contextLength: bestFigure([
      stated?.contextLength,
      reported(description?.contextLength ?? served?.contextLength),
      seed?.contextLength,
    ]),
    capabilities: bestFigure([
      stated?.capabilities,
      reported(description?.capabilities ?? served?.capabilities),
      seed?.capabilities,
    ]),
    toolCalls: bestFigure<ToolCalls>([
      // Only what is known to be broken: that the others work is for a probe to show.
      brokenTools(stated?.brokenToolTemplate ?? seed?.knownProblems?.brokenToolTemplate),
      measuredTools(sources.measured),
    ]),
    architecture: stated?.architecture ?? description?.architecture ?? seed?.architecture,
    diskBytes: bestFigure([stated?.diskBytes, reported(served?.sizeBytes), seed?.diskBytes]),
    memoryBytes: reported(served?.memoryBytes),
    quantization: description?.quantization ?? served?.quantization,
    speeds: speedsOf(sources),
    loadMs: measuredLoad(sources.measured),
    ratings: ratingsOf(stated?.ratings ?? [], measuredRatings(sources.measured), seed?.ratings ?? []),
    price: bestFigure([stated?.price, reported(filledIn(sources), "OpenClaw's configuration"), seed?.price]),
  };
}

/** Zeros for a model that is known to cost something are what nobody filled in. */
const filledIn = ({ configuredPrice, seed }: FactSources): Price | undefined => {
  const isFree = configuredPrice?.tiers.every(({ input, output }) => input === 0 && output === 0);
  return isFree === true && seed?.price !== undefined ? undefined : configuredPrice;
};

const brokenTools = (figure: Figure<boolean> | undefined): Figure<ToolCalls> | undefined =>
  figure?.value === true ? { ...figure, value: "text" } : undefined;

const read = <K extends keyof typeof MEASURED>(measured: readonly Measurement[], kind: K) =>
  readAs<z.output<(typeof MEASURED)[K]>>(measured, kind, MEASURED[kind]);

function readAs<T>(measured: readonly Measurement[], kind: string, schema: z.ZodType): Figure<T> | undefined {
  const found = measured.find((measurement) => measurement.kind === kind);
  const parsed = schema.safeParse(found?.value);
  if (found === undefined || !parsed.success) return undefined;
  const date = new Date(found.at).toISOString().slice(0, 10);
  return { value: parsed.data as T, origin: "measured", source: found.source, date };
}

function measuredTools(measured: readonly Measurement[]): Figure<ToolCalls> | undefined {
  const found = read(measured, "tools");
  return found && { ...found, value: found.value.calls };
}

function measuredLoad(measured: readonly Measurement[]): Figure<number> | undefined {
  const found = read(measured, "load");
  return found && { ...found, value: found.value.ms };
}

const measuredRatings = (measured: readonly Measurement[]): readonly Rating[] =>
  TASKS.flatMap((task) => {
    const found = readAs<z.output<typeof measuredRating>>(measured, ratingKind(task), measuredRating);
    return found === undefined ? [] : [{ task, score: { ...found, value: found.value.score } }];
  });

function speedsOf({ seed, stated, measured, machine }: FactSources): readonly SpeedPoint[] {
  const found = read(measured, "speed");
  const own = (found?.value.points ?? []).map(({ depthTokens, decode, prefill }): SpeedPoint => {
    const figure = (value: number | undefined): Figure<number> | undefined =>
      value === undefined || found === undefined ? undefined : { ...found, value };
    return { depthTokens, decode: figure(decode), prefill: figure(prefill) };
  });
  const published = machine === undefined || seed === undefined ? [] : publishedHere(machine, seed);
  return byDepth([...(stated?.speeds ?? []), ...own, ...published]);
}

/** A published speed only counts on the kind of machine on which it was measured. */
export function publishedHere({ product, processor }: Machine, seed: SeedProfile): readonly SpeedPoint[] {
  const here = knownMachine([product, processor.name])?.id;
  return seed.speeds
    .filter(({ machine }) => machine === here)
    .map(({ depthTokens, decode, prefill }) => ({ depthTokens, decode, prefill }));
}

/** One point a depth, of the most trustworthy figures, shallow first. */
export function byDepth(points: readonly SpeedPoint[]): readonly SpeedPoint[] {
  const depths = new Map<number, SpeedPoint>();
  for (const { depthTokens, decode, prefill } of points) {
    const known = depths.get(depthTokens);
    depths.set(depthTokens, {
      depthTokens,
      decode: bestFigure([known?.decode, decode]),
      prefill: bestFigure([known?.prefill, prefill]),
    });
  }
  return [...depths.values()].sort((a, b) => a.depthTokens - b.depthTokens);
}

/** The first that rates a task is believed. */
function ratingsOf(...sources: readonly (readonly Rating[])[]): readonly Rating[] {
  const rated = new Set<Rating["task"]>();
  return sources.flatMap((ratings) => {
    const fresh = ratings.filter(({ task }) => !rated.has(task));
    for (const { task } of fresh) rated.add(task);
    return fresh;
  });
}
