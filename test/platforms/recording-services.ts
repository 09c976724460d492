import type { Services } from "../../commands/services.ts";
import type { HelperCall, HelperUse } from "../../src/agents/helper-calls.ts";
import type { HelperRow } from "../../src/agents/helper-models.ts";
import type { Checked } from "../../src/doctor/doctor.ts";
import { ClutchError } from "../../src/errors.ts";
import type { LockResult } from "../../src/local-only/local-only.ts";
import type { LockStatus } from "../../src/local-only/lock-status.ts";
import type { ModelRef } from "../../src/models/model-ref.ts";
import type { ModelProfile } from "../../src/registry/model-profile.ts";
import type { RegistrySnapshot } from "../../src/registry/model-registry.ts";
import type { SessionView, SwitchResult } from "../../src/sessions/session-models.ts";
import type { Change } from "../../src/store/change-journal.ts";
import type { Return } from "../../src/store/returns.ts";
import type { BudgetStatus } from "../../src/usage/budgets.ts";
import { createUsage } from "../../src/usage/usage.ts";
import { lockStatus, VERIFICATION } from "../commands/localonly-fixtures.ts";
import { recordingBench } from "../commands/recording-bench.ts";
import { testProfile } from "../registry/test-profile.ts";
import { recount } from "../usage/recount.ts";
import { sampleCalls } from "../usage/sample-calls.ts";

export const QWEN: ModelRef = { provider: "ollama", model: "qwen2.5-coder:32b" };
export const SONNET: ModelRef = { provider: "anthropic", model: "claude-sonnet-5" };

const profile = (ref: ModelRef, name: string, windowTokens: number, local: boolean): ModelProfile =>
  testProfile(`${ref.provider}/${ref.model}`, {
    name,
    windowTokens,
    locality: local
      ? { kind: "local", evidence: "Ollama at 127.0.0.1 lists it" }
      : { kind: "cloud", evidence: "api.anthropic.com is a public address" },
  });
const MODELS = [
  profile(SONNET, "Claude Sonnet 5", 1_000_000, false),
  profile({ provider: "anthropic", model: "claude-opus-5" }, "Claude Opus 5", 1_000_000, false),
  profile(QWEN, "Qwen2.5 Coder 32B", 131_072, true),
  profile({ provider: "ollama", model: "llama3.1:70b" }, "Llama 3.1 70B", 131_072, true),
];

/** What a doctor found. */
export const CHECKED: readonly Checked[] = [
  { part: "gateway", name: "Reachable", state: "ok", found: "OpenClaw 2026.9.6 answers.", remedy: null },
  { part: "guard", name: "Installed", state: "broken", found: "It is gone.", remedy: "clutch guard install" },
  { part: "wall", name: "Proxy", state: "skipped", found: "It is not installed.", remedy: null },
];

/** The services as commands see them, with nothing behind: what would change anything is written down instead. */
export interface RecordingServices {
  readonly services: Services;
  readonly snapshot: RegistrySnapshot;
  /** One entry for each change that was asked for. */
  readonly changes: string[];
  /** False: nobody has talked to the agent here yet. */
  spoken: boolean;
  /** Local-only mode is on. */
  locked: boolean;
  /** What an undo finds. */
  lastChange: "session" | "agent" | "batch" | "helpers";
}

