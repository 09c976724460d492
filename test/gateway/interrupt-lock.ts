import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect } from "vitest";

export interface Interruption {
  readonly gateway: { readonly url: string; readonly token: string };
  readonly stateDirectory: string;
  readonly store: string;
  /** How far its clock is ahead, ms. */
  readonly ahead: number;
  readonly action: "on" | "off";
  /** The beginning of a step's name; undefined lets it run to its end. */
  readonly stopAt: string | undefined;
}

export interface Interrupted {
  /** All that it reached. */
  readonly steps: readonly string[];
  /** What the person was told; undefined where Clutch was killed. */
  readonly told: string | undefined;
}

/** Lets a Clutch of its own stand still at a step, does something to the world, and kills it or lets it go on. */
export async function interruptLock(
  task: Interruption,
  meanwhile: (() => Promise<void>) | "kill",
): Promise<Interrupted> {
  const { stopAt } = task;
  const isThere = (lines: readonly string[]): boolean =>
    stopAt !== undefined && lines.at(-1)?.startsWith(stopAt) === true;
  const child = spawn(process.execPath, [join(import.meta.dirname, "lock-crash-child.ts"), JSON.stringify(task)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines: string[] = [];
  let rest = "";
  let reached: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    reached = resolve;
  });
  child.stdout.on("data", (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
    if (isThere(lines)) reached();
  });
  const closed = once(child, "close");
  await Promise.race([stopped, closed]);
  if (stopAt !== undefined) expect({ stopAt, isThere: isThere(lines) }).toEqual({ stopAt, isThere: true });
  if (child.exitCode === null) {
    if (meanwhile === "kill") child.kill("SIGKILL");
    else {
      await meanwhile();
      child.stdin.write("\n");
    }
  }
  await closed;
  const told = lines.find((line) => line.startsWith("told: "));
  return { steps: lines.filter((line) => line !== told), told: told?.slice(6) };
}
