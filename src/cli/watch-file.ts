import { type Stats, unwatchFile, watchFile } from "node:fs";

/** How often the file is looked at, ms. By its name, so that one that is put in its place counts as well. */
const LOOK_MS = 2_000;
/** Until it is taken for written, ms. */
const SETTLE_MS = 300;

/** Calls `onChange` after each change of a file, and after it came or went, until the function that it returns is called. */
export function watchFileAt(path: string, onChange: () => void, lookMs: number = LOOK_MS): () => void {
  let timer: NodeJS.Timeout | undefined;
  const look = (now: Stats, before: Stats): void => {
    if (now.mtimeMs === before.mtimeMs && now.size === before.size && now.ino === before.ino) return;
    clearTimeout(timer);
    timer = setTimeout(onChange, SETTLE_MS).unref();
  };
  watchFile(path, { interval: lookMs, persistent: false }, look);
  return () => {
    clearTimeout(timer);
    unwatchFile(path, look);
  };
}
