import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseEnv } from "node:util";
import { environmentNames, loadConfig } from "../config.ts";
import { readConfigFile, writeWhole } from "../config-file.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import { CLUTCH_UNIT, clutchUnit, readSecrets, secretsText } from "../service/clutch-unit.ts";
import {
  checkCommand,
  createUserService,
  type Systemctl,
  systemctl,
  textOf,
  type UnitDifference,
  type UserService,
  unitText,
  userUnitFile,
} from "../service/user-service.ts";
import type { ExitCode, Runtime } from "./runtime.ts";

export interface ServiceOptions {
  readonly json?: boolean;
  readonly yes?: boolean;
  /** What starts Clutch: the program and its first arguments. */
  readonly command: readonly string[];
}

/** How long the service is watched before it counts as running, ms: a configuration that is refused ends it sooner. */
const SETTLES_MS = 3_000;

interface ServicePlan {
  readonly unit: UnitDifference;
  /** The file of secrets and the names in it; undefined where the configuration takes none from the environment. */
  readonly secrets: SecretsPlan | undefined;
}

interface SecretsPlan {
  readonly file: string;
  readonly names: readonly string[];
  /** It does not hold them yet, or holds others: what runs has to start again to get these. */
  readonly changed: boolean;
}

/**
 * Shows the unit that runs `clutch start`, and with `yes` writes and starts it;
 * with `json` one line `{ok, plan, done, error}`. Exit code 2 where a yes is
 * needed or something has to be done first, 1 where it did not come up.
 */
export const serviceInstall = (
  options: ServiceOptions,
  runtime: Runtime,
  run: Systemctl = systemctl,
  settlesMs = SETTLES_MS,
): Promise<ExitCode> =>
  reported(options, runtime, async () => {
    const { plan, install } = await serviceSetUp(options.command, runtime, run, settlesMs);
    if (options.json !== true) runtime.stdout.write(`${servicePlanText(plan).join("\n")}\n`);
    if (options.yes !== true) throw Object.assign(needsYes(), { plan });
    await install();
    return { plan, done: true, text: [RUNS, ...lingerHint(runtime)] };
  });

/** Says how the service stands; with `json` one line `{ok, service, error}`. Exit code 1 where it does not run. */
export const serviceStatus = (
  options: Pick<ServiceOptions, "json">,
  runtime: Runtime,
  run: Systemctl = systemctl,
): Promise<ExitCode> =>
  reported(options, runtime, async () => {
    const file = userUnitFile(runtime.env, runtime.home, CLUTCH_UNIT);
    if (!existsSync(file)) throw notInstalled();
    const shown = await run(["show", "--property=ActiveState,SubState,MainPID,NRestarts,UnitFileState", CLUTCH_UNIT]);
    if (shown?.ok !== true) throw noSystemd("It is installed, but there is no systemd here that would say how it is.");
    const { ActiveState: active = "unknown", SubState: sub = "", ...more } = parseEnv(shown.text);
    const service = {
      file,
      state: active,
      detail: sub,
      pid: Number(more["MainPID"] ?? 0),
      restarts: Number(more["NRestarts"] ?? 0),
      starts: more["UnitFileState"] === "enabled",
    };
    const line = `${CLUTCH_UNIT}: ${active} (${sub}), process ${service.pid}, restarted ${service.restarts} times; ${service.starts ? "starts with your session" : "does not start by itself"}.`;
    if (active === "active") return { service, text: [line, ...lingerHint(runtime)] };
    throw Object.assign(notRunning(line), { service });
  });

