import { describe, expect, it } from "vitest";
import { modelConfigOf } from "../../src/openclaw/model-config.ts";
import { sessionRow } from "../../src/openclaw/wire.ts";
import { effectiveModel } from "../../src/sessions/effective-model.ts";

const config = modelConfigOf({
  agents: {
    defaults: {
      model: { primary: "anthropic/sonnet", fallbacks: ["openai/x"] },
      models: { "ollama/qwen:32b": { alias: "Q" } },
    },
    entries: {
      baker: { model: "q" },
      cook: { model: { primary: "ollama/llama:70b", fallbacks: ["ollama/qwen:32b"] } },
      main: {},
    },
  },
  channels: {
    modelByChannel: { slack: { C0ABC: "ollama/llama:70b", "user:U77": "ollama/qwen:32b" }, discord: { "42": "q" } },
  },
});

const row = (key: string, model: string, more: object = {}) => {
  const [modelProvider, id] = model.split("/");
  return sessionRow.parse({ key, modelProvider, model: id, ...more });
};

describe("why a model is the effective one", () => {
  it.each([
    ["pin", "agent:main:main", "ollama/qwen:32b", { modelOverrideSource: "user" }, "main", []],
    [
      "inherited",
      "agent:main:slack:channel:c1:thread:1.2",
      "ollama/qwen:32b",
      { modelOverrideSource: "inherited" },
      "main",
      [],
    ],
    ["channel", "agent:main:slack:channel:c0abc", "ollama/llama:70b", {}, "main", ["openai/x"]],
    ["channel", "agent:main:discord:channel:42", "ollama/qwen:32b", {}, "main", ["openai/x"]],
    ["channel", "agent:main:slack:direct:u77", "ollama/qwen:32b", {}, "main", ["openai/x"]],
    ["agent", "agent:baker:main", "ollama/qwen:32b", {}, "baker", []],
    ["agent", "agent:cook:main", "ollama/llama:70b", {}, "cook", ["ollama/qwen:32b"]],
    ["default", "agent:main:main", "anthropic/sonnet", {}, "main", ["openai/x"]],
    ["other", "agent:main:main", "ollama/strange", {}, "main", ["openai/x"]],
    ["other", "agent:main:main", "ollama/strange", { modelOverrideSource: "auto" }, "main", ["openai/x"]],
  ])("%s: %s on %s", (why, key, model, more, agentId, fallbacks) => {
    const effective = effectiveModel(row(key, model, more), config, { agentId, parentKey: undefined });
    expect(effective.why.kind).toBe(why);
    expect(effective.fallbacks).toEqual(fallbacks);
    expect(`${effective.model?.provider}/${effective.model?.model}`).toBe(model);
    expect(effective.standIn).toBeUndefined();
  });

  it("names the model that stands in during a fallback, and only a different one", () => {
    const falling = row("agent:main:main", "anthropic/sonnet", { activeModelProvider: "openai", activeModel: "x" });
    expect(effectiveModel(falling, config, { agentId: "main", parentKey: undefined }).standIn).toEqual({
      provider: "openai",
      model: "x",
    });
    const same = row("agent:main:main", "anthropic/sonnet", {
      activeModelProvider: "anthropic",
      activeModel: "sonnet",
    });
    expect(effectiveModel(same, config, { agentId: "main", parentKey: undefined }).standIn).toBeUndefined();
  });

  it("names the parent of an inherited pin: the row's own, else the derived one", () => {
    const thread = "agent:main:slack:channel:c1:thread:1.2";
    const inherited = { modelOverrideSource: "inherited" };
    const context = { agentId: "main", parentKey: "agent:main:slack:channel:c1" };
    expect(effectiveModel(row(thread, "a/b", inherited), config, context).why).toEqual({
      kind: "inherited",
      parentKey: context.parentKey,
    });
    const own = { ...inherited, parentSessionKey: "agent:main:other" };
    expect(effectiveModel(row(thread, "a/b", own), config, context).why).toEqual({
      kind: "inherited",
      parentKey: "agent:main:other",
    });
  });
});

describe("reading OpenClaw's config", () => {
  it("understands nothing, nonsense and parts of it", () => {
    for (const nonsense of [
      undefined,
      null,
      7,
      "x",
      [],
      { agents: 7 },
      { agents: { defaults: [], entries: "no" }, models: { providers: { p: 1 } } },
    ]) {
      expect(modelConfigOf(nonsense).defaultModel.primary).toBeUndefined();
    }
    const partly = modelConfigOf({ agents: { entries: { a: 7, b: { model: "p/m" } } }, channels: "broken" });
    expect([...partly.agentModels.keys()]).toEqual(["b"]);
  });

  it("keeps a configured value word for word for the undo", () => {
    expect(config.agentModels.get("cook")?.raw).toEqual({
      primary: "ollama/llama:70b",
      fallbacks: ["ollama/qwen:32b"],
    });
    expect(config.agentModels.get("baker")).toMatchObject({
      raw: "q",
      primary: { provider: "ollama", model: "qwen:32b" },
    });
  });
});
