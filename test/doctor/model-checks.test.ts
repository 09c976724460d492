import { describe, expect, it } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import {
  priceAgeCheck,
  trustedLocalCheck,
  unknownLocalityCheck,
  unpricedCheck,
} from "../../src/doctor/knowledge-checks.ts";
import { defaultModelsCheck, toolCallsCheck } from "../../src/doctor/model-checks.ts";
import type { Locality } from "../../src/models/locality.ts";
import { parseModelRef } from "../../src/models/model-ref.ts";
import type { ConfiguredModel } from "../../src/openclaw/model-config.ts";
import type { ToolCalls } from "../../src/registry/model-facts.ts";
import type { ModelProfile } from "../../src/registry/model-profile.ts";
import type { Answer } from "../../src/sandbox/stand-in.ts";
import { startOllamaStandIn } from "../../src/sandbox/stand-in-ollama.ts";
import type { Measurement } from "../../src/store/measurements.ts";
import { NO_FACTS, testProfile } from "../registry/test-profile.ts";
import { attachedTo, findings, snapshotWith, testWorld } from "./test-world.ts";

const LOCAL: Locality = { kind: "local", evidence: "Ollama at 127.0.0.1 lists it and names no remote host" };
const CLOUD: Locality = { kind: "cloud", evidence: "api.anthropic.com is a public address" };
const QWEN = "ollama/qwen3:8b";
const SONNET = "anthropic/claude-sonnet-5";

const configured = (primary: string, ...fallbacks: string[]): ConfiguredModel => ({
  raw: primary,
  primary: parseModelRef(primary),
  fallbacks,
});
/** A world whose agents use these models, of which the gateway has `models`. */
const using = (models: readonly ModelProfile[], defaultModel: ConfiguredModel, more = {}) => {
  const { modelConfig } = snapshotWith({});
  const snapshot = snapshotWith({ models, modelConfig: { ...modelConfig, defaultModel } });
  return testWorld({ gateway: attachedTo(snapshot, { rateFor: () => undefined, ...more }) });
};
const qwen = (more: Partial<ModelProfile> = {}) => testProfile(QWEN, { locality: LOCAL, ...more });
const sonnet = testProfile(SONNET, { locality: CLOUD });
const tools = (value: ToolCalls) => ({
  ...NO_FACTS,
  toolCalls: { value, origin: "measured" as const, source: "a probe", date: "2026-11-20" },
});

describe("defaults and fallbacks", () => {
  it("exist", async () => {
    const world = using([qwen(), sonnet], configured(SONNET, QWEN));
    expect(await findings(defaultModelsCheck, world)).toMatchObject([
      { state: "ok", found: expect.stringContaining("2") },
    ]);
  });

  it("a default that OpenClaw does not list is broken, a fallback a warning", async () => {
    const found = await findings(defaultModelsCheck, using([], configured(SONNET, QWEN)));
    expect(found.map(({ state }) => state)).toEqual(["broken", "warning"]);
    expect(found[0]?.remedy).toBe("/model NAME scope:global");
  });

  it("a default that its server does not have is broken, with the command that gets it", async () => {
    const gone = qwen({ locality: { kind: "unknown", evidence: "Ollama at 127.0.0.1 does not list it" } });
    const [found] = await findings(defaultModelsCheck, using([gone], configured(QWEN)));
    expect(found).toMatchObject({ state: "broken", remedy: expect.stringContaining("ollama pull qwen3:8b") });
  });
});

