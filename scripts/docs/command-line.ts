import { Command } from "commander";
import { allArguments } from "../../src/cli/arguments/index.ts";

/** The whole command line as commander knows it. It reads arguments and runs nothing. */
export function commandLine(): Command {
  const clutch = new Command("clutch");
  const { env, stdin, stdout, stderr } = process;
  const runtime = {
    env,
    cwd: "",
    home: "",
    stdin,
    stdout,
    stderr,
    fetch,
    clock: Date.now,
    signal: AbortSignal.abort(),
  };
  for (const add of allArguments) add(clutch, { runtime, exitCode: 0 });
  for (const command of everyCommand(clutch)) {
    command.exitOverride().configureOutput({ writeErr: () => undefined });
    if (command.commands.length === 0 || command.options.length > 0) command.action(() => undefined);
  }
  return clutch;
}

const everyCommand = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(everyCommand)];
