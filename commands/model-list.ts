import type { Figure } from "../src/models/figure.ts";
import type { Fit } from "../src/models/fit.ts";
import { formatModelRef } from "../src/models/model-ref.ts";
import type { SpeedMachine } from "../src/models/speed.ts";
import { type JudgedModel, judgeModel, windowOf } from "../src/registry/judge-model.ts";
import type { ModelProfile } from "../src/registry/model-profile.ts";
import type { Price, Rating } from "../src/registry/seed-profile.ts";
import { tokens } from "./amounts.ts";
import type { Card } from "./card.ts";
import { localityWord } from "./model-card.ts";

export const MODEL_SORTS = ["name", "speed", "size", "window", "rating"] as const;
export type ModelSort = (typeof MODEL_SORTS)[number];
export const MODEL_FILTERS = ["local", "cloud", "loaded", "fits"] as const;
export type ModelFilter = (typeof MODEL_FILTERS)[number];

export interface ListQuery {
  /** A model is listed where all of them hold. */
  readonly only?: readonly ModelFilter[];
  /** By name where absent. */
  readonly sort?: ModelSort | undefined;
}

/** The models that a list is to show, in its order; what is not known comes last. */
export function listModels(
  models: readonly ModelProfile[],
  machine: SpeedMachine | undefined,
  { only = [], sort = "name" }: ListQuery,
): readonly JudgedModel[] {
  const listed = models.map((profile) => judgeModel(profile, machine));
  const key = KEYS[sort];
  return listed
    .filter((model) => only.every((filter) => FILTERS[filter](model)))
    .toSorted((a, b) => key(b) - key(a) || refOf(a).localeCompare(refOf(b)));
}

const refOf = ({ profile }: JudgedModel): string => formatModelRef(profile.ref);

const FILTERS: Readonly<Record<ModelFilter, (model: JudgedModel) => boolean>> = {
  local: ({ profile }) => profile.locality.kind === "local",
  cloud: ({ profile }) => profile.locality.kind !== "local",
  loaded: ({ isLoaded }) => isLoaded,
  fits: ({ fit }) => fit?.kind === "fits" || fit?.kind === "tight",
};

const UNKNOWN = Number.NEGATIVE_INFINITY;

/** The more, the earlier. */
const KEYS: Readonly<Record<ModelSort, (model: JudgedModel) => number>> = {
  name: () => 0,
  speed: ({ speed }) => speed?.value ?? UNKNOWN,
  size: ({ profile }) => profile.facts.diskBytes?.value ?? UNKNOWN,
  window: ({ profile }) => windowOf(profile) ?? profile.facts.contextLength?.value ?? UNKNOWN,
  rating: ({ profile }) => Math.max(UNKNOWN, ...profile.facts.ratings.map(({ score }) => score.value)),
};

/** A table of models: six columns for a chat, all ten for a terminal. */
export function modelListCard(listed: readonly JudgedModel[], width: "chat" | "terminal" = "chat"): Card {
  const columns = COLUMNS.filter(({ inChat }) => inChat || width === "terminal");
  const local = listed.filter(({ profile }) => profile.locality.kind === "local").length;
  if (listed.length === 0) return { tone: "info", title: "No model is like that" };
  return {
    tone: "info",
    title: `${listed.length} ${listed.length === 1 ? "model" : "models"}, ${local} local`,
    table: {
      columns: columns.map(({ title }) => title),
      rows: listed.map((model) => columns.map(({ cell }) => cell(model))),
    },
    footer:
      "Window: what OpenClaw uses / what the model takes. Fits: on this machine, with that window. Tok/s: the conversation being empty; ~ is a formula. Tools: whether tool calls were tried. ? is not known.",
  };
}

interface Column {
  readonly title: string;
  readonly inChat: boolean;
  cell(model: JudgedModel): string;
}

const COLUMNS: readonly Column[] = [
  { title: "Model", inChat: true, cell: refOf },
  { title: "Where", inChat: true, cell: ({ profile }) => localityWord(profile) },
  { title: "Loaded", inChat: false, cell: ({ isLoaded }) => (isLoaded ? "yes" : "") },
  { title: "Window", inChat: true, cell: windowCell },
  { title: "Size", inChat: false, cell: ({ profile }) => sizeText(profile.facts.diskBytes?.value) },
  { title: "Fits", inChat: true, cell: fitCell },
  { title: "Tok/s", inChat: true, cell: ({ speed }) => speedText(speed) },
  { title: "Tools", inChat: true, cell: toolsCell },
  { title: "Ratings", inChat: false, cell: ({ profile }) => ratingsText(profile.facts.ratings) },
  { title: "$ per M in/out", inChat: false, cell: ({ profile }) => priceText(profile.facts.price?.value) },
];

const TOOLS = { works: "works", text: "broken", none: "none", unknown: "?" } as const;
const FITS: Readonly<Record<Fit["kind"], string>> = {
  fits: "yes",
  tight: "tight",
  spills: "in part",
  "does-not-fit": "no",
  unknown: "?",
};
const BEST_RATINGS = 2;

function windowCell({ profile }: JudgedModel): string {
  const [used, own] = [windowOf(profile), profile.facts.contextLength?.value];
  const text = (count: number | undefined): string => (count === undefined ? "?" : tokens(count));
  return used === own ? text(used) : `${text(used)} / ${text(own)}`;
}

function fitCell({ profile, fit }: JudgedModel): string {
  if (fit !== undefined) return FITS[fit.kind];
  return profile.locality.kind === "local" && !profile.demo ? "?" : "–";
}

/** The sandbox's stand-ins call no tools, whatever the model they play would do. */
function toolsCell({ profile }: JudgedModel): string {
  return profile.demo ? "–" : TOOLS[profile.facts.toolCalls?.value ?? "unknown"];
}

export function speedText(speed: Figure<number> | undefined): string {
  if (speed === undefined) return "?";
  const value = speed.value < 9.95 ? speed.value.toFixed(1) : String(Math.round(speed.value));
  return speed.origin === "estimated" ? `~${value}` : value;
}

export const sizeText = (bytes: number | undefined): string =>
  bytes === undefined ? "?" : `${(bytes / 1e9).toFixed(1)} GB`;

function ratingsText(ratings: readonly Rating[]): string {
  const best = ratings.toSorted((a, b) => b.score.value - a.score.value).slice(0, BEST_RATINGS);
  return best.length === 0 ? "?" : best.map(({ task, score }) => `${task} ${Math.round(score.value)}`).join(", ");
}

/** Of the tier for short prompts. */
export function priceText(price: Price | undefined): string {
  const [tier] = price?.tiers ?? [];
  if (tier === undefined) return "?";
  return tier.input === 0 && tier.output === 0 ? "free" : `${tier.input} / ${tier.output}`;
}
