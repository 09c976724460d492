import type { App } from "../app.ts";
import { type Config, loadConfig } from "../config.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import { usedProxy } from "../local-only/used-proxy.ts";
import { checkCommand, createUserService, systemctl, unitText, userUnitFile } from "../service/user-service.ts";
import { stateDirectory } from "../wall/state-file.ts";
import { systemdUnit, UNIT_NAME } from "../wall/systemd-unit.ts";
import { createWallClient } from "../wall/wall-client.ts";
import { createWallInstaller, type InstallPlan, type WallInstaller } from "../wall/wall-installer.ts";
import { wallSettings } from "../wall/wall-settings.ts";
import { changeText } from "./change-text.ts";
import { restartText, withGatewayRestart } from "./gateway-restart.ts";
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
const KEPT_BY_UNIT = "The wall runs as a service, starts before the gateway and again after a crash.";
const KEPT_BY_SOMEBODY = "The wall runs, but Clutch does not start it again: see to that yourself.";
const GOES_THROUGH = "OpenClaw has restarted by itself, and its traffic goes through the wall.";

/**
 * Shows the service and the settings of OpenClaw that would be written, and writes
 * them with `yes`; with `json` one line `{ok, plan, done, error}`. Exit code 2 where
 * a yes is needed or something has to be done first, 1 where it did not work.
 */
export const wallInstall = (options: WallInstallOptions, runtime: Runtime): Promise<ExitCode> =>
  withInstaller(options, runtime, async (app, installer) => {
    checkCommand(options.command);
    const plan = await installer.plan();
    if (options.json !== true) runtime.stdout.write(wallPlanText(plan));
    if (options.yes !== true) throw Object.assign(needsYes(), { plan });
    if (options.json !== true && plan.config.length > 0) runtime.stdout.write(`${RESTARTS}\n`);
    const { done, text } = await installWall(app, installer, ACTOR, runtime.signal);
    return { plan, done, text };
  });

/** Takes OpenClaw off the wall again and removes the service; the same options and exit codes. */
export const wallRemove = (options: WallInstallOptions, runtime: Runtime): Promise<ExitCode> =>
  withInstaller(options, runtime, async (app, installer) => {
    if (options.yes !== true) throw needsYes();
    if (options.json !== true) runtime.stdout.write(`${RESTARTS}\n`);
    const { done, text } = await removeWall(app, installer, ACTOR, runtime.signal);
    return {
      plan: null,
      done,
      text: [
        ...done.undone.map(changeText),
        ...done.kept.map(({ name }) => `${name} was changed since, and is left as it is.`),
        ...text,
      ],
    };
  });

const RESTARTS = "The gateway restarts once for it, which takes up to half a minute …";

/** Installs the wall and waits until OpenClaw goes through it, or says what that still takes. */
export async function installWall(app: App, installer: WallInstaller, actor: string, signal: AbortSignal) {
  const change = () => installer.install(actor);
  const { done, restart } = await withGatewayRestart(app, signal, change, ({ config }) => config.length > 0);
  const kept = done.service ? KEPT_BY_UNIT : KEPT_BY_SOMEBODY;
  if (restart === undefined) {
    return { done: { ...done, restart: null }, text: [kept, "OpenClaw is pointed at it already."] };
  }
  // Somebody may have pointed it elsewhere meanwhile.
  const isUsed = restart !== "done" || (await usedProxy(app)).enabled;
  const text = isUsed
    ? restartText(restart, GOES_THROUGH)
    : "OpenClaw has restarted and does not use it: clutch doctor.";
  return { done: { ...done, restart }, text: [kept, text] };
}

/** Takes OpenClaw off the wall, and stops the wall once OpenClaw runs without it. */
export async function removeWall(app: App, installer: WallInstaller, actor: string, signal: AbortSignal) {
  const change = () => installer.remove(actor);
  const { done, restart } = await withGatewayRestart(app, signal, change, ({ undone }) => undone.length > 0);
  const stays = `The wall runs on, open, until then; afterwards: systemctl --user stop ${UNIT_NAME}`;
  if (restart === "later" || restart === "by hand") {
    return { done: { ...done, restart }, text: [restartText(restart, ""), stays] };
  }
  const isStopped = await installer.stop();
  return {
    done: { ...done, restart: restart ?? null },
    text: [
      ...(restart === "done" ? ["OpenClaw has restarted by itself, and goes without the wall."] : []),
      isStopped ? "The wall was stopped." : "The wall runs on, open, until whoever started it stops it.",
    ],
  };
}

interface Outcome {
  readonly plan: InstallPlan | null;
  readonly done: unknown;
  readonly text: readonly string[];
}

async function withInstaller(
  options: WallInstallOptions,
  runtime: Runtime,
  work: (app: App, installer: WallInstaller) => Promise<Outcome>,
): Promise<ExitCode> {
  const secrets: string[] = [];
  try {
    const { plan, done, text } = await withApp(runtime, secrets, async (app) =>
      work(app, await wallInstallerFor(app, options, runtime)),
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

/** Throws `bad_config` where the wall could not run as it is configured. */
export async function wallInstallerFor(
  app: App,
  options: Pick<WallInstallOptions, "command" | "strict">,
  runtime: Runtime,
  known?: Config,
): Promise<WallInstaller> {
  const settings = wallSettings(known ?? (await loadConfig(runtime)));
  const directory = stateDirectory(runtime.env, runtime.home);
  let told: string | undefined;
  return createWallInstaller({
    changes: app.changes,
    // Only the guard tells the address, and it may be taken out meanwhile.
    async proxy() {
      const { enabled, address } = await usedProxy(app);
      told = address ?? told;
      return { enabled, address: told };
    },
    client: createWallClient({ directory }),
    service: createUserService({
      name: UNIT_NAME,
      file: userUnitFile(runtime.env, runtime.home, UNIT_NAME),
      unit: systemdUnit({ command: options.command, settings, directory }),
      systemctl,
    }),
    listen: `${settings.listen.host}:${settings.listen.port}`,
    directory,
    strict: options.strict === true,
  });
}

export const wallPlanText = ({ unitFile, unitBefore, unitAfter, keeper, config }: InstallPlan): string =>
  [
    keeper === "somebody"
      ? "There is no systemd of yours here, so the wall that runs already is used."
      : unitText({ file: unitFile, before: unitBefore, after: unitAfter }),
    config.length === 0 ? "OpenClaw's configuration is as it should be." : "OpenClaw's configuration:",
    ...config.map((difference) => `  ${changeText(difference)}`),
    "",
  ].join("\n");

const needsYes = (): ClutchError =>
  new ClutchError("confirmation_required", "This needs a yes first; nothing was changed.", {
    hint: "Run it again with --yes. The gateway restarts once for it.",
  });
