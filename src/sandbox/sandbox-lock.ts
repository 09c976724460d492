import { lookup } from "node:dns/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { createGuardFiles } from "../guard/guard-files.ts";
import { freePort } from "../openclaw/gateway-process.ts";
import type { SandboxLockConfig } from "../openclaw/sandbox-config.ts";
import { createWall } from "../wall/wall.ts";
import { localRuleOf } from "../wall/wall-rules.ts";

/** The sandbox's own guard and wall, so that local-only mode can be tried there. */
export interface SandboxLock {
  readonly config: SandboxLockConfig;
  readonly stateDirectory: string;
  close(): Promise<void>;
}

/**
 * The wall runs in this process and ends with the sandbox. Where the network is only
 * reached through a proxy, there is none: it connects directly.
 */
export async function openSandboxLock(parts: {
  /** The sandbox's own directory. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly ollamaUrl: string;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}): Promise<SandboxLock> {
  const { env, clock, logger } = parts;
  const stateDirectory = join(parts.directory, "lock");
  const directory = join(stateDirectory, "guard");
  const files = createGuardFiles(directory);
  files.write();
  const behindProxy = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].some((name) => Boolean(env[name]));
  const wall = behindProxy
    ? undefined
    : await createWall({
        listen: { host: "127.0.0.1", port: 0 },
        directory: stateDirectory,
        rules: { allow: [], local: [localRuleOf(parts.ollamaUrl) ?? "127.0.0.1:11434"] },
        resolve: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
        clock,
        logger,
      });
  const guard = { path: files.path, directory, canaryPort: await freePort() };
  return {
    config: wall === undefined ? { guard } : { guard, proxyUrl: `http://${wall.status().listen}` },
    stateDirectory,
    close: async () => wall?.stop(),
  };
}
