import { randomUUID } from "node:crypto";
import { link, lstat, mkdir, readdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { Logger } from "pino";
import { z } from "zod";
import { ClutchError } from "../errors.ts";
import { endProcessesOf, identityOf, isRunning } from "../openclaw/process-table.ts";

/**
 * What is known on disk of this machine's sandboxes: one file each, beside the
 * sandbox's directory of the same name. It says whose it is, so that the next start
 * can clear away what a killed Clutch left, and, once the gateway is ready, how to
 * reach it, so that another terminal can join.
 */
const accessSchema = z.object({
  url: z.string(),
  token: z.string(),
  servers: z.record(z.string(), z.object({ kind: z.string(), baseUrl: z.string() })),
  demoProviders: z.array(z.string()),
  store: z.string(),
  /** Of the wall and the guard. */
  stateDirectory: z.string(),
});
const recordSchema = z.object({
  owner: z.object({ pid: z.number().int().positive(), startTime: z.string() }),
  // Another version may write it in another form; whose sandbox it is must be readable all the same.
  access: accessSchema.optional().catch(undefined),
});
type Record = z.output<typeof recordSchema>;

/** How to reach a sandbox. Keys of real model servers are not part of it: whoever joins has their own. */
export type SandboxAccess = z.output<typeof accessSchema>;

export interface SandboxRecord {
  /** The sandbox's own directory; nothing outside it is written. */
  readonly dir: string;
  publish(access: SandboxAccess): Promise<void>;
  /** Removes the directory too. */
  remove(): Promise<void>;
}

export const defaultRuntimeDir = (): string => join(tmpdir(), `clutch-sandbox-${process.getuid?.() ?? userInfo().uid}`);

/**
 * Makes the directory for sandboxes, closed to others, and returns its real path.
 * Throws `sandbox_failed` where it belongs to somebody else: what lies there would
 * be believed and run.
 */
export async function openRuntimeDir(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (await isOwnPrivateDir(path)) return realpath(path);
  throw new ClutchError(
    "sandbox_failed",
    `${path} is open to other people of this machine, so no sandbox can be kept there.`,
    {
      hint: "Remove it, or name another directory for temporary files in TMPDIR.",
    },
  );
}

/** Enters a new sandbox of this process. */
export async function createRecord(runtimeDir: string): Promise<SandboxRecord> {
  const owner = await identityOf(process.pid);
  if (owner === undefined) {
    throw new ClutchError(
      "sandbox_failed",
      "This system does not tell when a process was started, so a sandbox could not be cleaned up after a crash.",
    );
  }
  const name = await claimName(runtimeDir, { owner });
  const [file, dir] = [join(runtimeDir, `${name}.json`), join(runtimeDir, name)];
  await mkdir(dir, { mode: 0o700 });
  return {
    dir,
    publish: (access) => write(file, { owner, access: accessSchema.parse(access) }),
    async remove() {
      await rm(dir, REMOVE);
      await rm(file, { force: true });
    },
  };
}

/**
 * Ends and removes what sandboxes of processes that are gone have left. A sandbox
 * whose process still runs, which a later process with the same number is not, is
 * left alone.
 */
export async function cleanUpStale(runtimeDir: string, logger: Logger): Promise<void> {
  for (const name of await namesIn(runtimeDir)) {
    const file = join(runtimeDir, `${name}.json`);
    const record = await read(file);
    if (record !== undefined && (await isRunning(record.owner))) continue;
    const dir = join(runtimeDir, name);
    const left = await endProcessesOf(dir);
    if (left.length > 0) {
      logger.warn({ dir, pids: left }, "processes of an old sandbox could not be ended");
      continue;
    }
    await rm(dir, REMOVE);
    await rm(file, { force: true });
    logger.info({ dir }, "cleared away an old sandbox");
  }
}

/** The newest sandbox that is ready and whose process runs. */
export async function findRunningSandbox(runtimeDir: string = defaultRuntimeDir()): Promise<SandboxAccess | undefined> {
  if (!(await isOwnPrivateDir(runtimeDir).catch(() => false))) return undefined;
  const found: { access: SandboxAccess; at: number }[] = [];
  for (const name of await namesIn(runtimeDir)) {
    const file = join(runtimeDir, `${name}.json`);
    const record = await read(file);
    if (record?.access === undefined || !(await isRunning(record.owner))) continue;
    const at = await stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    found.push({ access: record.access, at });
  }
  return found.sort((a, b) => b.at - a.at)[0]?.access;
}

/** A gateway that was killed may still have been writing a moment ago. */
const REMOVE = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 } as const;

async function isOwnPrivateDir(path: string): Promise<boolean> {
  const { mode, uid, ...kind } = await lstat(path).then((stats) => ({
    mode: stats.mode,
    uid: stats.uid,
    isDirectory: stats.isDirectory(),
  }));
  const own = process.getuid === undefined || (uid === process.getuid() && (mode & 0o077) === 0);
  return kind.isDirectory && own;
}

async function namesIn(runtimeDir: string): Promise<string[]> {
  const entries = await readdir(runtimeDir);
  return entries.flatMap((entry) => /^(sandbox-\d+)\.json$/.exec(entry)?.[1] ?? []);
}

async function read(file: string): Promise<Record | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return undefined;
  }
}

/**
 * The lowest name that is free: OpenClaw leaves three empty lock files in /tmp for
 * every state directory it has ever seen, so there should be few.
 */
async function claimName(runtimeDir: string, record: Record): Promise<string> {
  const draft = join(runtimeDir, `${randomUUID()}.new`);
  await writeFile(draft, JSON.stringify(record), { mode: 0o600 });
  try {
    for (let number = 1; ; number += 1) {
      const name = `sandbox-${number}`;
      const isMine = await link(draft, join(runtimeDir, `${name}.json`)).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === "EEXIST") return false;
          throw error;
        },
      );
      if (isMine) return name;
    }
  } finally {
    await rm(draft, { force: true });
  }
}

/** Whole or not at all, since others may be reading. */
async function write(file: string, record: Record): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
  await rename(`${file}.new`, file);
}
