import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { createBenchTargets } from "../../src/bench/bench-targets.ts";
import { createPeople } from "../../src/bench/people.ts";
import type { SpeedMachine } from "../../src/models/speed.ts";
import type { SessionEvent } from "../../src/openclaw/session-events.ts";
import { type SessionRow, sessionRow } from "../../src/openclaw/wire.ts";
import type { ModelProfile } from "../../src/registry/model-profile.ts";
import { createServerMonitor } from "../../src/registry/server-monitor.ts";
import { startOllamaStandIn } from "../../src/sandbox/stand-in-ollama.ts";
import { isLocalModelServer } from "../../src/servers/drivers.ts";
import { redirectionBy } from "../../src/sessions/models-in-use.ts";
import { testProfile } from "../registry/test-profile.ts";

const GIB = 1024 ** 3;
const BIG = { provider: "ollama", model: "big:14b" };
const OTHER = { provider: "ollama", model: "other:14b" };
const SONNET = { provider: "anthropic", model: "claude-sonnet-5" };
const never = new AbortController().signal;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const machine: SpeedMachine = {
  processor: { name: "a processor", cores: 8 },
  memory: { totalBytes: 16 * GIB, availableBytes: 12 * GIB, limitBytes: undefined, bandwidth: undefined },
  gpus: [],
  disk: undefined,
  product: undefined,
  platform: "linux",
  virtual: false,
};
const row = (key: string, { provider, model }: typeof BIG, more: object = {}): SessionRow =>
  sessionRow.parse({ key, modelProvider: provider, model, ...more });

async function lab() {
  const model = { contextLength: 32_768, sizeBytes: 9 * GIB, layers: 4, kvHeads: 1, headDim: 64, parameters: 16e9 };
  const server = await startOllamaStandIn({
    models: [BIG, OTHER].map((ref) => ({ name: ref.model, ...model })),
    answer: () => ({ text: "Hello." }),
  });
  closing.push(() => server.close());
  const state = { locked: false, kept: [] as string[], sessions: [] as SessionRow[], fetched: [] as string[] };
  const local = { locality: { kind: "local" as const, evidence: "a test" }, requestedContextTokens: 8_192 };
  const ollama = { id: "ollama", kind: "ollama" as const, baseUrl: server.url };
  const diskBytes = { value: 9 * GIB, origin: "reported" as const, source: "a test", date: "2026-11-28" };
  const models: ModelProfile[] = [BIG, OTHER].map((ref) => {
    const profile = testProfile(`ollama/${ref.model}`, { ...local, server: ollama });
    return { ...profile, facts: { ...profile.facts, diskBytes, quantization: "Q4_K_M" } };
  });
  models.push(
    testProfile("anthropic/claude-sonnet-5", {
      locality: { kind: "cloud", evidence: "a test" },
      server: { id: "anthropic", kind: "anthropic", baseUrl: "https://api.anthropic.example" },
    }),
    testProfile("relay/x", { server: { id: "relay", kind: "openai-compatible", baseUrl: "http://localhost:1/v1" } }),
    testProfile("nowhere/x"),
  );
  const find = (wanted: typeof BIG) =>
    models.find(({ ref }) => ref.provider === wanted.provider && ref.model === wanted.model);
  const openclaw = { activeSessions: async () => state.sessions };
  const isRedirected = redirectionBy({ find }, (key) => state.locked || state.kept.includes(key));
  const targets = createBenchTargets({
    registry: { current: async () => ({ models }), find } as never,
    monitor: createServerMonitor({ fetch: globalThis.fetch, clock: Date.now, logger: pino({ level: "silent" }) }),
    openclaw,
    isRedirected,
    machine: () => machine,
    resolve: async () => [],
    isLocalOnly: () => state.locked,
    fetch: async (input, init) => {
      state.fetched.push(String(input));
      return globalThis.fetch(input, init);
    },
  });
  const warm = async (name: string) => {
    const { server: driver } = await targets.target(BIG);
    if (isLocalModelServer(driver)) await driver.warm(name, {}, never);
  };
  return { state, targets, openclaw, isRedirected, warm };
}

