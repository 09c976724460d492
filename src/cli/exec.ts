import { z } from "zod";
import { renderCard } from "../../adapters/terminal/render-card.ts";
import { saveFile } from "../../adapters/terminal/save-file.ts";
import { terminalTraits } from "../../adapters/terminal/terminal-traits.ts";
import type { Person } from "../../commands/command.ts";
import { type Outcome, outcomeOf } from "../../commands/dispatcher.ts";
import { createApp } from "../app.ts";
import { loadConfig } from "../config.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import { createLogger } from "../logger.ts";
import { parsePlace } from "../models/place.ts";
import { refuseGone } from "../store/mend-store.ts";
import { stateDirectory } from "../wall/state-file.ts";
import { chooseGatewayOrSandbox } from "./choose-gateway.ts";
import { lookAtPlatforms } from "./look-at-platforms.ts";
import { ownerAtTerminal } from "./open-terminal.ts";
import type { ExitCode, Runtime } from "./runtime.ts";

export interface ExecOptions {
  /** `PLATFORM:USER`: the person in whose name the line runs. */
  readonly as: string;
  /** Where, as `parsePlace` reads it. */
  readonly in: string;
  readonly json: boolean;
  /** Answers the question that a command may ask. */
  readonly yes: boolean;
}

const GATEWAY_TIMEOUT_MS = 10_000;

/**
 * Runs one chat command line as a person in a conversation and prints its card,
 * or with `json` one line `{ok, card, error}`. Exit code 0 when it was done, 2
 * when the person has to do something else, 1 when something is broken.
 */
export async function exec(line: string, options: ExecOptions, runtime: Runtime): Promise<ExitCode> {
  const outcome = await attempt(line, options, runtime);
  if (options.json) {
    runtime.stdout.write(jsonLine(outcome));
  } else {
    runtime.stdout.write(
      `${renderCard(await saveFile(outcome.card, runtime.cwd), { columns: runtime.stdout.columns || 80, ...terminalTraits(runtime.stdin, runtime.stdout, runtime.env) })}\n`,
    );
    // The card only asks; how to say yes here is not its business.
    if (outcome.needsConfirmation) runtime.stdout.write(`\n  ${outcome.error?.message} ${outcome.error?.hint}\n`);
  }
  return outcome.exitCode;
}

/** The contract for scripts: one line of JSON, with `error` null where all went well. */
function jsonLine({ ok, card, error }: Outcome): string {
  const shown = error === undefined ? null : { code: error.code, message: error.message, hint: error.hint };
  return `${JSON.stringify({ ok, card, error: shown })}\n`;
}

/** The same for a call whose arguments could not be read. */
export const jsonUsageError = (message: string): string =>
  jsonLine(outcomeOf(new ClutchError("bad_option", message, { hint: "clutch exec --help shows what there is." })));

async function attempt(
  line: string,
  options: ExecOptions,
  runtime: Runtime,
): Promise<Outcome & { exitCode: ExitCode }> {
  const failed = (thrown: unknown): Outcome & { exitCode: ExitCode } => {
    const error = toClutchError(thrown);
    return { ...outcomeOf(error), exitCode: error.isFault ? 1 : 2 };
  };
  const secrets: string[] = [];
  const logger = createLogger({
    level: runtime.env["CLUTCH_LOG"] ?? "error",
    destination: runtime.stderr,
    secrets: () => secrets,
  });
  try {
    const person = parsePerson(options.as);
    const conversation = parsePlace(options.in, person.id);
    const config = await loadConfig(runtime);
    secrets.push(...config.secrets);
    const choice = await chooseGatewayOrSandbox(config, runtime);
    if (choice.token !== undefined) secrets.push(choice.token);
    if (choice.sandbox === undefined) refuseGone(config.store);
    const app = await createApp({
      config: choice.sandbox === undefined ? config : { ...config, store: choice.sandbox.store },
      gateway: choice,
      gatewayTimeoutMs: GATEWAY_TIMEOUT_MS,
      stateDirectory: choice.sandbox?.stateDirectory ?? stateDirectory(runtime.env, runtime.home),
      access:
        choice.sandbox === undefined
          ? config.access
          : { ...config.access, owners: [...config.access.owners, ownerAtTerminal()] },
      ...(choice.sandbox === undefined
        ? {}
        : { sandboxServers: choice.sandbox.servers, demoProviders: choice.sandbox.demoProviders }),
      platforms: () => lookAtPlatforms(config, logger),
      logger,
      fetch: runtime.fetch,
      clock: runtime.clock,
    });
    try {
      const outcome = await app.dispatcher.run({
        line,
        conversation,
        person,
        confirmed: options.yes,
        signal: runtime.signal,
      });
      if (outcome.needsConfirmation) {
        const asked = new ClutchError("confirmation_required", "This needs a yes first; nothing was changed.", {
          hint: "Run it again with --yes.",
        });
        const { error } = outcomeOf(asked);
        return { ...outcome, ...(error === undefined ? {} : { error }), exitCode: 2 };
      }
      return { ...outcome, exitCode: outcome.ok ? 0 : outcome.error?.fault === true ? 1 : 2 };
    } finally {
      await app.close();
    }
  } catch (thrown) {
    logger.debug({ err: thrown }, "exec failed");
    return failed(thrown);
  }
}

const personSchema = z.string().regex(/^[a-z]+:\S+$/);

function parsePerson(text: string): Person {
  if (!personSchema.safeParse(text).success) {
    throw new ClutchError("bad_option", `--as “${text.slice(0, 60)}” names no person.`, {
      hint: "Write PLATFORM:USER, such as discord:123456789 or slack:U0ABC.",
    });
  }
  const colon = text.indexOf(":");
  return { platform: text.slice(0, colon), id: text.slice(colon + 1) };
}
