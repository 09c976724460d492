import { classifyHost } from "../src/models/address.ts";
import type { Figure } from "../src/models/figure.ts";
import { type Fit, fitOf } from "../src/models/fit.ts";
import { formatModelRef } from "../src/models/model-ref.ts";
import type { SpeedMachine } from "../src/models/speed.ts";
import { JUDGED_WINDOW } from "../src/registry/assess-seed.ts";
import { expectedSpeed } from "../src/registry/expected-speed.ts";
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

/** A model with what this machine makes of it; undefined is unknown. */
export interface ListedModel {
  readonly profile: ModelProfile;
  readonly isLoaded: boolean;
  /** In memory as it would be loaded; undefined where it runs elsewhere. */
  readonly fit: Fit | undefined;
  /** Tokens a second while generating, the conversation being empty. */
  readonly speed: Figure<number> | undefined;
}

/** The models that a list is to show, in its order; what is not known comes last. */
export function listModels(
  models: readonly ModelProfile[],
  machine: SpeedMachine | undefined,
  { only = [], sort = "name" }: ListQuery,
): readonly ListedModel[] {
  const listed = models.map((profile) => judge(profile, runsHere(profile) ? machine : undefined));
  const key = KEYS[sort];
  return listed
    .filter((model) => only.every((filter) => FILTERS[filter](model)))
    .toSorted((a, b) => key(b) - key(a) || refOf(a).localeCompare(refOf(b)));
}

function judge(profile: ModelProfile, machine: SpeedMachine | undefined): ListedModel {
  const { facts, served } = profile;
  const isLoaded = served?.loaded === true;
  const fit =
    machine &&
    fitOf(machine, {
      weightsBytes: facts.diskBytes?.value,
      architecture: facts.architecture,
      contextTokens: windowOf(profile) ?? Math.min(JUDGED_WINDOW, facts.contextLength?.value ?? JUDGED_WINDOW),
      contextLength: facts.contextLength?.value,
    });
  // What is in memory already fits, whatever little is left beside it.
  const shown = fit && isLoaded && fit.kind !== "spills" ? { ...fit, kind: "fits" as const } : fit;
  return { profile, isLoaded, fit: shown, speed: expectedSpeed("decode", facts, 0, machine) };
}

const refOf = ({ profile }: ListedModel): string => formatModelRef(profile.ref);

const windowOf = ({ windowTokens, requestedContextTokens }: ModelProfile): number | undefined =>
  requestedContextTokens ?? windowTokens;

const runsHere = ({ locality, server }: ModelProfile): boolean => {
  const host = server === undefined ? undefined : URL.parse(server.baseUrl)?.hostname;
  return locality.kind === "local" && host !== undefined && classifyHost(host) === "loopback";
};

const FILTERS: Readonly<Record<ModelFilter, (model: ListedModel) => boolean>> = {
  local: ({ profile }) => profile.locality.kind === "local",
  cloud: ({ profile }) => profile.locality.kind !== "local",
  loaded: ({ isLoaded }) => isLoaded,
  fits: ({ fit }) => fit?.kind === "fits" || fit?.kind === "tight",
};

const UNKNOWN = Number.NEGATIVE_INFINITY;

/** The more, the earlier. */
const KEYS: Readonly<Record<ModelSort, (model: ListedModel) => number>> = {
  name: () => 0,
  speed: ({ speed }) => speed?.value ?? UNKNOWN,
  size: ({ profile }) => profile.facts.diskBytes?.value ?? UNKNOWN,
  window: ({ profile }) => windowOf(profile) ?? profile.facts.contextLength?.value ?? UNKNOWN,
  rating: ({ profile }) => Math.max(UNKNOWN, ...profile.facts.ratings.map(({ score }) => score.value)),
};

/** A table of models: six columns for a chat, all ten for a terminal. */
export function modelListCard(listed: readonly ListedModel[], width: "chat" | "terminal" = "chat"): Card {
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
  cell(model: ListedModel): string;
}

const COLUMNS: readonly Column[] = [
  { title: "Model", inChat: true, cell: refOf },
  { title: "Where", inChat: true, cell: ({ profile }) => localityWord(profile) },
  { title: "Loaded", inChat: false, cell: ({ isLoaded }) => (isLoaded ? "yes" : "") },
  { title: "Window", inChat: true, cell: windowCell },
  { title: "Size", inChat: false, cell: ({ profile }) => sizeText(profile.facts.diskBytes?.value) },
  { title: "Fits", inChat: true, cell: fitCell },
  { title: "Tok/s", inChat: true, cell: ({ speed }) => speedText(speed) },
  { title: "Tools", inChat: true, cell: ({ profile }) => TOOLS[profile.facts.toolCalls?.value ?? "unknown"] },
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

function windowCell({ profile }: ListedModel): string {
  const [used, own] = [windowOf(profile), profile.facts.contextLength?.value];
  const text = (count: number | undefined): string => (count === undefined ? "?" : tokens(count));
  return used === own ? text(used) : `${text(used)} / ${text(own)}`;
}

function fitCell({ profile, fit }: ListedModel): string {
  if (fit !== undefined) return FITS[fit.kind];
  return profile.locality.kind === "local" ? "?" : "–";
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
