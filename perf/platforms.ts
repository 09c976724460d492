import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { z } from "zod";
import type { Measurement } from "./measure.ts";

const COMMANDS_A_SECOND = 200;
/** What the platforms give an application to answer. */
const DEADLINE_MS = 3_000;
const GOAL_MS = 100;

const PLATFORMS = { discord: "Discord", slack: "Slack" } as const;

const connected = z.object({ ready: z.literal(true) });
const measured = z.object({ sent: z.number(), p50: z.number(), p99: z.number(), max: z.number(), late: z.number() });

/**
 * 200 commands a second on each platform: how many were acknowledged, and after
 * how long, from the command's leaving the stand-in until the acknowledgement
 * is there. The platform has a process of its own, as it has in life, and so has
 * Clutch's adapter, with real access checks and cards but no gateway behind.
 * `CLUTCH_PERF_SECONDS` shortens it from 30 s.
 */
export async function acknowledgements(): Promise<Measurement[]> {
  const seconds = Number(process.env["CLUTCH_PERF_SECONDS"] ?? 30);
  const results: Measurement[] = [];
  for (const [platform, name] of Object.entries(PLATFORMS)) {
    const { sent, p50, p99, max, late } = await measure(platform, seconds);
    const share = ((100 * (sent - late)) / sent).toFixed(2);
    results.push({
      name: `${name}: ${COMMANDS_A_SECOND} commands a second`,
      found: `${share} % of ${sent} acknowledged within ${DEADLINE_MS / 1_000} s; p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, max ${max.toFixed(0)} ms`,
      ratio: p99 / GOAL_MS,
      goal: "p99 < 100 ms, so < 1, and none over 3 s",
    });
  }
  return results;
}

async function measure(platform: string, seconds: number): Promise<z.output<typeof measured>> {
  const crowd = start("platform-crowd.ts", platform, String(COMMANDS_A_SECOND), String(seconds));
  const children = [crowd];
  try {
    const address = z.record(z.string(), z.string()).parse(await message(crowd));
    const adapter = start("platform-adapter.ts", platform, JSON.stringify(address));
    children.push(adapter);
    connected.parse(await message(adapter));
    crowd.send("begin");
    return measured.parse(await message(crowd));
  } finally {
    for (const child of children) child.kill();
  }
}

const start = (file: string, ...args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [join(import.meta.dirname, file), ...args], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });

/** The next message of a child; rejects where it ends without one. */
async function message(child: ChildProcess): Promise<unknown> {
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`a measuring process ended with ${code}`);
  });
  const [said] = await Promise.race([once(child, "message"), ended]);
  return said;
}
