import { pino } from "pino";
import { afterEach } from "vitest";
import { createConfigChanges } from "../../src/agents/config-changes.ts";
import { ClutchError } from "../../src/errors.ts";
import { readMachine } from "../../src/hardware/read-machine.ts";
import type { ModelRef } from "../../src/models/model-ref.ts";
import type { SpeedMachine } from "../../src/models/speed.ts";
import { createModelsSetup, type ModelsSetup } from "../../src/models-setup/models-setup.ts";
import type { CatalogModel, OpenClaw } from "../../src/openclaw/openclaw.ts";
import { createModelRegistry, type ModelRegistry } from "../../src/registry/model-registry.ts";
import { createServerMonitor } from "../../src/registry/server-monitor.ts";
import type { Answerer, StandIn } from "../../src/sandbox/stand-in.ts";
import { type OllamaModel, startOllamaStandIn } from "../../src/sandbox/stand-in-ollama.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { createChangeJournal } from "../../src/store/change-journal.ts";
import { createMeasurements } from "../../src/store/measurements.ts";
import { fakeSystem } from "../hardware/fake-system.ts";
import { evoX2 } from "../hardware/machines.ts";
import { mergePatch } from "../openclaw/openclaw-merge.ts";
import { openTemp } from "../store/temp-store.ts";

