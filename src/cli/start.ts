import { loadConfig } from "../config.ts";
import { type ClutchError, toClutchError } from "../errors.ts";
import { hideSecrets } from "../logger.ts";
import { chooseGateway } from "./choose-gateway.ts";
import { runSandbox } from "./run-sandbox.ts";
import { runService } from "./run-service.ts";
import type { ExitCode, Runtime } from "./runtime.ts";

export interface StartOptions {
  readonly sandbox: boolean;
  readonly tour: boolean;
}

/**
 * Attaches to a gateway and serves until it is told to stop, or opens the
 * sandbox. Exit code 0 after an ordinary end, 2 where the person has to change
 * something first, 1 where something broke.
 */
export async function start(options: StartOptions, runtime: Runtime): Promise<ExitCode> {
  const secrets: string[] = [];
  try {
    const config = await loadConfig(runtime);
    secrets.push(...config.secrets);
    if (options.sandbox || options.tour) return await runSandbox(config, options.tour, runtime);
    const choice = await chooseGateway(config, runtime);
    if (choice.kind === "none") {
      runtime.stdout.write(
        `${choice.note} Opening the sandbox: a private gateway of its own, nothing of yours is touched.\n`,
      );
      return await runSandbox(config, false, runtime);
    }
    if (choice.token !== undefined) secrets.push(choice.token);
    runtime.stdout.write(`${choice.announcement}\n`);
    return await runService(config, choice, runtime, secrets);
  } catch (thrown) {
    return runtime.signal.aborted ? 0 : report(toClutchError(thrown), runtime, secrets);
  }
}

function report(error: ClutchError, { stderr, env }: Runtime, secrets: readonly string[]): ExitCode {
  const lines = [`✗ ${error.message}`, ...(error.hint === "" ? [] : [`  ${error.hint}`])];
  if (error.code === "internal" && env["CLUTCH_LOG"] !== undefined) lines.push(String(error.cause));
  stderr.write(`${hideSecrets(lines.join("\n"), secrets)}\n`);
  return error.isFault ? 1 : 2;
}
