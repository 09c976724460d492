import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GuardState, Health, LocalModel, RunContext } from "../../guard/types.d.ts";
import {
  CONFIG,
  guardCode,
  type HealthOf,
  type Hooks,
  type HooksMemory,
  LLAMA,
  LMSTUDIO,
  OFF,
  QWEN,
  RULES,
} from "./guard-code.ts";

const { createHooks } = await guardCode("hooks.js");

const ON: GuardState = { ...OFF, ...RULES, on: true, id: "one" };
const CLOUD = { runId: "r1", sessionKey: "agent:main:main", modelProviderId: "anthropic", modelId: "claude-sonnet-5" };
const LOCAL = { ...CLOUD, modelProviderId: "ollama", modelId: "qwen:7b" };
const CANARY = { ...CLOUD, modelProviderId: "clutch-canary", modelId: "canary" };

interface Bench {
  readonly hooks: Hooks;
  readonly memory: HooksMemory;
  /** What the health was told. */
  readonly told: string[];
}

/** `down` says of a model why it does not answer; all others do. */
function bench(
  state: GuardState,
  down: Readonly<Record<string, string>> = {},
  config: () => unknown = () => CONFIG,
  entryOf: (sessionKey: string) => unknown = () => ({}),
): Bench {
  const told: string[] = [];
  const nameOf = ({ provider, model }: Pick<LocalModel, "provider" | "model">) => `${provider}/${model}`;
  const health: HealthOf = {
    async of(model): Promise<Health> {
      const why = down[nameOf(model)];
      return why === undefined ? { ok: true } : { ok: false, why };
    },
    failed: (model, why) => void told.push(`failed ${nameOf(model)}: ${why}`),
    worked: (model) => void told.push(`worked ${nameOf(model)}`),
    forget: () => undefined,
  };
  const memory: HooksMemory = { escapes: [], canaries: [], heard: { modelResolve: 0, agentReply: 0, agentRun: 0 } };
  const hooks = createHooks({ lock: { state: () => state }, health, memory }, { config, entryOf, clock: () => 7 });
  return { hooks, memory, told };
}

const ALL_DOWN = {
  "ollama/qwen:7b": "its server is down",
  "ollama/llama:8b": "not downloaded",
  "lmstudio/phi": "its server is down",
};

describe("while it is off", () => {
  it("leaves every turn alone", async () => {
    const { hooks, memory } = bench({ ...ON, on: false });
    for (const run of [CLOUD, LOCAL, {}]) {
      expect(await hooks.beforeModelResolve({}, run)).toBeUndefined();
      expect(await hooks.beforeAgentReply({}, run)).toBeUndefined();
      expect(await hooks.beforeAgentRun({}, run)).toBeUndefined();
      expect(hooks.beforeToolCall({ toolName: "web_search" }, run)).toBeUndefined();
      hooks.modelCallStarted({ provider: "anthropic", model: "claude-sonnet-5" }, run);
    }
    expect(memory.escapes).toEqual([]);
  });
});

