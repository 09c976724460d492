import { setTimeout as wait } from "node:timers/promises";
import { formatModelRef } from "../models/model-ref.ts";
import { askFault } from "./ask-fault.ts";
import type { BenchTarget } from "./bench-target.ts";
import type { People } from "./people.ts";

/** What became of a question that was asked with patience. */
export type Reply<T> =
  | { readonly kind: "done"; readonly value: T }
  /** This one was not answered, which says nothing of the model. */
  | { readonly kind: "failed"; readonly reason: string }
  /** The model cannot do what was asked. */
  | { readonly kind: "unable"; readonly reason: string }
  /** Nobody answers there at the moment: to be asked again later. `meanwhile`: it went down while this was asked. */
  | { readonly kind: "down"; readonly reason: string; readonly meanwhile: boolean }
  /** As things are the model answers nothing more in this run. */
  | { readonly kind: "set-aside"; readonly reason: string };

export interface Patience {
  /**
   * Asks once nobody else has use of the server, and again where it was no fault of
   * the model that no answer came: after 2 and 8 s where the server broke off, after
   * as long as it wants where it was asked too often. `work` is told how often it was
   * tried before. Rejects with the signal's reason, and with faults of Clutch's own.
   */
  ask<T>(
    target: BenchTarget,
    work: (signal: AbortSignal, attempt: number) => Promise<T>,
    signal: AbortSignal,
  ): Promise<Reply<T>>;
}

export interface PatienceParts {
  readonly people: People;
  readonly isLocalOnly: () => boolean;
  /** Is told that somebody else had use of the server. */
  readonly onPeople: (target: BenchTarget) => void;
  /** Is told why nothing happens, one plain sentence. */
  readonly onWait: (why: string) => void;
  /** Rejects when the signal is aborted first. */
  readonly sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
}

const BACKOFF_MS = [2_000, 8_000];
const QUIET_LOOK_MS = 1_000;
/** Where a server says no time, doubled each time. */
const FIRST_PAUSE_MS = 15_000;
/** Longer than this is a limit for the day rather than the minute. */
const LONGEST_PAUSE_MS = 5 * 60_000;
const PAUSES_MS = 15 * 60_000;
const LOCK_LOOK_MS = 250;
const HEALTH_MS = 10_000;

export const sleepWell = async (ms: number, signal: AbortSignal): Promise<void> => {
  await wait(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
};

/** A person's turn began on the server: the question is put back. */
const PEOPLE_FIRST = new Error("A person's turn began on the same server.");
const LOCKED = new Error("Local-only mode was turned on.");

export function createPatience({ people, isLocalOnly, onPeople, onWait, sleep = sleepWell }: PatienceParts): Patience {
  const untilQuiet = async (target: BenchTarget, signal: AbortSignal): Promise<void> => {
    while (await people.isBusy(target)) {
      onPeople(target);
      onWait(`A conversation is being answered on ${placeOf(target)}; the bench goes on after it.`);
      await sleep(QUIET_LOOK_MS, signal);
    }
    signal.throwIfAborted();
  };

  /**
   * One try, ended when a person's turn begins on a local server: there they would wait for
   * its end. A vendor answers many at once, so that nobody waits for a question in the cloud.
   */
  const once = async <T>(
    target: BenchTarget,
    work: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<{ readonly value: T } | "people" | "locked" | { readonly thrown: unknown }> => {
    const ours = new AbortController();
    const forget = target.local ? people.onTurn(target, () => ours.abort(PEOPLE_FIRST)) : () => undefined;
    const timer = target.local
      ? undefined
      : setInterval(() => (isLocalOnly() ? ours.abort(LOCKED) : undefined), LOCK_LOOK_MS).unref();
    try {
      return { value: await work(AbortSignal.any([signal, ours.signal])) };
    } catch (thrown) {
      signal.throwIfAborted();
      if (!target.local && isLocalOnly()) return "locked";
      return ours.signal.aborted ? "people" : { thrown };
    } finally {
      forget();
      clearInterval(timer);
    }
  };

  return {
    async ask(target, work, signal) {
      let broken = 0;
      let pausedMs = 0;
      let pauses = 0;
      for (let attempt = 0; ; attempt++) {
        await untilQuiet(target, signal);
        if (!target.local && isLocalOnly()) return locked(target);
        const tried = await once(target, (within) => work(within, attempt), signal);
        if (tried === "people") {
          onPeople(target);
          continue;
        }
        if (tried === "locked") return locked(target);
        if ("value" in tried) return { kind: "done", value: tried.value };

        const fault = askFault(tried.thrown);
        if (fault === undefined) throw tried.thrown;
        const { reason } = fault;
        if (fault.kind === "down") return { kind: "down", reason, meanwhile: broken > 0 };
        if (fault.kind === "unable") return { kind: "unable", reason };
        if (fault.kind === "every-item") return { kind: "set-aside", reason };
        if (fault.kind === "this-item") return { kind: "failed", reason };
        if (fault.kind === "rate-limited") {
          const pauseMs = fault.waitMs ?? FIRST_PAUSE_MS * 2 ** pauses++;
          pausedMs += pauseMs;
          if (pauseMs > LONGEST_PAUSE_MS || pausedMs > PAUSES_MS) return { kind: "set-aside", reason };
          onWait(`${reason} The bench waits ${Math.ceil(pauseMs / 1_000)} s.`);
          await sleep(pauseMs, signal);
          continue;
        }
        const backoffMs = BACKOFF_MS[broken++];
        if (backoffMs !== undefined) {
          onWait(`${reason} It is asked again.`);
          await sleep(backoffMs, signal);
          continue;
        }
        const health = await target.server.health(AbortSignal.any([signal, AbortSignal.timeout(HEALTH_MS)]));
        signal.throwIfAborted();
        return health.ok ? { kind: "failed", reason } : { kind: "down", reason: health.reason, meanwhile: true };
      }
    },
  };
}

export const placeOf = ({ host, ref }: Pick<BenchTarget, "host" | "ref">): string =>
  host === "this machine" ? host : `the server of ${ref.provider}`;

const locked = ({ ref }: BenchTarget): Reply<never> => ({
  kind: "set-aside",
  reason: `Local-only mode is on, so ${formatModelRef(ref)} is not asked any more.`,
});
