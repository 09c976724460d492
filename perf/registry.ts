import { pino } from "pino";
import { createDispatcher } from "../commands/dispatcher.ts";
import { allCommands } from "../commands/index.ts";
import type { Services } from "../commands/services.ts";
import type { OpenClaw } from "../src/openclaw/openclaw.ts";
import { createModelRegistry } from "../src/registry/model-registry.ts";
import { createServerMonitor } from "../src/registry/server-monitor.ts";
import { startOllamaStandIn } from "../src/sandbox/stand-in-ollama.ts";
import type { SessionView } from "../src/sessions/session-models.ts";
import { createSwitchPlanner } from "../src/sessions/switch-planner.ts";
import { type Measurement, median, percentile, timed } from "./measure.ts";

const SERVERS = 5;
const MODELS_EACH = 100;
const TIMES = 500;
const WARM_MS = 1;
const COMPLETION_MS = 5;
const PLAN_MS = 10;

/** The registry with 500 models on 5 Ollama servers: what a look, a look from memory, a completion and a plan cost. */
export async function registryCosts(): Promise<Measurement[]> {
  const names = Array.from({ length: MODELS_EACH }, (_, index) => `model-${index}:${(index % 9) + 1}b`);
  const servers = await Promise.all(
    Array.from({ length: SERVERS }, () =>
      startOllamaStandIn({
        models: names.map((name) => ({
          name,
          contextLength: 32_768,
          sizeBytes: 5e8,
          layers: 8,
          kvHeads: 2,
          headDim: 64,
        })),
        answer: () => ({ text: "" }),
      }),
    ),
  );
  try {
    return await measure(
      servers.map(({ url }) => url),
      names,
    );
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

async function measure(urls: readonly string[], names: readonly string[]): Promise<Measurement[]> {
  const logger = pino({ level: "silent" });
  const config = {
    models: {
      providers: Object.fromEntries(
        urls.map((baseUrl, index) => [
          `box${index}`,
          { api: "ollama", baseUrl, models: names.map((id) => ({ id, contextTokens: 16_384 })) },
        ]),
      ),
    },
  };
  const openclaw = {
    listModels: async () =>
      urls.flatMap((_, index) =>
        names.map((model) => ({
          ref: { provider: `box${index}`, model },
          name: model,
          windowTokens: 16_384,
          atLocalAddress: true,
        })),
      ),
    listAgents: async () => ({ defaultId: "main", ids: ["main"] }),
    readConfig: async () => ({ hash: "1", config, authored: config }),
    activeSessions: async () => [],
  } as Partial<OpenClaw> as OpenClaw;
  const monitor = createServerMonitor({ fetch: globalThis.fetch, clock: Date.now, logger });
  const resolve = async (): Promise<string[]> => [];
  const before = process.memoryUsage().heapUsed;
  const registry = createModelRegistry({
    openclaw,
    servers: {},
    trustedLocal: [],
    demoProviders: [],
    monitor,
    measurements: { all: async () => [], save: async () => undefined },
    stated: async () => new Map(),
    machine: () => undefined,
    resolve,
    clock: Date.now,
    logger,
  });
  const cold = await timed(() => registry.refresh());
  // Every model is described once, in the background.
  const { models } = await registry.current();
  await Promise.all(
    models.map(({ server, served }) => (server && served ? monitor.describe(server, served) : undefined)),
  );
  const described = await timed(() => registry.refresh());
  const warm: number[] = [];
  for (let time = 0; time < TIMES; time++) warm.push(await timed(() => registry.current()));
  const memory = (process.memoryUsage().heapUsed - before) / 1e6;

  const dispatcher = createDispatcher({
    commands: allCommands,
    services: { registry } as Partial<Services> as Services,
    levelOf: () => "owner",
    logger,
  });
  const person = { platform: "discord", id: "1" };
  const typed = ["model", "mod", "box3/model-7", "99", "modle-5", "q", ""];
  const completions: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    completions.push(
      await timed(async () => void dispatcher.complete("model", "name", typed[time % typed.length] ?? "", person)),
    );
  }

  const planner = createSwitchPlanner({ openclaw, registry, monitor, machine: () => undefined, resolve, logger });
  const view = { key: "agent:main:main", row: { usedTokens: 9_000 }, effective: undefined } as Partial<SessionView>;
  const plans: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    const target = models[(time * 37) % models.length];
    if (target !== undefined) plans.push(await timed(() => planner.plan(view as SessionView, target)));
  }
  const size = `${models.length} models on ${urls.length} servers`;
  const warmP99 = percentile(warm, 99);
  const completionP99 = percentile(completions, 99);
  const planP99 = percentile(plans, 99);
  return [
    {
      name: `registry, ${size}`,
      found: `first look ${cold.toFixed(0)} ms, a later one ${described.toFixed(0)} ms, from memory p99 ${warmP99.toFixed(3)} ms; ${memory.toFixed(0)} MB (median ${median(warm).toFixed(3)} ms)`,
      ratio: warmP99 / WARM_MS,
      goal: "from memory < 1 ms, so < 1",
    },
    {
      name: `completion of /model, ${models.length} models`,
      found: `p50 ${median(completions).toFixed(2)} ms, p99 ${completionP99.toFixed(2)} ms`,
      ratio: completionP99 / COMPLETION_MS,
      goal: "p99 < 5 ms, so < 1",
    },
    {
      name: "plan of a switch, registry warm",
      found: `p50 ${median(plans).toFixed(2)} ms, p99 ${planP99.toFixed(2)} ms, with the server asked what it has loaded`,
      ratio: planP99 / PLAN_MS,
      goal: "p99 < 10 ms, so < 1",
    },
  ];
}
