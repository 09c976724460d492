import type { Figure } from "../models/figure.ts";
import { type Fit, fitOf } from "../models/fit.ts";
import { type FirstToken, firstTokenWait, type SpeedMachine } from "../models/speed.ts";
import { expectedSpeed } from "./expected-speed.ts";
import { byDepth, publishedHere } from "./model-facts.ts";
import type { SeedProfile } from "./seed-profile.ts";

/** The depths at which a speed is said, tokens: an empty conversation, OpenClaw's own prompt, a long conversation. */
export const DEPTHS = [0, 16_384, 32_768] as const;
/** An agent's first prompt with OpenClaw, tokens. */
export const AGENT_PROMPT = 18_000;
/** The window that a model is judged with, tokens. */
export const JUDGED_WINDOW = 32_768;
/** Slower than so many tokens a second, or than so many ms for a prompt of 16k, nobody likes to chat. */
export const USABLE_DECODE = 8;
export const USABLE_FIRST_TOKEN_MS = 20_000;

export interface Assessment {
  readonly seed: SeedProfile;
  readonly fit: Fit;
  /** Tokens a second at `DEPTHS`. */
  readonly decode: readonly (Figure<number> | undefined)[];
  /** For an agent's first prompt, the model being loaded. */
  readonly firstToken: FirstToken;
  /** `unknown` where it generates fast enough, but nobody knows how long reading a prompt takes. */
  readonly verdict: "usable" | "slow" | "unknown";
}

/** Whether a seed model runs on a machine, and how fast: a published measurement where there is one, else the formula. */
export function assessSeed(machine: SpeedMachine, seed: SeedProfile): Assessment {
  const { architecture, diskBytes, contextLength } = seed;
  const weightsBytes = diskBytes?.value;
  const fit = fitOf(machine, {
    weightsBytes,
    architecture,
    contextTokens: Math.min(JUDGED_WINDOW, contextLength?.value ?? JUDGED_WINDOW),
    contextLength: contextLength?.value,
  });
  // Nobody has timed a model that only fits in part.
  const speeds = fit.kind === "spills" ? [] : byDepth(publishedHere(machine, seed));
  const expect = (metric: "decode" | "prefill", depth: number): Figure<number> | undefined =>
    expectedSpeed(metric, { speeds, architecture, diskBytes }, depth, machine);
  const waitFor = (promptTokens: number): FirstToken =>
    firstTokenWait({
      weightsBytes: weightsBytes ?? 0,
      loaded: true,
      diskRate: undefined,
      promptTokens,
      prefill: expect("prefill", promptTokens / 2)?.value,
    });
  const decode = DEPTHS.map((depth) => expect("decode", depth));
  return {
    seed,
    fit,
    decode,
    firstToken: waitFor(AGENT_PROMPT),
    verdict: verdictOf(decode[1]?.value, waitFor(DEPTHS[1]).totalMs),
  };
}

function verdictOf(decode: number | undefined, firstTokenMs: number | undefined): Assessment["verdict"] {
  if (decode === undefined) return "unknown";
  if (decode < USABLE_DECODE) return "slow";
  if (firstTokenMs === undefined) return "unknown";
  return firstTokenMs < USABLE_FIRST_TOKEN_MS ? "usable" : "slow";
}

const VERDICTS: readonly Assessment["verdict"][] = ["usable", "unknown", "slow"];

/**
 * The best to take first: usable before what merely fits, then what is meant for
 * bigger machines, then the faster. Only models that fit and can call tools;
 * none where there is no such model.
 */
export function recommend(assessments: readonly Assessment[]): readonly Assessment[] {
  return assessments
    .filter(({ fit }) => fit.kind === "fits" || fit.kind === "tight")
    .filter(({ seed }) => seed.knownProblems?.brokenToolTemplate?.value !== true)
    .toSorted(
      (a, b) =>
        VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict) ||
        (b.seed.recommendedForGb ?? 0) - (a.seed.recommendedForGb ?? 0) ||
        (b.decode[1]?.value ?? 0) - (a.decode[1]?.value ?? 0),
    );
}
