import { expect, it } from "vitest";
import { checkServerKind, createModelServer } from "../../src/servers/drivers.ts";

const options = { id: "box", baseUrl: "http://127.0.0.1:1", fetch, timeoutMs: 1_000 };

it.each(["ollama", "anthropic", "openai-compatible"])("%s is a kind of server", (kind) => {
  expect(createModelServer(kind, options).kind).toBe(kind);
  expect(() => checkServerKind(kind, "box")).not.toThrow();
});

it.each(["openai", "toString", "__proto__", ""])("“%s” is none, which is said with those that there are", (kind) => {
  const refusal = expect.objectContaining({
    code: "bad_config",
    message: `“servers.box.kind” is wrong: Clutch knows no model server “${kind}”.`,
    hint: "It knows ollama, anthropic, openai-compatible.",
  });
  expect(() => createModelServer(kind, options)).toThrow(refusal);
  expect(() => checkServerKind(kind, "box")).toThrow(refusal);
});