describe("while it is on", () => {
  it.each<[string, RunContext, Readonly<Record<string, string>>, LocalModel | undefined]>([
    ["the first local model", CLOUD, {}, QWEN],
    ["the next where the first is down", CLOUD, { "ollama/qwen:7b": "its server is down" }, LLAMA],
    ["its own model where that is local", { ...LOCAL, modelId: "llama:8b" }, {}, LLAMA],
    ["another where its own is down", { ...LOCAL, modelId: "llama:8b" }, { "ollama/llama:8b": "not downloaded" }, QWEN],
    ["nothing where none answers", CLOUD, ALL_DOWN, undefined],
  ])("sends a turn to %s", async (_, run, down, model) => {
    const { hooks } = bench(ON, down);
    expect(await hooks.beforeModelResolve({}, run)).toEqual(
      model === undefined ? undefined : { providerOverride: model.provider, modelOverride: model.model },
    );
    // A notice only where no model answers.
    expect((await hooks.beforeAgentReply({}, run)) === undefined).toBe(model !== undefined);
  });

  it("says kindly that no local model answers, and why of the best three", async () => {
    const fourth = { ...QWEN, model: "fourth" };
    const { hooks } = bench({ ...ON, models: [...ON.models, fourth] }, { ...ALL_DOWN, "ollama/fourth": "out" });
    expect(await hooks.beforeAgentReply({}, CLOUD)).toMatchObject({
      handled: true,
      reply: {
        text:
          "Local-only mode is on, and no local model answers right now (ollama/qwen:7b: its server is down; " +
          "ollama/llama:8b: not downloaded; lmstudio/phi: its server is down). Nothing was sent to the cloud. " +
          "Try again in a moment; /localonly says more.",
      },
    });
  });

  it("says so where there is no local model at all", async () => {
    const { hooks } = bench({ ...ON, models: [] });
    const reply = await hooks.beforeAgentReply({}, CLOUD);
    expect(reply?.reply.text).toMatch(/^Local-only mode is on, and there is no local model\. Nothing was sent/);
  });

  it.each<[string, RunContext, Readonly<Record<string, string>>, RegExp | undefined]>([
    ["lets a local model through", LOCAL, {}, undefined],
    [
      "stops a turn that was not redirected",
      CLOUD,
      {},
      /would have gone to anthropic\/claude-sonnet-5\. Nothing more is sent there\. Send it again/,
    ],
    ["stops a turn of which nothing is known", {}, {}, /would have gone to \?\/\?/],
    [
      "stops a local model that died meanwhile, and names the next",
      LOCAL,
      { "ollama/qwen:7b": "its last call failed" },
      /ollama\/qwen:7b did not answer \(its last call failed\)\. Send it again: ollama\/llama:8b answers next/,
    ],
    ["stops it with the notice where there is no next", LOCAL, ALL_DOWN, /no local model answers right now/],
  ])("at the gate %s", async (_, run, down, message) => {
    const gated = await bench(ON, down).hooks.beforeAgentRun({}, run);
    if (message === undefined) expect(gated).toBeUndefined();
    else expect(gated).toEqual({ outcome: "block", reason: "local-only", message: expect.stringMatching(message) });
  });

  it("stops a local model at the gate that OpenClaw would reach elsewhere now", async () => {
    const config = { models: { providers: { ollama: { baseUrl: "https://ollama.com" } } } };
    expect(await bench(ON, {}, () => config).hooks.beforeAgentRun({}, LOCAL)).toMatchObject({ outcome: "block" });
  });

  it.each<[string, object, boolean]>([
    ["a tool that asks the cloud", { toolName: "web_search" }, true],
    ["not another", { toolName: "read" }, false],
    ["not one without a name", {}, false],
    [
      "looking at a picture with a model in the cloud",
      { toolName: "image", params: { model: "openai/gpt-5.6" } },
      true,
    ],
    ["not with a local one", { toolName: "image", params: { model: "ollama/qwen:7b" } }, false],
    ["not another tool by its parameters", { toolName: "read", params: { model: "openai/gpt-5.6" } }, false],
  ])("refuses %s", (_, event, isRefused) => {
    const refused = bench({ ...ON, tools: ["web_search"] }).hooks.beforeToolCall(event, CLOUD);
    if (isRefused)
      expect(refused).toMatchObject({
        block: true,
        blockReason: expect.stringMatching(/^Local-only mode is on, and /),
      });
    else expect(refused).toBeUndefined();
  });

  it("remembers the last 20 calls to the cloud", () => {
    const { hooks, memory } = bench(ON);
    hooks.modelCallStarted({ provider: "ollama", model: "qwen:7b", runId: "r0" }, CLOUD);
    hooks.modelCallStarted({ provider: "clutch-canary", model: "canary", runId: "r0" }, CLOUD);
    expect(memory.escapes).toEqual([]);
    for (let run = 1; run <= 25; run++)
      hooks.modelCallStarted({ provider: "anthropic", model: "claude-sonnet-5", runId: `r${run}` }, CLOUD);
    expect(memory.escapes.map(({ runId }) => runId)).toEqual(Array.from({ length: 20 }, (_, index) => `r${index + 6}`));
    expect(memory.escapes.at(-1)).toEqual({
      provider: "anthropic",
      model: "claude-sonnet-5",
      runId: "r25",
      sessionKey: "agent:main:main",
      at: 7,
    });
  });
});

