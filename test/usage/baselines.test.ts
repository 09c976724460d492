import { expect, it } from "vitest";
import { modelConfigOf } from "../../src/openclaw/model-config.ts";
import type { RegistrySnapshot } from "../../src/registry/model-registry.ts";
import { createBaselines } from "../../src/usage/baselines.ts";
import { knownPrices } from "../../src/usage/price-book.ts";
import { testProfile } from "../registry/test-profile.ts";

const KINDS = { anthropic: "cloud", openai: "cloud", ollama: "local", acme: "unknown" } as const;

function registryOf(config: object, authored: object = config) {
  const snapshot = {
    modelConfig: modelConfigOf(config),
    config: { hash: undefined, config, authored },
    stated: new Map(),
  } as unknown as RegistrySnapshot;
  return {
    known: () => snapshot,
    find: ({ provider, model }: { readonly provider: string; readonly model: string }) => {
      const kind = KINDS[provider as keyof typeof KINDS];
      return kind && testProfile(`${provider}/${model}`, { locality: { kind, evidence: "" } });
    },
  };
}

const agents = (entries: object, model: unknown) => ({
  agents: { defaults: { model, models: { "anthropic/claude-opus-5": { alias: "Opus" } } }, entries },
});

it.each([
  ["what is configured, whatever it is", "acme/x", agents({}, "openai/gpt-5"), "acme/x"],
  ["the agent's own model", undefined, agents({ main: { model: "openai/gpt-5" } }, "anthropic/a"), "openai/gpt-5"],
  [
    "the first cloud model among its fallbacks, by an alias as well",
    undefined,
    agents({ main: { model: { primary: "ollama/q", fallbacks: ["acme/x", "opus", "openai/gpt-5"] } } }, "openai/gpt-5"),
    "anthropic/claude-opus-5",
  ],
  ["the default of all agents", undefined, agents({ main: { model: "ollama/q" } }, "openai/gpt-5"), "openai/gpt-5"],
  [
    "a fallback of that",
    undefined,
    agents({}, { primary: "ollama/q", fallbacks: ["nobody/knows", "openai/gpt-5"] }),
    "openai/gpt-5",
  ],
  [
    "nothing, where all of them are local or may be",
    undefined,
    agents({}, { primary: "ollama/q", fallbacks: ["acme/x"] }),
    undefined,
  ],
])("local calls are compared with %s", (_, configured, config, expected) => {
  const found = createBaselines(configured, registryOf(config))("main");
  expect(found && `${found.provider}/${found.model}`).toBe(expected);
});

it("a price is what the configuration's file says, not what OpenClaw fills in, and follows its changes", () => {
  const cost = (input: number) => ({
    models: { providers: { acme: { models: [{ id: "anvil-1", cost: { input, output: 2 * input } }] } } },
  });
  let registry = registryOf(cost(0), {});
  const { configuredCost } = knownPrices({ known: () => registry.known() });
  const anvil = { provider: "acme", model: "anvil-1" };
  expect(configuredCost(anvil)).toBeUndefined();
  registry = registryOf(cost(0), cost(3));
  expect(configuredCost(anvil)).toMatchObject({ input: 3, output: 6, cacheRead: 0 });
});

it("prices by the size of the prompt are read from OpenClaw's configuration", () => {
  const tieredPricing = [
    { input: 1, output: 2, cacheRead: 0, cacheWrite: 0, range: [0, 200_000] },
    { input: 2, output: 4, cacheRead: 0, cacheWrite: 0, range: [200_000] },
  ];
  const models = [{ id: "anvil-1", cost: { input: 1, output: 2, tieredPricing } }];
  const { configuredCost } = knownPrices(registryOf({ models: { providers: { acme: { models } } } }));
  expect(configuredCost({ provider: "acme", model: "anvil-1" })?.tieredPricing).toEqual(tieredPricing);
});
