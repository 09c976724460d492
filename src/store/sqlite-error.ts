import { z } from "zod";
import { ClutchError } from "../errors.ts";

const CONFIG = '"store" in clutch.config.json';
const NOT_WRITABLE = [
  "cannot be written",
  `Give the user that runs Clutch write access to the file and its folder, or name another path under ${CONFIG}.`,
] as const;
const NO_SUCH_PLACE = ["cannot be opened there", `Name a file in a folder that can be used under ${CONFIG}.`] as const;

/** What went wrong and what to do about it, by SQLite's primary result code or by the file system's code. */
const PROBLEMS: Readonly<Record<string, readonly [problem: string, hint: string]>> = {
  "5": ["is locked by another process", "Wait for the other process to finish, or stop it, and try again."],
  "8": NOT_WRITABLE,
  "10": ["could not be read or written: the disk reports an error", "Check the disk, then start Clutch again."],
  "11": [
    "is damaged",
    "A running `clutch start` sets the file aside and restores the newest good backup, and so does the next one.",
  ],
  "13": ["could not be written: the disk is full", "Free some space, then try again."],
  "14": NO_SUCH_PLACE,
  "26": [
    "is not a database: the file holds something else",
    `Name another path under ${CONFIG}, or move the file away.`,
  ],
  STORE_GONE: [
    "was deleted or replaced while Clutch had it open, so nothing more was read or written",
    "A running `clutch start` opens it anew within a minute. Look with: clutch store check",
  ],
  STORE_SHORT: [
    "was cut while Clutch had it open, so nothing more was read or written",
    "A running `clutch start` looks through it and restores the newest good backup, and so does the next one.",
  ],
  EACCES: NOT_WRITABLE,
  EPERM: NOT_WRITABLE,
  EROFS: NOT_WRITABLE,
  EDQUOT: ["could not be written: the disk's quota is used up", "Free some space, then try again."],
  EFBIG: ["could not be written: the file may not grow any further", "Raise the limit for the size of files."],
  ENOSPC: ["could not be created: the disk is full", "Free some space, then try again."],
  EEXIST: NO_SUCH_PLACE,
  ENOENT: NO_SUCH_PLACE,
  ENOTDIR: NO_SUCH_PLACE,
};

const Thrown = z.object({ code: z.string(), errcode: z.number().optional() });

/**
 * Turns what SQLite or the file system throws for reasons outside this program
 * (locked, full, damaged, not writable) into `store_failed` with the path and a
 * remedy. Anything else comes back as it is: it is a fault of the program.
 * SQLite's codes: https://www.sqlite.org/rescode.html, the primary one is the low byte.
 */
export function sqliteError(thrown: unknown, place: string): unknown {
  const { data } = Thrown.safeParse(thrown);
  if (data === undefined) return thrown;
  const problem = PROBLEMS[data.errcode === undefined ? data.code : String(data.errcode & 0xff)];
  if (problem === undefined) return thrown;
  return new ClutchError("store_failed", `The store ${place} ${problem[0]}.`, { hint: problem[1], cause: thrown });
}

/** What happened to the file of a database that is open, which SQLite does not notice. */
export const fileLost = (how: "GONE" | "SHORT"): Error =>
  Object.assign(new Error("the file of the store is not what was opened"), { code: `STORE_${how}` });

/** What is said of a file whose content is broken or not there any more, in words; undefined for anything else. */
export function damageIn(thrown: unknown): string | undefined {
  const { data } = Thrown.safeParse(thrown);
  if (data?.code === "STORE_GONE") return "it is not the file that was opened";
  if (data?.code === "STORE_SHORT") return "it is shorter than it was";
  const code = data?.errcode === undefined ? undefined : data.errcode & 0xff;
  if (code === 11) return "its pages do not fit together";
  return code === 26 ? "it does not begin as a database does" : undefined;
}

/** True where another connection holds the lock that was needed. */
export const isLocked = (thrown: unknown): boolean => {
  const { data } = Thrown.safeParse(thrown);
  return data?.errcode !== undefined && (data.errcode & 0xff) === 5;
};
