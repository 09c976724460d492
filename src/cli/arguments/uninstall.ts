import type { Command } from "commander";
import type { UninstallOptions } from "../uninstall.ts";
import type { Run } from "./run.ts";

export function uninstallArguments(program: Command, run: Run): void {
  program
    .command("uninstall")
    .description("take back what Clutch did in OpenClaw and on this machine; shows it first")
    .option("--yes", "do it without asking")
    .option("--json", "print {ok, plan, done, remains, notes, error}")
    .option("--purge", "delete configuration, secrets, store and state as well")
    .action(async (options: Omit<UninstallOptions, "command">) => {
      const { uninstall } = await import("../uninstall.ts");
      const command = [process.execPath, process.argv[1] ?? ""];
      run.exitCode = await uninstall({ ...options, command }, run.runtime);
    });
}
