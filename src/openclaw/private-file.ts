import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Logger } from "pino";
import { ClutchError } from "../errors.ts";

// Windows has neither modes nor owners of this kind; its profile directories are private by default.
const myUid = process.getuid?.();
const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;

/**
 * Reads a file that only its owner may read; undefined where there is none. A
 * file that others could read is narrowed to 0600, and the log says so. Throws
 * `bad_config` for a link, somebody else's file, or one that cannot be read.
 */
export function readPrivateFile(path: string, logger: Logger): string | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw unusable(path, codeOf(error) === "ELOOP" ? "is a link" : `cannot be read (${codeOf(error)})`, error);
  }
  try {
    const { uid, mode } = fstatSync(file);
    if (myUid !== undefined && uid !== myUid) throw unusable(path, "belongs to somebody else");
    if (myUid !== undefined && (mode & OTHERS) !== 0) {
      fchmodSync(file, 0o600);
      const was = (mode & 0o777).toString(8).padStart(4, "0");
      logger.warn(
        { path, was },
        `${path} could be read by others (mode ${was}); it is 0600 now. If somebody may have, delete it and pair again.`,
      );
    }
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

/** Writes the whole file at once, mode 0600: a crash leaves the old text or the new one. Throws `bad_config`. */
export function writePrivateFile(path: string, text: string): void {
  replace(path, text, (draft) => renameSync(draft, path));
}

/** As `writePrivateFile`, for a file that must not exist yet: false where another process was first. */
export function createPrivateFile(path: string, text: string): boolean {
  let created = true;
  replace(path, text, (draft) => {
    try {
      linkSync(draft, path);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      created = false;
    }
    rmSync(draft);
  });
  return created;
}

function replace(path: string, text: string, put: (draft: string) => void): void {
  const draft = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    makePrivateDirectory(dirname(path));
    const file = openSync(draft, "wx", 0o600);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    put(draft);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error instanceof ClutchError ? error : unusable(path, `cannot be written (${codeOf(error)})`, error);
  }
}

function makePrivateDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(path);
  if (myUid === undefined) return;
  // Whoever can write here can put another key in place of Clutch's.
  if (uid !== myUid) throw unusable(path, "belongs to somebody else");
  if ((mode & OTHERS_WRITE) !== 0) throw unusable(path, "can be written by others");
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "unexpected error";

const unusable = (path: string, why: string, cause?: unknown): ClutchError =>
  new ClutchError("bad_config", `${path} ${why}, so Clutch does not keep its device key there.`, {
    hint: "The directory must be yours alone: chown it to the user that Clutch runs as, and chmod 700.",
    cause,
  });
