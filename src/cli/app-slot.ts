import type { Dispatch } from "../../adapters/adapter.ts";
import type { ActionStore } from "../../commands/action-store.ts";
import type { App } from "../app.ts";

/**
 * The App that serves now. It can be exchanged for another one under the adapters'
 * hands: commands that run come to their end, those that come in meanwhile wait
 * for the new one, and no platform notices.
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

export function createAppSlot(first: App): AppSlot {
  let app = first;
  let closed: Promise<void> | undefined;
  let phase: "open" | "ending" | "hurried" = "open";
  /** Each with signals of its own: those for all would gather what commands leave listening on them. */
  const running = new Map<Promise<unknown>, { readonly stop: AbortController; readonly ending: AbortController }>();

  /** What platforms want for a moment, such as the id of a button. */
  const errands = new Set<Promise<unknown>>();

  const errand = async <T>(work: (now: App) => Promise<T>): Promise<T> => {
    while (closed !== undefined) await closed;
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
      complete: (...typed) => app.dispatcher.complete(...typed),
      async run(invocation) {
        while (closed !== undefined) await closed;
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
      claim: (delivery) => errand(({ actions }) => actions.claim(delivery)),
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
