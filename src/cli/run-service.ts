import { join } from "node:path";
import type { ChatAdapter } from "../../adapters/adapter.ts";
import { createApp } from "../app.ts";
import type { Config } from "../config.ts";
import { createLogger } from "../logger.ts";
import type { GatewayAddress } from "../openclaw/connection.ts";
import { stateDirectory } from "../wall/state-file.ts";
import { deliverNotices } from "./deliver.ts";
import { openTerminal, ownerAtTerminal } from "./open-terminal.ts";
import { type ExitCode, type Runtime, untilSignalled } from "./runtime.ts";
import { startPlatforms } from "./start-platforms.ts";

const MAIN_SESSION = "agent:main:main";

/** With a person's own gateway: serves until it is signalled, whatever its input does. */
export async function runService(
  config: Config,
  gateway: GatewayAddress,
  runtime: Runtime,
  secrets: readonly string[],
): Promise<ExitCode> {
  const interactive = runtime.stdin.isTTY === true;
  const logger = createLogger({
    level: runtime.env["CLUTCH_LOG"] ?? (interactive ? "warn" : "info"),
    destination: runtime.stderr,
    secrets: () => secrets,
  });
  const app = await createApp({
    config,
    gateway,
    stateDirectory: stateDirectory(runtime.env, runtime.home),
    onWaiting: (problem) => runtime.stdout.write(`${problem.message} ${problem.hint} Waiting for it; Ctrl-C stops.\n`),
    access: { ...config.access, owners: [...config.access.owners, ...(interactive ? [ownerAtTerminal()] : [])] },
    logger,
    fetch: runtime.fetch,
    clock: runtime.clock,
    signal: runtime.signal,
  });
  const adapters: ChatAdapter[] = [];
  try {
    const { models } = await app.services.registry.current();
    const local = models.filter(({ locality }) => locality.kind === "local").length;
    runtime.stdout.write(`Attached: ${models.length} models, ${local} of them local.\n`);
    if (config.access.owners.length === 0) {
      runtime.stdout.write(
        "No owner is configured, so nobody may change anything from a chat (access.owners in clutch.config.json).\n",
      );
    }
    if (interactive) {
      const historyFile = join(gateway.stateDir ?? runtime.home, "history");
      const terminal = await openTerminal({
        app,
        runtime,
        sessionKey: MAIN_SESSION,
        input: runtime.stdin,
        historyFile,
      });
      adapters.push(terminal);
      void terminal.done.then(() => {
        if (!runtime.signal.aborted)
          runtime.stdout.write("The terminal channel is closed; Clutch goes on. Ctrl-C stops it.\n");
      });
    }
    const say = (line: string): void => void runtime.stdout.write(`${line}\n`);
    adapters.push(...(await startPlatforms(app, config, { say, logger, clock: runtime.clock })));
    app.watch(deliverNotices(adapters, MAIN_SESSION, logger));
    await untilSignalled(runtime.signal);
    return 0;
  } finally {
    for (const adapter of adapters) await adapter.stop();
    await app.close();
  }
}
