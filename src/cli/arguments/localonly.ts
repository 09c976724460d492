import type { Command } from "commander";
import type { LocalOnlyOptions } from "../localonly.ts";
import type { Run } from "./run.ts";

export function localonlyArguments(program: Command, run: Run): void {
  const lock = program
    .command("localonly")
    .description("local-only mode: while it is on, agents use local models alone (docs/local-only.md)");
  for (const [action, description] of [
    ["on", "turn it on; says what will happen, and does it with --yes"],
    ["off", "turn it off; says what would go to the cloud then, and does it with --yes"],
    ["status", "whether it is on, what holds it, and where turns go"],
    ["verify", "try each path with a canary; exit code 1 where one leaks"],
  ] as const) {
    const command = lock.command(action).description(description).option("--json", "print one object");
    if (action === "on" || action === "off") {
      command
        .option("--for <time>", "for a while, then back: 90s, 30m, 2h, 1d")
        .option("--reason <text>", "why, for the cards and the audit log")
        .option("--yes", "do it without asking");
    }
    if (action === "on") command.option("--daily <times>", "every day, such as 22:00-07:00; never ends it");
    if (action === "off") {
      command
        .option("--restore <which>", "all conversations, or others than those with text written while it was on")
        .option("--force", "without the gateway, whatever stands in the way");
    }
    command.action(async (options: LocalOnlyOptions) => {
      const { localOnly } = await import("../localonly.ts");
      run.exitCode = await localOnly(action, options, run.runtime);
    });
  }
}