/** Stops the service and takes it away, with its file of secrets; the same options and exit codes as `serviceInstall`. */
export const serviceRemove = (
  options: Pick<ServiceOptions, "json" | "yes">,
  runtime: Runtime,
  run: Systemctl = systemctl,
): Promise<ExitCode> =>
  reported(options, runtime, async () => {
    const removal = serviceRemoval(runtime, run);
    if (removal === undefined) throw notInstalled();
    if (options.json !== true) runtime.stdout.write(`To be removed: ${removal.files.join(", ")}\n`);
    if (options.yes !== true) throw needsYes();
    await removal.remove();
    return { done: true, text: ["The service is stopped and gone. clutch start runs Clutch in the foreground."] };
  });

/** What the service would be here, and how to make it so. Throws `bad_config`; `install` also `not_verified`. */
async function serviceSetUp(
  command: readonly string[],
  runtime: Runtime,
  run: Systemctl,
  settlesMs: number,
): Promise<{ readonly plan: ServicePlan; install(): Promise<void> }> {
  checkCommand(command);
  const { path, text } = readConfigFile(runtime);
  if (text === undefined) {
    throw new ClutchError("bad_config", `There is no ${path}, so the service would not know which gateway is meant.`, {
      hint: "Run clutch init first.",
    });
  }
  const file = secretsFile(runtime);
  const variables = secretVariables(environmentNames(text, path), file, runtime);
  const names = Object.keys(variables);
  // Else the service would end at once, with nobody there to read why.
  const { gateway } = await loadConfig({ ...runtime, env: { ...runtime.env, ...variables } });
  if (gateway === undefined && !runtime.env["OPENCLAW_GATEWAY_URL"]) throw withoutGateway(path);
  const kept = secretsText(variables);
  const secrets = names.length === 0 ? undefined : { file, names, changed: textOf(file) !== kept };
  const service = serviceOf(
    clutchUnit({
      command,
      configPath: path,
      workingDirectory: runtime.cwd,
      secretsFile: secrets?.file,
      env: runtime.env,
    }),
    runtime,
    run,
  );
  return {
    plan: { unit: service.difference(), secrets },
    async install() {
      if (!(await service.isPossible())) throw noSystemd("There is no systemd here that could keep Clutch running.");
      if (secrets !== undefined) writeWhole(file, kept, 0o600);
      const restart = secrets?.changed === true;
      await service.install({ restart }).catch((error: Error) => Promise.reject(notUp(error.message)));
      await sleep(settlesMs);
      const state = (await run(["is-active", CLUTCH_UNIT]))?.text.trim();
      if (state !== "active") throw notUp(`it is ${state ?? "gone"}`);
    },
  };
}

/** What there is of the service to take away; undefined where there is nothing. `stop` leaves the files for now. */
export function serviceRemoval(
  runtime: Runtime,
  run: Systemctl = systemctl,
):
  | { readonly files: readonly string[]; stop(): Promise<void>; startAgain(): Promise<void>; remove(): Promise<void> }
  | undefined {
  const service = serviceOf("", runtime, run);
  const files = [service.difference().file, secretsFile(runtime)].filter((file) => existsSync(file));
  if (files.length === 0) return undefined;
  return {
    files,
    stop: async () => void (await run(["stop", CLUTCH_UNIT])),
    startAgain: async () => void (await run(["start", CLUTCH_UNIT])),
    async remove() {
      await service.remove({ stop: true });
      for (const file of files) rmSync(file, { force: true });
    },
  };
}

const serviceOf = (unit: string, runtime: Runtime, run: Systemctl): UserService =>
  createUserService({
    name: CLUTCH_UNIT,
    file: userUnitFile(runtime.env, runtime.home, CLUTCH_UNIT),
    unit,
    systemctl: run,
  });

const secretsFile = ({ env, home }: Runtime): string =>
  join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "clutch", "service.env");

