import type { ModelRef } from "../models/model-ref.ts";
import { formatModelRef } from "../models/model-ref.ts";
import type { SpeedSample } from "./bench-answer.ts";
import { type SpeedFigures, speedFigures } from "./speed-figures.ts";
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
  /** Its parts: loading and reading the prompt, by the server's own account, and what is left. */
  readonly loadMs: Spread | undefined;
  readonly promptMs: Spread | undefined;
  readonly restMs: Spread | undefined;
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
  const figures = group.map(speedFigures);
  const spread = (part: keyof SpeedFigures) => spreadOf(figures.flatMap((figure) => figure[part] ?? []));
  return {
    ...of,
    n: group.length,
    firstTokenMs: spread("firstTokenMs"),
    loadMs: spread("loadMs"),
    promptMs: spread("promptMs"),
    restMs: spread("restMs"),
    prefill: spread("prefill"),
    decode: spread("decode"),
    joulesPerToken: spreadOf(
      group.flatMap(({ energy, tokens }) => (energy === undefined || !tokens.output ? [] : energy / tokens.output)),
    ),
  };
}
