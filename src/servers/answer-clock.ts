import type { Timings } from "./model-server.ts";

interface AnswerClock {
  /** To be called for every piece of the answer; the first one counts. */
  piece(): void;
  read(): Pick<Timings, "firstTokenMs" | "totalMs">;
}

/** Times one answer as it is seen from here, from this call on. */
export function startAnswerClock(): AnswerClock {
  const start = performance.now();
  let firstTokenMs: number | undefined;
  return {
    piece() {
      firstTokenMs ??= performance.now() - start;
    },
    read: () => ({ totalMs: performance.now() - start, ...(firstTokenMs === undefined ? {} : { firstTokenMs }) }),
  };
}