describe("a conversation that is kept", () => {
  const kept = {
    ...ON,
    on: false,
    tools: ["web_search"],
    kept: { [CLOUD.sessionKey]: { why: "unreleased" as const, at: 1 } },
  };

  it("goes to a local model although the lock is off, and no other does", async () => {
    const { hooks } = bench(kept);
    expect(await hooks.beforeModelResolve({}, { ...CLOUD, sessionKey: "AGENT:main:MAIN" })).toMatchObject({
      modelOverride: "qwen:7b",
    });
    expect(await hooks.beforeAgentRun({}, CLOUD)).toMatchObject({ outcome: "block" });
    expect(hooks.beforeToolCall({ toolName: "web_search" }, CLOUD)).toMatchObject({ block: true });
    const other = { ...CLOUD, sessionKey: "agent:main:other" };
    expect(await hooks.beforeModelResolve({}, other)).toBeUndefined();
    expect(await hooks.beforeAgentRun({}, other)).toBeUndefined();
  });

  it("says of itself why", async () => {
    const reply = await bench(kept, ALL_DOWN).hooks.beforeAgentReply({}, CLOUD);
    expect(reply?.reply.text).toMatch(/^This conversation stays local \(unreleased\), and no local model answers/);
  });
});

describe("a question aside", () => {
  const kept = { ...OFF, kept: { [CLOUD.sessionKey]: { why: "here" as const, at: 1 } } };
  it.each<[string, GuardState, object, RunContext, RegExp | undefined]>([
    ["is refused while it is on", ON, { content: "/btw why?" }, CLOUD, /^Local-only mode is on, and \/btw asks/],
    ["is refused where the conversation is kept", kept, { content: " /BTW why?" }, CLOUD, /stays local \(here\), and/],
    ["is refused by its other name, after a mention", kept, { body: "<@123> @pip /side: why?" }, CLOUD, /\/btw asks/],
    ["is refused by the event's own key", kept, { content: "/btw x", sessionKey: CLOUD.sessionKey }, {}, /\/btw asks/],
    ["is asked in another conversation", kept, { content: "/btw x" }, { sessionKey: "agent:main:other" }, undefined],
    ["is asked while it is off", OFF, { content: "/btw x" }, CLOUD, undefined],
    ["is not every message that names it", ON, { content: "what does /btw do?" }, CLOUD, undefined],
    ["is not every command", ON, { content: "/sidecar" }, CLOUD, undefined],
    ["is nothing without a text", ON, {}, CLOUD, undefined],
  ])("%s", (_, state, event, context, text) => {
    const claimed = bench(state).hooks.beforeDispatch(event, context);
    if (text === undefined) expect(claimed).toBeUndefined();
    else expect(claimed).toEqual({ handled: true, text: expect.stringMatching(text) });
  });
});

