import { ClutchError } from "../errors.ts";
import { formatModelRef, type ModelRef, sameModel } from "../models/model-ref.ts";
import type { PlannedModel, RunPlan } from "./run-plan.ts";
import { seededRandom, seedOf, shuffled } from "./seeded.ts";
import { type BenchItem, LEVELS, type Level, type Suite } from "./suite.ts";

export interface RunRequest {
  readonly suites: readonly Suite[];
  readonly level: Level;
  readonly models: readonly PlannedModel[];
  /** Asked of each item; 1 where absent, which is enough at temperature 0. */
  readonly repeats?: number | undefined;
  /** 0 where absent. */
  readonly temperature?: number | undefined;
  readonly seed: number;
  /** Measured unless false. */
  readonly speed?: boolean | undefined;
  readonly through?: RunPlan["through"] | undefined;
  readonly consent: RunPlan["consent"];
}

/** What a run asks of one model before another has its turn. */
export interface Block {
  readonly model: ModelRef;
  readonly asks: readonly Ask[];
}

export interface Ask {
  readonly itemId: string;
  /** From 0. */
  readonly repeat: number;
}

/**
 * How many items a local model answers before the next one is loaded in its place.
 * Each item of all models at once would be the fairest pair, but a load takes half a
 * minute and more; ten items at once make it a small part of the whole, and keep
 * answers to the same item within some minutes of each other.
 */
const BATCH = 10;

const SPEED: Readonly<Record<Level, NonNullable<RunPlan["speed"]>>> = {
  quick: { promptTokens: [500, 4_000], samples: 3, coldSamples: 1 },
  standard: { promptTokens: [500, 4_000, 16_000], samples: 5, coldSamples: 1 },
  full: { promptTokens: [500, 4_000, 16_000], samples: 5, coldSamples: 3 },
};

/** Items that a level asks: each level has what the one before it has. */
export const itemsFor = (suites: readonly Suite[], level: Level): readonly BenchItem[] =>
  suites.flatMap(({ items }) => items).filter((item) => LEVELS.indexOf(item.level) <= LEVELS.indexOf(level));

/**
 * Items that can be asked that way. OpenClaw gives its agents tools of its own and
 * keeps its own history, so an item with tools, or with answers of another model in
 * the middle, says nothing there.
 */
export const canBeAsked = (item: BenchItem, through: RunPlan["through"]): boolean =>
  through.kind === "servers" || (item.tools === undefined && item.turns.every(({ reply }) => reply === undefined));

/** A plan for these models. Throws `bad_option` where there is nothing to ask, or nobody. */
export function planRun(request: RunRequest): RunPlan {
  const { suites, level, models, repeats = 1, temperature = 0, seed, speed = true } = request;
  const through = request.through ?? { kind: "servers" };
  const asked = itemsFor(suites, level).filter((item) => canBeAsked(item, through));
  if (models.length === 0) throw new ClutchError("bad_option", "No model was named, so there is nothing to ask.");
  const twice = models.find(({ ref }, at) => models.findIndex((other) => sameModel(other.ref, ref)) !== at);
  if (twice !== undefined) {
    throw new ClutchError("bad_option", `${formatModelRef(twice.ref)} is named twice.`, { hint: "Name it once." });
  }
  if (asked.length === 0) {
    throw new ClutchError("bad_option", `No item of ${names(suites)} belongs to the level ${level}.`, {
      hint: "Choose another suite, or a higher level.",
    });
  }
  return {
    suites: suites.map(({ name, title, task, hash }) => ({ name, title, task, hash })),
    level,
    models: [...models],
    items: [...shuffled(asked, seededRandom(seed))].map(({ id }) => id),
    repeats,
    temperature,
    seed,
    ...(speed && through.kind === "servers" ? { speed: SPEED[level] } : {}),
    through,
    consent: request.consent,
  };
}

const names = (suites: readonly Suite[]): string =>
  suites.length === 0 ? "no suite" : suites.map(({ name }) => name).join(", ");

/**
 * The whole run in the order in which it is asked, the same whenever it is worked
 * out. Every batch of items goes to all models before the next batch, so that what is
 * compared was asked close in time; the models take turns at being the first, so
 * that none always finds the warmer machine; and as each batch runs through them in
 * the opposite direction, the model that ends one batch begins the next and needs no
 * load. Where no two models share a memory nothing is pushed out, and a batch is one
 * item.
 */
export function blocksOf(plan: RunPlan): readonly Block[] {
  const size = sharesMemory(plan.models) ? BATCH : 1;
  const rounds = Array.from({ length: plan.repeats }, (_, repeat) =>
    orderOf(plan, repeat).map((itemId): Ask => ({ itemId, repeat })),
  );
  return rounds
    .flatMap((asks) => chunks(asks, size))
    .flatMap((asks, batch) =>
      (batch % 2 === 0 ? plan.models : plan.models.toReversed()).map(({ ref }): Block => ({ model: ref, asks })),
    );
}

/** Each round has an order of its own, so that no item always follows the same one. */
const orderOf = ({ items, seed }: RunPlan, repeat: number): readonly string[] =>
  repeat === 0 ? items : shuffled(items, seededRandom(seedOf(seed, `round ${repeat}`)));

const sharesMemory = (models: readonly PlannedModel[]): boolean => {
  const places = models.flatMap(({ memory }) => (memory === undefined ? [] : [memory]));
  return new Set(places).size < places.length;
};

const chunks = <T>(entries: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(entries.length / size) }, (_, at) => entries.slice(at * size, (at + 1) * size));
