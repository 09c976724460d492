import { Readable } from "node:stream";
import type { ChatAdapter } from "../../adapters/adapter.ts";
import { type App, createApp } from "../app.ts";
import type { Config } from "../config.ts";
import { createLogger } from "../logger.ts";
import { type Sandbox, startSandbox } from "../sandbox/sandbox.ts";
import { deliverNotices } from "./deliver.ts";
import { openTerminal, ownerAtTerminal } from "./open-terminal.ts";
import { createProgress } from "./progress.ts";
import { type ExitCode, type Runtime, untilSignalled } from "./runtime.ts";
import { tourLines } from "./tour.ts";

/** Opens a private gateway with a terminal channel; with `tour`, or where no input comes, plays the tour in it. */
export async function runSandbox(config: Config, tour: boolean, runtime: Runtime): Promise<ExitCode> {
  const secrets = [...config.secrets];
  const logger = createLogger({
    level: runtime.env["CLUTCH_LOG"] ?? "error",
    destination: runtime.stderr,
    secrets: () => secrets,
  });
  const progress = createProgress("Starting a private OpenClaw gateway", runtime);
  let sandbox: Sandbox;
  try {
    sandbox = await startSandbox({
      env: runtime.env,
      fetch: runtime.fetch,
      logger,
      signal: runtime.signal,
      onProgress: ({ phase }) => progress.update(phase),
    });
  } catch (error) {
    progress.end(runtime.signal.aborted ? "Stopped." : "The private gateway did not start.");
    throw error;
  }
  secrets.push(sandbox.gateway.token);
  runtime.secrets?.push(sandbox.gateway.token);
  progress.end(greeting(sandbox));
  let app: App | undefined;
  try {
    app = await createApp({
      config: { ...config, store: sandbox.store },
      gateway: sandbox.gateway,
      stateDirectory: sandbox.stateDirectory,
      access: { ...config.access, owners: [...config.access.owners, ownerAtTerminal()] },
      sandboxServers: sandbox.servers,
      demoProviders: sandbox.demoProviders,
      logger,
      fetch: runtime.fetch,
      clock: runtime.clock,
      signal: runtime.signal,
    });
    const adapters: ChatAdapter[] = [];
    app.watch(deliverNotices(adapters, sandbox.sessionKey, logger));
    if (tour) return await playTour(app, sandbox, runtime, adapters);
    const ended = await converse(app, sandbox, runtime, adapters);
    return ended === "nothing came in" ? await playTour(app, sandbox, runtime, adapters) : ended;
  } finally {
    await app?.close();
    await sandbox.stop();
  }
}

async function converse(
  app: App,
  sandbox: Sandbox,
  runtime: Runtime,
  adapters: ChatAdapter[],
): Promise<ExitCode | "nothing came in"> {
  const { signal, stdin } = runtime;
  const { dispatcher: dispatch } = app;
  const terminal = await openTerminal({
    ...{ current: () => app, dispatch, runtime },
    sessionKey: sandbox.sessionKey,
    input: stdin,
  });
  adapters.push(terminal);
  const ended = await Promise.race([
    terminal.done.then(() => "done" as const),
    untilSignalled(signal).then(() => "signal" as const),
    sandbox.exited.then(() => "gateway" as const),
  ]);
  await terminal.stop();
  if (ended === "gateway" && !signal.aborted) {
    runtime.stderr.write(`✗ The private gateway ended by itself. All it printed is in ${sandbox.logFile}.\n`);
    return 1;
  }
  return ended === "done" && terminal.linesRead === 0 && stdin.isTTY !== true ? "nothing came in" : 0;
}

async function playTour(app: App, sandbox: Sandbox, runtime: Runtime, adapters: ChatAdapter[]): Promise<ExitCode> {
  const lines = tourLines(await app.services.registry.current());
  const failures: string[] = [];
  const terminal = await openTerminal({
    ...{ current: () => app, dispatch: app.dispatcher, runtime },
    sessionKey: sandbox.sessionKey,
    input: Readable.from(lines.map((line) => `${line}\n`)),
    onFailure: (what) => failures.push(what),
  });
  adapters.splice(0, adapters.length, terminal);
  await Promise.race([terminal.done, untilSignalled(runtime.signal)]);
  await terminal.stop();
  if (runtime.signal.aborted) return 0;
  if (failures.length > 0) {
    runtime.stderr.write(`✗ The tour did not go well:\n${failures.map((failure) => `  ${failure}`).join("\n")}\n`);
    return 1;
  }
  runtime.stdout.write(
    "\nThat was the tour: one conversation, two models, nothing lost. `npm start` in a terminal opens it for you.\n",
  );
  return 0;
}

function greeting({ demoProviders, models }: Sandbox): string {
  const demo =
    demoProviders.length === 0
      ? ""
      : `\nDemo servers stand in for ${demoProviders.join(" and ")}; what they say is marked [demo].`;
  return `The sandbox is ready: a real OpenClaw gateway, ${models.length} models.${demo}\nTalk to the agent, or type /model, /help, /quit.`;
}
