import { terminalTraits } from "../../adapters/terminal/terminal-traits.ts";
import { checkOptions } from "../../commands/command-line.ts";
import { localOnlyCommand } from "../../commands/localonly.ts";
import { checkLockOptions } from "../../commands/localonly-options.ts";
import { type LockContext, type LockReply, runLock } from "../../commands/localonly-switch.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import type { LocalOnly } from "../local-only/local-only.ts";
import { forceOff } from "./localonly-force.ts";
import { ownerAtTerminal } from "./open-terminal.ts";
import type { ExitCode, Runtime } from "./runtime.ts";
import { printCard, printError } from "./wall.ts";
import { withApp } from "./with-app.ts";

export interface LocalOnlyOptions {
  /** `2h`, as typed; so are the next three. */
  readonly for?: string;
  readonly daily?: string;
  readonly reason?: string;
  readonly restore?: string;
  /** Off without the gateway, whatever stands in the way. */
  readonly force?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/**
 * Turns local-only mode on or off, shows it, or tries each path, as the owner of the
 * machine; with `json` one line `{ok, status, notes, error}`, of `verify` `{ok,
 * verification, notes, error}`. Exit code 1 where a path leaks or something failed, 2
 * where a yes is needed or something has to be corrected.
 */
export async function localOnly(
  action: "on" | "off" | "status" | "verify",
  options: LocalOnlyOptions,
  runtime: Runtime,
  attach: typeof withLock = withLock,
): Promise<ExitCode> {
  const secrets: string[] = [];
  const outcome: { reply?: LockReply } = {};
  let error: ClutchError | undefined;
  try {
    const values = valuesOf(action, options);
    if (options.force === true) {
      if (action !== "off") throw refuse("--force goes with off.", "clutch localonly off --force");
      return await forceOff(runtime, { json: options.json === true });
    }
    await attach(runtime, secrets, async (lock) => {
      const context: LockContext = {
        localOnly: lock,
        options: values,
        actor: ownerAtTerminal(),
        place: undefined,
        level: "owner",
        confirmed: options.yes === true,
        clock: runtime.clock,
        onStep: (step) => void (options.json === true || runtime.stdout.write(`${step} …\n`)),
      };
      outcome.reply = await runLock(context);
      if (outcome.reply.needsConfirmation !== true) return;
      if (!(await agreed(outcome.reply, options, runtime))) throw needsYes(action, options);
      outcome.reply = await runLock({ ...context, confirmed: true });
    });
    error = leaksIn(outcome.reply);
  } catch (thrown) {
    error = toClutchError(thrown);
  }
  const { reply } = outcome;
  if (options.json === true) runtime.stdout.write(`${JSON.stringify(jsonOf(action, reply, error))}\n`);
  else {
    if (reply !== undefined && reply.needsConfirmation !== true) show(reply, runtime);
    if (error !== undefined) printError(error, runtime, secrets);
  }
  return error === undefined ? 0 : error.isFault ? 1 : 2;
}

const withLock = (runtime: Runtime, secrets: string[], work: (lock: LocalOnly) => Promise<void>): Promise<void> =>
  withApp(runtime, secrets, (app) => work(app.services.localOnly));

/** The same options as in a chat, and the same refusals. Throws `bad_option`. */
function valuesOf(action: string, options: LocalOnlyOptions) {
  const { for: length, daily, reason, restore } = options;
  const given = Object.entries({ action, for: length, daily, reason, restore });
  const values = Object.fromEntries(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  checkOptions(localOnlyCommand, values);
  checkLockOptions(values);
  return values;
}

/** Shows the question; only a person at a terminal is asked. */
async function agreed(question: LockReply, { json }: LocalOnlyOptions, runtime: Runtime): Promise<boolean> {
  if (json === true) return false;
  show(question, runtime);
  if (!terminalTraits(runtime.stdin, runtime.stdout, runtime.env).interactive) return false;
  return (await import("./models-choose.ts")).confirmed("Go on?", runtime);
}

/** Buttons are for chats: here their lines could not be typed. */
const show = ({ card }: LockReply, runtime: Runtime): void => printCard({ ...card, actions: [] }, runtime);

function leaksIn(reply: LockReply | undefined): ClutchError | undefined {
  const leaks = reply?.verification?.paths.filter(({ result }) => result === "leaks") ?? [];
  if (leaks.length === 0) return undefined;
  return new ClutchError("not_verified", `Text can get to the cloud: ${leaks.map(({ path }) => path).join(", ")}.`, {
    hint: "clutch localonly status shows what should hold it.",
  });
}

function jsonOf(action: string, reply: LockReply | undefined, error: ClutchError | undefined): object {
  const { status = null, verification = null, notes = [] } = reply ?? {};
  return {
    ok: error === undefined,
    ...(action === "verify" ? { verification } : { status }),
    notes,
    error: error === undefined ? null : { code: error.code, message: error.message, hint: error.hint },
  };
}

const refuse = (message: string, hint: string): ClutchError => new ClutchError("bad_option", message, { hint });

const needsYes = (action: string, { restore }: LocalOnlyOptions): ClutchError =>
  new ClutchError("confirmation_required", "This needs a yes first; nothing was changed.", {
    hint:
      action === "off" && restore === undefined
        ? "Run it again with --yes, which restores every conversation, or with --restore others --yes."
        : "Run it again with --yes.",
  });
