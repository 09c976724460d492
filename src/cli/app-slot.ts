import type { Dispatch } from "../../adapters/adapter.ts";
import type { ActionStore } from "../../commands/action-store.ts";
import { outcomeOf } from "../../commands/dispatcher.ts";
import type { App } from "../app.ts";
import { ClutchError, toClutchError } from "../errors.ts";

/**
 * The App that serves now. It can be exchanged for another one under the adapters'
 * hands: commands that run come to their end, those that come in meanwhile wait
 * for the new one, and no platform notices. Who has waited for long is refused, and
 * what they asked for is not done later, when nobody reckons with it any more.
 */
export interface AppSlot {
  current(): App;
  /** True while there is none that serves. */
  readonly isExchanging: boolean;
  readonly dispatch: Dispatch;
  readonly actions: ActionStore;
  /** Closes the App, then puts in what `open` gives. Throws what `open` throws, and then nothing serves any more. */
  exchange(open: () => Promise<App>): Promise<void>;
  /** Lets what runs come to its end. After `patienceMs` it is told to stop, and answers so. */
  finish(patienceMs: number): Promise<void>;
}

/** A command ends by itself within about a minute, ms. */
const EXCHANGE_PATIENCE_MS = 60_000;

/** Longer than an exchange takes whose gateway answers, ms. */
const WAIT_MS = 90_000;

export function createAppSlot(first: App, waitMs: number = WAIT_MS): AppSlot {
  let app = first;
  let closed: Promise<void> | undefined;
  let phase: "open" | "ending" | "hurried" = "open";
  /** Each with signals of its own: those for all would gather what commands leave listening on them. */
  const running = new Map<Promise<unknown>, { readonly stop: AbortController; readonly ending: AbortController }>();

  /** What platforms want for a moment, such as the id of a button. */
  const errands = new Set<Promise<unknown>>();

  /** Throws `gateway_unreachable` where none serves in time: nothing else takes an exchange as long. */
  const untilOpen = async (): Promise<void> => {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(tooLong()), waitMs);
    try {
      while (closed !== undefined) await Promise.race([closed, late]);
    } finally {
      clearTimeout(timer);
    }
  };

  const errand = async <T>(work: (now: App) => Promise<T>): Promise<T> => {
    if (closed !== undefined) await untilOpen();
    const job = work(app);
    errands.add(job);
    return job.finally(() => errands.delete(job));
  };

  const finish = async (patienceMs: number): Promise<void> => {
    phase = "ending";
    for (const { ending } of running.values()) ending.abort();
    const timer = setTimeout(() => {
      phase = "hurried";
      for (const { stop } of running.values()) stop.abort();
    }, patienceMs);
    while (running.size + errands.size > 0) await Promise.allSettled([...running.keys(), ...errands]);
    clearTimeout(timer);
  };

  return {
    current: () => app,
    get isExchanging() {
      return closed !== undefined;
    },
    dispatch: {
      commands: app.dispatcher.commands,
      admits: (...asked) => app.dispatcher.admits(...asked),
      complete: (...typed) => app.dispatcher.complete(...typed),
      async run(invocation) {
        try {
          // What comes while one serves counts as running at once.
          if (closed !== undefined) await untilOpen();
        } catch (thrown) {
          return outcomeOf(toClutchError(thrown));
        }
        const { signal } = invocation;
        const [stop, ending] = [new AbortController(), new AbortController()];
        const work = app.dispatcher.run({
          ...invocation,
          signal: signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]),
          ending: ending.signal,
        });
        running.set(work, { stop, ending });
        // One that an adapter had taken before it was told to stop.
        if (phase !== "open") ending.abort();
        if (phase === "hurried") stop.abort();
        return work.finally(() => running.delete(work));
      },
    },
    actions: {
      seal: (...button) => errand(({ actions }) => actions.seal(...button)),
      open: (...press) => errand(({ actions }) => actions.open(...press)),
      // A command is not held back for it; it may still be refused, and is told so then.
      claim: (delivery) => errand(({ actions }) => actions.claim(delivery)).catch(() => true),
    },
    async exchange(open) {
      const { promise, resolve } = Promise.withResolvers<void>();
      closed = promise;
      try {
        await finish(EXCHANGE_PATIENCE_MS);
        await app.close();
        app = await open();
        phase = "open";
      } finally {
        closed = undefined;
        resolve();
      }
    },
    finish,
  };
}

const tooLong = (): ClutchError =>
  new ClutchError(
    "gateway_unreachable",
    "Clutch takes over a changed configuration, and no gateway answers to it meanwhile.",
    {
      hint: "Nothing was done, and nothing of it will be done later. Try again once OpenClaw runs; Clutch's log says where it is looked for.",
    },
  );
