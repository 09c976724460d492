import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** A process that can be told from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In the system's own terms: clock ticks since boot on Linux, a date elsewhere. */
  readonly startTime: string;
}

/** An environment variable that every process of a private gateway inherits, so that none gets lost, whatever its parent or group. */
export const MARK = "CLUTCH_GATEWAY_DIR";

const HAS_PROC = process.platform === "linux";
const run = promisify(execFile);
const ps = async (...args: string[]): Promise<string> =>
  (await run("ps", args, { timeout: 5_000, maxBuffer: 64 << 20 }).catch(() => ({ stdout: "" }))).stdout;

/** Undefined where there is no such process, or it has ended and only waits to be collected. */
export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  if (!HAS_PROC) {
    const startTime = (await ps("-o", "lstart=", "-p", String(pid))).trim();
    return startTime === "" ? undefined : { pid, startTime };
  }
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // proc(5): the name in brackets may hold anything, so count from its end; state is field 3, start time field 22.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, startTime] = [fields[0], fields[19]];
  return state === undefined || startTime === undefined || "ZX".includes(state) ? undefined : { pid, startTime };
}

export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identityOf(identity.pid))?.startTime === identity.startTime;
}

/** The processes of this user whose environment says that they belong to the gateway in `dir`. */
export async function processesOf(dir: string): Promise<number[]> {
  const mark = `${MARK}=${dir}`;
  if (!HAS_PROC) {
    const lines = (await ps("-axEww", "-o", "pid=,command="))
      .split("\n")
      .filter((line) => ` ${line} `.includes(` ${mark} `));
    return lines.map((line) => Number.parseInt(line, 10)).filter(Number.isSafeInteger);
  }
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      // Unreadable where it is another user's, or gone meanwhile.
      const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
      return environment.split("\0").includes(mark) ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}

/**
 * Ends, by SIGKILL, every process of the gateway in `dir` but `except`, and waits
 * until they are gone. Only a process whose environment names `dir` at that very
 * moment is touched. Returns those still there after `timeoutMs`.
 */
export async function endProcessesOf(
  dir: string,
  options: { readonly except?: number; readonly timeoutMs?: number } = {},
): Promise<number[]> {
  const deadline = performance.now() + (options.timeoutMs ?? 5_000);
  for (;;) {
    const left = (await processesOf(dir)).filter((pid) => pid !== options.except);
    if (left.length === 0 || performance.now() > deadline) return left;
    for (const pid of left) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // Gone by itself.
      }
    }
    await sleep(50);
  }
}
