import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach } from "vitest";
import { openStore, type Store } from "../../src/store/open-store.ts";

const undo: (() => unknown)[] = [];

afterEach(async () => {
  for (const action of undo.splice(0).reverse()) await action();
});

export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "clutch-store-"));
  // Tests that give up root's rights must still be able to come in.
  chmodSync(folder, 0o755);
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const tempFile = (): string => join(tempFolder(), "clutch.db");

/** A store that is closed after the test, with a clock that stands until it is set. */
export async function openTemp(
  url = `sqlite:${tempFile()}`,
): Promise<{ store: Store; url: string; time: { now: number } }> {
  const time = { now: 1_000 };
  const store = await openStore(url, { clock: () => time.now });
  undo.push(() => store.close());
  return { store, url, time };
}

export const STORE_CHILD = join(import.meta.dirname, "store-child.ts");

interface StoreChild {
  readonly process: ChildProcessWithoutNullStreams;
  /** The next line that it prints; undefined when it has ended. */
  line(): Promise<string | undefined>;
  /** Resolves when it has ended, with the lines that were not asked for yet. */
  end(): Promise<readonly string[]>;
}

/** Another process at work on the same store; killed after the test if it still runs. */
export function startStoreChild(task: string, url: string, options: { uid?: number } = {}): StoreChild {
  const child = spawn(process.execPath, [STORE_CHILD, task, url], { ...options, cwd: "/" });
  undo.push(() => child.kill("SIGKILL"));
  child.stderr.pipe(process.stderr);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => {
    const next = await lines.next();
    return next.done === true ? undefined : next.value;
  };
  return {
    process: child,
    line,
    async end() {
      const rest: string[] = [];
      for (let next = await line(); next !== undefined; next = await line()) rest.push(next);
      return rest;
    },
  };
}
