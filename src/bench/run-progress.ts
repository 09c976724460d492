import { formatModelRef, type ModelRef } from "../models/model-ref.ts";

/** How far a run is, for whoever looks on. */
export interface RunProgress {
  readonly runId: number;
  /** Questions about speed and items, of all models together. */
  readonly done: number;
  readonly total: number;
  readonly doing: "loading" | "measuring" | "asking" | "waiting";
  readonly model: ModelRef | undefined;
  readonly itemId: string | undefined;
  /** By how long each model has taken in this process; undefined until all of them have answered something. */
  readonly leftMs: number | undefined;
  /** Why it waits, one plain sentence. */
  readonly why: string | undefined;
}

export interface ProgressKeeper {
  now(what: Pick<RunProgress, "doing" | "model" | "itemId">): void;
  waits(why: string): void;
  /** A question of this model was answered, or will not be asked. */
  done(model: ModelRef, tookMs: number | undefined): void;
}

/** `left` says how many questions each model has before it; listeners must not throw. */
export function keepProgress(
  runId: number,
  left: ReadonlyMap<string, number>,
  done: number,
  onProgress: (progress: RunProgress) => void,
): ProgressKeeper {
  const before = new Map(left);
  const took = new Map<string, { readonly ms: number; readonly asks: number }>();
  let answered = done;
  let current: Pick<RunProgress, "doing" | "model" | "itemId"> = {
    doing: "loading",
    model: undefined,
    itemId: undefined,
  };
  const leftMs = (): number | undefined => {
    let sum = 0;
    for (const [model, asks] of before) {
      if (asks === 0) continue;
      const known = took.get(model);
      if (known === undefined) return undefined;
      sum += (known.ms / known.asks) * asks;
    }
    return sum;
  };
  const tell = (why?: string): void => {
    const total = answered + [...before.values()].reduce((sum, asks) => sum + asks, 0);
    const doing = why === undefined ? current.doing : "waiting";
    onProgress({ runId, done: answered, total, ...current, doing, leftMs: leftMs(), why });
  };
  return {
    now(what) {
      current = what;
      tell();
    },
    waits: tell,
    done(model, tookMs) {
      const key = formatModelRef(model);
      answered++;
      before.set(key, Math.max(0, (before.get(key) ?? 0) - 1));
      if (tookMs !== undefined) {
        const known = took.get(key) ?? { ms: 0, asks: 0 };
        took.set(key, { ms: known.ms + tookMs, asks: known.asks + 1 });
      }
      tell();
    },
  };
}