/** From the environment, else as the last installation kept them. Throws `bad_config` for one that is nowhere. */
function secretVariables(names: readonly string[], file: string, { env }: Runtime): Readonly<Record<string, string>> {
  const kept = existsSync(file) ? readSecrets(readFileSync(file, "utf8")) : {};
  // No configuration names it, but Clutch takes the gateway's token from it.
  const more = [env, kept].some((known) => known["OPENCLAW_GATEWAY_TOKEN"]) ? ["OPENCLAW_GATEWAY_TOKEN"] : [];
  return Object.fromEntries(
    [...new Set([...names, ...more])].map((name) => {
      const value = env[name] || kept[name];
      if (value === undefined) {
        throw new ClutchError("bad_config", `The configuration takes ${name} from the environment, which has none.`, {
          hint: `Set ${name} for this command: the service keeps it in ${file}, which only you can read.`,
        });
      }
      if (/[\r\n]/.test(value)) throw new ClutchError("bad_config", `${name} has more than one line.`);
      return [name, value];
    }),
  );
}

const servicePlanText = ({ unit, secrets }: ServicePlan): readonly string[] => [
  unitText(unit),
  ...(secrets === undefined
    ? []
    : [
        `Secrets: ${secrets.file} (mode 0600): ${secrets.names.join(", ")}${secrets.changed ? "" : ", as they are there"}`,
      ]),
];

/** Without it a person's services end with their last session. */
function lingerHint({ env }: Runtime): readonly string[] {
  const user = env["USER"] ?? "";
  if (user === "" || existsSync(join("/var/lib/systemd/linger", user))) return [];
  return ["It ends when you log out, unless you allow it to stay: loginctl enable-linger"];
}

type Outcome = { readonly text: readonly string[] } & Readonly<Record<string, unknown>>;

async function reported(
  options: { readonly json?: boolean },
  runtime: Runtime,
  work: () => Promise<Outcome>,
): Promise<ExitCode> {
  try {
    const { text, ...told } = await work();
    const line = options.json === true ? JSON.stringify({ ok: true, ...told, error: null }) : text.join("\n");
    runtime.stdout.write(`${line}\n`);
    return 0;
  } catch (thrown) {
    const error = toClutchError(thrown);
    const { code, message, hint } = error;
    if (options.json === true) {
      const { plan, service } = error as ClutchError & Readonly<Record<string, unknown>>;
      const told = { ...(plan === undefined ? {} : { plan }), ...(service === undefined ? {} : { service }) };
      runtime.stdout.write(`${JSON.stringify({ ok: false, ...told, error: { code, message, hint } })}\n`);
    } else {
      runtime.stderr.write(`✗ ${message}\n${hint === "" ? "" : `  ${hint}\n`}`);
    }
    return error.isFault ? 1 : 2;
  }
}

const RUNS = `Clutch runs as a service and starts again after a crash. Its log: journalctl --user -u ${CLUTCH_UNIT}`;

const withoutGateway = (path: string): ClutchError =>
  new ClutchError(
    "bad_config",
    `${path} names no gateway; a service that is up before OpenClaw would open the sandbox.`,
    {
      hint: "clutch init writes it in, or by hand: gateway.url, such as ws://127.0.0.1:18789.",
    },
  );

const needsYes = (): ClutchError =>
  new ClutchError("confirmation_required", "This needs a yes first; nothing was changed.", {
    hint: "Run it again with --yes.",
  });

const notInstalled = (): ClutchError =>
  new ClutchError("bad_config", "Clutch is not installed as a service here.", {
    hint: "clutch service install shows what it would be.",
  });

const noSystemd = (message: string): ClutchError =>
  new ClutchError("bad_config", message, {
    hint: "Have clutch start run after the gateway by what starts programs here; docs/operating.md has launchd, WSL2 and Docker.",
  });

const notUp = (why: string): ClutchError =>
  new ClutchError("not_verified", `The service did not come up (${why}).`, {
    hint: `Look into journalctl --user -u ${CLUTCH_UNIT}; clutch service remove --yes takes it away again.`,
  });

const notRunning = (line: string): ClutchError =>
  new ClutchError("not_verified", line, { hint: `Look into journalctl --user -u ${CLUTCH_UNIT}.` });
