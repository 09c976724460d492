/**
 * Gives what `source` gives until `signal` is aborted; then it ends at once,
 * even where the source pays no heed and its next piece never comes.
 */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void> {
  const pieces = source[Symbol.asyncIterator]();
  let stopWaiting = (): void => undefined;
  const onAbort = (): void => stopWaiting();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    while (!signal.aborted) {
      // A race with one promise for the whole time would keep every piece for as long as that is pending.
      const next = await new Promise<IteratorResult<T> | undefined>((resolve, reject) => {
        stopWaiting = () => resolve(undefined);
        pieces.next().then(resolve, reject);
      });
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    // Not awaited: it waits for the pending piece. What it throws then concerns nobody any more.
    pieces.return?.()?.catch(() => undefined);
  }
}
