import type { EnergyMeter } from "../hardware/energy-meter.ts";
import { isLocalModelServer } from "../servers/drivers.ts";
import type { SpeedSample } from "./bench-answer.ts";
import type { BenchTarget } from "./bench-target.ts";
import type { ReadyModel } from "./readiness.ts";
import type { RunPlan } from "./run-plan.ts";
import { SPEED_ANSWER_TOKENS, speedPrompt } from "./speed-prompt.ts";

/** One call that is timed; `sample` counts from 0. */
export interface SpeedStep {
  readonly promptTokens: number;
  readonly cold: boolean;
  readonly sample: number;
}

/** Of English prose, where the model's own count is not known. */
const USUAL_CHARACTERS = 4;
/** For the question, the template and what a count of one text misses in the next. */
const RESERVE_TOKENS = 256;
/** A prompt that a small window cuts to about the size of the one before says nothing new. */
const LEAST_GROWTH = 1.5;

/** What is timed of a model, small prompts first. */
export function speedSteps(
  { promptTokens, samples, coldSamples }: NonNullable<RunPlan["speed"]>,
  {
    local,
    windowTokens = Number.POSITIVE_INFINITY,
  }: { readonly local: boolean; readonly windowTokens?: number | undefined },
): readonly SpeedStep[] {
  const room = windowTokens - SPEED_ANSWER_TOKENS - RESERVE_TOKENS;
  const sizes = promptTokens.filter(
    (tokens, at) => tokens <= room || room >= LEAST_GROWTH * (promptTokens[at - 1] ?? 0),
  );
  const smallest = sizes[0];
  const steps = (size: number, cold: boolean, count: number): SpeedStep[] =>
    Array.from({ length: count }, (_, sample) => ({ promptTokens: size, cold, sample }));
  return [
    ...(local && smallest !== undefined ? steps(smallest, true, coldSamples) : []),
    ...sizes.flatMap((size) => steps(size, false, samples)),
  ];
}

/**
 * Times one call. `nonce` stands at the beginning, so that nothing of the prompt can
 * be in the server's cache. Rejects with the server's codes.
 */
export async function timeCall(
  { target, charactersPerToken = USUAL_CHARACTERS }: ReadyModel,
  promptTokens: number,
  {
    nonce,
    seed,
    energy,
    signal,
  }: {
    readonly nonce: string;
    readonly seed: number;
    readonly energy: EnergyMeter | undefined;
    readonly signal: AbortSignal;
  },
): Promise<Pick<SpeedSample, "tokens" | "timings" | "energy">> {
  const { ref, server, contextTokens, windowTokens = Number.POSITIVE_INFINITY } = target;
  const tokens = Math.min(promptTokens, windowTokens - SPEED_ANSWER_TOKENS - RESERVE_TOKENS);
  const text = speedPrompt(Math.max(0, Math.floor(tokens * charactersPerToken)), nonce, seed);
  const request = {
    model: ref.model,
    messages: [{ role: "user" as const, text }],
    maxTokens: SPEED_ANSWER_TOKENS,
    temperature: 0,
    seed,
    ...(contextTokens === undefined ? {} : { contextTokens }),
  };
  const read = async () => {
    for await (const event of server.generate(request, signal)) {
      if (event.kind === "end") return { tokens: event.tokens, timings: event.timings };
    }
    signal.throwIfAborted();
    throw new Error("A stream ended without its end.");
  };
  const stop = await energy?.start();
  const [outcome] = await Promise.allSettled([read()]);
  const joules = await stop?.();
  if (outcome.status === "rejected") throw outcome.reason;
  return { ...outcome.value, energy: joules };
}

/** Drops the model from memory, so that the next call loads it anew; its file may still be in the system's cache. */
export async function dropFromMemory({ server, ref }: BenchTarget, signal: AbortSignal): Promise<void> {
  if (isLocalModelServer(server)) await server.unload(ref.model, signal);
}
