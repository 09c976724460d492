import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { AlertBox } from "../store/alert-box.ts";
import type { ExpiringStore } from "../store/expiring-store.ts";
import type { LockRequest } from "./local-only.ts";
import type { LockTurns } from "./lock-turns.ts";

/** What the owners have to know. */
export interface LockAlert {
  /** `broken`: it does not hold. `mended`: it did not, and holds again. `told`: it changed by itself. */
  readonly kind: "broken" | "mended" | "told";
  /** One sentence each. */
  readonly what: readonly string[];
  /** Where it was turned on, as `formatPlace` writes it. */
  readonly place: string | undefined;
}

export const lockAlert: z.ZodType<LockAlert> = z
  .object({
    kind: z.enum(["broken", "mended", "told"]),
    what: z.array(z.string()),
    place: z.string().optional(),
  })
  .transform(({ place, ...alert }) => ({ ...alert, place }));

/** What may be wrong at the same time, and is told each by itself. */
type Topic = "lock" | "schedule";

/**
 * Each alert is in the box before it counts as told, and waits there until it is
 * posted. Says each thing that is wrong once, whichever process finds it and however often
 * it starts: what was said last is in the store, so only who holds the lock's lease
 * may ask.
 */
export interface LockAlerts {
  /** What changed by itself, one sentence each. */
  tell(kind: "mended" | "told", place: string | undefined, ...what: readonly string[]): Promise<readonly LockAlert[]>;
  /** What is wrong now, all of it, and what was `seen` and mended. Empty where that is known. */
  raise(
    topic: Topic,
    found: {
      readonly problems: readonly string[];
      readonly seen?: readonly string[];
      readonly place: string | undefined;
    },
  ): Promise<readonly LockAlert[]>;
  /** It does not matter any more; nobody is told. */
  drop(topic: Topic): Promise<void>;
}

/** Who does what nobody asked for just now. */
export const CLUTCH = "clutch";

export function createLockAlerts(store: ExpiringStore, box: AlertBox, audited: LockTurns["audited"]): LockAlerts {
  let count = 0;
  const put = async (alert: LockAlert): Promise<readonly LockAlert[]> => {
    // Those of one moment are posted in the order of their names.
    count += 1;
    await box.add(`${String(count).padStart(9, "0")} ${randomUUID()}`, alert);
    return [alert];
  };
  const keyOf = (topic: Topic): string => `told-${topic}`;
  const noted = (what: readonly string[], place: string | undefined): LockRequest => ({
    actor: CLUTCH,
    reason: what.join(" "),
    place,
  });
  return {
    tell: (kind, place, ...what) => put({ kind, what, place }),
    async raise(topic, { problems, seen = [], place }) {
      const before = await store.get(keyOf(topic));
      if (problems.length === 0) {
        if (before === undefined && seen.length === 0) return [];
        const what = seen.length === 0 ? ["What was broken holds again."] : seen;
        const news = await put({ kind: "mended", what, place });
        await store.delete(keyOf(topic));
        await audited("mend", noted(what, place), "ok");
        return news;
      }
      const text = problems.join(" ");
      if (text === before) return [];
      const what = [...new Set([...seen, ...problems])];
      const news = await put({ kind: "broken", what, place });
      await store.set(keyOf(topic), text);
      await audited("mend", noted(what, place), "failed");
      return news;
    },
    async drop(topic) {
      await store.delete(keyOf(topic));
    },
  };
}
