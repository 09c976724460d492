import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { z } from "zod";
import { ClutchError, type ErrorCode } from "../errors.ts";
import type { AllSessions } from "../openclaw/all-sessions.ts";
import type { JobRun, JobRuns } from "../openclaw/job-runs.ts";
import { isScratchKey } from "../openclaw/scratch-session.ts";
import { parseSessionKey, withoutRun } from "../openclaw/session-keys.ts";
import type { SessionRow } from "../openclaw/wire.ts";
import type { UsageLedger } from "../store/usage-ledger.ts";
import type { CallWriter } from "./call-writer.ts";
import type { GuardReader } from "./guard-reader.ts";
import type { MessageObserver } from "./observe-messages.ts";
import { fromJobRun, type ObservedCall } from "./observed-call.ts";
import type { TranscriptReader } from "./transcript-reader.ts";

export interface CatchUpProgress {
  readonly sessions: number;
  readonly done: number;
  /** Calls that are new in the ledger. */
  readonly calls: number;
}

export interface CaughtUp {
  readonly added: number;
  readonly completed: number;
}

/**
 * Reads all that OpenClaw and the guard still know and the ledger does not: the
 * guard's record, then the transcripts, newest first, then the jobs' runs. It may
 * be stopped anywhere and goes on from there. Throws the codes of
 * `GatewayConnection.request`, and `AbortError` where it was stopped.
 */
export type HistoryReader = (options?: {
  readonly onProgress?: ((progress: CatchUpProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}) => Promise<CaughtUp>;

/** How many transcripts are read at a time, while the gateway is quick. */
const AT_ONCE = 2;
/** An answer that takes longer says that the gateway has better to do, ms. */
const SLOW_MS = 400;
const LONGEST_REST_MS = 5_000;
/** A session's row may be older than what was said in it last, as those of jobs are, ms. */
const STALE_MS = 2 * 60 * 60_000;

/** What a job's run did is in the ledger by then, if somebody saw it, ms. */
const SEEN_MS = 10 * 60_000;

const SOURCES = { sessions: "sessions", jobs: "jobs" } as const;
const moment = z.coerce.number().catch(0);

export function createHistoryReader(parts: {
  readonly sessions: AllSessions;
  readonly transcripts: TranscriptReader;
  readonly guard: GuardReader;
  readonly jobRuns: JobRuns;
  readonly observer: MessageObserver;
  readonly writer: CallWriter;
  readonly ledger: Pick<UsageLedger, "cursor" | "setCursor" | "calls">;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}): HistoryReader {
  const { sessions, transcripts, guard, jobRuns, observer, writer, ledger, clock, logger } = parts;
  const reached = async (source: string): Promise<number> => moment.parse((await ledger.cursor(source)) ?? 0);

  return async ({ onProgress, signal } = {}) => {
    const options = signal === undefined ? {} : { signal };
    let [added, completed, done, total] = [0, 0, 0, 0];
    let isWhole = true;
    const write = async (calls: readonly ObservedCall[]): Promise<void> => {
      const written = await writer.write(calls, signal);
      added += written.added;
      completed += written.completed;
      onProgress?.({ sessions: total, done, calls: added });
    };

    const readSession = async (row: SessionRow): Promise<void> => {
      if (isScratchKey(row.key)) return;
      writer.noteSession(row);
      const take: Parameters<TranscriptReader["read"]>[1] = async (messages) =>
        write(await observer.observe(messages, row));
      try {
        await transcripts.read(row, take, signal);
      } catch (thrown) {
        if (!isRefusal(thrown)) throw thrown;
        isWhole = false;
        logger.warn({ err: thrown, sessionKey: row.key }, "a session's transcript cannot be counted");
      }
    };

    const readAll = async (rows: readonly SessionRow[]): Promise<void> => {
      const waiting = [...rows];
      const work = async (): Promise<void> => {
        for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
          const each = row;
          await politely(() => readSession(each), signal);
          done++;
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      onProgress?.({ sessions: total, done, calls: added });
    };

    const readSessions = async (): Promise<void> => {
      const former = await reached(SOURCES.sessions);
      let newest = former;
      const copies: SessionRow[] = [];
      for (let offset: number | undefined = 0; offset !== undefined; ) {
        const page = await politely(() => sessions.list(offset ?? 0, options), signal);
        total = Math.max(total, page.total);
        copies.push(...page.sessions.filter(mayBeCopy));
        await readAll(page.sessions.filter((row) => !mayBeCopy(row)));
        const times = page.sessions.map(({ updatedAt = Number.POSITIVE_INFINITY }) => updatedAt);
        newest = Math.max(newest, ...times.filter(Number.isFinite));
        // The rest is older, and was read.
        const isOld = former > 0 && times.every((at) => at < former - STALE_MS);
        offset = isOld ? undefined : page.next;
      }
      await readAll(copies.sort((one, other) => createdAt(one) - createdAt(other)));
      if (isWhole) await ledger.setCursor(SOURCES.sessions, String(newest));
    };

    /** OpenClaw keeps the transcript of a job's last run only. */
    const readJobRuns = async (): Promise<void> => {
      const former = await reached(SOURCES.jobs);
      let newest = former;
      for (let offset: number | undefined = 0; offset !== undefined; ) {
        const page = await politely(() => jobRuns.list(offset ?? 0, options), signal);
        for (const run of page.runs) {
          newest = Math.max(newest, run.at);
          if (run.at < former - STALE_MS || run.at > clock() - SEEN_MS) continue;
          if ((await guard.covers(run.startedAt)) || (await isWritten(run))) continue;
          const call = fromJobRun(run);
          if (call !== undefined) await write([call]);
        }
        const isOld = former > 0 && page.runs.every(({ at }) => at < former - STALE_MS);
        offset = isOld ? undefined : page.next;
      }
      await ledger.setCursor(SOURCES.jobs, String(newest));
    };

    const isWritten = async ({ sessionKey, startedAt, at }: JobRun): Promise<boolean> => {
      const scope = { sessionKey: withoutRun(sessionKey) };
      for await (const _ of ledger.calls({ from: startedAt, to: at + 1, scope })) return true;
      return false;
    };

    await guard.read(write, signal);
    await readSessions();
    await readJobRuns().catch((thrown: unknown) => {
      if (!isRefusal(thrown)) throw thrown;
      logger.debug({ err: thrown }, "this OpenClaw does not tell of its jobs' runs");
    });
    return { added, completed };
  };
}

/** A forked session begins with what was said in another, to which it belongs: that one has to be read before it. */
const mayBeCopy = ({ key }: SessionRow): boolean => parseSessionKey(key)?.rest.startsWith("dashboard:") === true;
const createdAt = ({ raw }: SessionRow): number => moment.parse(raw["createdAt"] ?? 0);

const REFUSALS: ReadonlySet<ErrorCode> = new Set(["gateway_refused", "gateway_protocol", "unexpected_reply"]);
/** The gateway answers, though not with what was asked for: asking again is of no use. */
export const isRefusal = (thrown: unknown): boolean => thrown instanceof ClutchError && REFUSALS.has(thrown.code);

/** Whoever took long is left alone for as long. */
async function politely<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  signal?.throwIfAborted();
  const started = performance.now();
  const result = await work();
  const took = performance.now() - started;
  if (took > SLOW_MS) await sleep(Math.min(LONGEST_REST_MS, took), undefined, signal === undefined ? {} : { signal });
  return result;
}