describe("what came of a conversation that is kept", () => {
  const child = { ...CLOUD, sessionKey: "agent:main:subagent:1" };
  const kept = { ...ON, on: false, kept: { [CLOUD.sessionKey]: { why: "here" as const, at: 1 } } };
  const entryOf = (key: string) => (key === child.sessionKey ? { spawnedBy: CLOUD.sessionKey } : {});
  const family = (state: GuardState, down = {}) => bench(state, down, () => CONFIG, entryOf);

  it("goes to a local model as it does: a sub-agent, whatever model it was to use", async () => {
    const { hooks, memory } = family(kept);
    expect(await hooks.beforeModelResolve({}, child)).toMatchObject({ modelOverride: "qwen:7b" });
    expect(await hooks.beforeAgentRun({}, child)).toMatchObject({
      outcome: "block",
      message: expect.stringMatching(/^This conversation stays local \(here\), and this turn would have gone to/),
    });
    hooks.modelCallStarted({ provider: "anthropic", model: "claude-sonnet-5", runId: "r1" }, child);
    expect(memory.escapes).toMatchObject([{ sessionKey: child.sessionKey }]);
    const reply = await family(kept, ALL_DOWN).hooks.beforeAgentReply({}, child);
    expect(reply?.reply.text).toMatch(/^This conversation stays local \(here\), and no local model answers/);
  });

  it("says of itself that it is not known whether it has to", async () => {
    const gone = (key: string) => (key === child.sessionKey ? { spawnedBy: "agent:main:gone" } : undefined);
    const { hooks } = bench(kept, ALL_DOWN, () => CONFIG, gone);
    const reply = await hooks.beforeAgentReply({}, child);
    expect(reply?.reply.text).toMatch(/^This may hold text of a conversation that stays local, and no local model/);
  });

  it("stays off the cloud where OpenClaw does not say of whom it came", async () => {
    const { hooks } = bench(
      kept,
      {},
      () => CONFIG,
      () => {
        throw new Error("the store is busy");
      },
    );
    await expect(hooks.beforeAgentRun({}, child)).rejects.toThrow("busy");
  });

  it.each<[string, object, boolean]>([
    [
      "hands its task to a sub-agent",
      { toolName: "sessions_spawn", params: { task: "x", model: "openai/gpt" } },
      false,
    ],
    ["hands it to a program of its own", { toolName: "sessions_spawn", params: { task: "x", runtime: "acp" } }, true],
    [
      "hands it to a machine elsewhere",
      { toolName: "sessions_spawn", params: { task: "x", placement: { kind: "profile", profileId: "big" } } },
      true,
    ],
    [
      "writes to a conversation that is not kept",
      { toolName: "sessions_send", params: { sessionKey: "agent:main:2" } },
      true,
    ],
    ["writes to one by its label", { toolName: "sessions_send", params: { label: "ops", message: "x" } }, true],
    ["writes to its sub-agent", { toolName: "sessions_send", params: { sessionKey: child.sessionKey } }, false],
  ])("%s", (_, event, isRefused) => {
    for (const run of [CLOUD, child]) {
      const refused = family(kept).hooks.beforeToolCall(event, run);
      if (isRefused)
        expect(refused?.blockReason).toMatch(
          /^This conversation stays local \(here\), and sessions_\w+ would hand its text/,
        );
      else expect(refused).toBeUndefined();
    }
    // With the lock on, all of them are looked after, or held by the wall.
    expect(family({ ...kept, on: true }).hooks.beforeToolCall(event, CLOUD)).toBeUndefined();
    const other = { ...CLOUD, sessionKey: "agent:main:other" };
    expect(family(kept).hooks.beforeToolCall(event, other)).toBeUndefined();
  });
});

describe("a call that ended", () => {
  it.each<[string, object, string[]]>([
    ["well", { outcome: "completed" }, ["worked ollama/qwen:7b"]],
    ["in an error", { outcome: "error" }, ["failed ollama/qwen:7b: its last call failed"]],
    ["because somebody stopped it", { outcome: "error", failureKind: "aborted" }, []],
  ])("%s", (_, event, expected) => {
    const { hooks, told } = bench(ON);
    hooks.modelCallEnded({ provider: "ollama", model: "qwen:7b", ...event });
    expect(told).toEqual(expected);
  });
});

