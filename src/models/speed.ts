import type { CacheType } from "./architecture.ts";
import type { Figure } from "./figure.ts";
import { BUFFER_BYTES, CARD_BYTES, type CacheArchitecture, cacheBytes, cardsOf } from "./fit.ts";
import type { Machine } from "./machine.ts";

/** A machine with what decides how fast it reads a prompt. */
export interface SpeedMachine extends Machine {
  /** Half-precision operations a second of its graphics processor, at best; undefined where not known. */
  readonly compute?: Figure<number> | undefined;
}

export interface SpeedModel {
  readonly weightsBytes: number;
  readonly architecture: CacheArchitecture;
  /** f16 where absent. */
  readonly cacheType?: CacheType | undefined;
}

/**
 * What of the peak is reached, fitted on the half of the published rows that
 * `scripts/hardware-error.ts` does not hold out; a test fits them again. A
 * mixture of experts reaches less, because it reads in small pieces.
 */
export const EFFICIENCY = {
  /** Of the memory's peak bandwidth, while generating. */
  decode: { dense: 0.85, mixture: 0.6 },
  /** Of the peak operations, while reading a prompt: in the layers' weights, and in attention. */
  prefill: { dense: 0.26, mixture: 0.12, attention: 0.15 },
} as const;

/** The errors found on the rows held out, as shares: 0.1 is 10 %. A test keeps them true. */
export const SPEED_ERROR = {
  decode: { median: 0.06, worst: 0.97 },
  prefill: { median: 0.19, worst: 1.24 },
} as const;

/** A measurement reads less than the peak: 212 of 256 GB/s on Strix Halo, the one machine with both figures. */
const MEASURED_OF_PEAK = 212 / 256;
/** Most models of today share one key-value head among eight query heads. */
const QUERIES_PER_KV_HEAD = 8;

/**
 * Tokens a second while generating, with so many tokens before: every one needs
 * the active weights and the whole cache read once, so it is bandwidth ÷ bytes.
 * Undefined where the bandwidth of a memory involved is unknown.
 */
export function decodeSpeed(machine: SpeedMachine, model: SpeedModel, depthTokens: number): Figure<number> | undefined {
  const { weightsBytes, architecture, cacheType } = model;
  const cache = cacheBytes(architecture, depthTokens, cacheType);
  const bytes = weightsBytes * activeShare(architecture) + cache;
  const onCards = cardShare(machine, weightsBytes + cache);
  const reads = [
    { bytes: onCards * bytes, from: slowest(cardsOf(machine.gpus).map((card) => card.bandwidth)) },
    { bytes: (1 - onCards) * bytes, from: machine.memory.bandwidth },
  ].filter((read) => read.bytes > 0);
  const seconds = reads.reduce((sum, read) => sum + read.bytes / peakOf(read.from), 0);
  const efficiency = EFFICIENCY.decode[makeOf(architecture)];
  return estimate(efficiency / seconds, "bandwidth by bytes read for a token", reads[0]?.from);
}

/**
 * Tokens a second while reading a prompt, at the point where so many tokens are
 * before: two operations for each active weight, and attention to all that is
 * before. Undefined where the machine's operations a second are unknown, or
 * where a part of the model would be left to the processor.
 */
export function prefillSpeed(
  machine: SpeedMachine,
  model: SpeedModel,
  depthTokens: number,
): Figure<number> | undefined {
  const { architecture } = model;
  const { compute } = machine;
  if (compute === undefined || cardsOf(machine.gpus).length > 0) return undefined;
  const weights = 2 * architecture.activeParameters;
  const attention = attentionOperations(architecture, depthTokens);
  const shares = EFFICIENCY.prefill;
  const operations = weights / shares[makeOf(architecture)] + attention / shares.attention;
  return estimate(compute.value / operations, "operations for a token by operations a second", compute);
}

/** Operations for one token to look at so many before it: four for each number cached, once per query head. */
export function attentionOperations(architecture: CacheArchitecture, depthTokens: number): number {
  const { growingLayers = architecture.layers, kvHeads, headDim } = architecture;
  return 4 * depthTokens * growingLayers * kvHeads * QUERIES_PER_KV_HEAD * headDim;
}

export interface FirstToken {
  /** Getting the weights into memory; 0 where they are there, undefined where the disk's rate is unknown. */
  readonly loadMs: number | undefined;
  /** Reading the prompt; undefined where the speed is unknown. */
  readonly readMs: number | undefined;
  /** Undefined where a part is. */
  readonly totalMs: number | undefined;
}

/**
 * How long until the answer begins: loading, then reading what the server does
 * not remember. `prefill` is the speed at the middle of that part, and the
 * mean over it, as the time for a token grows evenly with its depth.
 */
export function firstTokenWait(parts: {
  readonly weightsBytes: number;
  readonly loaded: boolean;
  /** Bytes a second from disk. */
  readonly diskRate: number | undefined;
  readonly promptTokens: number;
  /** Tokens a second. */
  readonly prefill: number | undefined;
}): FirstToken {
  const { weightsBytes, loaded, diskRate, promptTokens, prefill } = parts;
  const loadMs = loaded ? 0 : diskRate === undefined ? undefined : (weightsBytes / diskRate) * 1_000;
  const readMs = prefill === undefined ? undefined : (promptTokens / prefill) * 1_000;
  return { loadMs, readMs, totalMs: loadMs === undefined || readMs === undefined ? undefined : loadMs + readMs };
}

/** A dense model reads all its weights for each token, a mixture of experts some of them. */
export const makeOf = ({ parameters, activeParameters }: CacheArchitecture): "dense" | "mixture" =>
  activeParameters < 0.9 * parameters ? "mixture" : "dense";

const activeShare = ({ parameters, activeParameters }: CacheArchitecture): number => activeParameters / parameters;

/** How much of so many bytes the machine's own cards hold, 0 to 1. */
function cardShare({ gpus }: Machine, bytes: number): number {
  const cards = cardsOf(gpus);
  const room = cards.reduce((sum, card) => sum + card.vramBytes - CARD_BYTES, -BUFFER_BYTES);
  return cards.length === 0 ? 0 : Math.min(1, Math.max(0, room / bytes));
}

/** Layers run one after the other, so the slowest card sets the pace; undefined where one is unknown. */
function slowest(figures: readonly (Figure<number> | undefined)[]): Figure<number> | undefined {
  const known = figures.filter((figure) => figure !== undefined);
  return known.length < figures.length ? undefined : known.toSorted((a, b) => a.value - b.value)[0];
}

/** NaN where unknown, which makes everything that rests on it unknown. */
function peakOf(bandwidth: Figure<number> | undefined): number {
  if (bandwidth === undefined) return Number.NaN;
  return bandwidth.origin === "measured" ? bandwidth.value / MEASURED_OF_PEAK : bandwidth.value;
}

/** As old as the figure that it rests on. */
const estimate = (value: number, formula: string, basis: Figure<number> | undefined): Figure<number> | undefined =>
  basis === undefined || !Number.isFinite(value)
    ? undefined
    : { value, origin: "estimated", source: `${formula} (${basis.source})`, date: basis.date };