describe("tool calls", () => {
  const judged = async (facts: ModelProfile["facts"]) => {
    const [found] = await findings(toolCallsCheck, using([qwen({ facts })], configured(QWEN)));
    return found;
  };

  it("are told as they were measured, and unknown as unknown", async () => {
    expect(await judged(tools("works"))).toMatchObject({ name: QWEN, state: "ok" });
    expect(await judged(tools("text"))).toMatchObject({ state: "warning", remedy: "clutch models setup qwen3:8b" });
    expect(await judged(tools("none"))).toMatchObject({ state: "warning" });
    expect(await judged(NO_FACTS)).toMatchObject({ state: "skipped", remedy: "clutch doctor --deep" });
  });

  it.each<{ says: string; answer: Answer; state: string }>([
    {
      says: "calls",
      answer: { text: "", toolCalls: [{ name: "read_thermometer", args: { room: "cellar" } }] },
      state: "ok",
    },
    { says: "only talks", answer: { text: "About 12 degrees, I suppose." }, state: "warning" },
  ])("with deep the model itself is asked: one that $says", async ({ answer, state }) => {
    const sizes = { sizeBytes: 1e9, layers: 4, heads: 8, kvHeads: 1, headDim: 64, parameters: 8e8 };
    const ollama = await startOllamaStandIn({
      models: [{ name: "qwen3:8b", contextLength: 32_768, ...sizes }],
      answer: () => answer,
    });
    try {
      const server = { id: "ollama", kind: "ollama" as const, baseUrl: ollama.url };
      const saved: Omit<Measurement, "at">[] = [];
      const measurements = { all: async () => [], save: async (one: Omit<Measurement, "at">) => void saved.push(one) };
      const world = using([qwen({ server })], configured(QWEN), { measurements });
      expect(await findings(toolCallsCheck, world, { deep: true })).toMatchObject([{ name: QWEN, state }]);
      expect(saved).toMatchObject([{ provider: "ollama", model: "qwen3:8b", kind: "tools" }]);
    } finally {
      await ollama.close();
    }
  });
});

describe("locality", () => {
  it("names what counts as cloud because nobody knows, and how to say it", async () => {
    const vllm = testProfile("vllm/qwen", {
      locality: { kind: "unknown", evidence: "vllm answers at 127.0.0.1, where a relay could answer too" },
    });
    const [found] = await findings(unknownLocalityCheck, using([vllm, sonnet], configured(SONNET)));
    expect(found).toMatchObject({
      state: "warning",
      found: expect.stringMatching(/vllm\/qwen.*counts as cloud.*relay/),
    });
    expect(found?.remedy).toContain('"trustedLocal": ["vllm"]');
    expect(await findings(unknownLocalityCheck, using([qwen(), sonnet], configured(SONNET)))).toMatchObject([
      { state: "ok", found: expect.stringContaining("Of 2 models 1 are local") },
    ]);
  });

  it("names entries of trustedLocal that mean nothing", async () => {
    const world = using([testProfile("LMStudio/qwen", { locality: LOCAL })], configured(SONNET));
    const trusting = (...trustedLocal: string[]) =>
      findings(trustedLocalCheck, { ...world, config: { ...defaultConfig, trustedLocal } });
    expect(await trusting("lmstudio")).toMatchObject([{ state: "ok" }]);
    expect(await trusting("lmstudio", "vlm")).toMatchObject([
      { state: "warning", found: expect.stringMatching(/vlm\b/) },
    ]);
  });
});

describe("prices", () => {
  it.each([
    ["2026-10-01T00:00:00Z", "ok"],
    ["2027-09-01T00:00:00Z", "warning"],
  ])("on %s: %s", async (now, state) => {
    expect(await findings(priceAgeCheck, testWorld({ clock: () => Date.parse(now) }))).toMatchObject([{ state }]);
  });

  it("are missing of what is in use, and local models have none", async () => {
    const [found] = await findings(unpricedCheck, using([qwen(), sonnet], configured(SONNET, QWEN)));
    expect(found).toMatchObject({ state: "warning", found: expect.stringContaining(SONNET) });
    expect(found?.found).not.toContain(QWEN);
    const rate = { input: 2, output: 10, cacheRead: undefined, cacheWrite: undefined, source: "x", date: "2026-11-01" };
    const priced = using([qwen(), sonnet], configured(SONNET, QWEN), { rateFor: () => rate });
    expect(await findings(unpricedCheck, priced)).toMatchObject([{ state: "ok" }]);
  });
});
