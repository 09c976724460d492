import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";

export async function temporaryDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "clutch-test-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return dir;
}

/** Runs `doomed-parent.ts` and resolves with what it says when it is ready. */
export async function startParent(
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ parent: ChildProcess; said: Record<string, unknown> }> {
  const parent = spawn(process.execPath, [join(import.meta.dirname, "doomed-parent.ts"), ...args], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: parent.stdout })) {
    return { parent, said: JSON.parse(line) as Record<string, unknown> };
  }
  throw new Error("the parent ended before it was ready");
}

/** Asks every 50 ms until the answer satisfies; gives the last answer after `timeoutMs`. */
export async function eventually<T>(
  ask: () => Promise<T>,
  satisfies: (answer: T) => boolean,
  timeoutMs: number,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (satisfies(answer) || performance.now() > deadline) return answer;
    await sleep(50);
  }
}
