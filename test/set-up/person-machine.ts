import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { PassThrough, Writable } from "node:stream";
import type { ExitCode, Runtime } from "../../src/cli/runtime.ts";

/** A home and a working directory of their own, and what was printed there. */
export interface PersonMachine {
  readonly dir: string;
  readonly home: string;
  readonly cwd: string;
  /** Of the next commands. */
  readonly env: Record<string, string>;
  /** Runs a subcommand as `main.ts` calls it. */
  run(command: (runtime: Runtime) => Promise<ExitCode>): Promise<Shown>;
  /** Every file there is, with the directory left out of its name. */
  files(): readonly string[];
  clear(): void;
}

export interface Shown {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

export function personMachine(): PersonMachine {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "clutch-person-")));
  const [home, cwd] = [join(dir, "home"), join(dir, "work")];
  for (const folder of [home, cwd]) mkdirSync(folder);
  const env: Record<string, string> = { NO_COLOR: "1" };
  return {
    dir,
    home,
    cwd,
    env,
    async run(command) {
      const printed = { out: "", err: "" };
      const into = (name: "out" | "err") =>
        new Writable({
          write(chunk, _, done) {
            printed[name] += String(chunk);
            done();
          },
        });
      const code = await command({
        env: { ...env },
        cwd,
        home,
        stdin: new PassThrough(),
        stdout: into("out"),
        stderr: into("err"),
        fetch: globalThis.fetch,
        clock: Date.now,
        signal: new AbortController().signal,
      });
      return { code, ...printed };
    },
    files: () =>
      readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
        .sort(),
    clear: () => rmSync(dir, { recursive: true, force: true }),
  };
}
