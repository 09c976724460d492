import type { Command } from "commander";
import type { Run } from "./run.ts";

export function execArguments(program: Command, run: Run): void {
  program
    .command("exec")
    .description("run one chat command as a person in a conversation")
    .requiredOption("--as <person>", "PLATFORM:USER, such as discord:123456789")
    .requiredOption(
      "--in <where>",
      "discord:CHANNEL[:THREAD], discord:dm:USER, slack:CHANNEL[:TS], slack:dm:USER or session:KEY",
    )
    .option("--json", "print {ok, card, error} on one line")
    .option("--yes", "answer yes where the command asks")
    .argument("<line...>", "the command line, such as '/model qwen'")
    .action(async (line: string[], options: { as: string; in: string; json?: boolean; yes?: boolean }) => {
      const { exec } = await import("../exec.ts");
      run.exitCode = await exec(
        line.join(" "),
        { as: options.as, in: options.in, json: options.json === true, yes: options.yes === true },
        run.runtime,
      );
    });
}
