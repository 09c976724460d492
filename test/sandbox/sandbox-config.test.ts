import { expect, it } from "vitest";
import { sandboxConfig } from "../../src/openclaw/sandbox-config.ts";

const model = { id: "m", name: "M", contextWindow: 8_192, maxTokens: 1_024 };
const config = sandboxConfig({
  version: "2026.9.6",
  ollama: { baseUrl: "http://127.0.0.1:1", models: [model] },
  anthropic: { baseUrl: "https://api.anthropic.com", apiKeyEnv: "ANTHROPIC_API_KEY", models: [model] },
  workspace: "/w",
  primary: "anthropic/m",
  lock: { guard: { path: "/g/plugin", directory: "/g", canaryPort: 7 }, proxyUrl: "http://127.0.0.1:3128" },
});

it("names the key's variable instead of the key", () => {
  expect(config["models"]).toMatchObject({
    mode: "replace",
    providers: { anthropic: { apiKey: { source: "env", provider: "default", id: "ANTHROPIC_API_KEY" } } },
  });
});

it("counts every model as priced, so that a bill is never incomplete", () => {
  const free = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  expect(config["models"]).toMatchObject({ providers: { ollama: { models: [{ ...model, cost: free }] } } });
});

it("leaves no model but the chosen one to fall back to or to do side work", () => {
  expect(config["agents"]).toMatchObject({
    defaults: { model: { primary: "anthropic/m", fallbacks: [] }, utilityModel: "", heartbeat: { every: "0m" } },
  });
});
