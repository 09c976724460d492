import { execFile } from "node:child_process";
import { join } from "node:path";
import type { SlotDifference } from "../agents/config-changes.ts";
import type { App } from "../app.ts";
import { loadConfig } from "../config.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import { stateDirectory } from "../wall/state-file.ts";
import { systemdUnit, UNIT_NAME } from "../wall/systemd-unit.ts";
import { createWallClient } from "../wall/wall-client.ts";
import { createWallInstaller, type InstallPlan, type Systemctl, type WallInstaller } from "../wall/wall-installer.ts";
import { wallSettings } from "../wall/wall-settings.ts";
import type { ExitCode, Runtime } from "./runtime.ts";
import { printError } from "./wall.ts";
import { withApp } from "./with-app.ts";

export interface WallInstallOptions {
  readonly json?: boolean;
  readonly yes?: boolean;
  /** Loopback traffic goes through the wall as well. */
  readonly strict?: boolean;
  /** What starts Clutch, for the service: the program and its first arguments. */
  readonly command: readonly string[];
}

const ACTOR = "terminal:owner";
const RESTART = "Restart the gateway for it to take effect: openclaw gateway restart";

/**
 * Shows the service and the settings of OpenClaw that would be written, and writes
 * them with `yes`; with `json` one line `{ok, plan, done, error}`. Exit code 2 where
 * a yes is needed or something has to be done first, 1 where it did not work.
 */
export const wallInstall = (options: WallInstallOptions, runtime: Runtime): Promise<ExitCode> =>
  withInstaller(options, runtime, async (installer) => {
    const plan = await installer.plan();
    if (options.json !== true) runtime.stdout.write(planText(plan));
    if (options.yes !== true) throw Object.assign(needsYes(), { plan });
    const done = await installer.install(ACTOR);
    const kept = done.service
      ? "The wall runs as a service, starts before the gateway and again after a crash."
      : "The wall runs, but nothing here starts it again: see to that yourself.";
    return {
      plan,
      done,
      text: [kept, done.config.length === 0 ? "OpenClaw is pointed at it already." : `${RESTART}.`],
    };
  });

/** Takes OpenClaw off the wall again and removes the service; the same options and exit codes. */
export const wallRemove = (options: WallInstallOptions, runtime: Runtime): Promise<ExitCode> =>
  withInstaller(options, runtime, async (installer) => {
    if (options.yes !== true) throw needsYes();
    const done = await installer.remove(ACTOR);
    return {
      plan: null,
      done,
      text: [
        ...done.undone.map(changeText),
        ...done.kept.map(({ name }) => `${name} was changed since, and is left as it is.`),
        `${RESTART}.`,
        `The wall runs on, open, until then; afterwards: systemctl --user stop ${UNIT_NAME}`,
      ],
    };
  });

interface Outcome {
  readonly plan: InstallPlan | null;
  readonly done: unknown;
  readonly text: readonly string[];
}

async function withInstaller(
  options: WallInstallOptions,
  runtime: Runtime,
  work: (installer: WallInstaller) => Promise<Outcome>,
): Promise<ExitCode> {
  const secrets: string[] = [];
  try {
    const { plan, done, text } = await withApp(runtime, secrets, async (app) =>
      work(await installerOf(app, options, runtime)),
    );
    if (options.json === true) runtime.stdout.write(`${JSON.stringify({ ok: true, plan, done, error: null })}\n`);
    else runtime.stdout.write(`${text.join("\n")}\n`);
    return 0;
  } catch (thrown) {
    const error = toClutchError(thrown);
    if (options.json !== true) return printError(error, runtime, secrets);
    const { code, message, hint } = error;
    const plan = "plan" in error ? error.plan : null;
    runtime.stdout.write(`${JSON.stringify({ ok: false, plan, done: null, error: { code, message, hint } })}\n`);
    return error.isFault ? 1 : 2;
  }
}

async function installerOf(app: App, options: WallInstallOptions, runtime: Runtime): Promise<WallInstaller> {
  if (options.command.some((word) => /[/\\]_npx[/\\]/.test(word))) throw outOfCache();
  const settings = wallSettings(await loadConfig(runtime));
  const directory = stateDirectory(runtime.env, runtime.home);
  const configHome = runtime.env["XDG_CONFIG_HOME"] || join(runtime.home, ".config");
  return createWallInstaller({
    changes: app.changes,
    client: createWallClient({ directory }),
    systemctl,
    unitFile: join(configHome, "systemd", "user", UNIT_NAME),
    unit: systemdUnit({ command: options.command, settings, directory }),
    listen: `${settings.listen.host}:${settings.listen.port}`,
    directory,
    strict: options.strict === true,
  });
}

const systemctl: Systemctl = (words) =>
  new Promise((resolve) => {
    execFile("systemctl", ["--user", ...words], { timeout: 30_000 }, (error, stdout, stderr) => {
      if (error !== null && "code" in error && error.code === "ENOENT") resolve(undefined);
      else resolve({ ok: error === null, text: stderr || stdout });
    });
  });

const planText = ({ unitFile, unitBefore, unitAfter, config }: InstallPlan): string =>
  [
    unitBefore === unitAfter
      ? `${unitFile} is as it should be.`
      : `${unitBefore === undefined ? "New" : "Changed"}: ${unitFile}`,
    ...(unitBefore === unitAfter
      ? []
      : [
          "",
          ...unitAfter
            .trimEnd()
            .split("\n")
            .map((line) => `  ${line}`),
          "",
        ]),
    config.length === 0 ? "OpenClaw's configuration is as it should be." : "OpenClaw's configuration:",
    ...config.map((difference) => `  ${changeText(difference)}`),
    "",
  ].join("\n");

const changeText = ({ name, before, after }: SlotDifference): string => `${name}: ${show(before)} -> ${show(after)}`;
const show = (value: unknown): string => (value === null || value === undefined ? "unset" : JSON.stringify(value));

const needsYes = (): ClutchError =>
  new ClutchError("confirmation_required", "This needs a yes first; nothing was changed.", {
    hint: "Run it again with --yes. The gateway has to be restarted once afterwards.",
  });

const outOfCache = (): ClutchError =>
  new ClutchError("bad_config", "Clutch runs out of npx's cache, which is emptied now and then.", {
    hint: "Install it where it stays, such as with npm install --global openclaw-clutch, and run it from there.",
  });