export function createRecordingServices(actor = "discord:123", clock: () => number = Date.now): RecordingServices {
  const changes: string[] = [];
  const key = "agent:main:main";
  const snapshot: RegistrySnapshot = {
    at: 0,
    models: MODELS,
    agentIds: ["main"],
    defaultAgentId: "main",
    config: {} as RegistrySnapshot["config"],
    stated: new Map(),
    routing: {} as RegistrySnapshot["routing"],
    modelConfig: {
      defaultModel: { raw: null, primary: SONNET, fallbacks: [] },
      agentModels: new Map(),
      channelModels: new Map(),
      aliases: new Map(),
      providers: new Map(),
    },
  };
  const changeOf = (scope: Change["scope"], batch?: string): Change => ({
    id: 7,
    at: clock() - 12 * 60_000,
    state: "done",
    scope,
    target: scope === "session" ? key : "main",
    place: key,
    actor,
    before: null,
    after: "anthropic/claude-sonnet-5",
    ...(batch === undefined ? {} : { batch }),
  });
  const lastChange = (): Change =>
    state.lastChange === "batch"
      ? changeOf("session", "batch-1")
      : state.lastChange === "helpers"
        ? changeOf("config", "batch-2")
        : changeOf(state.lastChange);
  const viewOn = (model: ModelRef): SessionView => ({
    key,
    parentKey: undefined,
    agentId: "main",
    row: {
      key,
      sessionId: "s-1",
      agentId: "main",
      model,
      pinSource: "user",
      activeModel: undefined,
      windowTokens: model === QWEN ? 131_072 : 1_000_000,
      usedTokens: 48_210,
      parentKey: undefined,
      running: false,
      updatedAt: 0,
      raw: {},
    },
    effective: { model, why: { kind: "pin" }, standIn: undefined, fallbacks: [] },
    answered: { model: SONNET, at: clock() - 3 * 60_000, runId: undefined },
    running: false,
    newestAt: undefined,
    pinnedBy: changeOf("session"),
    temporary: undefined,
  });
  const bare: SessionView = { ...viewOn(SONNET), row: undefined, effective: undefined, pinnedBy: undefined };
  const view = (): SessionView => (state.spoken ? viewOn(SONNET) : bare);
  const write = (what: string): SwitchResult => {
    changes.push(what);
    return { before: view(), after: viewOn(QWEN), changed: true, changeId: 7 };
  };
  const needSession = (createIfMissing = false): void => {
    if (!state.spoken && !createIfMissing) throw new ClutchError("no_session", "Nobody has talked here yet.");
  };
  const defaultChange = {
    before: { raw: null, primary: SONNET, fallbacks: [] },
    after: { raw: null, primary: QWEN, fallbacks: [] },
    changed: true,
  };
  const use = (text: string): HelperUse => ({ text, model: undefined, locality: undefined });
  const helperCall: HelperCall = {
    kind: "recaps",
    name: "Recaps and titles",
    now: use("anthropic/claude-haiku-4-5, chosen by OpenClaw"),
    set: false,
    off: undefined,
    at: { slot: { kind: "recaps", of: undefined, path: [], value: undefined, off: undefined, beside: () => [] } },
  };
  const helperRow: HelperRow = {
    kind: "recaps",
    name: helperCall.name,
    before: helperCall.now,
    after: use("ollama/qwen2.5-coder:32b"),
    outcome: "changed",
    why: undefined,
  };
  const unexpected = (): never => {
    throw new Error("no command is known to need this");
  };

  const kept = [
    { sessionKey: key, why: "here", at: 0 },
    { sessionKey: "agent:main:discord:channel:2", why: "unreleased", at: 0 },
  ] as const;
  const lock = (): LockStatus => lockStatus(state.locked, { kept });
  const lockChange = (what: string): LockResult => {
    changes.push(what);
    return { changed: true, status: lock(), notes: [] };
  };

  const spend = { period: "day", usdCents: 500, from: 0, to: 86_400_000, usd: 3.2, unpriced: 1, unsized: 2 } as const;
  const budgetStatus: BudgetStatus = {
    ...{ spend, share: 0.64, hold: "ready", why: undefined, zone: "Europe/Berlin", isWatched: true, isLocked: false },
  };

  const services: Services = {
    clock,
    finder: { find: async () => ({ key, agentId: "main", row: state.spoken ? viewOn(SONNET).row : undefined }) },
    usage: createUsage({
      ledger: recount(sampleCalls(clock(), key)),
      electricity: { watts: 130, pricePerKWh: 0.15, currency: "USD" },
      unattributed: async () => [{ host: "api.anthropic.com", connections: 3 }],
      countedUpTo: () => clock() - 60_000,
      zone: "UTC",
      clock,
    }),
    bench: recordingBench(changes, clock),
    doctor: { examine: async () => CHECKED },
    registry: {
      known: () => snapshot,
      current: async () => snapshot,
      refresh: async () => snapshot,
      invalidate: () => undefined,
      find: unexpected,
    },
    sessions: {
      view: async () => view(),
      async switchModel({ createIfMissing }) {
        needSession(createIfMissing);
        return write("switch");
      },
      undo: async () => write("undo"),
      switchSession: unexpected,
      settleUnfinished: unexpected,
    },
    planner: {
      plan: async (_, target) => ({
        target,
        refusal: undefined,
        obstacles: [],
        context: { usedTokens: 48_210, windowTokens: target.windowTokens, reserveTokens: 20_000 },
        load: undefined,
        reading: undefined,
        speed: undefined,
        history: undefined,
        fit: undefined,
        toolCalls: undefined,
        evicts: [],
        alternatives: [],
      }),
      refusal: async () => undefined,
      warm: async () => undefined,
      download: unexpected,
    },
    openclaw: {
      compactSession: unexpected,
      readTranscript: async () => ({ messages: [], running: false, runId: undefined }),
    },
    machine: () => undefined,
    souls: {
      async declareInSoul(agentId) {
        changes.push("soul");
        return { agentId, state: "mirrored", declared: undefined, configured: null, problems: [] };
      },
    },
    helpers: {
      read: async () => [helperCall],
      plan: async () => ({ rows: [helperRow], warnings: [] }),
      async set() {
        changes.push("helpers");
        return { rows: [helperRow], warnings: [], batch: "batch-2", failure: undefined };
      },
      last: unexpected,
      async undo() {
        changes.push("helpers undo");
        return { rows: [helperRow], warnings: [], batch: undefined, failure: undefined };
      },
    },
    localOnly: {
      status: async () => lock(),
      isOn: () => state.locked,
      isKeptLocal: () => state.locked,
      turnOn: async () => lockChange("lock on"),
      turnOff: async () => lockChange("lock off"),
      verifyNetwork: async () => [],
      writtenWhileOn: async () => ({ sessionKeys: [key, "agent:main:discord:channel:2"] }),
      verify: async () => VERIFICATION,
      keepLocal: async () => lockChange("keep local"),
      release: async () => lockChange("release"),
      setDaily: async () => lockChange("daily").status,
    },
    budgets: {
      spend: async () => spend,
      status: async () => budgetStatus,
      preview: async () => budgetStatus,
      async set() {
        changes.push("budget");
        return budgetStatus;
      },
      async clear() {
        changes.push("no budget");
        return true;
      },
    },
    temporary: {
      async begin({ createIfMissing, actor: by }, until) {
        needSession(createIfMissing);
        const ending: Return = {
          id: 1,
          sessionKey: key,
          backTo: null,
          expects: "ollama/qwen2.5-coder:32b",
          dueAt: until.kind === "time" ? clock() + until.ms : undefined,
          since: 0,
          changeId: 7,
          actor: by,
          change: { state: "done", undone: false },
        };
        return { ...write("temporary"), ending };
      },
      async keep() {
        changes.push("keep");
        return true;
      },
      inForce: unexpected,
      isWatched: async () => true,
      start: unexpected,
      stop: unexpected,
    },
    bulk: {
      plan: async () => ({ toChange: [key, "agent:main:discord:channel:2"], toKeep: [], already: 1, leftAlone: 0 }),
      async run() {
        changes.push("bulk");
        return { done: 2, already: 0, failures: [], untouched: 0, batch: "batch-1" };
      },
      async undo() {
        changes.push("bulk undo");
        return { done: 2, already: 0, failures: [], untouched: 0 };
      },
    },
    defaults: {
      read: async () => defaultChange.before,
      async set() {
        changes.push("default");
        return defaultChange;
      },
      put: unexpected,
      settleUnfinished: unexpected,
      async undo() {
        changes.push("default undo");
        return defaultChange;
      },
    },
    journal: {
      lastUndoable: async () => lastChange(),
      find: async () => lastChange(),
      inBatch: async (batch) => [changeOf("session", batch)],
    } as Partial<Services["journal"]> as Services["journal"],
  };
  const state: RecordingServices = { services, snapshot, changes, spoken: true, locked: false, lastChange: "session" };
  return state;
}
