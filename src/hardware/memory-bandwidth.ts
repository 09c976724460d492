import { availableParallelism } from "node:os";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { z } from "zod";
import type { Figure } from "../models/figure.ts";

/** Far above any cache when all threads are taken together. */
const TOTAL_BYTES = 512 * 1024 ** 2;
const LEAST_BYTES = 32 * 1024 ** 2;
/** Enough to saturate what mini PCs have. */
const MOST_THREADS = 8;
const ROUNDS = 4;
const ROUND_MS = 100;
const DEADLINE_MS = 10_000;
const PAGE_BYTES = 4096;
const MARK = "clutch-memory-bandwidth";

/**
 * Bytes a second that all cores together move through main memory: threads copy
 * buffers far larger than the caches, what is read and what is written counts, and
 * so does the best of several rounds. Takes about half a second. Uses at most an eighth of what is available;
 * undefined where that is too little, or when the signal ends it.
 */
export async function measureMemoryBandwidth(
  availableBytes: number,
  { signal, clock }: { readonly signal: AbortSignal; readonly clock: () => number },
): Promise<Figure<number> | undefined> {
  const threads = Math.min(availableParallelism(), MOST_THREADS);
  const bytes = Math.floor(Math.min(TOTAL_BYTES, availableBytes / 8) / threads / 2 / PAGE_BYTES) * 2 * PAGE_BYTES;
  if (bytes * threads < LEAST_BYTES || signal.aborted) return undefined;
  const workers = Array.from(
    { length: threads },
    () => new Worker(import.meta.filename, { workerData: { mark: MARK, bytes } }),
  );
  try {
    const end = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
    const messages = workers.map((worker) => messagesOf(worker, end));
    await Promise.all(messages.map((next) => next()));
    const startAt = now() + 10;
    for (const worker of workers) worker.postMessage(startAt);
    const rates = await Promise.all(messages.map(async (next) => z.array(z.number()).parse(await next())));
    const rounds = Array.from({ length: ROUNDS }, (_, round) =>
      rates.reduce((sum, rate) => sum + (rate[round] ?? 0), 0),
    );
    return {
      value: Math.max(...rounds),
      origin: "measured",
      source: `${threads} ${threads === 1 ? "thread" : "threads"} of this machine copying`,
      date: new Date(clock()).toISOString().slice(0, 10),
    };
  } catch {
    // A worker that could not start or was stopped: then nothing was measured.
    return undefined;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** The next message each time; rejects when the worker fails or the signal ends the wait. */
function messagesOf(worker: Worker, signal: AbortSignal): () => Promise<unknown> {
  const failed = new Promise<never>((_, reject) => {
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("ended")));
    signal.addEventListener("abort", () => reject(new Error("stopped")), { once: true });
  });
  failed.catch(() => undefined);
  return () => Promise.race([failed, new Promise((resolve) => worker.once("message", resolve))]);
}

/** One clock for all threads, ms. */
const now = (): number => performance.timeOrigin + performance.now();

/** In a thread: fills its buffer, waits for the common start, then copies in rounds and reports bytes a second of each. */
function work(bytes: number): void {
  // Untouched pages are all the same page of zeros, which the cache holds.
  const buffer = Buffer.alloc(bytes, 1);
  const [from, to] = [buffer.subarray(0, bytes / 2), buffer.subarray(bytes / 2)];
  parentPort?.once("message", (startAt: number) => {
    const rates: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const begin = startAt + round * ROUND_MS;
      while (now() < begin);
      const started = now();
      let done = 0;
      while (now() < begin + ROUND_MS) done += 2 * from.copy(to);
      rates.push((done / (now() - started)) * 1_000);
    }
    parentPort?.postMessage(rates);
  });
  parentPort?.postMessage("ready");
}

/** This file is its own worker; test runners have workers too, hence the mark. */
const taskSchema = z.object({ mark: z.literal(MARK), bytes: z.int().positive() });
const task = isMainThread ? undefined : taskSchema.safeParse(workerData).data;
if (task !== undefined) work(task.bytes);
