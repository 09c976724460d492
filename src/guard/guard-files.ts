import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { ClutchError } from "../errors.ts";

/** How the copy that OpenClaw loads stands to the one that came with this Clutch. */
export type GuardCopy = "absent" | "same" | "different";

/**
 * The copy of the guard that OpenClaw loads. `path` is a link to a directory of one
 * version, written completely before the link is turned, so that a gateway that
 * starts at any moment, a crash included, finds one version whole.
 */
export interface GuardFiles {
  /** What OpenClaw's configuration names. */
  readonly path: string;
  /** Where the guard is that came with this Clutch. */
  readonly source: string;
  /** Of the guard that came with this Clutch. */
  readonly version: string;
  look(): GuardCopy;
  /** Writes the copy unless it is the same. `putBack` brings back what was there before. Throws `store_failed`. */
  write(): { readonly changed: boolean; putBack(): void };
  /** Removes versions that nothing refers to. */
  sweep(): void;
  /** Removes the copy, the guard's own state and its record of calls. */
  remove(): void;
  /** Whether the state on the disk keeps any turn local; one that cannot be understood does. */
  holds(): boolean;
}

const LINK = "plugin";
const STATE = "guard.json";
/** Of the record of calls, both its files. */
const CALLS = "calls.jsonl";
/** Of a version's directory, which nothing else is named like. */
const VERSION = "version-";

/**
 * Throws `bad_config` where this Clutch came without its guard.
 * @param directory Where the guard's state and its copy are.
 * @param from Where to begin looking for the guard that came with Clutch, upward.
 */
export function createGuardFiles(directory: string, from: string = import.meta.dirname): GuardFiles {
  const source = sourceAbove(from);
  const ours = readCopy(source);
  const path = join(directory, LINK);
  const target = (): string | undefined => (lstat(path)?.isSymbolicLink() === true ? readlinkSync(path) : undefined);

  /** Gives what a directory that stood in the link's place is called now. */
  const turnLink = (name: string): string | undefined => {
    const moved = lstat(path)?.isDirectory() === true ? `${VERSION}by-hand-${Date.now()}` : undefined;
    const draft = join(directory, `${LINK}.${randomBytes(6).toString("hex")}.tmp`);
    symlinkSync(name, draft, "dir");
    try {
      // What somebody put there by hand cannot be replaced by a link in one step.
      if (moved !== undefined) renameSync(path, join(directory, moved));
      renameSync(draft, path);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
    sync(directory);
    return moved;
  };

  const writeVersion = (): string => {
    const home = mkdtempSync(join(directory, VERSION));
    for (const [name, content] of ours) {
      const file = openSync(join(home, name), "wx", 0o644);
      try {
        writeFileSync(file, content);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      chmodSync(join(home, name), 0o644);
    }
    chmodSync(home, 0o755);
    sync(home);
    return basename(home);
  };

  const look = (): GuardCopy => {
    if (!existsSync(join(path, "openclaw.plugin.json"))) return "absent";
    try {
      const theirs = readCopy(path);
      const isSame = theirs.size === ours.size && [...ours].every(([name, text]) => theirs.get(name) === text);
      return isSame ? "same" : "different";
    } catch {
      return "different";
    }
  };

  const sweep = (): void => {
    const used = target();
    for (const name of list(directory)) {
      if (name.startsWith(VERSION) && name !== used) rmSync(join(directory, name), { recursive: true, force: true });
    }
  };

  return {
    path,
    source,
    version: versionOf(ours),
    look,
    write() {
      if (look() === "same") return { changed: false, putBack: () => undefined };
      try {
        ownDirectory(directory);
        const linked = target();
        const former = turnLink(writeVersion()) ?? linked;
        return {
          changed: true,
          putBack() {
            if (former === undefined || !existsSync(join(directory, former))) rmSync(path, { force: true });
            else turnLink(former);
            sweep();
          },
        };
      } catch (thrown) {
        throw thrown instanceof ClutchError ? thrown : notWritten(directory, thrown);
      }
    },
    sweep,
    remove() {
      rmSync(path, { recursive: lstat(path)?.isDirectory() === true, force: true });
      sweep();
      for (const name of list(directory)) {
        if (name.startsWith(STATE) || name.startsWith(CALLS)) rmSync(join(directory, name), { force: true });
      }
      if (existsSync(directory) && list(directory).length === 0) rmdirSync(directory);
    },
    holds() {
      const file = join(directory, STATE);
      if (lstat(file) === undefined) return false;
      try {
        const { kept } = released.parse(JSON.parse(readFileSync(file, "utf8")));
        return Object.keys(kept).length > 0;
      } catch {
        return true;
      }
    },
  };
}

/** Lies beside `src` and beside `dist`. */
function sourceAbove(from: string): string {
  for (let directory = from; ; directory = dirname(directory)) {
    const guard = join(directory, "guard");
    if (existsSync(join(guard, "openclaw.plugin.json"))) return guard;
    if (dirname(directory) === directory) throw withoutGuard();
  }
}

/** Every file that OpenClaw loads, by name; throws where one is no plain file. */
function readCopy(directory: string): ReadonlyMap<string, string> {
  const names = readdirSync(directory).filter((name) => /\.js$|^package\.json$|^openclaw\.plugin\.json$/.test(name));
  return new Map(
    names.sort().map((name) => {
      const file = join(directory, name);
      if (lstat(file)?.isFile() !== true) throw new Error(`${file} is no plain file`);
      return [name, readFileSync(file, "utf8")];
    }),
  );
}

const packageJson = z.looseObject({ version: z.string() });
const versionOf = (copy: ReadonlyMap<string, string>): string =>
  packageJson.parse(JSON.parse(copy.get("package.json") ?? "{}")).version;

/** The state of a guard that is off. */
const released = z.looseObject({
  version: z.literal(1),
  on: z.literal(false),
  kept: z.record(z.string(), z.unknown()),
});

/** Nothing is written through a link, or into what others may write to. */
function ownDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = lstat(directory);
  const isOurs = process.getuid === undefined || found?.uid === process.getuid();
  if (found?.isDirectory() === true && isOurs && (found.mode & 0o022) === 0) return;
  throw new ClutchError("bad_config", `${directory} is a link, or others may write to it.`, {
    hint: "What lies there decides where turns go: make it a directory that only you may write to.",
  });
}

const lstat = (path: string) => lstatSync(path, { throwIfNoEntry: false });
const list = (directory: string): string[] => (lstat(directory)?.isDirectory() ? readdirSync(directory) : []);

/** A new name must be on the disk too, or a power cut takes it away. */
function sync(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

const withoutGuard = (): ClutchError =>
  new ClutchError("bad_config", "The guard did not come with this copy of Clutch.", {
    hint: "Install Clutch again: npm install --global openclaw-clutch.",
  });

const notWritten = (directory: string, cause: unknown): ClutchError =>
  new ClutchError("store_failed", `The guard cannot be written to ${directory} (${codeOf(cause)}).`, {
    hint: "Check the directory's permissions and the space on its disk.",
    cause,
  });

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "unexpected error";
