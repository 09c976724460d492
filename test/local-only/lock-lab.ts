import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { pino } from "pino";
import { createConfigChanges } from "../../src/agents/config-changes.ts";
import { createCloudTurns } from "../../src/local-only/cloud-turns.ts";
import { createLocalOnly, type LockCare } from "../../src/local-only/create-local-only.ts";
import { createForcedOff } from "../../src/local-only/forced-off.ts";
import { createHelperLock } from "../../src/local-only/helper-lock.ts";
import { createHelperTurns } from "../../src/local-only/helper-turns.ts";
import { createKeptConversations } from "../../src/local-only/kept-conversations.ts";
import type { LocalOnly } from "../../src/local-only/local-only.ts";
import { guardLayer, type LockLayer, wallLayer } from "../../src/local-only/lock-layers.ts";
import { createLockMachine } from "../../src/local-only/lock-machine.ts";
import { createLockSchedule } from "../../src/local-only/lock-schedule.ts";
import { mayBeOnGateway } from "../../src/local-only/loopback.ts";
import type { RulesSource } from "../../src/local-only/rules-source.ts";
import { GATEWAY_PATH, TURN_PATH, type Verifier } from "../../src/local-only/verifier.ts";
import { type ModelRef, parseModelRef, sameModel } from "../../src/models/model-ref.ts";
import { createGuardClient, type GuardClient, type GuardRules } from "../../src/openclaw/guard-client.ts";
import type { ModelProfile } from "../../src/registry/model-profile.ts";
import type { RegistrySnapshot } from "../../src/registry/model-registry.ts";
import { createAlertBox } from "../../src/store/alert-box.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { createChangeJournal } from "../../src/store/change-journal.ts";
import { createLeases } from "../../src/store/leases.ts";
import { createLockJournal, type LockJournal } from "../../src/store/lock-journal.ts";
import { openStore, type Store } from "../../src/store/open-store.ts";
import { createWall, type Wall } from "../../src/wall/wall.ts";
import { createWallClient, type WallClient } from "../../src/wall/wall-client.ts";
import { type Config, createGatewayStandIn, type GatewayStandIn, type Request } from "./gateway-stand-in.ts";

export const SONNET = "anthropic/claude-sonnet-5";
export const GPT = "openai/gpt-6";
export const QWEN = "ollama/qwen3:8b";
/** A relay to the cloud on the gateway's own machine, which nobody vouched for. */
export const RELAYED = "litellm/gpt-6";
export const ME = { actor: "discord:owner" };
const LOCAL: readonly string[] = [QWEN];
const BASE_URL = "http://127.0.0.1:11434";

const ref = (name: string): ModelRef => {
  const parsed = parseModelRef(name);
  if (parsed === undefined) throw new Error(name);
  return parsed;
};

/** What its helper calls use before anybody locks anything. */
export const HELPERS = {
  utilityModel: GPT,
  compaction: { model: SONNET },
  model: { primary: SONNET, fallbacks: [] },
};

export const firstConfig = (
  proxy: string | undefined,
  { guard = true, loopbackMode = "proxy" }: { readonly guard?: boolean; readonly loopbackMode?: string } = {},
): Config => ({
  agents: { defaults: HELPERS, entries: { main: {} } },
  models: { providers: { ollama: { baseUrl: BASE_URL } } },
  proxy: proxy === undefined ? { enabled: false } : { enabled: true, proxyUrl: `http://${proxy}`, loopbackMode },
  plugins: { entries: guard ? { "clutch-guard": { enabled: true, hooks: { allowConversationAccess: true } } } : {} },
});

/** Called before and after whatever a step of the lock writes; what it does not return from was never done. */
export type Gate = (step: string) => Promise<void>;
const NO_GATE: Gate = async () => undefined;

/** Lets a gate see each call that writes. */
function gated<T extends object>(name: string, target: T, writes: readonly string[], gate: Gate): T {
  return new Proxy(target, {
    get(object, key) {
      const value = Reflect.get(object, key);
      if (typeof value !== "function") return value;
      if (!writes.includes(String(key))) return value.bind(object);
      return async (...values: unknown[]) => {
        await gate(`before: ${name} ${String(key)}`);
        const done = await value.apply(object, values);
        await gate(`after: ${name} ${String(key)}`);
        return done;
      };
    },
  });
}

const GUARD_WRITES = [
  "clutch.guard.on",
  "clutch.guard.off",
  "clutch.guard.rules",
  "clutch.guard.keep",
  "clutch.guard.release",
];

/** One Clutch, put together as `open-local-only.ts` does it; models, canaries and sessions are stand-ins. */
export interface ClutchInLab {
  readonly lock: LocalOnly & LockCare;
  readonly journal: LockJournal;
  readonly guard: GuardClient;
  readonly wall: WallClient;
  readonly layers: readonly LockLayer[];
  readonly store: Store;
}

