import { writeSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { type CodeJob, patienceMs, type SandboxLine } from "./code-job.ts";

/** Where the parent reads. Nothing else of this process writes there. */
const RESULTS_FD = 3;
/** A thread's own; the main thread would have a quarter of it. */
const STACK_MB = 4;
const HEAP_MB = 64;

/**
 * Runs one job of its standard input, a line of JSON, in a thread, and ends: when
 * the job has, when its time is up, or when the other end of its standard input is
 * gone, as it is once the parent was killed.
 */
function supervise(): void {
  const end = (): void => void process.kill(process.pid, "SIGKILL");
  const write = (line: SandboxLine | string): void =>
    void writeSync(RESULTS_FD, `${typeof line === "string" ? line : JSON.stringify(line)}\n`);

  let job = "";
  let isRunning = false;
  process.stdin.setEncoding("utf8").on("data", (text: string) => {
    job += text;
    if (isRunning || !job.endsWith("\n")) return;
    isRunning = true;
    run(JSON.parse(job), write, end);
  });
  process.stdin.on("error", end).on("close", end);
}

function run(job: CodeJob, write: (line: SandboxLine | string) => void, end: () => void): void {
  const worker = new Worker(WORKER_FILE, {
    workerData: job,
    stdout: true,
    stderr: true,
    resourceLimits: { stackSizeMb: STACK_MB, maxOldGenerationSizeMb: HEAP_MB },
  });
  let hasBegun = false;
  const ranOut = (what: string): void => {
    if (hasBegun) write(["ran out", what]);
    end();
  };
  worker.on("message", (line: SandboxLine | string) => {
    write(line);
    if (line[0] !== "begun") return;
    hasBegun = true;
    setTimeout(() => ranOut("time"), patienceMs(job.deadlineMs));
  });
  worker.on("error", () => ranOut("stack or memory"));
  worker.on("exit", end);
}

/** TypeScript in the sources, JavaScript where they were built. */
const WORKER_FILE = join(
  import.meta.dirname,
  import.meta.filename.endsWith(".ts") ? "code-sandbox-worker.ts" : "code-sandbox-worker.js",
);

supervise();
