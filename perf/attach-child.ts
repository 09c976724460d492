import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import type * as TerminalAdapter from "../adapters/terminal/terminal-adapter.ts";
import type * as ClutchApp from "../src/app.ts";
import type * as ClutchConfig from "../src/config.ts";

/**
 * One attach, as `clutch start` does it, of the built Clutch in BUILD or of this
 * checkout: prints how long it took since the process began, and its resident memory,
 * then and after IDLE_MS in which nobody asked for anything.
 */
const env = (name: string): string => process.env[name] ?? "";
const load = <T>(module: string): Promise<T> =>
  import(env("BUILD") === "" ? `../${module}.ts` : join(env("BUILD"), `${module}.js`));
const { createTerminalAdapter } = await load<typeof TerminalAdapter>("adapters/terminal/terminal-adapter");
const { createApp } = await load<typeof ClutchApp>("src/app");
const { defaultConfig } = await load<typeof ClutchConfig>("src/config");
const app = await createApp({
  config: { ...defaultConfig, store: `sqlite:${join(env("STORE_DIR"), `perf-${randomUUID()}.db`)}` },
  gateway: { url: env("GATEWAY_URL"), token: env("GATEWAY_TOKEN") },
  stateDirectory: env("STORE_DIR"),
  access: { owners: [], operators: [], viewers: [] },
  logger: pino({ level: "silent" }),
});
app.watch(async () => undefined);
const terminal = createTerminalAdapter({
  input: new PassThrough(),
  output: new PassThrough(),
  chat: { send: async function* () {} },
  conversation: { platform: "terminal", channel: "agent:main:main", kind: "direct", person: "perf" },
  person: { platform: "terminal", id: "perf" },
  label: (model) => model,
});
await terminal.start(app.dispatcher);
const attachMs = performance.now();
const rssMB = (): number => process.memoryUsage.rss() / 1_000_000;
const attachedMB = rssMB();
await sleep(Number(env("IDLE_MS")));
process.stdout.write(JSON.stringify({ attachMs, attachedMB, idleMB: rssMB() }));
await terminal.stop();
await app.close();
process.exit(0);