export interface ClutchOptions {
  readonly store: Store;
  readonly request: Request;
  readonly directory: string;
  readonly clock: () => number;
  readonly gate?: Gate | undefined;
  /** What is local. */
  readonly guardRules?: () => GuardRules;
  /** Keys of conversations with text since then. */
  readonly writtenSince?: (at: number) => Promise<readonly string[]>;
  /** Models of the sessions with a turn that runs, by key, after ` -> ` their stand-in; `stopTurn` takes one away. */
  readonly running?: Map<string, string>;
  /** Whether a local model is there. */
  readonly hasLocalModel?: () => boolean;
  /** Whether a canary can be let loose on a turn. */
  readonly mayTryTurns?: () => boolean;
}

export async function openClutch(options: ClutchOptions): Promise<ClutchInLab> {
  const { store, directory, clock, gate = NO_GATE, writtenSince = async () => [], running = new Map() } = options;
  const { hasLocalModel = () => true, mayTryTurns = () => true } = options;
  const { db } = store;
  const logger = pino({ level: process.env["CLUTCH_TEST_LOG"] ?? "silent" }, pino.destination(2));
  const expiring = (namespace: string) => gated(namespace, store.expiring(namespace), ["set", "delete"], gate);

  const request: Request = async (method, params) => {
    const isWrite = GUARD_WRITES.includes(method) || method === "config.patch";
    if (isWrite) await gate(`before: ${method}`);
    const answer = await options.request(method, params);
    if (isWrite) await gate(`after: ${method}`);
    return answer;
  };
  const guard = createGuardClient({ request });
  const wall = gated("wall", createWallClient({ directory }), ["open", "close"], gate);
  const usedProxy = async () => {
    const seen = await guard.status().catch(() => undefined);
    if (seen !== undefined) return seen.proxy;
    const { proxy } = (await readConfig()).config as { proxy: { enabled: boolean } };
    return { enabled: proxy.enabled };
  };
  const layers = [guardLayer(guard), wallLayer(wall, usedProxy)];

  const readConfig = async () => {
    const { hash, config } = (await request("config.get", {})) as { hash: string; config: Config };
    return { hash, config, authored: config };
  };
  const openclaw = {
    readConfig,
    patchConfig: async (patch: Config, hash: string | undefined, replacePaths: readonly string[] = []) =>
      void (await request("config.patch", { patch, hash, replacePaths })),
  };
  const models = [SONNET, GPT, RELAYED, ...LOCAL].map((name) => ({
    ref: ref(name),
    onGateway: [RELAYED, ...LOCAL].includes(name),
    locality: { kind: LOCAL.includes(name) ? "local" : "cloud", evidence: "it says so" },
  })) as unknown as ModelProfile[];
  const registry = {
    invalidate: () => undefined,
    current: async () => ({ models, agentIds: ["main"] }) as unknown as RegistrySnapshot,
    find: (model: ModelRef) => models.find((profile) => sameModel(profile.ref, model)),
  };
  const audit = gated("audit", createAuditLog(db, clock), ["append"], gate);
  const changeJournal = gated("changes", createChangeJournal(db, clock), ["intend", "done", "failed"], gate);
  const changes = createConfigChanges({ openclaw, registry, journal: changeJournal, audit, clock });
  const helpers = createHelperLock({
    ...{ openclaw, changes, registry },
    journal: changeJournal,
    localModels: async () => LOCAL.map(ref),
    readSchema: async () => ({}),
  });

  const guardRules: GuardRules = {
    models: LOCAL.map((name) => ({ ...ref(name), baseUrl: BASE_URL, ollama: true })),
    order: { "*": LOCAL },
    tools: ["web_search"],
  };
  const layerRules = () => ({
    guard: options.guardRules?.() ?? guardRules,
    wall: { allow: [], local: ["127.0.0.1:11434"] },
  });
  const rules: RulesSource = {
    quick: async () => layerRules(),
    async fresh() {
      await readConfig();
      return { rules: layerRules(), best: hasLocalModel() ? ref(QWEN) : undefined };
    },
    best: async () => [ref(QWEN)],
    mayBeOnGateway: (model) => mayBeOnGateway(registry.find(model)),
    async tell({ state: { models: known, order, tools } }, wanted) {
      if (!isDeepStrictEqual({ models: known, order, tools }, wanted)) await guard.setRules(wanted);
    },
  };

  /** Proves what is so. */
  const verify: Verifier["verify"] = async (closed) => {
    const [guarding, standing] = await Promise.all([
      guard.status().catch(() => undefined),
      wall.status().catch(() => undefined),
    ]);
    const proof = (path: string, layer: "guard" | "wall", holds: boolean) => ({
      path,
      heldBy: layer,
      result: holds ? ("proved" as const) : closed.includes(layer) ? ("leaks" as const) : ("not covered" as const),
      detail: "looked at",
    });
    return {
      at: clock(),
      paths: [
        {
          ...proof(TURN_PATH, "guard", guarding?.state.on === true),
          ...(mayTryTurns() ? {} : { result: "configured" as const, detail: "not tried" }),
        },
        proof(GATEWAY_PATH, "wall", standing?.closed === true),
      ],
      unknownSettings: [],
    };
  };

  const written = createLockJournal(db, clock);
  const journal: LockJournal = {
    ...gated("locks", written, ["note"], gate),
    heldBy: (lease) => gated("locks", written.heldBy(lease), ["begin", "step", "settle", "note"], gate),
  };
  const kept = createKeptConversations({ guard, store: expiring("local-only"), clock });
  const { cut } = createCloudTurns({
    openclaw: {
      listSessions: async () => ({ sessions: [], next: undefined }),
      activeSessions: async () =>
        [...running].map(([key, names]) => {
          const [model, activeModel] = names.split(" -> ").map(ref);
          return { key, running: true, model, activeModel };
        }),
      stopTurn: async (key: string) => void running.delete(key),
    } as unknown as Parameters<typeof createCloudTurns>[0]["openclaw"],
    registry,
  });
  const helperTurns = createHelperTurns({ helpers, journal, kept, target: async () => (await rules.fresh()).best });
  const lock = createLocalOnly({
    layers,
    guard,
    machine: createLockMachine({
      ...{ layers, kept, helpers: helperTurns, journal, logger, verify },
      quickRules: rules.quick,
      freshRules: rules.fresh,
      cutTurns: cut,
    }),
    verifier: { verify, network: async () => [] },
    ...{ helperTurns, helpers, rules, kept, journal, audit, writtenSince, cutTurns: cut, clock, logger },
    schedule: createLockSchedule(expiring("local-only"), clock),
    forced: createForcedOff(directory),
    leases: createLeases(db, clock),
    presence: expiring("presence"),
    alertBox: createAlertBox(db, clock, "lock"),
  });
  await lock.follow();
  return { lock, journal, guard, wall, layers, store };
}

