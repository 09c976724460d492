#!/usr/bin/env node
import { homedir } from "node:os";
import { Command, CommanderError } from "commander";
import { allArguments } from "./cli/arguments/index.ts";
import type { Run } from "./cli/arguments/run.ts";
import { endProcess } from "./cli/end-process.ts";
import { hideInOutput, secretsInEnvironment } from "./cli/hide-output.ts";
import type { Runtime } from "./cli/runtime.ts";
import { listenForSignals } from "./cli/signals.ts";
import { clutchVersion } from "./clutch-version.ts";
import { createLogger } from "./logger.ts";

/** The `clutch` binary: reads arguments and hands over; the work is in `cli/`, loaded when it is needed. */

// A log that cannot be written, on a full disk or by a reader that went away, is no reason to end.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

const signals = listenForSignals();

const secrets = secretsInEnvironment(process.env);
hideInOutput([process.stdout, process.stderr], () => secrets);

const runtime: Runtime = {
  secrets,
  env: process.env,
  cwd: process.cwd(),
  home: homedir(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  fetch: globalThis.fetch,
  clock: Date.now,
  signal: signals.signal,
  onHangup: signals.onHangup,
};

const run: Run = { runtime, exitCode: 0 };
const program = new Command("clutch")
  .version(clutchVersion(), "-V, --version", "show which Clutch this is")
  .description("Switch the model of a running OpenClaw conversation from the channel in which it takes place.")
  .showHelpAfterError("(clutch --help shows what there is)")
  .exitOverride();

for (const add of allArguments) add(program, run);

try {
  // Commander would take it for an argument of the default command.
  const [named] = process.argv.slice(2);
  if (named !== undefined && !named.startsWith("-") && !program.commands.some((command) => command.name() === named)) {
    if (named !== "help") program.error(`error: unknown command '${named}'`);
  }
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  run.exitCode = error.exitCode === 0 ? 0 : 2;
  // A person has read it by now; a script that asked for JSON gets that too.
  if (run.exitCode !== 0 && process.argv.includes("--json")) {
    const { jsonUsageError } = await import("./cli/exec.ts");
    process.stdout.write(jsonUsageError(error.message.replace(/^error: /, "")));
  }
}
signals.letGo();
endProcess(run.exitCode, [process.stdout, process.stderr], (held) => {
  const level = process.env["CLUTCH_LOG"] ?? "error";
  createLogger({ level, destination: process.stderr, secrets: () => secrets }).debug(
    { held },
    "The command is over; what it left open is cut off.",
  );
});
