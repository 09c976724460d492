import type { Command } from "commander";
import type { WallRunOptions } from "../wall.ts";
import type { WallInstallOptions } from "../wall-install.ts";
import type { WallRulesOptions } from "../wall-rules.ts";
import type { Run } from "./run.ts";

export function wallArguments(program: Command, run: Run): void {
  const wall = program
    .command("wall")
    .description("the egress proxy that OpenClaw's traffic goes through (docs/wall.md)");
  const self = [process.execPath, process.argv[1] ?? ""];
  const several = (value: string, former: readonly string[] = []): readonly string[] => [...former, value];
  wall
    .command("run")
    .description("run it in the foreground")
    .option("--listen <host:port>", "where; then the configuration is not read")
    .option("--allow <host>", "a host that stays reachable while it is closed; may be given again", several)
    .option("--local <host:port>", "a model server that does; may be given again", several)
    .option("--state <directory>", "where its state and its socket are")
    .action(async (options: WallRunOptions) => {
      const { wallRun } = await import("../wall.ts");
      run.exitCode = await wallRun(options, run.runtime);
    });
  wall
    .command("status")
    .description("open or closed, since when, which hosts")
    .option("--json", "print one object")
    .option("--state <directory>", "where its state and its socket are")
    .action(async (options: { json?: boolean; state?: string }) => {
      const { wallStatus } = await import("../wall.ts");
      run.exitCode = await wallStatus(options, run.runtime);
    });
  wall
    .command("rules")
    .description("print firewall rules (nftables) by which even a program that ignores the proxy does not get out")
    .option("--pid <pid>", "of the gateway, whose service they hold; default: OpenClaw's own service of this user")
    .option("--uid <uid>", "hold everything of a user instead, for a gateway that is no service")
    .action(async (options: WallRulesOptions) => {
      const { wallRules } = await import("../wall-rules.ts");
      run.exitCode = await wallRules(options, run.runtime);
    });
  for (const name of ["install", "remove"] as const) {
    const command = wall
      .command(name)
      .description(
        name === "install"
          ? "show the service and OpenClaw's settings that it takes, and write them with --yes"
          : "take OpenClaw off it again, and the service away",
      )
      .option("--json", "print {ok, plan, done, error}")
      .option("--yes", "write");
    if (name === "install") command.option("--strict", "loopback traffic goes through it as well");
    command.action(async (options: Omit<WallInstallOptions, "command">) => {
      const { wallInstall, wallRemove } = await import("../wall-install.ts");
      run.exitCode = await (name === "install" ? wallInstall : wallRemove)({ ...options, command: self }, run.runtime);
    });
  }
}
