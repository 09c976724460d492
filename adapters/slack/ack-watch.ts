import type { Logger } from "pino";

/** Slack shows "operation_timeout" to the person after this, ms. */
const ACK_DEADLINE_MS = 3_000;

/** Notices requests from Slack that nobody acknowledged in time. Bolt's socket mode has no such watch. */
export interface AckWatch {
  /** Acknowledgements missed since the start. */
  readonly missed: number;
  /** Begins to watch a request; call what it returns when the request is acknowledged. */
  watch(what: string): () => void;
  /** For a receiver that watches by itself. */
  miss(what: string): void;
}

export function createAckWatch(
  logger: Logger,
  {
    deadlineMs = ACK_DEADLINE_MS,
    onAcknowledged,
  }: {
    readonly deadlineMs?: number;
    /** Told how long each took, ms. */
    readonly onAcknowledged?: ((ms: number) => void) | undefined;
  } = {},
): AckWatch {
  let missed = 0;
  const miss = (what: string): void => {
    missed += 1;
    logger.error({ what, missed }, "a request from Slack was not acknowledged in time; the person saw a timeout");
  };
  return {
    get missed() {
      return missed;
    },
    miss,
    watch(what) {
      const timer = setTimeout(miss, deadlineMs, what);
      timer.unref();
      const began = performance.now();
      return () => {
        clearTimeout(timer);
        onAcknowledged?.(performance.now() - began);
      };
    },
  };
}
