import type { LockEntry } from "../store/lock-journal.ts";
import type { LockStatus, PathProof, Verification } from "./lock-status.ts";

export interface LockRequest {
  /** `platform:user`. */
  readonly actor: string;
  /** Session key of the conversation in which it was typed. */
  readonly place?: string | undefined;
  readonly reason?: string | undefined;
  /** Told what is being done, in a few words each. */
  readonly onStep?: (step: string) => void;
}

export interface LockResult {
  /** False where it was so already; `status.last` says since when and by whom. */
  readonly changed: boolean;
  readonly status: LockStatus;
  /** Sentences that the person has to know: what could not be put back, what is only configured. */
  readonly notes: readonly string[];
}

/** Text that was written while the lock is on, and that a cloud model would be sent after it. */
export interface WrittenWhileOn {
  /** Conversations whose next turn would go to the cloud, by session key. */
  readonly sessionKeys: readonly string[];
}

/**
 * Local-only mode: while it is on, no turn, helper call or scheduled job reaches a
 * model in the cloud. Guard and wall hold it, each with a state of its own that
 * outlives Clutch; every step is written down before it is done. Codes:
 * `not_installed` where neither guard nor wall is there, `lock_in_progress` where
 * another process is at work on it for longer than the caller's patience,
 * `not_verified` where it is not in force afterwards, and the gateway's.
 */
export interface LocalOnly {
  status(): Promise<LockStatus>;
  /** From memory, for cards that only mention it; never asks anybody. */
  isOn(): boolean;
  /** Whether a session's turns stay local now: all do while it is on. From memory. */
  isKeptLocal(sessionKey: string): boolean;
  /** `mayChange` is asked once nobody else can change it; where it says no to how it is by then, it stays so. */
  turnOn(
    request: LockRequest & {
      readonly forMs?: number | undefined;
      readonly mayChange?: (last: LockEntry | undefined) => boolean;
    },
  ): Promise<LockResult>;
  /** `others` keeps the conversations local that hold text of the locked time, until they are released. */
  turnOff(
    request: LockRequest & { readonly restore: "all" | "others"; readonly forMs?: number | undefined },
  ): Promise<LockResult>;
  writtenWhileOn(): Promise<WrittenWhileOn>;
  /** Tries each path with a canary; nothing that it does costs money or stays. Takes some 30 s. */
  verify(onStep?: (step: string) => void): Promise<Verification>;
  /** What `verify` says of connections, also while it is off; for `doctor`. */
  verifyNetwork(): Promise<readonly PathProof[]>;
  /**
   * This conversation stays local, whatever its model; needs the guard. What a model in
   * the cloud is answering there is stopped, and the notes say so.
   */
  keepLocal(sessionKey: string, request: LockRequest): Promise<LockResult>;
  /** Lets conversations go to the cloud again; all that wait for it where none is named. */
  release(sessionKey: string | undefined, request: LockRequest): Promise<LockResult>;
  /** `22:00-07:00`, by this machine's clock; undefined ends it. Throws `bad_option`. */
  setDaily(times: string | undefined, request: LockRequest): Promise<LockStatus>;
}
