import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { z } from "zod";
import { ClutchError } from "../errors.ts";
import type { GatewayCommand } from "./find-openclaw.ts";
import { KEEPER_FILE } from "./gateway-keeper.ts";
import { createGatewayOutput } from "./gateway-output.ts";
import { endProcessesOf, MARK } from "./process-table.ts";

export interface GatewayProcess {
  readonly url: string;
  readonly token: string;
  /** Of the keeper, in whose session the gateway runs. */
  readonly pid: number;
  /** What the gateway printed, secrets hidden. */
  readonly logFile: string;
  /** Resolves when the gateway has ended for good, by `stop` or by itself. */
  readonly exited: Promise<GatewayExit>;
  /** Ends the gateway and everything it started; resolves when nothing is left. */
  stop(): Promise<void>;
  /** Starts it again with the same port, token and state; resolves when it is ready. Throws as `startGatewayProcess` does. */
  restart(): Promise<void>;
}

export interface GatewayExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface StartProgress {
  readonly phase: string;
  /** Since the start began, ms. */
  readonly elapsedMs: number;
}

export interface GatewayProcessOptions {
  readonly command: GatewayCommand;
  /** Everything the gateway writes lands in this directory, which is made where it is missing. */
  readonly dir: string;
  /** OpenClaw's configuration; mode, address, token and log file are added. */
  readonly config: Readonly<Record<string, unknown>>;
  /** A free one where it is missing. */
  readonly port?: number;
  /** Clutch's own environment, of which the gateway gets only what every program needs. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Further variables for the gateway. All their values are treated as secrets. */
  readonly extraEnv?: Readonly<Record<string, string>>;
  /** Without chat channels, which the default is, no plugin of a platform starts. */
  readonly channels?: boolean;
  /** Where compiled code is kept from one start to the next: saves about a sixth of a start. */
  readonly compileCacheDir?: string;
  /** From the start until ready, ms. Default 90,000: 13 s on an idle machine of 2 cores, 60 s were seen on a busy one. */
  readonly timeoutMs?: number;
  readonly fetch?: typeof globalThis.fetch;
  readonly logger: Logger;
  readonly onProgress?: (progress: StartProgress) => void;
  readonly signal?: AbortSignal;
}

/** Nothing of the person's OpenClaw, keys or home gets through: only what these name. */
const PASSED_ON = ["PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TERM", "USER", "LOGNAME"];

const POLL_MS = 200;
const readyReply = z.object({ ready: z.boolean() });

/**
 * Starts an OpenClaw gateway of Clutch's own on loopback and waits until it is
 * ready. It ends with this process, however that ends. Throws `sandbox_failed`
 * with its last lines where it ends early or is not ready in time, and the
 * signal's own reason where that comes first; nothing runs any more then, while
 * the log stays.
 */
export async function startGatewayProcess(options: GatewayProcessOptions): Promise<GatewayProcess> {
  const { dir, logger } = options;
  const fetch = options.fetch ?? globalThis.fetch;
  const port = options.port ?? (await freePort());
  const token = randomBytes(32).toString("hex");
  const logFile = join(dir, "gateway.log");
  const secrets = [token, ...Object.values(options.extraEnv ?? {})];
  const env = environment(options);
  await layOut(options, { port, token });

  const launch = async (): Promise<{ keeper: Keeper; gone: Promise<GatewayExit> }> => {
    const startedAt = performance.now();
    const tell = (phase: string): void =>
      options.onProgress?.({ phase, elapsedMs: Math.round(performance.now() - startedAt) });
    const output = createGatewayOutput({ logFile, secrets, onPhase: tell });
    tell("starting OpenClaw");
    const keeper = startKeeper(options.command, dir, env);
    output.read(keeper.stdout);
    output.read(keeper.stderr);
    const gone = endOf(keeper).then(async (exit) => {
      const left = await endProcessesOf(dir);
      if (left.length > 0) logger.error({ pids: left, dir }, "processes of the private gateway could not be ended");
      output.close();
      return exit;
    });
    const timeoutMs = options.timeoutMs ?? 90_000;
    const outcome = await Promise.race([
      gone,
      untilReady({
        port,
        deadline: startedAt + timeoutMs,
        fetch,
        isOver: gone,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      }),
    ]);
    if (outcome === "ready") {
      tell("ready");
      logger.info({ port, pid: keeper.pid, ms: Math.round(performance.now() - startedAt) }, "private gateway ready");
      return { keeper, gone };
    }
    keeper.stdin.end();
    await gone;
    options.signal?.throwIfAborted();
    throw startFailure(outcome === "late" ? timeoutMs : outcome, output.lastLines(), logFile);
  };

  const ended = Promise.withResolvers<GatewayExit>();
  let stopping = false;
  let restarting = false;
  let running = await launch();
  const follow = (): void => {
    const { gone } = running;
    void gone.then((exit) => {
      if (!restarting || stopping) ended.resolve(exit);
    });
  };
  follow();

  return {
    url: `ws://127.0.0.1:${port}`,
    token,
    get pid() {
      return running.keeper.pid;
    },
    logFile,
    exited: ended.promise,
    async stop() {
      stopping = true;
      running.keeper.stdin.end();
      ended.resolve(await running.gone);
    },
    async restart() {
      restarting = true;
      try {
        running.keeper.stdin.end();
        const exit = await running.gone;
        running = await launch().catch((error: unknown) => {
          ended.resolve(exit);
          throw error;
        });
        follow();
      } finally {
        restarting = false;
      }
    },
  };
}