describe("a model as it is asked", () => {
  it("is asked as OpenClaw would ask it, so that it stays loaded as it is", async () => {
    const { targets } = await lab();
    expect(await targets.target(BIG)).toMatchObject({
      ...{ ref: BIG, local: true, host: "this machine", contextTokens: 8_192, windowTokens: 8_192 },
      ...{ quantization: "Q4_K_M", server: { kind: "ollama" } },
    });
    expect(await targets.planned(BIG)).toEqual({ ref: BIG, local: true, memory: "this machine", windowTokens: 8_192 });
    expect(await targets.planned(SONNET)).toEqual({ ref: SONNET, local: false, windowTokens: 32_768 });
    expect(await targets.target(SONNET)).toMatchObject({
      local: false,
      host: "api.anthropic.example",
      contextTokens: undefined,
    });
  });

  it("counts as cloud where it is not known to be local, wherever it listens", async () => {
    const { targets } = await lab();
    expect(await targets.planned({ provider: "relay", model: "x" })).toEqual({
      ...{ ref: { provider: "relay", model: "x" }, local: false, windowTokens: 32_768 },
    });
  });

  it("is none where OpenClaw does not offer it or nobody knows where it is", async () => {
    const { targets } = await lab();
    for (const model of [
      { provider: "ollama", model: "gone" },
      { provider: "nowhere", model: "x" },
    ]) {
      await expect(targets.target(model)).rejects.toMatchObject({ code: "unknown_model" });
      await expect(targets.planned(model)).rejects.toMatchObject({ code: "unknown_model" });
    }
  });

  it("is not asked while only local ones are allowed, not even by a target from before", async () => {
    const { targets, state } = await lab();
    const before = await targets.target(SONNET);
    state.locked = true;
    await expect(targets.target(SONNET)).rejects.toMatchObject({ code: "local_only" });
    await expect(targets.planned(SONNET)).rejects.toMatchObject({ code: "local_only" });
    await expect(Array.fromAsync(before.server.generate({ model: "x", messages: [] }, never))).rejects.toThrow();
    expect(state.fetched).toEqual([]);
    const { server } = await targets.target(BIG);
    expect((await Array.fromAsync(server.generate({ model: BIG.model, messages: [] }, never))).at(-1)?.kind).toBe(
      "end",
    );
  });
});

describe("what a load would push out", () => {
  it("is what a conversation uses, where the two do not fit side by side", async () => {
    const { targets, state, warm } = await lab();
    await warm(OTHER.model);
    expect(await targets.evictions(BIG)).toEqual([]);
    state.sessions = [row("agent:main:main", OTHER)];
    expect(await targets.evictions(BIG)).toEqual([{ model: OTHER.model, usedBy: ["agent:main:main"] }]);
    expect(await targets.evictions(OTHER)).toEqual([]);
    expect(await targets.evictions(SONNET)).toEqual([]);
    expect([await targets.isUsed(OTHER), await targets.isUsed(BIG)]).toEqual([true, false]);
  });

  it.each([
    ["while local-only mode is on", { locked: true }],
    ["where it is kept local", { kept: ["agent:main:main"] }],
  ])("may be what answers a conversation of the cloud %s, since no row names that", async (_, redirects) => {
    const { targets, state, warm } = await lab();
    await warm(OTHER.model);
    state.sessions = [row("agent:main:main", SONNET)];
    expect([await targets.evictions(BIG), await targets.isUsed(OTHER)]).toEqual([[], false]);
    Object.assign(state, redirects);
    expect(await targets.evictions(BIG)).toEqual([{ model: OTHER.model, usedBy: ["agent:main:main"] }]);
    expect(await targets.isUsed(OTHER)).toBe(true);
    // One whose own model is local stays with that.
    state.sessions = [row("agent:main:main", BIG)];
    expect([await targets.evictions(BIG), await targets.isUsed(OTHER)]).toEqual([[], false]);
  });
});