describe("a canary", () => {
  it("is heard by every hook, also while the guard is off", async () => {
    const { hooks, memory } = bench(OFF);
    for (const run of [CANARY, CLOUD]) {
      await hooks.beforeModelResolve({}, run);
      await hooks.beforeAgentReply({}, run);
      await hooks.beforeAgentRun({}, run);
    }
    expect(memory).toMatchObject({ heard: { modelResolve: 1, agentReply: 1, agentRun: 1 }, canaries: [] });
  });

  it("is redirected and stopped before it troubles a local model", async () => {
    const { hooks, memory } = bench(ON);
    expect(await hooks.beforeModelResolve({}, CANARY)).toMatchObject({ modelOverride: "qwen:7b" });
    expect(await hooks.beforeAgentRun({}, LOCAL)).toMatchObject({ outcome: "block" });
    expect(memory.canaries).toEqual([
      { runId: "r1", sessionKey: "agent:main:main", model: "ollama/qwen:7b", met: "local", at: 7 },
    ]);
    // It was one run; the next is an ordinary one.
    expect(await hooks.beforeAgentRun({}, LOCAL)).toBeUndefined();
  });

  it("meets the gate alone where it is to", async () => {
    const { hooks, memory } = bench(ON);
    const run = { ...CANARY, sessionKey: "agent:main:dashboard:incognito-clutch-canary-gate-1" };
    expect(await hooks.beforeModelResolve({}, run)).toBeUndefined();
    expect(await hooks.beforeAgentRun({}, run)).toMatchObject({ outcome: "block" });
    expect(memory.canaries).toMatchObject([{ met: "gate", model: "clutch-canary/canary" }]);
  });

  it("opens no way around the redirection for others", async () => {
    const run = { ...CLOUD, sessionKey: "agent:main:dashboard:incognito-clutch-canary-gate-1" };
    expect(await bench(ON).hooks.beforeModelResolve({}, run)).toMatchObject({ modelOverride: "qwen:7b" });
  });

  it("without a run's id stops nobody else's run", async () => {
    const { hooks } = bench(ON);
    const { runId: _, ...nameless } = CANARY;
    await hooks.beforeModelResolve({}, nameless);
    const { runId: __, ...other } = LOCAL;
    expect(await hooks.beforeAgentRun({}, other)).toBeUndefined();
  });

  it("gets the notice where no local model answers", async () => {
    const { hooks, memory } = bench(ON, ALL_DOWN);
    expect(await hooks.beforeAgentReply({}, CANARY)).toMatchObject({ handled: true });
    expect(memory.canaries).toMatchObject([{ met: "notice" }]);
  });
});

describe("where something breaks", () => {
  const entryOf = () => ({});
  const broken = (): never => {
    throw new Error("broken");
  };
  const parts = bench(ON);
  const { memory } = parts;
  const health = { of: broken, failed: broken, worked: broken, forget: broken } as unknown as HealthOf;
  const lock = { state: () => ON };
  it.each<[string, Hooks]>([
    [
      "the lock",
      createHooks({ lock: { state: broken }, health, memory }, { config: () => CONFIG, entryOf, clock: () => 0 }),
    ],
    ["the configuration", createHooks({ lock, health, memory }, { config: broken, entryOf, clock: () => 0 })],
    ["the health", createHooks({ lock, health, memory }, { config: () => CONFIG, entryOf, clock: () => 0 })],
  ])("%s: the gate never lets a turn through; OpenClaw takes an error there for a no", async (_, hooks) => {
    const passed = await hooks.beforeAgentRun({}, LOCAL).then(
      (gated) => gated === undefined,
      () => false,
    );
    expect(passed).toBe(false);
  });
});

