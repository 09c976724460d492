import { describe, expect, it } from "vitest";
import { localRules } from "../../src/local-only/local-rules.ts";
import { formatModelRef } from "../../src/models/model-ref.ts";
import { modelConfigOf } from "../../src/openclaw/model-config.ts";
import type { ModelProfile } from "../../src/registry/model-profile.ts";
import type { RegistrySnapshot } from "../../src/registry/model-registry.ts";
import { NO_FACTS, testProfile } from "../registry/test-profile.ts";

interface Model {
  readonly name: string;
  readonly local?: boolean;
  readonly kind?: string;
  readonly tools?: string;
  readonly window?: number;
  readonly bytes?: number;
  readonly loaded?: boolean;
}

const figure = <T>(value: T) => ({ value, source: "stated" }) as never;
const profileOf = ({
  name,
  local = true,
  kind = "ollama",
  tools,
  window,
  bytes,
  loaded = false,
}: Model): ModelProfile =>
  testProfile(name, {
    locality: { kind: local ? "local" : "cloud", evidence: "it says so" },
    server: { kind, baseUrl: "http://127.0.0.1:1" } as never,
    served: { loaded } as never,
    windowTokens: window,
    facts: {
      ...NO_FACTS,
      toolCalls: tools === undefined ? undefined : figure(tools),
      diskBytes: bytes === undefined ? undefined : figure(bytes),
    },
  });

const NAMES: Readonly<Record<string, readonly string[]>> = { "gpu.lan": ["192.168.1.5"], "odd.lan": ["8.8.8.8"] };
const rulesOf = (
  models: readonly Model[],
  providers: object,
  more: { readonly trustedLocal?: readonly string[]; readonly wish?: string } = {},
) => {
  const config = { models: { providers } };
  const snapshot = {
    models: models.map(profileOf),
    agentIds: ["main", "keeper"],
    modelConfig: modelConfigOf(config),
    config: { authored: config },
  } as unknown as RegistrySnapshot;
  return localRules(snapshot, {
    machine: undefined,
    localOnlyModel: (agent) =>
      agent === "keeper" && more.wish !== undefined ? { provider: "ollama", model: more.wish } : undefined,
    trustedLocal: more.trustedLocal ?? [],
    async resolve(host) {
      const found = NAMES[host];
      if (found === undefined) throw new Error("ENOTFOUND");
      return found;
    },
  });
};

describe("where turns may go", () => {
  it("is each local model as OpenClaw reaches it", async () => {
    const { guard, wall } = await rulesOf(
      [{ name: "ollama/qwen" }, { name: "ollama/llama" }, { name: "lm/phi", kind: "openai-compatible" }],
      { lm: { baseUrl: "http://gpu.lan:1234/v1", models: [] } },
    );
    expect(guard.models).toEqual([
      { provider: "ollama", model: "qwen", baseUrl: "http://127.0.0.1:11434", ollama: true },
      { provider: "ollama", model: "llama", baseUrl: "http://127.0.0.1:11434", ollama: true },
      { provider: "lm", model: "phi", baseUrl: "http://gpu.lan:1234/v1", ollama: false },
    ]);
    expect(wall).toEqual({ allow: [], local: ["127.0.0.1:11434", "gpu.lan:1234"] });
  });

  it.each([
    ["in the cloud", [{ name: "ollama/qwen", local: false }], {}],
    ["without an address in OpenClaw", [{ name: "lm/phi" }], {}],
    [
      "which OpenClaw reaches elsewhere",
      [{ name: "ollama/qwen" }],
      { ollama: { baseUrl: "https://ollama.example.com" } },
    ],
    [
      "with an address of its own elsewhere",
      [{ name: "ollama/qwen" }],
      { ollama: { baseUrl: "http://127.0.0.1:11434", models: [{ id: "qwen", baseUrl: "https://relay.example.com" }] } },
    ],
    ["behind a local name that leads outside", [{ name: "ollama/qwen" }], { ollama: { baseUrl: "http://odd.lan:1" } }],
    ["behind a name that nobody knows", [{ name: "ollama/qwen" }], { ollama: { baseUrl: "http://gone.lan:1" } }],
  ])("is no model %s", async (_, models, providers) => {
    expect(await rulesOf(models, providers)).toMatchObject({ guard: { models: [] }, wall: { local: [] }, best: [] });
  });

  it("is a provider that is trusted, wherever it is", async () => {
    const { wall } = await rulesOf(
      [{ name: "lm/phi" }],
      { lm: { baseUrl: "https://lm.example.com" } },
      { trustedLocal: ["lm"] },
    );
    expect(wall.local).toEqual(["lm.example.com:443"]);
  });
});

describe("the order", () => {
  const best = async (...models: Model[]) => (await rulesOf(models, {})).best.map(formatModelRef);

  it.each<[string, Model, Model]>([
    ["tools that work", { name: "ollama/b", tools: "works" }, { name: "ollama/a" }],
    ["tools that may work", { name: "ollama/b" }, { name: "ollama/a", tools: "none" }],
    ["what is loaded", { name: "ollama/b", loaded: true }, { name: "ollama/a" }],
    ["a window that can be used", { name: "ollama/b", window: 32_768 }, { name: "ollama/a", window: 8_192 }],
    ["the larger one", { name: "ollama/b", bytes: 9 }, { name: "ollama/a", bytes: 5 }],
    ["the name, where nothing tells them apart", { name: "ollama/a" }, { name: "ollama/b" }],
    ["tools before size", { name: "ollama/b", tools: "works", bytes: 1 }, { name: "ollama/a", bytes: 99 }],
  ])("is by %s", async (_, first, second) => {
    expect(await best(second, first)).toEqual([first.name, second.name]);
    expect(await best(first, second)).toEqual([first.name, second.name]);
  });

  it("begins with an agent's own wish, for that agent alone", async () => {
    const { guard } = await rulesOf([{ name: "ollama/a", bytes: 9 }, { name: "ollama/b" }], {}, { wish: "b" });
    expect(guard.order).toEqual({ "*": ["ollama/a", "ollama/b"], keeper: ["ollama/b"] });
  });
});