const servers: StandIn[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** Set-up with a real registry and store, a stand-in Ollama, and an OpenClaw that is only its configuration. */
export interface SetupLab {
  readonly setup: ModelsSetup;
  readonly registry: ModelRegistry;
  readonly ollama: StandIn;
  /** OpenClaw's configuration as it is now. */
  config(): Record<string, unknown>;
}

export const CODER: OllamaModel = {
  name: "qwen2.5-coder:32b",
  contextLength: 32_768,
  layers: 64,
  kvHeads: 8,
  headDim: 128,
  parameters: 32.76e9,
  template: "<|im_start|>system\n{{ .System }}<|im_end|>",
  textTools: true,
};
export const LLAMA: OllamaModel = {
  name: "llama3.2:3b",
  contextLength: 131_072,
  layers: 28,
  kvHeads: 8,
  headDim: 128,
  parameters: 3.2e9,
  sizeBytes: 2e9,
  loadMs: 30,
};

/** The machine with the 128 GB of an EVO-X2, or so much memory and disk. */
export async function machineWith(changed: { readonly memory?: number; readonly disk?: number } = {}) {
  const parts = { system: fakeSystem(evoX2), platform: "linux", env: {}, home: "/home/ann" };
  const machine = await readMachine(parts);
  const { memory, disk } = machine;
  const availableBytes = changed.memory ?? memory.availableBytes;
  return {
    ...machine,
    ...(changed.memory === undefined ? {} : { gpus: [] }),
    memory: { ...memory, availableBytes },
    disk: { path: disk?.path ?? "/models", freeBytes: changed.disk ?? disk?.freeBytes ?? 0 },
  };
}

export async function startSetupLab(options: {
  readonly models?: readonly OllamaModel[];
  readonly pullable?: readonly OllamaModel[];
  readonly config?: Record<string, unknown>;
  /** What OpenClaw finds without being told. */
  readonly discovered?: readonly CatalogModel[];
  /** Conversations that talked a moment ago. */
  readonly talking?: readonly { readonly key: string; readonly model: ModelRef }[];
  /** The one that is kept local. */
  readonly keptLocal?: string;
  readonly machine?: SpeedMachine;
  readonly answer?: Answerer;
  /** Stands between Clutch and the stand-in. */
  readonly fetch?: typeof globalThis.fetch;
  /** False where nothing listens at Ollama's address. */
  readonly reachable?: boolean;
}): Promise<SetupLab> {
  const ollama = await startOllamaStandIn({
    models: options.models ?? [],
    pullable: options.pullable ?? [],
    pullStepMs: 2,
    answer: options.answer ?? obligingAnswer,
  });
  servers.push(ollama);
  const address = options.reachable === false ? "http://127.0.0.1:9" : ollama.url;
  const { store } = await openTemp();
  let config = options.config ?? {};
  let version = 1;
  // Of OpenClaw no more than set-up needs.
  const openclaw = {
    listModels: async () => [...definedIn(config), ...(hasModels(config) ? [] : (options.discovered ?? []))],
    activeSessions: async () => options.talking ?? [],
    listAgents: async () => ({ defaultId: "main", ids: ["main"] }),
    readConfig: async () => ({ hash: String(version), config, authored: config }),
    async patchConfig(patch: Record<string, unknown>, hash: string | undefined, replacePaths: readonly string[] = []) {
      if (hash !== String(version)) throw new ClutchError("gateway_refused", "config changed since last load");
      version += 1;
      config = mergePatch(config, patch, replacePaths) as Record<string, unknown>;
    },
  } as unknown as OpenClaw;
  const logger = pino({ level: "silent" });
  const fetch = options.fetch ?? globalThis.fetch;
  const measurements = createMeasurements(store.db, Date.now);
  const monitor = createServerMonitor({ fetch, clock: Date.now, logger });
  const machine = options.machine ?? (await machineWith());
  const registry = createModelRegistry({
    openclaw,
    servers: {},
    trustedLocal: [],
    demoProviders: [],
    monitor,
    measurements,
    stated: async () => new Map(),
    machine: () => machine,
    resolve: async () => ["127.0.0.1"],
    clock: Date.now,
    logger,
  });
  const changes = createConfigChanges({
    openclaw,
    registry,
    journal: createChangeJournal(store.db, Date.now),
    audit: createAuditLog(store.db, Date.now),
    clock: Date.now,
  });
  const setup = createModelsSetup({
    openclaw,
    registry,
    monitor,
    measurements,
    changes,
    thisMachine: {
      // What Ollama holds is not available.
      async look() {
        const { models } = (await (await globalThis.fetch(`${ollama.url}/api/ps`)).json()) as {
          models: { size: number }[];
        };
        const held = models.reduce((sum, { size }) => sum + size, 0);
        return { ...machine, memory: { ...machine.memory, availableBytes: machine.memory.availableBytes - held } };
      },
    },
    measureBandwidth: async () => undefined,
    servers: {},
    stated: async () => new Map(),
    isKeptLocal: (key) => options.keptLocal === key,
    ollamaHost: address,
    fetch,
    clock: Date.now,
  });
  return { setup, registry, ollama, config: () => config };
}

/** Answers as a good model would, of what its window holds. */
export const obligingAnswer: Answerer = ({ body, messages }) => {
  if (body["tools"] !== undefined)
    return { text: "", toolCalls: [{ name: "read_thermometer", args: { room: "cellar" } }] };
  const window = (body["options"] as { num_ctx?: number } | undefined)?.num_ctx ?? 4_096;
  const seen = messages
    .map(({ text }) => text)
    .join("\n")
    .slice(-window * 4);
  const code = /Line 00003: the code of this line is (\w+)/.exec(seen)?.[1] ?? "I do not know";
  return { text: `${code}, ${"one, two, three, ".repeat(20)}` };
};

interface Provider {
  readonly models?: readonly { readonly id: string; readonly name?: string; readonly contextTokens?: number }[];
}

function definedIn(config: Record<string, unknown>): CatalogModel[] {
  const { providers = {} } = (config["models"] ?? {}) as { providers?: Record<string, Provider> };
  return Object.entries(providers).flatMap(([provider, { models = [] }]) =>
    models.map(({ id, name = id, contextTokens }) => ({
      ref: { provider, model: id },
      name,
      windowTokens: contextTokens,
      atLocalAddress: undefined,
    })),
  );
}

const hasModels = (config: Record<string, unknown>): boolean => definedIn(config).length > 0;
