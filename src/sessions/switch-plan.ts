import type { Figure } from "../models/figure.ts";
import { cardsOf, type Fit, fitOf } from "../models/fit.ts";
import { countsAsCloud } from "../models/locality.ts";
import { sameModel } from "../models/model-ref.ts";
import { firstTokenWait, type SpeedMachine } from "../models/speed.ts";
import { expectedSpeed } from "../registry/expected-speed.ts";
import type { ToolCalls } from "../registry/model-facts.ts";
import type { ModelProfile } from "../registry/model-profile.ts";
import type { Price, PriceTier } from "../registry/seed-profile.ts";
import type { ServerState } from "../registry/server-monitor.ts";
import { listingName } from "../servers/listing.ts";
import type { RunningModel } from "../servers/model-server.ts";

/** What a switch would do, computed before it is done. Unknown is undefined, never zero. */
export interface SwitchPlan {
  readonly target: ModelProfile;
  /** Set where nothing could answer: no force helps. */
  readonly refusal: Refusal | undefined;
  /** Reasons not to do it that a person may overrule. */
  readonly obstacles: readonly Obstacle[];
  readonly context: ContextNeed;
  /** Undefined where the model has nothing to load: it is elsewhere, or loaded already. */
  readonly load: { readonly ms: Figure<number> | undefined } | undefined;
  /** Until the first word of the first answer, without the load: the whole conversation is read anew. */
  readonly reading: { readonly tokens: number; readonly ms: Figure<number> | undefined } | undefined;
  /** Tokens a second when it answers at this depth. */
  readonly speed: Figure<number> | undefined;
  /** What the history costs when it is sent to a cloud model for the first time again, USD. */
  readonly history: HistoryPrice | undefined;
  readonly fit: Fit | undefined;
  readonly toolCalls: Figure<ToolCalls> | undefined;
  /** Models that would be pushed out of memory, and the conversations that use them now. */
  readonly evicts: readonly Eviction[];
  /** Local models that could answer instead, the best first. */
  readonly alternatives: readonly ModelProfile[];
}

export interface Refusal {
  readonly code: "server_down" | "model_missing";
  readonly reason: string;
}

export type Obstacle =
  /** The conversation is larger than what the model's window leaves for it, tokens. */
  | { readonly kind: "too-long"; readonly usedTokens: number; readonly roomTokens: number }
  /** A probe here showed that its tool calls come to nothing. */
  | { readonly kind: "no-tools"; readonly calls: Figure<ToolCalls> }
  /** Weights and window need more memory than this machine has, bytes. */
  | { readonly kind: "no-memory"; readonly needBytes: number; readonly haveBytes: number };

export interface ContextNeed {
  /** Of the conversation's last prompt; undefined before the first turn. */
  readonly usedTokens: number | undefined;
  readonly windowTokens: number | undefined;
  /** Kept free by OpenClaw for the answer. */
  readonly reserveTokens: number | undefined;
}

export interface HistoryPrice {
  readonly tokens: number;
  /** `going`: the target is the cloud model. `returning`: the present one is, and this is the price of coming back. */
  readonly when: "going" | "returning";
  readonly usd: Figure<number>;
}

export interface Eviction {
  readonly model: string;
  /** Session keys. */
  readonly usedBy: readonly string[];
}

export interface PlanFacts {
  readonly target: ModelProfile;
  /** The model that the conversation has now. */
  readonly present: ModelProfile | undefined;
  readonly usedTokens: number | undefined;
  readonly models: readonly ModelProfile[];
  /** Of the target's server; undefined where it is not watched. */
  readonly server: ServerState | undefined;
  /** In the memory of the target's server now. */
  readonly running: readonly RunningModel[];
  /** The machine that the target runs on; undefined where that is another one. */
  readonly machine: SpeedMachine | undefined;
  /** Session keys of other conversations that talk now, by the model they use on the same server. */
  readonly inUse: ReadonlyMap<string, readonly string[]>;
}

/** OpenClaw's own prompt with its tools, before anybody said a word, tokens (openclaw/openclaw#111697, #81056). */
const BARE_PROMPT_TOKENS = 14_000;
/** What a disk of today gives when weights are read in one go, bytes a second; a load is seldom slower. */
const DISK_RATE: Figure<number> = {
  value: 1.5e9,
  origin: "estimated",
  source: "weights at 1.5 GB/s from an NVMe disk",
  date: "2026-11-22",
};

/** What OpenClaw keeps free: a quarter of a window, 20,000 tokens at most (observed with windows of 8k, 32k and 200k). */
export const reserveOf = (windowTokens: number): number => Math.min(20_000, Math.floor(windowTokens / 4));

