import { closeSync, openSync, renameSync, rmSync, type Stats, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { flush, stamp } from "./backups.ts";
import { type MendedStore, reportOf } from "./mend-store.ts";
import { fileLost, sqliteError } from "./sqlite-error.ts";

/**
 * The file of a database that is open. SQLite does not notice that it was deleted,
 * replaced or cut: it goes on with what it holds, and what it writes is nowhere once
 * the process ends.
 */
export interface HeldFile {
  /** Throws `store_failed` where the path does not lead to the whole file any more. Takes some microseconds. */
  check(): void;
  /**
   * Closes the database. What is in a file that was deleted is written to its path
   * anew; what is in one that was replaced is kept beside the other.
   */
  close(): void;
}

/** `database` has the file at `path` open, which must not be closed by anything else while it has. */
export function holdFile(database: DatabaseSync, path: string): HeldFile {
  const held = statSync(path);
  let largest = held.size;
  const look = (): Stats | undefined => statSync(path, { throwIfNoEntry: false });
  const isHeld = (now: Stats): boolean => now.ino === held.ino && now.dev === held.dev;

  return {
    check() {
      const now = look();
      if (now === undefined || !isHeld(now)) throw sqliteError(fileLost("GONE"), path);
      if (now.size < largest) throw sqliteError(fileLost("SHORT"), path);
      largest = now.size;
    },
    close() {
      const now = look();
      const isLost = now === undefined || !isHeld(now);
      const draft = `${path}.rescued`;
      const isRescued = isLost && rescue(database, draft);
      database.close();
      if (!isLost) return;
      // Its log would be taken for that of the file which is there now.
      for (const companion of ["-wal", "-shm"]) rmSync(`${path}${companion}`, { force: true });
      if (isRescued) bringBack(draft, path, now !== undefined);
    },
  };
}

/** False where it cannot be written; the backups are left then. */
function rescue(database: DatabaseSync, draft: string): boolean {
  try {
    rmSync(draft, { force: true });
    // SQLite takes a file that is empty, and would make one that everybody may read.
    closeSync(openSync(draft, "wx", 0o600));
    database.prepare("vacuum into ?").run(draft);
    flush(draft);
    return true;
  } catch {
    rmSync(draft, { force: true });
    return false;
  }
}

function bringBack(draft: string, path: string, isReplaced: boolean): void {
  const setAside = isReplaced ? `${path}.replaced-${stamp(Date.now())}` : null;
  const found = isReplaced ? "replaced" : "deleted";
  const report: MendedStore = { file: path, damage: null, setAside, restored: null, found };
  writeFileSync(reportOf(path), JSON.stringify(report), { mode: 0o600 });
  renameSync(draft, setAside ?? path);
  flush(dirname(path));
}
