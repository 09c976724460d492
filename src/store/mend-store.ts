import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { ClutchError } from "../errors.ts";
import { type Backup, flush, listBackups, stamp } from "./backups.ts";
import { damageOf, findDamage, isEmptyFile } from "./sqlite-damage.ts";
import { isLocked, sqliteError } from "./sqlite-error.ts";
import { storeFile } from "./store-file.ts";

const report = z.object({
  file: z.string(),
  /** In words; null where the file was gone. */
  damage: z.string().nullable(),
  /** Where the damaged file is kept; null where there was none. */
  setAside: z.string().nullable(),
  /** What was put in its place: a backup and its moment, epoch ms; null where there was no good one. */
  restored: z.object({ path: z.string(), at: z.number() }).nullable(),
  /**
   * What the process found that had the file open: it was deleted, and was written anew
   * with all that was in it; or it was replaced by another one, and is kept beside that.
   */
  found: z.enum(["deleted", "replaced"]).optional(),
});

/** A store that was found damaged, and what became of it. */
export type MendedStore = z.output<typeof report>;

/**
 * Looks through the SQLite store at `file` before it is opened. One that is damaged is
 * set aside, never deleted, and the newest good backup takes its place, or nothing
 * where there is none: the next to open it begins a new one. Where the file is gone
 * and a backup is not, that takes its place as well. Undefined where it was sound,
 * and nobody has to be told of an earlier time either.
 *
 * May be killed at any moment: the file in its place is the damaged one, which is
 * mended the next time, or the backup, whole. What was done is written down beside
 * it until `forgetMended`.
 */
export async function mendStore(file: string, now: number): Promise<MendedStore | undefined> {
  const isThere = existsSync(file);
  const damage = isThere ? await brokenness(file) : null;
  if (damage === undefined) return readReport(file);
  const restored = (await newestGood(file)) ?? null;
  // The first start, or one before which another was killed that had nothing to put there.
  if (!isThere && restored === null) return readReport(file);
  const setAside = isThere ? `${file}.damaged-${stamp(now)}` : null;
  const mended = { file, damage, setAside, restored };
  try {
    writeFileSync(reportOf(file), JSON.stringify(mended), { mode: 0o600 });
  } catch (thrown) {
    throw sqliteError(thrown, file);
  }
  replace(file, restored?.path, setAside ?? undefined);
  return mended;
}

/**
 * For who opens a store without looking through it first. Throws `store_failed` where
 * the file at `url` is gone and backups of it are not: nobody begins a new one unseen.
 */
export function refuseGone(url: string, cwd?: string): void {
  const file = storeFile(url, cwd);
  if (file === undefined || !isGone(file)) return;
  throw new ClutchError("store_failed", `The store ${file} is gone, and backups of it are there; nothing was done.`, {
    hint: "`clutch start` puts the newest good one in its place, and so does: clutch store restore. To begin a new store, move the backups away.",
  });
}

/** Whoever had to hear of it has. */
export const forgetMended = (file: string): void => rmSync(reportOf(file), { force: true });

/**
 * Puts a backup in the place of the store at `file`, which is set aside; gives where
 * to. Throws `store_failed`, and changes nothing, where the backup is not sound, or
 * another process has the store open.
 */
export async function restoreStore(file: string, backup: string, now: number): Promise<string | undefined> {
  if (!(await isGood(backup))) {
    throw new ClutchError("store_failed", `${backup} is no sound backup of a store; nothing was changed.`, {
      hint: "Name another one. They lie beside the store, with the moment of each in its name.",
    });
  }
  if (!existsSync(file)) {
    replace(file, backup, undefined);
    return undefined;
  }
  if (damageOf(file) === undefined) takeOutOfUse(file);
  const setAside = `${file}.before-restore-${stamp(now)}`;
  replace(file, backup, setAside);
  return setAside;
}

async function brokenness(file: string): Promise<string | undefined> {
  if (isEmptyFile(file)) return listBackups(file).length > 0 ? "it is empty" : undefined;
  const damage = await findDamage(file);
  // A file of another kind that is named by mistake is left to its owner.
  return damage === undefined || listBackups(file).length > 0 || isStore(file) ? damage : undefined;
}

/** Begins as SQLite's files do, or with zeros. */
function isStore(file: string): boolean {
  const head = Buffer.alloc(16);
  const handle = openSync(file, "r");
  try {
    readSync(handle, head, 0, head.length, 0);
  } finally {
    closeSync(handle);
  }
  return head.toString("latin1") === "SQLite format 3\0" || head.every((byte) => byte === 0);
}

/** The newest backup that is whole. */
export async function newestGood(file: string): Promise<Backup | undefined> {
  for (const backup of listBackups(file)) {
    if (await isGood(backup.path)) return backup;
  }
  return undefined;
}

async function isGood(path: string): Promise<boolean> {
  try {
    return existsSync(path) && !isEmptyFile(path) && (await findDamage(path)) === undefined;
  } catch {
    return false;
  }
}

/** Leaves one file, with all that was written; another process that has it open refuses this. */
function takeOutOfUse(file: string): void {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec("pragma journal_mode = delete");
  } catch (thrown) {
    if (!isLocked(thrown)) throw sqliteError(thrown, file);
    throw new ClutchError("store_failed", `The store ${file} is in use by another process; nothing was changed.`, {
      hint: "Stop Clutch, then try again.",
    });
  } finally {
    database.close();
  }
}

/** In an order that leaves, whenever it ends, the former file or the backup in its place. */
function replace(file: string, backup: string | undefined, setAside: string | undefined): void {
  const draft = `${file}.restoring`;
  try {
    rmSync(draft, { force: true });
    if (backup !== undefined) {
      copyFileSync(backup, draft);
      chmodSync(draft, 0o600);
      flush(draft);
    }
    if (setAside !== undefined) {
      keep(file, setAside);
      if (existsSync(`${file}-wal`)) keep(`${file}-wal`, `${setAside}-wal`);
    }
    for (const companion of ["-wal", "-shm"]) rmSync(`${file}${companion}`, { force: true });
    if (backup === undefined) rmSync(file, { force: true });
    else renameSync(draft, file);
    flush(dirname(file));
  } catch (thrown) {
    rmSync(draft, { force: true });
    throw sqliteError(thrown, file);
  }
}

/** A second name for it; a copy where the file system knows no such thing. */
function keep(file: string, as: string): void {
  try {
    linkSync(file, as);
  } catch {
    copyFileSync(file, as);
  }
}

/** A store that nobody has begun has no backups. */
export const isGone = (file: string): boolean => !existsSync(file) && listBackups(file).length > 0;
export const GONE = "the file is gone, and backups of it are there";

/** Where it is written down until somebody was told. */
export const reportOf = (file: string): string => `${file}.mended.json`;

function readReport(file: string): MendedStore | undefined {
  try {
    return report.parse(JSON.parse(readFileSync(reportOf(file), "utf8")));
  } catch {
    return undefined;
  }
}
