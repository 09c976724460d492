import type { GuardClient } from "../openclaw/guard-client.ts";
import type { ExpiringStore } from "../store/expiring-store.ts";

/**
 * Tells each conversation once that it stays local although local-only mode is off,
 * because it holds text that was written meanwhile. One that could not be told is
 * tried again, less and less often.
 */
export function createKeptNotices(parts: {
  readonly guard: Pick<GuardClient, "status">;
  readonly isOn: () => boolean;
  /** Where it is remembered who was told. */
  readonly told: ExpiringStore;
  /** False where it could not be told now. */
  readonly tell: (sessionKey: string) => Promise<boolean>;
}): () => Promise<void> {
  const { guard, isOn, told, tell } = parts;
  /** How often it was tried, by mark, of those that could not be told so far. */
  const tries = new Map<string, number>();
  return async () => {
    if (isOn()) return;
    const { kept = {} } = (await guard.status().catch(() => undefined))?.state ?? {};
    for (const [sessionKey, { why, at }] of Object.entries(kept)) {
      const mark = `kept:${sessionKey}:${at}`;
      if (why !== "unreleased" || (await told.has(mark))) continue;
      const tried = tries.get(mark) ?? 0;
      tries.set(mark, tried + 1);
      // First, so that one that fails keeps the others waiting no longer than a round.
      await told.set(mark, true, Math.min(AGAIN_MS * 2 ** tried, SELDOM_MS));
      if (!(await tell(sessionKey))) continue;
      await told.set(mark, true, REMEMBERED_MS);
      tries.delete(mark);
    }
  };
}

const AGAIN_MS = 5 * 60_000;
const SELDOM_MS = 24 * 60 * 60_000;
/** Longer than anybody leaves it unreleased. */
const REMEMBERED_MS = 365 * 24 * 60 * 60_000;
