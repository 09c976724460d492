/**
 * Gives what `source` gives until `signal` is aborted; then it ends at once,
 * even where the source pays no heed and its next piece never comes.
 */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void> {
  const pieces = source[Symbol.asyncIterator]();
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
  const onAbort = (): void => resolve(undefined);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    while (!signal.aborted) {
      const next = await Promise.race([pieces.next(), aborted]);
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    // Not awaited: it waits for the pending piece. What it throws then concerns nobody any more.
    pieces.return?.()?.catch(() => undefined);
  }
}
