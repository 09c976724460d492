import type { Logger } from "pino";
import type { ModelMessage, ModelMessages } from "../openclaw/model-messages.ts";
import { isScratchKey } from "../openclaw/scratch-session.ts";
import { withoutRun } from "../openclaw/session-keys.ts";
import type { SessionRow } from "../openclaw/wire.ts";
import type { CallWriter } from "./call-writer.ts";
import type { GuardReader } from "./guard-reader.ts";
import { isRefusal } from "./history-reader.ts";
import type { MessageObserver } from "./observe-messages.ts";
import type { ObservedCall } from "./observed-call.ts";
import type { TranscriptReader } from "./transcript-reader.ts";

/** Writes calls down as they happen. */
export interface LiveCalls {
  /** Whether all that was heard is in the ledger. */
  isIdle(): boolean;
  /** Hears no more, and ends once what was heard is in the ledger or cannot be written. */
  stop(): Promise<void>;
}

/** What belongs together comes within this, ms: the guard knows of a call a moment after its message. */
const GATHER_MS = 500;
/** Nothing waits longer than this for what may still come, ms. */
const LONGEST_MS = 2_000;
/** What could not be written is tried again after this, ms. */
const AGAIN_MS = 5_000;
/** What is beyond this many is left to the next catch-up. */
const MOST = 5_000;
/** How long the end waits for what was heard last, ms: the transcripts have it as well. */
const ENDING_MS = 3_000;

interface Heard {
  /** The newest first. */
  readonly messages: ModelMessage[];
  row: SessionRow | undefined;
  /** Something was written that only the transcript shows. */
  hidden: boolean;
}

/** Listens until it is stopped. `onMissed` is told where something heard was given up: the transcripts still have it. */
export function followCalls(parts: {
  readonly messages: ModelMessages;
  readonly transcripts: Pick<TranscriptReader, "glance">;
  readonly guard: GuardReader;
  readonly observer: MessageObserver;
  readonly writer: CallWriter;
  readonly onMissed: () => void;
  readonly logger: Logger;
}): LiveCalls {
  const { messages, transcripts, guard, observer, writer, onMissed, logger } = parts;
  let heard = new Map<string, Heard>();
  let count = 0;
  /** A run ended, or something happened that the guard may know more of. */
  let isStirred = false;
  let since: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let work: Promise<void> | undefined;
  const ended = new AbortController();
  const { signal } = ended;
  let isStopped = false;

  const heardIn = (key: string): Heard => {
    const sessionKey = withoutRun(key);
    const known = heard.get(sessionKey) ?? { messages: [], row: undefined, hidden: false };
    heard.set(sessionKey, known);
    return known;
  };

  const soon = (delayMs: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = undefined;
      work = (work ?? Promise.resolve()).then(flush).finally(() => {
        if (timer === undefined && heard.size === 0 && !isStirred) work = undefined;
      });
    }, delayMs);
  };

  const stir = (): void => {
    isStirred = true;
    since ??= performance.now();
    const waited = performance.now() - since;
    soon(Math.max(0, Math.min(GATHER_MS, LONGEST_MS - waited)));
  };

  const flush = async (): Promise<void> => {
    const taken = heard;
    heard = new Map();
    [count, isStirred, since] = [0, false, undefined];
    try {
      const calls: ObservedCall[] = [];
      for (const [sessionKey, { messages: said, row, hidden }] of taken) {
        if (row !== undefined) writer.noteSession(row);
        // The transcript says who asked, which events do not.
        const written = hidden ? await glance(sessionKey) : [];
        calls.push(...(await observer.observe(said, row)), ...(await observer.observe(written, row)));
      }
      let rest: readonly ObservedCall[] = calls;
      await guard.read(async (seen) => {
        const together = [...rest, ...seen];
        rest = [];
        await writer.write(together, signal);
      }, signal);
      await writer.write(rest, signal);
    } catch (thrown) {
      if (signal.aborted) return;
      logger.warn({ err: thrown }, "calls of models are not in the ledger yet");
      giveBack(taken);
    }
  };

  const glance = async (sessionKey: string): Promise<readonly ModelMessage[]> => {
    try {
      return await transcripts.glance(sessionKey, signal);
    } catch (thrown) {
      if (!isRefusal(thrown)) throw thrown;
      logger.debug({ err: thrown, sessionKey }, "a transcript cannot be read");
      return [];
    }
  };

  const giveBack = (taken: ReadonlyMap<string, Heard>): void => {
    if (isStopped) return;
    if (count > MOST) {
      onMissed();
      return;
    }
    for (const [sessionKey, { messages: said, row, hidden }] of taken) {
      const now = heardIn(sessionKey);
      now.messages.push(...said);
      now.row ??= row;
      now.hidden ||= hidden;
      count += said.length;
    }
    isStirred = true;
    soon(AGAIN_MS);
  };

  const forget = messages.on((event) => {
    if (event.kind === "said") {
      const known = heardIn(event.message.sessionKey);
      known.messages.unshift(event.message);
      known.row = event.row ?? known.row;
      count++;
    } else if (isScratchKey(event.sessionKey)) return;
    else if (event.kind === "hidden") heardIn(event.sessionKey).hidden = true;
    stir();
  });

  return {
    isIdle: () => work === undefined && timer === undefined,
    async stop() {
      forget();
      clearTimeout(timer);
      isStopped = true;
      const ending = setTimeout(() => ended.abort(), ENDING_MS);
      await work;
      if (heard.size > 0 || isStirred) await flush();
      clearTimeout(ending);
    },
  };
}