describe("who else has use of a server", () => {
  it("is a session with a run on one of its models, and none of Clutch's own", async () => {
    const { targets, state, openclaw, isRedirected } = await lab();
    const events = { on: () => () => undefined };
    const people = createPeople({ openclaw, events, isRedirected, hostOf: targets.hostOf });
    const here = { host: "this machine", local: true };
    const busy = async (...sessions: SessionRow[]) => {
      state.sessions = sessions;
      return people.isBusy(here);
    };
    expect(await busy()).toBe(false);
    expect(await busy(row("agent:main:main", OTHER))).toBe(false);
    expect(await busy(row("agent:main:main", OTHER, { hasActiveRun: true }))).toBe(true);
    const vendor = { host: "api.anthropic.example", local: false };
    expect(await people.isBusy(vendor)).toBe(false);
    expect(await busy(row("agent:main:main", SONNET, { hasActiveRun: true }))).toBe(false);
    expect(await people.isBusy(vendor)).toBe(true);
    const fallback = { activeModelProvider: "ollama", activeModel: BIG.model };
    expect(await busy(row("agent:main:main", SONNET, { hasActiveRun: true, ...fallback }))).toBe(true);
    const own = "agent:main:dashboard:incognito-clutch-bench-1";
    expect(await busy(row(own, OTHER, { hasActiveRun: true }))).toBe(false);
    expect(await busy(row(own, SONNET, { hasActiveRun: true }))).toBe(false);
  });

  it.each([
    ["while local-only mode is on", { locked: true }],
    ["where it is kept local", { kept: ["agent:main:main"] }],
  ])("is a session of the cloud %s: the guard sends its turns here, and none there", async (_, redirects) => {
    const { targets, state, openclaw, isRedirected } = await lab();
    const events = { on: () => () => undefined };
    const people = createPeople({ openclaw, events, isRedirected, hostOf: targets.hostOf });
    Object.assign(state, redirects);
    state.sessions = [row("agent:main:main", SONNET, { hasActiveRun: true })];
    expect(await people.isBusy({ host: "this machine", local: true })).toBe(true);
    expect(await people.isBusy({ host: "api.anthropic.example", local: false })).toBe(false);
    state.sessions = [row("agent:main:dashboard:incognito-clutch-canary-1", SONNET, { hasActiveRun: true })];
    expect(await people.isBusy({ host: "this machine", local: true })).toBe(false);
  });

  it("is nobody where the gateway does not answer", async () => {
    const { targets, isRedirected } = await lab();
    const people = createPeople({
      openclaw: { activeSessions: () => Promise.reject(new Error("gone")) },
      events: { on: () => () => undefined },
      isRedirected,
      hostOf: targets.hostOf,
    });
    expect(await people.isBusy({ host: "this machine", local: true })).toBe(false);
  });

  it("is told when a person's turn begins there", async () => {
    const { targets, state, openclaw, isRedirected } = await lab();
    const listeners = new Set<(event: SessionEvent) => void>();
    const people = createPeople({
      openclaw,
      events: {
        on(listener) {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
      isRedirected,
      hostOf: targets.hostOf,
    });
    const emit = (event: SessionEvent) => {
      for (const listener of listeners) listener(event);
    };
    let told = 0;
    const forget = people.onTurn({ host: "this machine", local: true }, () => void told++);
    emit({ kind: "asked", key: "k", row: row("k", SONNET) });
    emit({ kind: "answered", key: "k", row: row("k", BIG), model: BIG, runId: undefined });
    emit({ kind: "asked", key: "own", row: row("agent:main:dashboard:incognito-clutch-canary-1", BIG) });
    expect(told).toBe(0);
    emit({ kind: "asked", key: "k", row: row("k", BIG) });
    expect(told).toBe(1);
    state.locked = true;
    emit({ kind: "asked", key: "k", row: row("k", SONNET) });
    expect(told).toBe(2);
    forget();
    emit({ kind: "asked", key: "k", row: row("k", BIG) });
    expect(told).toBe(2);
  });
});
