import { expect, it } from "vitest";
import { claudeKeyPlace } from "../../src/set-up/claude-key.ts";

it.each([
  [{ models: { providers: { anthropic: { apiKey: "x" } } } }, "models.providers.anthropic.apiKey"],
  [
    { auth: { profiles: { "openai:a": { provider: "openai" }, "anthropic:work": { provider: "anthropic" } } } },
    'auth.profiles["anthropic:work"]',
  ],
  [{ env: { vars: { ANTHROPIC_API_KEY: "x" } } }, "env.vars.ANTHROPIC_API_KEY"],
  [{ models: { providers: { anthropic: { models: [] } } }, auth: { profiles: "x" } }, undefined],
  [{}, undefined],
])("in %j it is at %s", (config, place) => {
  expect(claudeKeyPlace(config)).toBe(place);
});
