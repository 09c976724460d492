/** Work that goes on after its request was acknowledged. */
export interface Jobs {
  /** Begins the work, unless `close` was called. */
  run(work: () => Promise<void>): void;
  /** Nothing more begins. */
  close(): void;
  /** Resolves once all that has begun is over. */
  idle(): Promise<void>;
}

export function createJobs(onFault: (thrown: unknown) => void): Jobs {
  const under = new Set<Promise<void>>();
  let closed = false;
  return {
    run(work) {
      if (closed) return;
      const job: Promise<void> = work()
        .catch(onFault)
        .finally(() => under.delete(job));
      under.add(job);
    },
    close() {
      closed = true;
    },
    async idle() {
      while (under.size > 0) await Promise.all(under);
    },
  };
}
