import type { Command } from "commander";
import type { Run } from "./run.ts";

export function agentsArguments(program: Command, run: Run): void {
  program
    .command("agents")
    .description("models that agents declare in their SOUL.md")
    .command("sync")
    .description("bring OpenClaw's defaults in step with them; shows what it would write, and writes with --yes")
    .option("--json", "print {ok, agents, error}")
    .option("--yes", "write")
    .action(async (options: { json?: boolean; yes?: boolean }) => {
      const { agentsSync } = await import("../agents.ts");
      run.exitCode = await agentsSync(options, run.runtime);
    });
}
