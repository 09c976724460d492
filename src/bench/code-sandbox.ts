import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { z } from "zod";
import { ClutchError } from "../errors.ts";
import { type CodeJob, patienceMs, type SandboxLine } from "./code-job.ts";

/** What came of one call. */
export type CallOutcome =
  /** The value as `code-sandbox-guest.ts` writes it. */
  | { readonly kind: "returned"; readonly value: unknown }
  | { readonly kind: "threw"; readonly what: string }
  /** No time, stack or memory was left, or there was nothing to call. */
  | { readonly kind: "failed"; readonly why: string };

/** Each run is a process; how many there are at a time is up to the caller. */
export type RunCode = (job: CodeJob, signal?: AbortSignal) => Promise<readonly CallOutcome[]>;

/** Processor time of all cases of an item, ms. */
export const CODE_DEADLINE_MS = 2_000;

const MOST_CODE_CHARS = 200_000;
const MOST_RESULT_BYTES = 4 * 1024 * 1024;
/** How long a process may take to be there, ms; it takes some 100, and on a busy machine many times that. */
const START_MS = 60_000;
/** The process ends itself when its time is up; so much later it is killed, ms. */
const GRACE_MS = 2_000;

/**
 * Calls a function that a model wrote. It runs in QuickJS, which has neither
 * files nor network nor a clock to wait for, in a process that may read nothing but
 * itself and is killed when the time is up. One outcome for each call, in order.
 *
 * Throws `internal` where no process could be had, which says nothing of the code;
 * rejects with the signal's reason where that aborts.
 */
export const runCode: RunCode = async (job, signal) => {
  signal?.throwIfAborted();
  const failed = (why: string) => job.calls.map((): CallOutcome => ({ kind: "failed", why }));
  if (job.code.length > MOST_CODE_CHARS) return failed("the code is longer than 200,000 characters");
  const lines = await linesOf(job, signal);
  signal?.throwIfAborted();
  if (lines.length === 0) {
    throw new ClutchError("internal", "The sandbox for generated code did not start; the answer was not judged.", {
      hint: "Run the bench again; if it stays, see whether this machine can start more processes.",
    });
  }
  const outcomes = lines.flatMap((line): CallOutcome[] => {
    if (line[0] === "returned") return [{ kind: "returned", value: line[1] }];
    if (line[0] === "threw") return [{ kind: "threw", what: line[1] }];
    return line[0] === "ran out" ? [{ kind: "failed", why: `it ran out of ${line[1]}` }] : [];
  });
  const broken = lines.find((line) => line[0] === "broken");
  const rest = failed(broken === undefined ? "it was not reached" : broken[1]);
  return [...outcomes, ...rest.slice(outcomes.length)].slice(0, job.calls.length);
};

function linesOf(job: CodeJob, signal: AbortSignal | undefined): Promise<readonly SandboxLine[]> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...SANDBOX_FLAGS, CHILD_FILE], {
      cwd: import.meta.dirname,
      // Dates are the same everywhere. Windows starts nothing without its root.
      env: { TZ: "UTC", ...(process.env["SystemRoot"] ? { SystemRoot: process.env["SystemRoot"] } : {}) },
      stdio: ["pipe", "ignore", "ignore", "pipe"],
      windowsHide: true,
    });
    const kill = (): void => void child.kill("SIGKILL");
    let timer = setTimeout(kill, START_MS);
    signal?.addEventListener("abort", kill);

    const lines: SandboxLine[] = [];
    let bytes = 0;
    let text = "";
    const results = child.stdio[3];
    const decoder = new TextDecoder();
    results?.on("error", () => undefined);
    results?.on("data", (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes > MOST_RESULT_BYTES) return kill();
      const parts = (text + decoder.decode(chunk, { stream: true })).split("\n");
      text = parts.pop() ?? "";
      for (const part of parts) {
        const line = lineIn(part);
        if (line === undefined) return kill();
        lines.push(line);
        if (line[0] !== "begun") continue;
        clearTimeout(timer);
        timer = setTimeout(kill, patienceMs(job.deadlineMs) + GRACE_MS);
      }
    });
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", kill);
    };
    // Where it could not be started there are no lines, and `close` may not come.
    child.once("error", () => {
      settle();
      resolve([]);
    });
    child.once("close", () => {
      settle();
      resolve(lines);
    });
    child.stdin?.on("error", () => undefined);
    child.stdin?.write(`${JSON.stringify(job)}\n`);
  });
}

/** TypeScript in the sources, JavaScript where they were built. */
const CHILD_FILE = join(
  import.meta.dirname,
  import.meta.filename.endsWith(".ts") ? "code-sandbox-child.ts" : "code-sandbox-child.js",
);

const PACKAGES = ["quickjs-emscripten-core", "@jitl/quickjs-wasmfile-release-sync"];

/** Where packages are looked for, and where these really are: package managers link from one place to the other. */
function packageFolders(): readonly string[] {
  const { resolve } = createRequire(import.meta.filename);
  const real = PACKAGES.map((name) => {
    const file = resolve(name);
    return file.slice(0, file.lastIndexOf(join("node_modules", name)) + "node_modules".length);
  });
  return [...new Set([...(resolve.paths(PACKAGES[0] ?? "") ?? []), ...real])];
}

/** What holds if code ever got out of QuickJS: no files but programs and packages, no processes, no add-ons, little memory. */
export const SANDBOX_FLAGS: readonly string[] = [
  "--permission",
  "--allow-worker",
  ...[import.meta.dirname, ...packageFolders()].map((dir) => `--allow-fs-read=${join(dir, "*")}`),
  "--disallow-code-generation-from-strings",
  "--max-old-space-size=96",
];

const said = z.string().max(1_000);
const sandboxLine: z.ZodType<SandboxLine> = z.union([
  z.tuple([z.literal("begun")]),
  z.tuple([z.literal("returned"), z.unknown()]),
  z.tuple([z.literal("threw"), said]),
  z.tuple([z.literal("ran out"), said]),
  z.tuple([z.literal("broken"), said]),
  z.tuple([z.literal("done")]),
]);

function lineIn(text: string): SandboxLine | undefined {
  try {
    return sandboxLine.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
