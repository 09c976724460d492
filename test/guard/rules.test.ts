import { describe, expect, it } from "vitest";
import type { GuardState, LocalModel } from "../../guard/types.d.ts";
import { CONFIG, guardCode, LLAMA, LMSTUDIO, OFF, QWEN, RULES } from "./guard-code.ts";

const { candidates, localModelOf, whyLocal } = await guardCode("rules.js");
const ON: GuardState = { ...OFF, ...RULES, on: true, id: "one" };
const SONNET = { modelProviderId: "anthropic", modelId: "claude-sonnet-5" };
const names = (models: readonly LocalModel[]): string[] => models.map(({ model }) => model);

describe("where a run may go", () => {
  it.each<[string, Partial<GuardState>, object, string[]]>([
    ["in the order of the list where nothing is ordered", {}, SONNET, ["qwen:7b", "llama:8b", "phi"]],
    ["its own model first", {}, { modelProviderId: "lmstudio", modelId: "phi" }, ["phi", "qwen:7b", "llama:8b"]],
    [
      "as ordered for all",
      { order: { "*": ["lmstudio/phi", "ollama/llama:8b"] } },
      SONNET,
      ["phi", "llama:8b", "qwen:7b"],
    ],
    [
      "as ordered for its agent, then for all",
      { order: { ops: ["ollama/llama:8b"], "*": ["lmstudio/phi"] } },
      { ...SONNET, agentId: "ops" },
      ["llama:8b", "phi", "qwen:7b"],
    ],
    [
      "as ordered for all where another agent has an order",
      { order: { ops: ["ollama/llama:8b"], "*": ["lmstudio/phi"] } },
      { ...SONNET, agentId: "main" },
      ["phi", "qwen:7b", "llama:8b"],
    ],
    [
      "its own model before any order",
      { order: { "*": ["lmstudio/phi"] } },
      { modelProviderId: "ollama", modelId: "llama:8b" },
      ["llama:8b", "phi", "qwen:7b"],
    ],
    [
      "not to what was ordered and is not local",
      { order: { "*": ["anthropic/claude-sonnet-5"] } },
      SONNET,
      ["qwen:7b", "llama:8b", "phi"],
    ],
    ["nowhere where nothing is local", { models: [] }, SONNET, []],
    [
      "like any other agent, named like an object's own part",
      {},
      { ...SONNET, agentId: "constructor" },
      ["qwen:7b", "llama:8b", "phi"],
    ],
    ["without anything being known of it", {}, {}, ["qwen:7b", "llama:8b", "phi"]],
  ])("%s", (_, state, run, expected) => {
    expect(names(candidates({ ...ON, ...state }, run, CONFIG))).toEqual(expected);
  });

  const provider = (ollama: object) => ({ models: { providers: { ...CONFIG.models.providers, ollama } } });
  const own = CONFIG.models.providers.ollama;
  const runtime = (id: string) => ({ agentRuntime: { id } });
  const settings = (map: object) => ({ ...CONFIG, agents: { defaults: { models: map } } });
  const agentSettings = (map: object) => ({ ...CONFIG, agents: { entries: { main: { models: map } } } });
  it.each<[string, unknown, string[]]>([
    ["another address", provider({ baseUrl: "https://ollama.com" }), ["phi"]],
    ["another port", provider({ baseUrl: "http://127.0.0.1:11435" }), ["phi"]],
    ["another path", provider({ baseUrl: "http://127.0.0.1:11434/relay" }), ["phi"]],
    [
      "a model's own address",
      provider({ ...own, models: [{ id: "qwen:7b", baseUrl: "https://ollama.com" }] }),
      ["llama:8b", "phi"],
    ],
    [
      "another model's own address",
      provider({ ...own, models: [{ id: "other", baseUrl: "https://ollama.com" }] }),
      ["qwen:7b", "llama:8b", "phi"],
    ],
    ["a proxy", provider({ ...own, request: { proxy: { mode: "http", url: "http://10.0.0.1:3128" } } }), ["phi"]],
    [
      "a model's own proxy",
      provider({ ...own, models: [{ id: "llama:8b", request: { proxy: {} } }] }),
      ["qwen:7b", "phi"],
    ],
    ["another runtime", provider({ ...own, ...runtime("claude-cli") }), ["phi"]],
    ["OpenClaw's own runtime", provider({ ...own, ...runtime("openclaw") }), ["qwen:7b", "llama:8b", "phi"]],
    [
      "a model's own runtime",
      provider({ ...own, models: [{ id: "qwen:7b", ...runtime("codex") }] }),
      ["llama:8b", "phi"],
    ],
    ["a runtime in the models' settings", settings({ "ollama/qwen:7b": runtime("codex") }), ["llama:8b", "phi"]],
    ["a runtime for all of a provider", settings({ "ollama/*": runtime("codex") }), ["phi"]],
    ["a runtime in its agent's settings", agentSettings({ "ollama/llama:8b": runtime("codex") }), ["qwen:7b", "phi"]],
    ["an alias", settings({ "ollama/qwen:7b": { alias: "coder" } }), ["qwen:7b", "llama:8b", "phi"]],
    ["no address, where OpenClaw's default was seen", provider({}), ["qwen:7b", "llama:8b", "phi"]],
    ["no providers", {}, ["qwen:7b", "llama:8b"]],
    ["no configuration", undefined, ["qwen:7b", "llama:8b"]],
    ["an address that is none", provider({ baseUrl: 7 }), ["phi"]],
  ])("not to models that OpenClaw would reach otherwise now: %s", (_, config, expected) => {
    const run = { ...SONNET, agentId: "main" };
    expect(names(candidates(ON, run, config))).toEqual(expected);
    for (const model of RULES.models) {
      const asked = { agentId: "main", modelProviderId: model.provider, modelId: model.model };
      expect(localModelOf(ON, asked, config)).toEqual(expected.includes(model.model) ? model : undefined);
    }
  });

  it("knows no local model by half of its name", () => {
    for (const run of [
      { modelProviderId: "ollama" },
      { modelId: "qwen:7b" },
      { modelProviderId: "OLLAMA", modelId: "qwen:7b" },
      {},
    ])
      expect(localModelOf(ON, run, CONFIG)).toBeUndefined();
    expect(localModelOf(ON, { modelProviderId: "ollama", modelId: "llama:8b" }, CONFIG)).toEqual(LLAMA);
    expect(localModelOf(ON, { modelProviderId: "lmstudio", modelId: "phi" }, CONFIG)).toEqual(LMSTUDIO);
    expect(
      localModelOf({ ...ON, models: [QWEN] }, { modelProviderId: "ollama", modelId: "llama:8b" }, CONFIG),
    ).toBeUndefined();
  });
});

