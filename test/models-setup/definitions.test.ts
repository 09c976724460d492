import { describe, expect, it } from "vitest";
import { definitionsFor } from "../../src/models-setup/definitions.ts";
import type { TriedModel } from "../../src/models-setup/set-up-model.ts";
import { withSlot } from "../../src/openclaw/config-slots.ts";
import { testProfile } from "../registry/test-profile.ts";

const SERVER = { id: "ollama", baseUrl: "http://127.0.0.1:11434" };

const tried = (more: Partial<TriedModel> = {}): TriedModel => ({
  asked: "qwen3:8b",
  name: "qwen3:8b",
  description: { contextLength: 40_960, capabilities: ["completion", "tools", "thinking"] },
  contextTokens: 32_768,
  probe: {
    loadMs: 9_000,
    windowTokens: 32_768,
    onGpu: 1,
    tools: "works",
    longPrompt: { verdict: "whole", sentTokens: 24_000, readTokens: 24_000 },
    points: [{ depthTokens: 12_000, prefill: 400 }],
  },
  notes: [],
  problems: [],
  ...more,
});

const written = (
  authored: unknown,
  model = tried(),
  models = [testProfile("ollama/other:1b", { windowTokens: 8_192 })],
) => {
  const { slots, notes } = definitionsFor(authored, SERVER, [model], models);
  return { config: slots.reduce<unknown>(withSlot, authored) as Record<string, never>, notes };
};
const provider = (own: Record<string, unknown>) => ({ models: { providers: { ollama: own } } });
const entryOf = ({ config }: { config: unknown }, id = "qwen3:8b") =>
  (config as { models: { providers: { ollama: { models: { id: string }[] } } } }).models.providers.ollama.models.find(
    (model) => model.id === id,
  );

describe("definitions", () => {
  it("say what a model can do", () => {
    expect(entryOf(written({}))).toMatchObject({
      reasoning: true,
      input: ["text"],
      contextWindow: 40_960,
      maxTokens: 8_192,
    });
    const seeing = tried({ description: { capabilities: ["completion", "vision"] }, contextTokens: 8_192 });
    expect(entryOf(written({}, seeing))).toMatchObject({
      input: ["text", "image"],
      contextWindow: 8_192,
      maxTokens: 2_048,
    });
    expect(entryOf(written({}, seeing))).not.toHaveProperty("reasoning");
  });

  it("leave what somebody has chosen, but for the windows", () => {
    const own = {
      baseUrl: "http://localhost:11434",
      apiKey: "__OPENCLAW_REDACTED__",
      api: "ollama",
      timeoutSeconds: 900,
      models: [
        { id: "first:1b", name: "First" },
        {
          id: "qwen3:8b",
          name: "Mine",
          cost: { input: 1 },
          maxTokens: 99,
          contextTokens: 8_192,
          params: { temperature: 0.1, num_ctx: 8_192 },
        },
      ],
    };
    const result = written(provider(own));
    expect(result.config).toEqual(
      provider({
        ...own,
        models: [
          own.models[0],
          {
            ...own.models[1],
            reasoning: true,
            input: ["text"],
            contextWindow: 40_960,
            contextTokens: 32_768,
            params: { temperature: 0.1, num_ctx: 32_768 },
          },
        ],
      }),
    );
    expect(result.notes).toEqual([]);
  });

  it("keep the models that OpenClaw found by itself, since it stops looking", () => {
    const result = written(provider({ baseUrl: SERVER.baseUrl, models: [] }));
    expect(entryOf(result, "other:1b")).toMatchObject({ id: "other:1b", contextTokens: 8_192 });
    expect(result.notes[0]).toContain("other:1b");
  });

  it.each([
    ["quick", 4_000, 300],
    ["reads slowly", 60, 1_200],
    ["hardly reads", 5, 1_800],
  ])("give a model that is %s its time", (_, prefill, timeoutSeconds) => {
    const probe = { ...tried().probe, points: [{ depthTokens: 12_000, prefill }] };
    expect(written({}, tried({ probe })).config).toMatchObject(provider({ timeoutSeconds }));
  });

  it("name an alias only where aliases are in use, and none twice", () => {
    expect(written({ agents: { defaults: { model: "a/b" } } }).config["agents"]).toEqual({
      defaults: { model: "a/b" },
    });
    const used = (models: object) => written({ agents: { defaults: { models } } }).config["agents"];
    expect(used({ "a/b": {} })).toEqual({ defaults: { models: { "a/b": {}, "ollama/qwen3:8b": { alias: "qwen3" } } } });
    const taken = { "a/b": { alias: "Qwen3" } };
    expect(used(taken)).toEqual({ defaults: { models: taken } });
    const own = { "ollama/qwen3:8b": { alias: "mine" } };
    expect(used(own)).toEqual({ defaults: { models: own } });
  });

  it.each([
    [[], 0],
    [["ollama/*"], 0],
    [["ollama/qwen3:8b"], 0],
    [["ollama/qwen3"], 1],
    [["anthropic/*"], 1],
  ])("say where the policy %j does not allow it", (allow, warnings) => {
    const models = { models: [{ id: "x" }] };
    const { notes } = written({ ...provider(models), agents: { defaults: { modelPolicy: { allow } } } });
    expect(notes).toHaveLength(warnings);
  });

  it("are refused where OpenClaw reaches that provider elsewhere", () => {
    expect(() => written(provider({ baseUrl: "http://10.0.0.5:11434" }))).toThrow(
      /reaches ollama at http:\/\/10\.0\.0\.5/,
    );
  });
});
