import type { Command } from "commander";
import type { Run } from "./run.ts";

export function startArguments(program: Command, run: Run): void {
  program
    .command("start", { isDefault: true })
    .description("attach to your OpenClaw gateway, or open the sandbox where there is none")
    .option("--sandbox", "open the sandbox in any case: a private gateway with a terminal channel")
    .option("--tour", "open the sandbox and play a conversation by itself")
    .action(async (options: { sandbox?: boolean; tour?: boolean }) => {
      const { start } = await import("../start.ts");
      run.exitCode = await start({ sandbox: options.sandbox === true, tour: options.tour === true }, run.runtime);
    });
}
