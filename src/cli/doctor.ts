import { lookup } from "node:dns/promises";
import { type App, createApp } from "../app.ts";
import { type Config, defaultConfig, loadConfig } from "../config.ts";
import type { World } from "../doctor/check.ts";
import { type Checked, createDoctor, verdictOf } from "../doctor/doctor.ts";
import { isStoreReady } from "../doctor/store-checks.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import { systemAccess } from "../hardware/system-access.ts";
import { createLogger } from "../logger.ts";
import { describeConnectFailure } from "../openclaw/connect-errors.ts";
import type { Waiting } from "../openclaw/until-connected.ts";
import { stateDirectory } from "../wall/state-file.ts";
import { chooseGatewayOrSandbox } from "./choose-gateway.ts";
import { renderChecked } from "./doctor-text.ts";
import { lookAtPlatforms } from "./look-at-platforms.ts";
import type { ExitCode, Runtime } from "./runtime.ts";

export interface DoctorOptions {
  readonly json?: boolean;
  /** Also what takes long: canaries in the network, a question to each local model. */
  readonly deep?: boolean;
}

const GATEWAY_TIMEOUT_MS = 10_000;

/**
 * Looks at every part of Clutch and prints what it found, with the remedy of each
 * problem; with `json` one object `{ok, checks, error}`. What needs the gateway is
 * left out where that cannot be asked. Exit code 0 where nothing is broken, 1 where
 * something is, 2 where the configuration cannot be used. Changes nothing.
 */
export async function doctor(options: DoctorOptions, runtime: Runtime): Promise<ExitCode> {
  const { stdout, signal } = runtime;
  const deep = options.deep === true;
  const { world, close } = await openWorld(runtime);
  let checked: readonly Checked[];
  try {
    checked = await createDoctor(world).examine({ deep, signal });
  } finally {
    await close();
  }
  const error = errorOf(world, checked);
  if (options.json === true) {
    const shown = error === undefined ? null : { code: error.code, message: error.message, hint: error.hint };
    stdout.write(`${JSON.stringify({ ok: error === undefined, checks: checked, error: shown })}\n`);
  } else {
    stdout.write(`${renderChecked(checked, runtime)}\n`);
  }
  return error === undefined ? 0 : world.configProblem === undefined ? 1 : 2;
}

function errorOf({ configProblem }: World, checked: readonly Checked[]): ClutchError | undefined {
  if (configProblem !== undefined) return configProblem;
  const broken = checked.filter(({ state }) => state === "broken");
  if (broken.length === 0) return undefined;
  return new ClutchError("not_verified", verdictOf(checked).text, {
    hint: `Look at ${broken.map(({ part, name }) => `${part}: ${name}`).join("; ")}.`,
  });
}

interface OpenWorld {
  readonly world: World;
  close(): Promise<void>;
}

/** Everything that can be had: a problem with one part leaves the others. */
async function openWorld(runtime: Runtime): Promise<OpenWorld> {
  const { env, home, fetch, clock, signal } = runtime;
  const secrets: string[] = [...(runtime.secrets ?? [])];
  const logger = createLogger({
    level: env["CLUTCH_LOG"] ?? "silent",
    destination: runtime.stderr,
    secrets: () => secrets,
  });
  const around = {
    ...{ env, home, fetch, clock, secrets },
    system: systemAccess(signal),
    stateDirectory: stateDirectory(env, home),
    resolve: async (host: string) => (await lookup(host, { all: true })).map(({ address }) => address),
  };
  let config: Config = defaultConfig;
  try {
    config = await loadConfig({ ...runtime, secrets });
    const platforms = () => lookAtPlatforms(config, logger);
    const { app, ...found } = await attach(config, { runtime, secrets, logger });
    const gateway = { ...app.attached, hasStore: found.hasStore };
    return { world: { ...around, ...found, platforms, gateway }, close: app.close };
  } catch (thrown) {
    const problem = toClutchError(thrown);
    const isConfig = problem.code === "bad_config";
    const platforms = () => lookAtPlatforms(config, logger);
    return {
      world: { ...around, config, platforms, gateway: problem, ...(isConfig ? { configProblem: problem } : {}) },
      close: async () => undefined,
    };
  }
}

/** A store that is damaged, or that has to be migrated first, is left alone: what else there is can be seen without. */
async function attach(
  config: Config,
  {
    runtime,
    secrets,
    logger,
  }: { readonly runtime: Runtime; readonly secrets: string[]; readonly logger: ReturnType<typeof createLogger> },
): Promise<{ app: App; config: Config; stateDirectory: string; hasStore: boolean }> {
  const choice = await chooseGatewayOrSandbox(config, runtime);
  if (choice.token !== undefined) secrets.push(choice.token);
  const { sandbox } = choice;
  const own = sandbox === undefined ? config : { ...config, store: sandbox.store };
  const store = await isStoreReady(own.store);
  const directory = sandbox?.stateDirectory ?? stateDirectory(runtime.env, runtime.home);
  const patience = untilProblem(choice.url, runtime.signal);
  const app = await createApp({
    config: store === "ready" ? own : { ...own, store: "sqlite::memory:" },
    gateway: choice,
    ...patience.waiting,
    stateDirectory: directory,
    access: config.access,
    ...(sandbox === undefined ? {} : { sandboxServers: sandbox.servers, demoProviders: sandbox.demoProviders }),
    logger,
    fetch: runtime.fetch,
    clock: runtime.clock,
  }).catch((thrown: unknown) => {
    // What failed later than that has its own reason.
    throw (isDeadline(thrown) ? patience.problem() : undefined) ?? thrown;
  });
  return { app, config: own, stateDirectory: directory, hasStore: store !== "unusable" };
}

/** A gateway that does not let Clutch in is not tried again and again: why it does not is what is asked here. */
function untilProblem(
  url: string,
  signal: AbortSignal,
): { readonly waiting: Waiting; problem(): ClutchError | undefined } {
  let problem: ClutchError | undefined;
  const met = new AbortController();
  const late = AbortSignal.timeout(GATEWAY_TIMEOUT_MS);
  return {
    waiting: {
      signal: AbortSignal.any([signal, met.signal, late]),
      onWaiting(found) {
        problem ??= found;
        met.abort();
      },
    },
    problem: () => problem ?? (late.aborted ? describeConnectFailure({ message: "no answer" }, url).error : undefined),
  };
}

const isDeadline = (thrown: unknown): boolean => thrown instanceof ClutchError && thrown.code === "deadline";
