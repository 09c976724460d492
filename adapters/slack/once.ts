import type { ActionStore } from "../../commands/action-store.ts";

/** Remembers what was taken, so that a payload which Slack delivers twice is carried out once. */
export interface Once {
  /** True for the first caller with this key; the rest come too late. */
  claim(key: string): Promise<boolean>;
}

/** Slack repeats a delivery within minutes, and a captured request is refused after five. */
const KEPT_MS = 10 * 60_000;
const MAX_KEYS = 20_000;

/** The memory decides between two at the same moment, the store after a restart. */
export function createOnce(clock: () => number, store: Pick<ActionStore, "claim">): Once {
  const taken = new Map<string, number>();
  return {
    async claim(key) {
      const now = clock();
      for (const [old, at] of taken) {
        if (now - at < KEPT_MS && taken.size < MAX_KEYS) break;
        taken.delete(old);
      }
      if (taken.has(key)) return false;
      taken.set(key, now);
      return store.claim(`slack:${key}`);
    },
  };
}
