import type { Command } from "commander";
import type { Run } from "./run.ts";

interface Options {
  readonly json?: boolean;
  readonly yes?: boolean;
}

export function serviceArguments(program: Command, run: Run): void {
  const service = program
    .command("service")
    .description("have clutch start run by itself, as a systemd service of yours (docs/operating.md)");
  const self = [process.execPath, process.argv[1] ?? ""];
  service
    .command("install")
    .description("show the unit, and with --yes write and start it")
    .option("--json", "print {ok, plan, done, error}")
    .option("--yes", "write")
    .action(async (options: Options) => {
      const { serviceInstall } = await import("../service.ts");
      run.exitCode = await serviceInstall({ ...options, command: self }, run.runtime);
    });
  service
    .command("status")
    .description("whether it runs, since when it had to be restarted, whether it starts by itself")
    .option("--json", "print {ok, service, error}")
    .action(async (options: Options) => {
      const { serviceStatus } = await import("../service.ts");
      run.exitCode = await serviceStatus(options, run.runtime);
    });
  service
    .command("remove")
    .description("stop it and take it away; needs --yes")
    .option("--json", "print {ok, done, error}")
    .option("--yes", "remove")
    .action(async (options: Options) => {
      const { serviceRemove } = await import("../service.ts");
      run.exitCode = await serviceRemove(options, run.runtime);
    });
}
