import type { Command } from "commander";
import type { GuardOptions } from "../guard.ts";
import type { Run } from "./run.ts";

export function guardArguments(program: Command, run: Run): void {
  const guard = program
    .command("guard")
    .description("the part of local-only mode that runs inside OpenClaw and redirects turns (docs/guard.md)");
  for (const [action, description] of [
    [
      "install",
      "show what it takes, or with --yes put it into the running gateway, or update it, and prove that it works",
    ],
    ["status", "whether it runs and is on; exit code 1 where it is not as it should be"],
    ["remove", "take it out again; refuses while it keeps anything local"],
  ] as const) {
    const command = guard.command(action).description(description).option("--json", "print one object");
    if (action !== "status") command.option("--yes", "write");
    command.action(async (options: GuardOptions) => {
      const { guardInstall, guardRemove, guardStatus } = await import("../guard.ts");
      run.exitCode = await { install: guardInstall, remove: guardRemove, status: guardStatus }[action](
        options,
        run.runtime,
      );
    });
  }
}
