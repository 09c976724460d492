import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { type ConfigSource, checkConfigText, configPath } from "./config.ts";
import { ClutchError } from "./errors.ts";

/** The person's configuration as text, for the commands that edit it. */
export interface ConfigFile {
  readonly path: string;
  /** Undefined where there is none. */
  readonly text: string | undefined;
}

/** Throws `bad_config` where it is there and cannot be read or used. */
export function readConfigFile(source: ConfigSource): ConfigFile {
  const path = configPath(source);
  if (!existsSync(path)) return { path, text: undefined };
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw failed("bad_config", `The configuration ${path} cannot be read (${codeOf(error)}).`, error);
  }
  checkConfigText(text, path);
  return { path, text };
}

/**
 * Replaces the configuration in one step: a crash leaves the old text or the new
 * one. What Clutch could not start with is not written, nor is anything over what
 * somebody else wrote since it was read. A new file is 0600, one that was there
 * keeps its mode unless `mode` says otherwise. Throws `bad_config`,
 * `changed_meanwhile`, `store_failed`.
 */
export function writeConfigFile({ path, text }: ConfigFile, next: string, mode?: number): void {
  checkConfigText(next, path);
  const there = existsSync(path);
  // Somebody's link stays a link.
  const target = there ? realpathSync(path) : path;
  if ((there ? readFileSync(target, "utf8") : undefined) !== text) {
    throw new ClutchError("changed_meanwhile", `${path} was changed at the same moment; nothing was written.`, {
      hint: "Try again.",
    });
  }
  try {
    writeWhole(target, next, mode ?? (there ? statSync(target).mode & 0o777 : 0o600));
  } catch (error) {
    throw failed("store_failed", `${path} cannot be written (${codeOf(error)}); it is as it was.`, error);
  }
}

/** Writes a file whole or not at all; what is missing of its directory becomes 0700. */
export function writeWhole(path: string, text: string, mode: number): void {
  const draft = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const file = openSync(draft, "wx", mode);
    try {
      writeFileSync(file, text);
      // The umask may have taken from it.
      fchmodSync(file, mode);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "unexpected error";

const failed = (code: "bad_config" | "store_failed", message: string, cause: unknown): ClutchError =>
  new ClutchError(code, message, { hint: "Check the file's permissions and the space on its disk.", cause });
