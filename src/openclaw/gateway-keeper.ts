import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { endProcessesOf, MARK } from "./process-table.ts";

/** This file, to be run as a program by `startGatewayProcess`. */
export const KEEPER_FILE = import.meta.filename;

/** How long the gateway may take to stop by itself before it is killed, ms. */
const GRACE_MS = 5_000;

/**
 * Stands between Clutch and a private gateway, in a session of its own, so that
 * the gateway ends when Clutch does, however Clutch ends. Its standard input is the
 * lifeline: a pipe whose other end only Clutch holds, closed by the system at the
 * latest when Clutch is killed. It runs the command that its arguments name and
 * ends as that ends, once nothing of it is left.
 */
async function keep(dir: string | undefined, [program, ...args]: readonly string[]): Promise<void> {
  if (dir === undefined || program === undefined) throw new Error(`${MARK} and a command are needed`);
  const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
  const ended = new Promise<NodeJS.Signals | number>((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      process.stderr.write(`${error.message}\n`);
      resolve(error.code === "ENOENT" ? 127 : 126);
    });
    child.once("exit", (code, signal) => resolve(signal ?? code ?? 1));
  });

  // Whoever read the output may be gone; that must not end the keeper before the gateway.
  process.stderr.on("error", () => undefined);
  process.stdin.on("error", () => undefined).resume();
  const told = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => resolve());
  });
  await Promise.race([ended, once(process.stdin, "close"), told]);
  child.kill("SIGTERM");
  await Promise.race([ended, sleep(GRACE_MS, undefined, { ref: false })]);
  child.kill("SIGKILL");
  await endProcessesOf(dir, { except: process.pid });

  const outcome = await ended;
  if (typeof outcome === "number") process.exit(outcome);
  process.removeAllListeners(outcome);
  process.kill(process.pid, outcome);
}

if (import.meta.main) await keep(process.env[MARK], process.argv.slice(2));
