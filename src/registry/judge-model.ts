import { classifyHost } from "../models/address.ts";
import type { Figure } from "../models/figure.ts";
import { type Fit, fitOf } from "../models/fit.ts";
import type { SpeedMachine } from "../models/speed.ts";
import { JUDGED_WINDOW } from "./assess-seed.ts";
import { expectedSpeed } from "./expected-speed.ts";
import type { ModelProfile } from "./model-profile.ts";

/** A model with what this machine makes of it; undefined is unknown. */
export interface JudgedModel {
  readonly profile: ModelProfile;
  readonly isLoaded: boolean;
  /** In memory as it would be loaded; undefined where it runs elsewhere, or is only played by the sandbox. */
  readonly fit: Fit | undefined;
  /** Tokens a second while generating, the conversation being empty. */
  readonly speed: Figure<number> | undefined;
}

/** `machine` is the one that Clutch runs on; it says nothing of models that run elsewhere. */
export function judgeModel(profile: ModelProfile, machine: SpeedMachine | undefined): JudgedModel {
  const { facts, served } = profile;
  const isLoaded = served?.loaded === true;
  const here = runsHere(profile) ? machine : undefined;
  const fit =
    here &&
    fitOf(here, {
      weightsBytes: facts.diskBytes?.value,
      architecture: facts.architecture,
      contextTokens: windowOf(profile) ?? Math.min(JUDGED_WINDOW, facts.contextLength?.value ?? JUDGED_WINDOW),
      contextLength: facts.contextLength?.value,
    });
  // What is in memory already fits, whatever little is left beside it.
  const shown = fit && isLoaded && fit.kind !== "spills" ? { ...fit, kind: "fits" as const } : fit;
  return { profile, isLoaded, fit: shown, speed: expectedSpeed("decode", facts, 0, here) };
}

/** What OpenClaw uses of the window, tokens. */
export const windowOf = ({ windowTokens, requestedContextTokens }: ModelProfile): number | undefined =>
  requestedContextTokens ?? windowTokens;

const runsHere = ({ locality, server, demo }: ModelProfile): boolean => {
  const host = server === undefined ? undefined : URL.parse(server.baseUrl)?.hostname;
  return !demo && locality.kind === "local" && host !== undefined && classifyHost(host) === "loopback";
};
