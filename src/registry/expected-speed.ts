import { bestFigure, type Figure } from "../models/figure.ts";
import { decodeSpeed, prefillSpeed, type SpeedMachine } from "../models/speed.ts";
import type { ModelFacts, SpeedPoint } from "./model-facts.ts";

/** How far a known point may lie from the depth asked for before the formula says it better. */
const NEAR = 2;

/**
 * Tokens a second at a depth: between two known points in a straight line, at a
 * known point close by as it is, else by the formula for this machine. Undefined
 * where neither is there.
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
    // No more trustworthy than the weaker of the two.
    const weaker = bestFigure([below.figure, above.figure]) === below.figure ? above.figure : below.figure;
    return { ...weaker, value: below.figure.value + share * (above.figure.value - below.figure.value) };
  }
  const nearest = below ?? above;
  if (nearest !== undefined && isNear(nearest.depth, depthTokens)) return nearest.figure;
  const { architecture, diskBytes } = facts;
  if (machine === undefined || architecture === undefined || diskBytes === undefined) return undefined;
  const formula = metric === "decode" ? decodeSpeed : prefillSpeed;
  return formula(machine, { weightsBytes: diskBytes.value, architecture }, depthTokens);
}

/** Below a few thousand tokens depth hardly matters. */
const isNear = (known: number, asked: number): boolean => {
  const [low, high] = [Math.max(4_096, Math.min(known, asked)), Math.max(4_096, known, asked)];
  return high / low <= NEAR;
};
