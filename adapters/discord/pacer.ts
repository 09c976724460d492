import { setTimeout as sleep } from "node:timers/promises";

/** Shows the newest of many values, one at a time and no more often than `everyMs`. */
interface Pacer<T> {
  push(value: T): void;
  /** Resolves when nothing is being shown any more; what was not shown yet never will be. */
  close(): Promise<void>;
}

/** `show` must not reject. */
export function createPacer<T>(show: (value: T) => Promise<void>, everyMs: number): Pacer<T> {
  const closing = new AbortController();
  let next: { readonly value: T } | undefined;
  let working: Promise<void> | undefined;

  const work = async (): Promise<void> => {
    while (next !== undefined && !closing.signal.aborted) {
      const { value } = next;
      next = undefined;
      await show(value);
      await sleep(everyMs, undefined, { signal: closing.signal }).catch(() => undefined);
    }
    working = undefined;
  };
  return {
    push(value) {
      if (closing.signal.aborted) return;
      next = { value };
      working ??= work();
    },
    async close() {
      closing.abort();
      await working;
    },
  };
}