describe("which runs have to stay local", () => {
  const C01 = "agent:main:slack:c01";
  const kept = { ...OFF, kept: { [C01]: { why: "here" as const, at: 1 } } };
  const none = (): never => {
    throw new Error("nobody has to be asked");
  };
  it.each<[string, GuardState, object, string | undefined]>([
    ["all, while it is on", ON, { sessionKey: "agent:main:main" }, "lock"],
    ["also those without a session", ON, {}, "lock"],
    ["none, while it is off", OFF, { sessionKey: "agent:main:main" }, undefined],
    ["kept conversations", kept, { sessionKey: C01 }, "here"],
    ["kept conversations in any case", kept, { sessionKey: "agent:main:Slack:C01" }, "here"],
    ["not those without a session", kept, {}, undefined],
  ])("%s", (_, state, run, expected) => expect(whyLocal(state, run, none)).toBe(expected));

  const child = "agent:main:subagent:1";
  const grandchild = "agent:helper:subagent:2";
  it.each<[string, string, Readonly<Record<string, unknown>>, string | undefined]>([
    ["not others", "agent:main:slack:c02", { "agent:main:slack:c02": {} }, undefined],
    ["not others of which nothing is written yet", "agent:main:slack:c02", {}, undefined],
    ["not by an object's own parts", "constructor", {}, undefined],
    ["a sub-agent of a kept conversation", child, { [child]: { spawnedBy: C01 } }, "here"],
    ["whose name is spelled otherwise there", child, { [child]: { spawnedBy: "agent:main:Slack:C01" } }, "here"],
    [
      "a sub-agent's sub-agent, of another agent",
      grandchild,
      { [child]: { spawnedBy: C01 }, [grandchild]: { spawnedBy: child } },
      "here",
    ],
    [
      "a copy of a kept conversation",
      "agent:main:copy",
      { "agent:main:copy": { forkSource: { sessionKey: C01 } } },
      "here",
    ],
    [
      "an older OpenClaw's copy",
      "agent:main:copy",
      { "agent:main:copy": { forkedFromParent: true, parentSessionKey: C01 } },
      "here",
    ],
    ["a look into memory before its turn", `${C01}:active-memory:0a1b`, {}, "here"],
    [
      "a look into memory before its sub-agent's turn",
      `${child}:active-memory:0a1b`,
      { [`${child}:active-memory:0a1b`]: { pluginOwnerId: "active-memory" }, [child]: { spawnedBy: C01 } },
      "here",
    ],
    ["not before another's", `${child}:active-memory:0a1b`, { [child]: {} }, undefined],
    ["nor of nobody's", "agent:main:active-memory:0a1b", { "agent:main": {} }, undefined],
    [
      "its heartbeat in a session of its own",
      `${C01}:heartbeat`,
      { [`${C01}:heartbeat`]: { heartbeatIsolatedBaseSessionKey: C01 } },
      "here",
    ],
    [
      "a side chat, which does not tell about whom",
      "agent:main:internal-session-effects:session-companion-0a1b-2c3d",
      {},
      "unknown",
    ],
    ["a name for a note of a conversation", "agent:main:helper:incognito-slug-generator-0a1b", {}, "unknown"],
    [
      "not its threads, which are conversations of their own",
      `${C01}:thread:1.2`,
      { [`${C01}:thread:1.2`]: {} },
      undefined,
    ],
    ["not what only stands below it", "agent:main:below", { "agent:main:below": { parentSessionKey: C01 } }, undefined],
    [
      "not a sub-agent of another",
      child,
      { [child]: { spawnedBy: "agent:main:main" }, "agent:main:main": {} },
      undefined,
    ],
    [
      "a sub-agent of one that is gone, which may have been kept",
      grandchild,
      { [grandchild]: { spawnedBy: child } },
      "unknown",
    ],
    [
      "not for ever where they go in a circle",
      child,
      { [child]: { spawnedBy: grandchild }, [grandchild]: { spawnedBy: child } },
      undefined,
    ],
    ["not where it says something of another form", child, { [child]: { spawnedBy: { key: C01 } } }, undefined],
  ])("%s", (_, sessionKey, entries, expected) => {
    expect(whyLocal(kept, { sessionKey }, (key) => entries[key])).toBe(expected);
  });
});
