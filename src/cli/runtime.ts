import type { Readable, Writable } from "node:stream";

/** What a subcommand has of the process around it; tests hand in their own. */
export interface Runtime {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly fetch: typeof globalThis.fetch;
  /** What must never be printed, as it becomes known. */
  readonly secrets?: string[];
  /** Epoch ms. */
  readonly clock: () => number;
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** From now on a hang-up (SIGHUP) calls this instead of aborting `signal`. */
  readonly onHangup?: (listener: () => void) => void;
}

/** 0 done, 2 the person's to correct, 1 a fault. */
export type ExitCode = 0 | 1 | 2;

export const untilSignalled = (signal: AbortSignal): Promise<void> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