export function planSwitch(facts: PlanFacts): SwitchPlan {
  const { target, present, usedTokens, machine, running } = facts;
  const windowTokens = windowOf(target);
  const reserveTokens = windowTokens === undefined ? undefined : reserveOf(windowTokens);
  const loaded = running.find(({ name }) => isNamed(name, target.ref.model));
  const needsLoad = isOllama(target) && !isCloud(target) && !isLoadedFor(loaded, target);
  const fit = machine === undefined || !needsLoad ? undefined : fitHere(emptied(machine, running), target);
  const depth = usedTokens ?? BARE_PROMPT_TOKENS;
  return {
    target,
    refusal: refusalOf(facts),
    obstacles: obstaclesOf(facts, fit),
    context: { usedTokens, windowTokens, reserveTokens },
    load: needsLoad ? { ms: target.facts.loadMs ?? loadEstimate(target, machine) } : undefined,
    // A stand-in of the sandbox reads nothing, so its time would say nothing of the model.
    reading: isCloud(target) || target.demo ? undefined : { tokens: depth, ms: readingTime(target, depth, machine) },
    speed: isCloud(target) ? undefined : expectedSpeed("decode", target.facts, depth, machine),
    history: historyPrice(target, present, usedTokens),
    fit,
    toolCalls: target.facts.toolCalls,
    evicts: needsLoad ? evictions(facts, fit) : [],
    alternatives: alternativesOf(facts),
  };
}

/** Why nothing could answer; undefined where the server is well, or is not watched. */
export function refusalOf({ target, server }: Pick<PlanFacts, "target" | "server">): Refusal | undefined {
  if (server === undefined) return undefined;
  if (!server.ok) return { code: "server_down", reason: server.reason ?? "Its server does not answer." };
  if (isOllama(target) && target.served === undefined && !isCloud(target)) {
    return { code: "model_missing", reason: `${target.ref.provider} does not have ${target.ref.model}.` };
  }
  return undefined;
}

function obstaclesOf({ target, usedTokens }: PlanFacts, fit: Fit | undefined): readonly Obstacle[] {
  const obstacles: Obstacle[] = [];
  const { facts } = target;
  const roomTokens = roomIn(target);
  if (usedTokens !== undefined && roomTokens !== undefined && usedTokens > roomTokens) {
    obstacles.push({ kind: "too-long", usedTokens, roomTokens });
  }
  // What was only read somewhere is a warning; what a probe found here is a fact.
  const calls = facts.toolCalls;
  if (calls !== undefined && calls.value !== "works" && (calls.origin === "measured" || calls.origin === "stated")) {
    obstacles.push({ kind: "no-tools", calls });
  }
  if (fit?.kind === "does-not-fit") {
    // The weights alone may be too much, where nobody knows what the window takes.
    const { weights = 0, cache = 0, buffers, system } = fit.parts;
    obstacles.push({
      kind: "no-memory",
      needBytes: weights + cache + buffers + system,
      haveBytes: fit.haveBytes,
    });
  }
  return obstacles;
}

const fitHere = (
  machine: SpeedMachine,
  { facts, requestedContextTokens, windowTokens }: ModelProfile,
): Fit | undefined =>
  facts.diskBytes === undefined
    ? undefined
    : fitOf(machine, {
        weightsBytes: facts.diskBytes.value,
        architecture: facts.architecture,
        contextTokens: requestedContextTokens ?? windowTokens ?? 4_096,
        contextLength: facts.contextLength?.value,
      });

/** As the machine is once its server has dropped what it holds, which it does by itself to make room. */
function emptied(machine: SpeedMachine, running: readonly RunningModel[]): SpeedMachine {
  const { gpus, memory } = machine;
  const onCards = cardsOf(gpus).length > 0;
  const heldBytes = running.reduce(
    (sum, { memoryBytes = 0, vramBytes = 0 }) => sum + (onCards ? Math.max(0, memoryBytes - vramBytes) : memoryBytes),
    0,
  );
  const mostBytes = memory.limitBytes ?? memory.totalBytes;
  return { ...machine, memory: { ...memory, availableBytes: Math.min(mostBytes, memory.availableBytes + heldBytes) } };
}

function loadEstimate({ facts }: ModelProfile, machine: SpeedMachine | undefined): Figure<number> | undefined {
  if (machine === undefined || facts.diskBytes === undefined) return undefined;
  return { ...DISK_RATE, value: (facts.diskBytes.value / DISK_RATE.value) * 1_000 };
}

