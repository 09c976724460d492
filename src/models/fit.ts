import type { CacheType, ModelArchitecture } from "./architecture.ts";
import type { Gpu, Machine } from "./machine.ts";

/** An architecture in which not every layer needs to keep the whole context. */
export interface CacheArchitecture extends ModelArchitecture {
  /** Layers that cache every token, with `kvHeads` and `headDim`; all `layers` where absent. */
  readonly growingLayers?: number | undefined;
  /** Layers that cache only the last tokens, with heads of their own. */
  readonly sliding?: SlidingLayers | undefined;
}

export interface SlidingLayers {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly windowTokens: number;
}

/** Bytes a number: q8_0 keeps 32 of them in 34 bytes, q4_0 in 18 (llama.cpp's block formats). */
const CACHE_BYTES: Readonly<Record<CacheType, number>> = { f16: 2, q8_0: 34 / 32, q4_0: 18 / 32 };

/** Bytes that keys and values of so many tokens take: 2 × layers × heads × width × bytes × tokens. */
export function cacheBytes(architecture: CacheArchitecture, tokens: number, type: CacheType = "f16"): number {
  const { growingLayers = architecture.layers, kvHeads, headDim, sliding } = architecture;
  const growing = growingLayers * kvHeads * headDim * tokens;
  const kept = sliding === undefined ? 0 : Math.min(tokens, sliding.windowTokens);
  const window = sliding === undefined ? 0 : sliding.layers * sliding.kvHeads * sliding.headDim * kept;
  return 2 * (growing + window) * CACHE_BYTES[type];
}

const GIB = 1024 ** 3;
/** Working memory of the engine besides weights and cache: 1 to 2 GB with llama.cpp. */
export const BUFFER_BYTES = 1.5 * GIB;
/** Left to the system and to what else runs there: 4 to 6 GB, so 4 are needed and less than 6 is tight. */
const SYSTEM_BYTES = 4 * GIB;
const TIGHT_BYTES = 2 * GIB;
/** A graphics card of one's own needs little for itself: the screen and the driver. */
export const CARD_BYTES = 0.5 * GIB;

const STEP_TOKENS = 1024;
/** No model of today takes more; bounds the search where the model's own limit is unknown. */
const MOST_TOKENS = 1024 * 1024;

export interface FitQuestion {
  /** Size of the weights, which is the size of the file; undefined where unknown. */
  readonly weightsBytes: number | undefined;
  readonly architecture: CacheArchitecture | undefined;
  readonly contextTokens: number;
  /** f16 where absent. */
  readonly cacheType?: CacheType | undefined;
  /** The most that the model takes, tokens. */
  readonly contextLength?: number | undefined;
}

export interface Fit {
  /**
   * `tight`: fits, with less than 2 GiB to spare. `spills`: what the graphics
   * processor cannot hold is left to the processor, several times slower.
   */
  readonly kind: "fits" | "tight" | "spills" | "does-not-fit" | "unknown";
  /** Sum of the parts; undefined where a part is unknown. */
  readonly needBytes: number | undefined;
  /** What the machine can give where the model runs at full speed. */
  readonly haveBytes: number;
  readonly parts: FitParts;
  /** The largest window that fits without spilling, a multiple of 1,024 or the model's own limit; 0 where none does. */
  readonly largestContextTokens: number | undefined;
}

/** Bytes. */
export interface FitParts {
  readonly weights: number | undefined;
  readonly cache: number | undefined;
  readonly buffers: number;
  readonly system: number;
}

/** Whether a model with this window runs on this machine as it is now. */
export function fitOf(machine: Machine, question: FitQuestion): Fit {
  const { weightsBytes, architecture, contextTokens, cacheType } = question;
  const room = roomOf(machine);
  const cache = architecture === undefined ? undefined : cacheBytes(architecture, contextTokens, cacheType);
  const parts = { weights: weightsBytes, cache, buffers: BUFFER_BYTES, system: room.reserveBytes };
  const least = (weightsBytes ?? 0) + (cache ?? 0) + parts.buffers + parts.system;
  const needBytes = weightsBytes === undefined || cache === undefined ? undefined : least;
  return {
    kind: kindOf(room, needBytes, least),
    needBytes,
    haveBytes: room.haveBytes,
    parts,
    largestContextTokens: largestContext(machine, question),
  };
}

function kindOf(room: Room, needBytes: number | undefined, least: number): Fit["kind"] {
  if (least > room.withSpillBytes) return "does-not-fit";
  if (needBytes === undefined) return "unknown";
  if (needBytes > room.haveBytes) return "spills";
  return needBytes + TIGHT_BYTES > room.haveBytes ? "tight" : "fits";
}

/** The largest window that fits without spilling, tokens; 0 where the weights alone are too big, undefined where unknown. */
export function largestContext(machine: Machine, question: Omit<FitQuestion, "contextTokens">): number | undefined {
  const { weightsBytes, architecture, cacheType, contextLength } = question;
  if (weightsBytes === undefined || architecture === undefined) return undefined;
  const room = roomOf(machine);
  const left = room.haveBytes - weightsBytes - BUFFER_BYTES - room.reserveBytes;
  const fits = (tokens: number): boolean => cacheBytes(architecture, tokens, cacheType) <= left;
  const limit = contextLength ?? MOST_TOKENS;
  if (fits(limit)) return limit;
  // What fits and what does not, in steps.
  let [low, high] = [0, Math.ceil(limit / STEP_TOKENS)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle * STEP_TOKENS)) low = middle;
    else high = middle;
  }
  return low * STEP_TOKENS;
}

interface Room {
  readonly haveBytes: number;
  /** With the part that the processor would have to take over. */
  readonly withSpillBytes: number;
  /** Of `haveBytes`, not for the model. */
  readonly reserveBytes: number;
}

/**
 * Cards of their own count together, as engines spread a model over them. On a
 * unified machine the memory set aside by the firmware is not part of main
 * memory, what is shared is: so it is added once and once only.
 */
function roomOf({ gpus, memory }: Machine): Room {
  const cards = cardsOf(gpus);
  if (cards.length > 0) {
    const haveBytes = cards.reduce((sum, card) => sum + card.vramBytes, 0);
    const mainBytes = Math.max(0, memory.availableBytes - SYSTEM_BYTES);
    return { haveBytes, withSpillBytes: haveBytes + mainBytes, reserveBytes: cards.length * CARD_BYTES };
  }
  const unified = gpus.find((gpu) => gpu.unified);
  const setAside = unified?.vramBytes ?? 0;
  const shared = unified?.sharedBytes ?? Number.POSITIVE_INFINITY;
  return {
    haveBytes: setAside + Math.min(memory.availableBytes, shared + SYSTEM_BYTES),
    withSpillBytes: setAside + memory.availableBytes,
    reserveBytes: SYSTEM_BYTES,
  };
}

type Card = Gpu & { readonly vramBytes: number };

/** Graphics processors with memory of their own. */
export const cardsOf = (gpus: readonly Gpu[]): readonly Card[] =>
  gpus.filter((gpu): gpu is Card => !gpu.unified && gpu.vramBytes !== undefined);
