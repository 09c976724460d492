import { type App, createApp } from "../app.ts";
import { type Config, loadConfig } from "../config.ts";
import { createLogger } from "../logger.ts";
import { refuseGone } from "../store/mend-store.ts";
import { stateDirectory } from "../wall/state-file.ts";
import { chooseGatewayOrSandbox } from "./choose-gateway.ts";
import type { Runtime } from "./runtime.ts";

const GATEWAY_TIMEOUT_MS = 10_000;

/**
 * Attaches Clutch to the gateway, or to the sandbox of another terminal, for as
 * long as `work` takes. `secrets` gets what must never be printed, before anything
 * can fail. Throws the codes of the configuration, of the gateway and of `work`.
 */
export async function withApp<T>(
  runtime: Runtime,
  secrets: string[],
  work: (app: App) => Promise<T>,
  known?: Config,
): Promise<T> {
  const config = known ?? (await loadConfig(runtime));
  secrets.push(...config.secrets);
  const choice = await chooseGatewayOrSandbox(config, runtime);
  if (choice.token !== undefined) secrets.push(choice.token);
  const { sandbox } = choice;
  if (sandbox === undefined) refuseGone(config.store);
  const app = await createApp({
    config: sandbox === undefined ? config : { ...config, store: sandbox.store },
    gateway: choice,
    gatewayTimeoutMs: GATEWAY_TIMEOUT_MS,
    stateDirectory: sandbox?.stateDirectory ?? stateDirectory(runtime.env, runtime.home),
    signal: runtime.signal,
    access: config.access,
    ...(sandbox === undefined ? {} : { sandboxServers: sandbox.servers, demoProviders: sandbox.demoProviders }),
    logger: createLogger({
      level: runtime.env["CLUTCH_LOG"] ?? "error",
      destination: runtime.stderr,
      secrets: () => secrets,
    }),
    fetch: runtime.fetch,
    clock: runtime.clock,
  });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}
