import type { GuardClient } from "../openclaw/guard-client.ts";
import type { ExpiringStore } from "../store/expiring-store.ts";

/**
 * Tells each conversation once that it stays local although local-only mode is off,
 * because it holds text that was written meanwhile.
 */
export function createKeptNotices(parts: {
  readonly guard: Pick<GuardClient, "status">;
  readonly isOn: () => boolean;
  /** Where it is remembered who was told. */
  readonly told: ExpiringStore;
  readonly tell: (sessionKey: string) => Promise<void>;
}): () => Promise<void> {
  const { guard, isOn, told, tell } = parts;
  return async () => {
    if (isOn()) return;
    const { kept = {} } = (await guard.status().catch(() => undefined))?.state ?? {};
    for (const [sessionKey, { why, at }] of Object.entries(kept)) {
      const mark = `kept:${sessionKey}:${at}`;
      if (why !== "unreleased" || (await told.has(mark))) continue;
      await told.set(mark, true, REMEMBERED_MS);
      await tell(sessionKey);
    }
  };
}

/** Longer than anybody leaves it unreleased. */
const REMEMBERED_MS = 365 * 24 * 60 * 60_000;
