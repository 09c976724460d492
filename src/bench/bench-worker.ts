import type { Logger } from "pino";
import { ClutchError, toClutchError } from "../errors.ts";
import type { BenchRuns } from "../store/bench-runs.ts";
import { sleepWell } from "./patience.ts";
import { type BenchRun, readRun } from "./run-log.ts";
import type { RunProgress } from "./run-progress.ts";
import type { BenchRunner } from "./runner.ts";

/** A run that needs no more work, or gets none as things are. */
export type BenchNews =
  | { readonly kind: "done"; readonly run: BenchRun }
  /** It stays open, and is tried again. */
  | { readonly kind: "stuck"; readonly run: BenchRun; readonly error: ClutchError };

export interface BenchWorker {
  /** Looks for an open run at once. */
  wake(): void;
  /** Lets go of the run at once; it stays open. */
  stop(): Promise<void>;
}

const LOOK_MS = 3_000;
/** Before what did not go on is tried again. */
const AGAIN_MS = 60_000;
/** An older result is no news, ms. */
const NEWS_MS = 24 * 60 * 60_000;
/** More are never open, but where two were asked for in the same moment. */
const MOST_OPEN = 20;

/**
 * Works on open runs, the oldest first, whoever asked for them and in whichever
 * process they were begun: also on one that a crash left behind.
 */
export function startBenchWorker(parts: {
  readonly runs: Pick<BenchRuns, "list" | "untold" | "told">;
  readonly runner: Pick<BenchRunner, "work">;
  readonly onProgress: (progress: RunProgress) => void;
  /** Is waited for; each stuck run is told once for each reason. False where a result could not be told: then it is tried again. */
  readonly onNews: (news: BenchNews) => Promise<boolean | undefined>;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}): BenchWorker {
  const { runs, runner, onProgress, onNews, clock, logger } = parts;
  const stopped = new AbortController();
  const told = new Set<string>();
  let woken = new AbortController();
  let tellAt = 0;

  const rest = async (ms: number): Promise<void> => {
    if (!woken.signal.aborted)
      await sleepWell(ms, AbortSignal.any([stopped.signal, woken.signal])).catch(() => undefined);
    woken = new AbortController();
  };

  const tell = (news: BenchNews): Promise<boolean | undefined> =>
    onNews(news).catch((error: unknown) => {
      logger.error({ err: error, run: news.run.id }, "a bench could not be told of");
      return false;
    });

  /** Also what ended in another process, or just before this one died. False where something is left. */
  const tellResults = async (): Promise<boolean> => {
    let isComplete = true;
    for (const run of await runs.untold(clock() - NEWS_MS)) {
      if ((await tell({ kind: "done", run: readRun(run) })) === false) isComplete = false;
      else await runs.told(run.id);
    }
    return isComplete;
  };

  const stuck = async (run: BenchRun, error: ClutchError): Promise<void> => {
    if (error.isFault) logger.error({ code: error.code, err: error.cause ?? error, run: run.id }, error.message);
    const key = `${run.id} ${error.message}`;
    if (told.has(key)) return;
    told.add(key);
    await tell({ kind: "stuck", run, error });
  };

  /** How long to rest before the next look, ms. */
  const once = async (): Promise<number> => {
    if (!stopped.signal.aborted && performance.now() >= tellAt && !(await tellResults())) {
      tellAt = performance.now() + AGAIN_MS;
    }
    const oldest = (await runs.list({ state: "open", limit: MOST_OPEN })).at(-1);
    if (oldest === undefined) return LOOK_MS;
    const run = readRun(oldest);
    try {
      const end = await runner.work(run.id, { signal: stopped.signal, onProgress });
      return end.kind === "paused" ? AGAIN_MS : 0;
    } catch (thrown) {
      stopped.signal.throwIfAborted();
      const error = toClutchError(thrown);
      // Another process is at it, or somebody ended it in this moment.
      if (error.code === "bench_running" || error.code === "no_bench") return LOOK_MS;
      await stuck(run, error);
      return AGAIN_MS;
    }
  };

  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const ms = await once().catch((thrown: unknown) => {
        if (!stopped.signal.aborted) logger.error({ err: thrown }, "open benches could not be looked at");
        return AGAIN_MS;
      });
      if (ms > 0 && !stopped.signal.aborted) await rest(ms);
    }
  };

  const over = loop();
  return {
    wake: () => woken.abort(),
    async stop() {
      stopped.abort(new ClutchError("bench_running", "Clutch stopped; the bench stays open."));
      await over;
    },
  };
}
