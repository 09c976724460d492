/** How many rows one statement writes or reads: 20 columns of each stay below SQLite's 32,766 values, PostgreSQL's 65,535. */
export const BATCH = 500;

/** The same items, at most `BATCH` at a time. */
export function* inBatches<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += BATCH) yield items.slice(from, from + BATCH);
}
