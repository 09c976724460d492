import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import { findOpenClaw } from "../openclaw/find-openclaw.ts";
import {
  type GatewayExit,
  type GatewayProcess,
  type StartProgress,
  startGatewayProcess,
} from "../openclaw/gateway-process.ts";
import { sandboxConfig } from "../openclaw/sandbox-config.ts";
import { type ModelServers, openModelServers } from "./model-servers.ts";
import { PERSONA } from "./persona.ts";
import { openSandboxLock, type SandboxLock } from "./sandbox-lock.ts";
import { cleanUpStale, createRecord, defaultRuntimeDir, openRuntimeDir } from "./sandbox-records.ts";

/** A private OpenClaw gateway with one agent and two providers, real where this machine has them. */
export interface Sandbox {
  readonly gateway: { readonly url: string; readonly token: string };
  readonly sessionKey: string;
  /** Everything to choose from; the first is the default. */
  readonly models: readonly ModelRef[];
  readonly servers: ModelServers["servers"];
  readonly demoProviders: ModelServers["demoProviders"];
  /** Where Clutch keeps what it remembers of this sandbox. */
  readonly store: string;
  /** Of its wall and its guard. */
  readonly stateDirectory: string;
  readonly logFile: string;
  /** Resolves when the gateway has ended for good. */
  readonly exited: Promise<GatewayExit>;
  /** Starts the gateway again with the same address and state. Throws as `startSandbox` does. */
  restart(): Promise<void>;
  /** Ends everything and removes every trace; with `keep` the directory stays until the next start. */
  stop(options?: { readonly keep?: boolean }): Promise<void>;
}

export interface SandboxOptions {
  /** Where sandboxes live. Default: `clutch-sandbox-<uid>` among the temporary files. */
  readonly runtimeDir?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fetch: typeof globalThis.fetch;
  readonly logger: Logger;
  readonly onProgress?: (progress: StartProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Starts the sandbox and resolves when its gateway is ready, 13 s later on an idle
 * machine of two cores. Clears away first what a killed Clutch left. Throws
 * `no_openclaw`, or `sandbox_failed`, after which only the log remains, until the
 * next start.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { env, fetch, logger } = options;
  const { command, version } = await findOpenClaw({ env });
  const runtimeDir = await openRuntimeDir(options.runtimeDir ?? defaultRuntimeDir());
  await cleanUpStale(runtimeDir, logger);
  const record = await createRecord(runtimeDir);
  const servers = await openModelServers({ env, fetch });
  const { ollama, anthropic } = servers.providers;
  const models: ModelRef[] = [
    ...anthropic.models.map(({ id }) => ({ provider: "anthropic", model: id })),
    ...ollama.models.map(({ id }) => ({ provider: "ollama", model: id })),
  ];
  const store = `sqlite:${join(record.dir, "clutch.db")}`;
  let gateway: GatewayProcess | undefined;
  let lock: SandboxLock | undefined;
  try {
    const opened = await openSandboxLock({
      directory: record.dir,
      env,
      ollamaUrl: ollama.baseUrl,
      clock: Date.now,
      logger,
    });
    lock = opened;
    const workspace = join(record.dir, "workspace");
    await mkdir(workspace, { mode: 0o700 });
    await writeFile(join(workspace, "SOUL.md"), PERSONA, { mode: 0o600 });
    const started = await startGatewayProcess({
      command,
      dir: record.dir,
      config: sandboxConfig({
        version,
        ollama,
        anthropic,
        workspace,
        primary: models.slice(0, 1).map(formatModelRef).join(),
        lock: opened.config,
      }),
      env,
      extraEnv: servers.gatewayEnv,
      // Kept from one sandbox to the next; where the person has a cache already, that one.
      compileCacheDir: env["NODE_COMPILE_CACHE"] || join(runtimeDir, "compile-cache"),
      fetch,
      logger,
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    gateway = started;
    await record.publish({
      url: started.url,
      token: started.token,
      servers: servers.servers,
      demoProviders: [...servers.demoProviders],
      store,
      stateDirectory: opened.stateDirectory,
    });
    return {
      gateway: started,
      sessionKey: "agent:main:main",
      models,
      servers: servers.servers,
      demoProviders: servers.demoProviders,
      store,
      stateDirectory: opened.stateDirectory,
      logFile: started.logFile,
      exited: started.exited,
      restart: started.restart,
      async stop({ keep = false } = {}) {
        await started.stop();
        await opened.close();
        await servers.close();
        if (!keep) await record.remove();
      },
    };
  } catch (error) {
    await gateway?.stop();
    await lock?.close();
    await servers.close();
    if (options.signal?.aborted) await record.remove();
    throw error;
  }
}
