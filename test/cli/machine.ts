import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { COMPILE_CACHE } from "../compile-cache.ts";

export const MAIN = join(import.meta.dirname, "../../src/main.ts");

/**
 * A machine as far as Clutch can tell: home, directory for temporary files and
 * working directory of its own, and an environment that knows nothing of the
 * person who runs the tests.
 */
export interface Machine {
  readonly dir: string;
  readonly home: string;
  readonly cwd: string;
  /** Runs `clutch ARGS`. */
  clutch(args: readonly string[], options?: RunOptions): Run;
  /** Runs another program there. */
  program(file: string, args: readonly string[], options?: RunOptions): Run;
  /** Runs `clutch ARGS` in a pseudo-terminal that `script` of util-linux opens. */
  clutchInTerminal(args: readonly string[], options?: RunOptions): Run;
  /** Every process that was started here and still runs, whatever became of its parent. */
  processes(): Promise<{ pid: number; command: string }[]>;
  /** Files in the home and among the temporary files; the cache of compiled code, which is to stay, left out. */
  files(): Promise<string[]>;
  /** Ends and removes everything. */
  clear(): Promise<void>;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** All of the input, or `open` to write it later. Default: none, as from /dev/null. */
  readonly input?: string;
  /** Another copy of `src/main.ts`. */
  readonly main?: string;
}

export interface Run {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  type(text: string): void;
  kill(signal: NodeJS.Signals): void;
  /** Waits until the output satisfies; throws with all that was printed when the run ends first or it takes too long. */
  sees(what: string | RegExp | ((stdout: string) => boolean), timeoutMs?: number): Promise<void>;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** For a sandbox to be ready, ms: 15 s on an idle machine of two cores, and Clutch itself gives up after 90. */
export const START_MS = 110_000;
/** For a test that starts one itself, ms. */
export const WITH_START_MS = 300_000;

export async function newMachine(): Promise<Machine> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), "clutch-cli-")));
  const [home, cwd, tmp] = [join(dir, "home"), join(dir, "cwd"), join(dir, "tmp")];
  for (const folder of [home, cwd, tmp]) await mkdir(folder);
  const environment = {
    PATH: "/usr/bin:/bin",
    LANG: "C.UTF-8",
    HOME: home,
    TMPDIR: tmp,
    // A closed port, lest a model server of this machine is found.
    OLLAMA_HOST: "127.0.0.1:1",
    NODE_COMPILE_CACHE: COMPILE_CACHE,
  };
  const start = (program: string, args: readonly string[], { env, input }: RunOptions): Run =>
    follow(program, args, { cwd, env: { ...environment, ...env } }, input);
  const machine: Machine = {
    dir,
    home,
    cwd,
    clutch: (args, options = {}) => start(process.execPath, [options.main ?? MAIN, ...args], options),
    program: (file, args, options = {}) => start(file, args, options),
    clutchInTerminal(args, options = {}) {
      const command = `stty cols 100 rows 40; exec ${[process.execPath, MAIN, ...args].join(" ")}`;
      const env = { TERM: "xterm-256color", SHELL: "/bin/sh", ...options.env };
      return start("script", ["-qec", command, "/dev/null"], { ...options, env, input: "open" });
    },
    processes: () => processesOf(dir),
    async files() {
      const found = await Promise.all(
        [home, tmp].map((folder) => readdir(folder, { recursive: true, withFileTypes: true })),
      );
      return found
        .flat()
        .filter((entry) => !entry.isDirectory())
        .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
        .filter((file) => !/^tmp\/clutch-sandbox-\d+\/compile-cache\//.test(file));
    },
    async clear() {
      for (const { pid } of await processesOf(dir)) process.kill(pid, "SIGKILL");
      await eventually(machine.processes, (left) => left.length === 0);
      await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
  return machine;
}

function follow(
  program: string,
  args: readonly string[],
  where: { readonly cwd: string; readonly env: Record<string, string> },
  input: string | undefined,
): Run {
  const child = spawn(program, args, { ...where, stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"] });
  const { stdin, stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("no pipes");
  const printed = { stdout: "", stderr: "" };
  stdout.setEncoding("utf8").on("data", (text: string) => {
    printed.stdout += text;
  });
  stderr.setEncoding("utf8").on("data", (text: string) => {
    printed.stderr += text;
  });
  stdin?.on("error", () => undefined);
  if (input !== undefined && input !== "open") stdin?.end(input);

  let over: number | NodeJS.Signals | undefined;
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      over = signal ?? code ?? 1;
      resolve(over);
    });
  });
  return {
    pid: child.pid ?? 0,
    stdout: () => printed.stdout,
    stderr: () => printed.stderr,
    type: (text) => void stdin?.write(text),
    kill: (signal) => void child.kill(signal),
    ended,
    async sees(what, timeoutMs = 60_000) {
      const satisfies = () =>
        typeof what === "function"
          ? what(printed.stdout)
          : typeof what === "string"
            ? printed.stdout.includes(what)
            : what.test(printed.stdout);
      const deadline = performance.now() + timeoutMs;
      while (!satisfies()) {
        if (over === undefined && performance.now() < deadline) {
          await sleep(20);
          continue;
        }
        const why = over === undefined ? `within ${timeoutMs / 1000} s` : `before it ended (${over})`;
        throw new Error(`${what} was not seen ${why}:\n${printed.stdout}\n${printed.stderr}`);
      }
    },
  };
}

/** Runs it to its end. */
export async function finished(run: Run): Promise<{ code: number | NodeJS.Signals; stdout: string; stderr: string }> {
  const code = await run.ended;
  return { code, stdout: run.stdout(), stderr: run.stderr() };
}

/** Asks until the answer satisfies, 20 s at most, and gives the last answer. */
export async function eventually<T>(ask: () => Promise<T>, satisfies: (answer: T) => boolean): Promise<T> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const answer = await ask();
    if (satisfies(answer) || performance.now() > deadline) return answer;
    await sleep(50);
  }
}

/** Every process that Clutch starts has a directory of its machine in its environment. */
async function processesOf(dir: string): Promise<{ pid: number; command: string }[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
      if (!environment.includes(dir)) return [];
      const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      return [{ pid: Number(pid), command: command.replaceAll("\0", " ").trim() }];
    }),
  );
  return found.flat();
}