describe("whatever state, configuration and run", () => {
  const name = fc.constantFrom("ollama", "lmstudio", "anthropic", "clutch-canary", "constructor", "__proto__");
  const id = fc.constantFrom("qwen:7b", "llama:8b", "phi", "claude-sonnet-5", "canary");
  const address = fc.constantFrom(
    QWEN.baseUrl,
    LMSTUDIO.baseUrl,
    "http://127.0.0.1:11434/",
    "https://api.anthropic.com",
    7,
    null,
  );
  const detour = fc.constantFrom(undefined, { id: "codex" }, { id: "openclaw" }, "codex");
  const model = fc.record({
    provider: name,
    model: id,
    baseUrl: fc.constantFrom(QWEN.baseUrl, LMSTUDIO.baseUrl),
    ollama: fc.boolean(),
  });
  const entry = fc.record(
    {
      baseUrl: address,
      agentRuntime: detour,
      request: fc.constantFrom(undefined, {}, { proxy: { url: "http://10.0.0.1:1" } }),
      models: fc.array(fc.record({ id, baseUrl: address, agentRuntime: detour }, { requiredKeys: ["id"] }), {
        maxLength: 3,
      }),
    },
    { requiredKeys: [] },
  );
  const config = fc.oneof(
    fc.record({ models: fc.record({ providers: fc.dictionary(name, entry) }) }),
    fc.constantFrom<unknown>(CONFIG, {}, null, undefined, "text"),
  );
  const state = fc.record({
    models: fc.array(model, { maxLength: 4 }),
    order: fc.dictionary(fc.constantFrom("*", "main"), fc.array(fc.string())),
    on: fc.constant(true),
  });
  const run = fc.record(
    {
      runId: fc.constantFrom("r1", "r2"),
      agentId: fc.constantFrom("main", "constructor"),
      sessionKey: fc.string(),
      modelProviderId: name,
      modelId: id,
    },
    { requiredKeys: [] },
  );
  const downs = fc.dictionary(fc.constantFrom("ollama/qwen:7b", "ollama/llama:8b", "lmstudio/phi"), fc.string());

  it("only a model of the list, reached as it was seen, passes the gate", async () => {
    let passed = 0;
    await fc.assert(
      fc.asyncProperty(state, config, run, downs, async (some, found, context, down) => {
        const { hooks } = bench({ ...ON, ...some }, down, () => found);
        const resolved = await hooks.beforeModelResolve({}, context);
        const used = {
          ...context,
          ...(resolved && { modelProviderId: resolved.providerOverride, modelId: resolved.modelOverride }),
        };
        for (const asked of [context, used]) {
          if ((await hooks.beforeAgentRun({}, asked)) !== undefined) continue;
          passed += 1;
          const local = some.models.filter(
            (one) =>
              one.provider === asked.modelProviderId &&
              one.model === asked.modelId &&
              down[`${one.provider}/${one.model}`] === undefined,
          );
          expect(local.length).toBeGreaterThan(0);
          expect(addressesOf(found, asked)).toSatisfy((addresses: unknown[]) =>
            local.some(({ baseUrl }) =>
              addresses.every((one) => String(one).replace(/\/$/, "") === baseUrl.replace(/\/$/, "")),
            ),
          );
        }
      }),
      { numRuns: 2_000 },
    );
    expect(passed).toBeGreaterThan(20);
  });

  /** Where OpenClaw would go, written anew: a model's own address counts before its provider's. */
  function addressesOf(found: unknown, { modelProviderId = "", modelId }: RunContext): unknown[] {
    type Entry = { baseUrl?: unknown; models?: { id: string; baseUrl?: unknown }[] };
    const providers =
      (found as { models?: { providers?: Record<string, Entry> } } | undefined)?.models?.providers ?? {};
    const provider = Object.hasOwn(providers, modelProviderId) ? providers[modelProviderId] : undefined;
    const own = provider?.models?.find((one) => one.id === modelId);
    return [own?.baseUrl ?? provider?.baseUrl ?? (modelProviderId === "ollama" ? "http://127.0.0.1:11434" : "none")];
  }
});