/** Everything that outlives Clutch, in a directory of its own; all of it in this process. */
export interface LockLab {
  readonly directory: string;
  readonly gateway: GatewayStandIn;
  /** Epoch ms, moved by hand. */
  now: number;
  /** Without it OpenClaw uses no proxy. */
  wall(): Wall | undefined;
  stopWall(): Promise<void>;
  startWall(): Promise<void>;
  /** On the store of the lab, or on another one. */
  clutch(
    more?: Partial<
      Pick<
        ClutchOptions,
        "store" | "gate" | "writtenSince" | "running" | "hasLocalModel" | "guardRules" | "mayTryTurns" | "clock"
      >
    >,
  ): Promise<ClutchInLab>;
  /** Forgets all that Clutch remembers. */
  loseStore(): Promise<void>;
  stop(): Promise<void>;
}

/** A socket's name may not be long; in memory where that is to be had, since each write waits for the disk. */
export const labDirectory = (): string =>
  mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "clutch-lk-"));

export const startWall = (directory: string, clock: () => number, port = 0): Promise<Wall> =>
  createWall({
    listen: { host: "127.0.0.1", port },
    directory,
    rules: { allow: [], local: [] },
    resolve: async () => [],
    clock,
    logger: pino({ level: "silent" }),
  });

export async function startLockLab({
  guard = true,
  wall: hasWall = true,
  ...more
}: {
  readonly guard?: boolean;
  readonly wall?: boolean;
  /** OpenClaw's `proxy.loopbackMode`; `gateway-only` is its default. */
  readonly loopbackMode?: string;
} = {}): Promise<LockLab> {
  const directory = labDirectory();
  let now = Date.UTC(2026, 10, 22, 12);
  const clock = (): number => now;
  let wall = hasWall ? await startWall(directory, clock) : undefined;
  const listen = wall?.status().listen;
  const port = Number(listen?.split(":")[1] ?? 0);
  const open = () => openStore("sqlite::memory:", { clock });
  let store: Store | undefined;
  const lab: LockLab = {
    directory,
    gateway: createGatewayStandIn(directory, firstConfig(listen, { guard, ...more })),
    get now() {
      return now;
    },
    set now(moment) {
      now = moment;
    },
    wall: () => wall,
    async stopWall() {
      await wall?.stop();
      wall = undefined;
    },
    async startWall() {
      wall ??= await startWall(directory, clock, port);
    },
    async clutch(more = {}) {
      store ??= await open();
      return openClutch({ store, request: lab.gateway.request, directory, clock, ...more });
    },
    async loseStore() {
      await store?.close();
      store = undefined;
    },
    async stop() {
      lab.gateway.stop();
      await wall?.stop();
      await store?.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return lab;
}