type Keeper = ReturnType<typeof startKeeper>;

function startKeeper(command: GatewayCommand, dir: string, env: NodeJS.ProcessEnv) {
  const keeper = spawn(process.execPath, [KEEPER_FILE, command.program, ...command.args, "gateway", "run"], {
    // OpenClaw reads a `.env` from where it stands.
    cwd: dir,
    env,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  keeper.stdin.on("error", () => undefined);
  return Object.assign(keeper, { pid: keeper.pid ?? 0 });
}

const endOf = (keeper: ReturnType<typeof spawn>): Promise<GatewayExit> =>
  new Promise((resolve) => {
    keeper.once("error", () => resolve({ code: 126, signal: null }));
    keeper.once("exit", (code, signal) => resolve({ code, signal }));
  });

async function untilReady(wait: {
  readonly port: number;
  readonly deadline: number;
  readonly fetch: typeof globalThis.fetch;
  readonly isOver: Promise<unknown>;
  readonly signal?: AbortSignal;
}): Promise<"ready" | "late" | "aborted"> {
  let over = false;
  void wait.isOver.then(() => {
    over = true;
  });
  while (!over && performance.now() < wait.deadline) {
    if (wait.signal?.aborted) return "aborted";
    if (await isReady(wait.port, wait.fetch)) return "ready";
    await sleep(POLL_MS);
  }
  return "late";
}

async function isReady(port: number, fetch: typeof globalThis.fetch): Promise<boolean> {
  try {
    const reply = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(1_000) });
    return readyReply.parse(await reply.json()).ready;
  } catch {
    return false;
  }
}

function startFailure(
  outcome: number | GatewayExit | "aborted",
  lines: readonly string[],
  logFile: string,
): ClutchError {
  const said =
    lines.length === 0 ? "It printed nothing." : `Its last lines:\n${lines.map((line) => `  ${line}`).join("\n")}`;
  const what =
    typeof outcome === "number"
      ? `OpenClaw was not ready within ${Math.round(outcome / 1000)} s and was stopped.`
      : outcome === "aborted"
        ? "OpenClaw was stopped while it started."
        : outcome.code === 78
          ? "OpenClaw does not accept its configuration (exit code 78)."
          : `OpenClaw ended while it started (${outcome.signal ?? `exit code ${outcome.code}`}).`;
  return new ClutchError("sandbox_failed", `${what} ${said}`, { hint: `All it printed is in ${logFile}.` });
}

async function layOut(
  { dir, config }: GatewayProcessOptions,
  own: { readonly port: number; readonly token: string },
): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  // `mkdir` leaves a directory that was there as it is.
  await chmod(dir, 0o700);
  for (const part of ["home", "state", "tmp"]) await mkdir(join(dir, part), { recursive: true, mode: 0o700 });
  const complete = {
    ...config,
    gateway: {
      ...section(config["gateway"]),
      mode: "local",
      port: own.port,
      bind: "loopback",
      auth: { mode: "token", token: own.token },
    },
    // By itself OpenClaw logs to /tmp/openclaw, wherever its temporary directory is.
    logging: { ...section(config["logging"]), file: join(dir, "openclaw.log") },
  };
  await writeFile(join(dir, "openclaw.json"), `${JSON.stringify(complete, undefined, 2)}\n`, { mode: 0o600 });
}

const section = (value: unknown): object => (typeof value === "object" && value !== null ? value : {});

function environment(options: GatewayProcessOptions): Record<string, string> {
  const { dir } = options;
  const passed = PASSED_ON.flatMap((name) => {
    const value = options.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(passed),
    NO_COLOR: "1",
    HOME: join(dir, "home"),
    TMPDIR: join(dir, "tmp"),
    OPENCLAW_HOME: join(dir, "home"),
    OPENCLAW_STATE_DIR: join(dir, "state"),
    OPENCLAW_CONFIG_PATH: join(dir, "openclaw.json"),
    OPENCLAW_DISABLE_BONJOUR: "1",
    OPENCLAW_EXEC_SHELL_SNAPSHOT: "0",
    OPENCLAW_NO_AUTO_UPDATE: "1",
    OPENCLAW_NO_RESPAWN: "1",
    OPENCLAW_OFFLINE: "1",
    // An install whose scripts were held back repairs itself at its first start, with a download of up to a minute.
    OPENCLAW_DISABLE_BUNDLED_PLUGIN_POSTINSTALL: "1",
    ...(options.channels === true ? {} : { OPENCLAW_SKIP_CHANNELS: "1" }),
    // The second spares OpenClaw's launcher the start of a second process that would only set the cache up.
    ...(options.compileCacheDir === undefined
      ? {}
      : { NODE_COMPILE_CACHE: options.compileCacheDir, OPENCLAW_PACKAGED_COMPILE_CACHE_RESPAWNED: "1" }),
    ...options.extraEnv,
    [MARK]: dir,
  };
}

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
