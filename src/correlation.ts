import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";

const current = new AsyncLocalStorage<string | undefined>();

/**
 * Runs `work` as one invocation with an id of its own, six hex digits. All that it
 * starts has the id, whatever it waits for: log lines, audit entries, calls of the
 * gateway. Short enough to be read out; the time tells apart what shares one.
 */
export function correlated<T>(work: (id: string) => T): T {
  const id = randomBytes(3).toString("hex");
  return current.run(id, () => work(id));
}

/** For what a command sets going, and what goes on after it for others: connections, timers that come again. */
export const uncorrelated = <T>(work: () => T): T => current.run(undefined, work);

/** Undefined for what nobody asked for. */
export const correlationId = (): string | undefined => current.getStore();
