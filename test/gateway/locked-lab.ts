import { cpSync, mkdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { CANARY } from "../../src/models/canary.ts";
import type { GatewayProcessOptions } from "../../src/openclaw/gateway-process.ts";
import { createWall, type Wall } from "../../src/wall/wall.ts";
import { createWallClient, type WallClient } from "../../src/wall/wall-client.ts";
import { type Lab, startLab } from "./harness.ts";

/** A lab whose gateway has the guard and goes through a wall, loopback included: otherwise the wall would see nothing of it. */
export interface LockedLab extends Lab {
  readonly wall: Wall;
  readonly wallClient: WallClient;
  /** Of the guard's files and its state, as `clutch guard install` lays them. */
  readonly guardDirectory: string;
  /** `host:port` of the stand-in for Ollama. */
  readonly ollamaAddress: string;
  /** Stops the wall, or kills it in all but name. */
  stopWall(): Promise<void>;
  startWall(): Promise<Wall>;
  /** Every request that a stand-in of the cloud got, and what the canary caught. */
  cloudRequests(): number;
}

export interface LockedLabOptions {
  readonly guard?: boolean;
  readonly wall?: boolean;
  readonly change?: (config: Config, canaryPort: number) => void;
  readonly how?: Partial<Pick<GatewayProcessOptions, "channels" | "extraEnv" | "timeoutMs">>;
}

// biome-ignore lint/suspicious/noExplicitAny: OpenClaw's configuration, which the tests change in many places
export type Config = any;

export async function startLockedLab(options: LockedLabOptions = {}): Promise<LockedLab> {
  const { guard = true, wall: hasWall = true } = options;
  // Its own short path: a socket's name may not be long.
  const stateDirectory = await mkdtemp(join(tmpdir(), "clutch-lock-"));
  const guardDirectory = join(stateDirectory, "guard");
  const port = await freePort();
  const canaryPort = await freePort();
  const wallWith = (listenPort: number) =>
    createWall({
      listen: { host: "127.0.0.1", port: listenPort },
      directory: stateDirectory,
      rules: { allow: [], local: [] },
      resolve: async () => ["127.0.0.1"],
      clock: Date.now,
      logger: pino({ level: process.env["CLUTCH_TEST_LOG"] ?? "silent" }, pino.destination(2)),
    });
  let wall = hasWall ? await wallWith(port) : undefined;
  let ollamaAddress = "";
  if (guard) {
    mkdirSync(guardDirectory, { recursive: true });
    cpSync(join(import.meta.dirname, "../../guard"), join(guardDirectory, "plugin"), { recursive: true });
  }
  const lab = await startLab((raw) => {
    const config: Config = raw;
    ollamaAddress = new URL(config.models.providers.ollama.baseUrl).host;
    if (hasWall) config.proxy = { enabled: true, proxyUrl: `http://127.0.0.1:${port}`, loopbackMode: "proxy" };
    if (guard) addGuard(config, guardDirectory, canaryPort);
    options.change?.(config, canaryPort);
    return config;
  }, options.how);
  const attach = lab.attach;
  return {
    ...lab,
    attach: (access, by, also) => attach(access, by, { stateDirectory, ...also }),
    get wall() {
      if (wall === undefined) throw new Error("this lab has no wall");
      return wall;
    },
    wallClient: createWallClient({ directory: stateDirectory }),
    guardDirectory,
    ollamaAddress,
    async stopWall() {
      await wall?.stop();
    },
    async startWall() {
      wall = await wallWith(port);
      return wall;
    },
    cloudRequests: () => lab.anthropic.chats.length,
    async stop() {
      await lab.stop();
      await wall?.stop();
      await rm(stateDirectory, { recursive: true, force: true });
    },
  };
}

function addGuard(config: Config, directory: string, canaryPort: number): void {
  config.plugins.allow.push("clutch-guard");
  config.plugins.load = { paths: [join(directory, "plugin")] };
  config.plugins.entries["clutch-guard"] = {
    enabled: true,
    hooks: { allowConversationAccess: true },
    config: { directory, canaryPort },
  };
  const free = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  config.models.providers[CANARY.provider] = {
    baseUrl: `http://127.0.0.1:${canaryPort}`,
    api: "anthropic-messages",
    apiKey: "canary",
    models: [{ id: CANARY.model, name: "Canary", contextWindow: 200_000, maxTokens: 1_000, cost: free }],
  };
}

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
