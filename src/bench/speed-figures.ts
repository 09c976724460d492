import type { SpeedSample } from "./bench-answer.ts";

/** Where the time of one call went. Undefined where neither the server nor the stream tells. */
export interface SpeedFigures {
  /** Getting the weights into memory, ms; by the server. */
  readonly loadMs: number | undefined;
  /** Reading the prompt, ms; by the server. */
  readonly promptMs: number | undefined;
  /** What is left until the first token, ms: the network, the queue, the first token itself. */
  readonly restMs: number | undefined;
  /** From the question to the first token, ms; as seen from here. */
  readonly firstTokenMs: number | undefined;
  readonly totalMs: number;
  /** Tokens a second; by the server where it tells, else between the first token and the last. */
  readonly decode: number | undefined;
  /** Tokens a second; by the server. Of what it did not have in its cache. */
  readonly prefill: number | undefined;
}

/** Fewer say nothing about speed. */
const FEWEST_TOKENS = 8;

export function speedFigures({ tokens, timings }: Pick<SpeedSample, "tokens" | "timings">): SpeedFigures {
  const { loadMs, promptMs, decodeMs, firstTokenMs, totalMs } = timings;
  const { input, output } = tokens;
  // The first token ends the reading; the clock of the stream runs over the others.
  const seen =
    firstTokenMs === undefined || output === undefined ? undefined : perSecond(output - 1, totalMs - firstTokenMs);
  const isLong = output !== undefined && output >= FEWEST_TOKENS;
  return {
    loadMs,
    promptMs,
    restMs: firstTokenMs === undefined ? undefined : Math.max(0, firstTokenMs - (loadMs ?? 0) - (promptMs ?? 0)),
    firstTokenMs,
    totalMs,
    decode: isLong ? (perSecond(output, decodeMs) ?? seen) : undefined,
    prefill: perSecond(input, promptMs),
  };
}

const perSecond = (tokens: number | undefined, ms: number | undefined): number | undefined =>
  tokens === undefined || ms === undefined || ms <= 0 || tokens <= 0 ? undefined : (tokens / ms) * 1_000;