function readingTime(
  target: ModelProfile,
  tokens: number,
  machine: SpeedMachine | undefined,
): Figure<number> | undefined {
  // The mean over the whole prompt is the speed at its middle.
  const prefill = expectedSpeed("prefill", target.facts, tokens / 2, machine);
  if (prefill === undefined) return undefined;
  const { readMs } = firstTokenWait({
    weightsBytes: 0,
    loaded: true,
    diskRate: undefined,
    promptTokens: tokens,
    prefill: prefill.value,
  });
  return readMs === undefined ? undefined : { ...prefill, value: readMs };
}

/** A switch begins a new line in the vendor's cache, so the history is written to it once more. */
function historyPrice(
  target: ModelProfile,
  present: ModelProfile | undefined,
  tokens: number | undefined,
): HistoryPrice | undefined {
  if (tokens === undefined) return undefined;
  const when = isCloud(target) ? "going" : "returning";
  const payer = when === "going" ? target : present;
  const price = payer?.facts.price;
  if (payer === undefined || price === undefined || !countsAsCloud(payer.locality)) return undefined;
  const rate = tierFor(price.value, tokens).cacheWrite;
  // Zeros in the configuration of a cloud model are what nobody filled in, not a price.
  if (rate <= 0) return undefined;
  return { tokens, when, usd: { ...price, value: (tokens * rate) / 1_000_000 } };
}

function tierFor({ tiers }: Price, promptTokens: number): PriceTier {
  const fitting = tiers.find(
    ({ upToPromptTokens }) => upToPromptTokens === undefined || promptTokens <= upToPromptTokens,
  );
  return fitting ?? tiers.at(-1) ?? { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
}

/** Ollama makes room by dropping what is loaded, so who uses it waits for a load again. */
function evictions({ target, running, inUse }: PlanFacts, fit: Fit | undefined): readonly Eviction[] {
  const others = running.filter(({ name }) => !isNamed(name, target.ref.model));
  if (others.length === 0) return [];
  // Where all of them fit side by side nobody has to go; what is not known may not fit.
  const besideBytes = others.reduce((sum, { memoryBytes = Number.POSITIVE_INFINITY }) => sum + memoryBytes, 0);
  if (fit?.needBytes !== undefined && fit.needBytes + besideBytes <= fit.haveBytes) return [];
  return others.map(({ name }) => ({
    model: name,
    usedBy: [...inUse].flatMap(([model, keys]) => (isNamed(name, model) ? keys : [])),
  }));
}

function alternativesOf({ target, present, models, usedTokens }: PlanFacts): readonly ModelProfile[] {
  return models
    .filter(({ ref }) => !sameModel(ref, target.ref) && !sameModel(ref, present?.ref))
    .filter(({ locality, served }) => locality.kind === "local" && served !== undefined)
    .filter(
      ({ facts }) =>
        facts.toolCalls === undefined || facts.toolCalls.value === "works" || facts.toolCalls.origin === "published",
    )
    .filter((model) => (usedTokens ?? 0) <= (roomIn(model) ?? Number.POSITIVE_INFINITY))
    .toSorted(
      (a, b) => Number(b.served?.loaded === true) - Number(a.served?.loaded === true) || average(b) - average(a),
    );
}

const average = ({ facts: { ratings } }: ModelProfile): number =>
  ratings.length === 0 ? 0 : ratings.reduce((sum, { score }) => sum + score.value, 0) / ratings.length;

/** OpenClaw may believe in more than what it asks the server for. */
const windowOf = ({ windowTokens, requestedContextTokens }: ModelProfile): number | undefined =>
  windowTokens === undefined || requestedContextTokens === undefined
    ? (windowTokens ?? requestedContextTokens)
    : Math.min(windowTokens, requestedContextTokens);

/** What the window leaves to the conversation, tokens. */
const roomIn = (model: ModelProfile): number | undefined => {
  const windowTokens = windowOf(model);
  return windowTokens === undefined ? undefined : windowTokens - reserveOf(windowTokens);
};

const isOllama = ({ server }: ModelProfile): boolean => server?.kind === "ollama";
const isCloud = ({ locality }: ModelProfile): boolean => locality.kind === "cloud";

/** Loaded with a window that is large enough; a larger one is asked for by loading it anew. */
const isLoadedFor = (loaded: RunningModel | undefined, { requestedContextTokens }: ModelProfile): boolean =>
  loaded !== undefined &&
  (requestedContextTokens === undefined ||
    loaded.contextTokens === undefined ||
    loaded.contextTokens >= requestedContextTokens);

const isNamed = (name: string, model: string): boolean => listingName(name) === listingName(model);
