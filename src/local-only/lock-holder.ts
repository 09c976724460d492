import type { LockNotes } from "../store/lock-journal.ts";

/** Who works on the lock: holds the lease, and tells somebody what is being done. */
export interface Holder {
  /** Writes only while the lease is held, and throws as `check` does. */
  readonly notes: LockNotes;
  readonly tell: (step: string) => void;
  /** Throws `lock_in_progress` where the lease was lost: what was looked at before is old then. */
  readonly check: () => Promise<void>;
}
