import { bestFigure, type Figure } from "../models/figure.ts";
import { decodeSpeed, prefillSpeed, type SpeedMachine } from "../models/speed.ts";
import type { ModelFacts, SpeedPoint } from "./model-facts.ts";

/** How far a known point may lie from the depth asked for and still be an answer. */
const NEAR = 2;

/**
 * Tokens a second at a depth: between two known points in a straight line; beyond
 * them by the formula for this machine, corrected by what it misses at the nearest
 * known point; at a known point close by as it is where there is no formula.
 * Undefined where nothing is known.
 */
export function expectedSpeed(
  metric: "decode" | "prefill",
  facts: Pick<ModelFacts, "speeds" | "architecture" | "diskBytes">,
  depthTokens: number,
  machine: SpeedMachine | undefined,
): Figure<number> | undefined {
  const points = facts.speeds.flatMap((point: SpeedPoint) => {
    const figure = point[metric];
    return figure === undefined ? [] : [{ depth: point.depthTokens, figure }];
  });
  const below = points.findLast(({ depth }) => depth <= depthTokens);
  const above = points.find(({ depth }) => depth >= depthTokens);
  if (below !== undefined && above !== undefined) {
    if (below.depth === above.depth) return below.figure;
    const share = (depthTokens - below.depth) / (above.depth - below.depth);
    // Nobody measured it here: as old and as far away as the weaker of the two.
    const weaker = bestFigure([below.figure, above.figure]) === below.figure ? above.figure : below.figure;
    return {
      value: below.figure.value + share * (above.figure.value - below.figure.value),
      origin: "estimated",
      source: `between two figures known (${weaker.source})`,
      date: weaker.date,
    };
  }
  const nearest = below ?? above;
  const estimateAt = (depth: number): Figure<number> | undefined => formulaFor(metric, facts, depth, machine);
  const estimate = estimateAt(depthTokens);
  if (nearest === undefined) return estimate;
  const there = estimateAt(nearest.depth);
  if (estimate === undefined || there === undefined) {
    return isNear(nearest.depth, depthTokens) ? nearest.figure : undefined;
  }
  return {
    ...estimate,
    value: (estimate.value * nearest.figure.value) / there.value,
    source: `${estimate.source}, corrected by ${nearest.figure.source}`,
  };
}

function formulaFor(
  metric: "decode" | "prefill",
  { architecture, diskBytes }: Pick<ModelFacts, "architecture" | "diskBytes">,
  depthTokens: number,
  machine: SpeedMachine | undefined,
): Figure<number> | undefined {
  if (machine === undefined || architecture === undefined || diskBytes === undefined) return undefined;
  const formula = metric === "decode" ? decodeSpeed : prefillSpeed;
  return formula(machine, { weightsBytes: diskBytes.value, architecture }, depthTokens);
}

/** Below a few thousand tokens depth hardly matters. */
const isNear = (known: number, asked: number): boolean => {
  const [low, high] = [Math.max(4_096, Math.min(known, asked)), Math.max(4_096, known, asked)];
  return high / low <= NEAR;
};
