import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { ClutchError } from "../errors.ts";
import { findDamage } from "./sqlite-damage.ts";
import { sqliteError } from "./sqlite-error.ts";

/** A copy of a SQLite store, beside it, as it was at one moment. */
export interface Backup {
  readonly path: string;
  /** Epoch ms, of the second in which it was made. */
  readonly at: number;
}

/** How many are kept. */
const KEPT = 3;
/** All pages in one go, so that what is written meanwhile does not begin it anew. */
const ALL_PAGES = 2 ** 31 - 1;
/** A draft that is older, ms, was left by a process that died. */
const ABANDONED_MS = 60 * 60_000;

/**
 * Copies the SQLite store at `file` while it is in use, mode 0600, looks through the
 * copy, and deletes all but the newest three. Throws `store_failed`, and leaves no
 * part of a copy, where the disk is full or the store is damaged.
 */
export async function backUp(file: string, now: number): Promise<Backup> {
  const draft = `${file}.backup-draft-${randomBytes(4).toString("hex")}`;
  const path = `${file}.backup-${stamp(now)}`;
  try {
    closeSync(openSync(draft, "wx", 0o600));
    const source = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
    try {
      await backup(source, draft, { rate: ALL_PAGES });
    } finally {
      source.close();
    }
    const damage = await findDamage(draft);
    if (damage !== undefined) throw damaged(file, damage);
    flush(draft);
    renameSync(draft, path);
    flush(dirname(file));
  } catch (thrown) {
    rmSync(draft, { force: true });
    throw sqliteError(thrown, file);
  }
  // One that lies ahead was made before the clock was set back, so it is older than this one.
  const byAge = listBackups(file).toSorted((one, other) => Number(one.at > now) - Number(other.at > now));
  for (const { path: old } of byAge.slice(KEPT)) rmSync(old, { force: true });
  for (const left of besides(file, "backup-draft-")) {
    if (now - statSync(left).mtimeMs > ABANDONED_MS) rmSync(left, { force: true });
  }
  return { path, at: momentOf(stamp(now)) ?? now };
}

/** Newest first, by their names. */
export function listBackups(file: string): readonly Backup[] {
  return besides(file, "backup-")
    .flatMap((path): Backup[] => {
      const at = momentOf(path.slice(`${file}.backup-`.length));
      return at === undefined ? [] : [{ path, at }];
    })
    .sort((one, other) => other.at - one.at);
}

/** `20261128T221500Z`. */
export const stamp = (at: number): string => new Date(at).toISOString().replace(/[-:]|\.\d+/g, "");

function momentOf(text: string): number | undefined {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(at) ? undefined : at;
}

function besides(file: string, kind: string): readonly string[] {
  const prefix = `${basename(file)}.${kind}`;
  try {
    return readdirSync(dirname(file))
      .filter((name) => name.startsWith(prefix))
      .map((name) => join(dirname(file), name));
  } catch {
    return [];
  }
}

/** What was written, or renamed in a folder, is on the disk after this. Never for a store that is open: see `openSqlite`. */
export function flush(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

const damaged = (file: string, damage: string): ClutchError =>
  new ClutchError("store_failed", `The store ${file} is damaged (${damage}), so no backup was made of it.`, {
    hint: "Start Clutch again: it sets the file aside and restores the newest good backup.",
  });

const LOCK_WAIT_MS = 5_000;
