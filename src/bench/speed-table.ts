import type { ModelRef } from "../models/model-ref.ts";
import { formatModelRef } from "../models/model-ref.ts";
import type { Timings, TokenCounts } from "../servers/model-server.ts";
import type { SpeedSample } from "./bench-answer.ts";
import { type Spread, spreadOf } from "./statistics/spread.ts";

/** How fast a model answered prompts of one size; a spread is undefined where no sample tells. */
export interface SpeedRow {
  readonly model: ModelRef;
  /** What was aimed at, tokens. */
  readonly promptTokens: number;
  /** The first call after loading anew. */
  readonly cold: boolean;
  readonly n: number;
  /** From the question to the first token, ms. */
  readonly firstTokenMs: Spread | undefined;
  /** Of it, loading; by the server's own account, ms. */
  readonly loadMs: Spread | undefined;
  /** Tokens a second while reading the prompt. */
  readonly prefill: Spread | undefined;
  /** Tokens a second while answering. */
  readonly decode: Spread | undefined;
  /** Joules for each token of the answer, over the whole call. */
  readonly joulesPerToken: Spread | undefined;
}

/** By model, warm before cold, short prompts before long. */
export function speedTable(samples: readonly SpeedSample[]): readonly SpeedRow[] {
  const groups = Map.groupBy(samples, ({ model, promptTokens, cold }) =>
    JSON.stringify([formatModelRef(model), promptTokens, cold]),
  );
  const models = [...new Set(samples.map(({ model }) => formatModelRef(model)))];
  return [...groups.values()]
    .flatMap((group) =>
      group.slice(0, 1).map(({ model, promptTokens, cold }) => row({ model, promptTokens, cold }, group)),
    )
    .sort(
      (one, other) =>
        models.indexOf(formatModelRef(one.model)) - models.indexOf(formatModelRef(other.model)) ||
        Number(one.cold) - Number(other.cold) ||
        one.promptTokens - other.promptTokens,
    );
}

function row(of: Pick<SpeedRow, "model" | "promptTokens" | "cold">, group: readonly SpeedSample[]): SpeedRow {
  const spread = (read: (sample: SpeedSample) => number | undefined) =>
    spreadOf(group.flatMap((sample) => read(sample) ?? []));
  return {
    ...of,
    n: group.length,
    firstTokenMs: spread(({ timings }) => timings.firstTokenMs),
    loadMs: spread(({ timings }) => timings.loadMs),
    prefill: spread(({ tokens, timings }) => perSecond(tokens.input, timings.promptMs)),
    decode: spread(decodeSpeed),
    joulesPerToken: spread(({ energy, tokens }) =>
      energy === undefined || !tokens.output ? undefined : energy / tokens.output,
    ),
  };
}

/** Tokens a second of an answer: by the server's own clock, else by ours from the first token on. */
export function decodeSpeed({ tokens, timings }: { tokens: TokenCounts; timings: Timings }): number | undefined {
  const { decodeMs, firstTokenMs, totalMs } = timings;
  return perSecond(tokens.output, decodeMs ?? (firstTokenMs === undefined ? undefined : totalMs - firstTokenMs));
}

const perSecond = (count: number | undefined, ms: number | undefined): number | undefined =>
  !count || ms === undefined || ms <= 0 ? undefined : (1_000 * count) / ms;
