import { expect, it } from "vitest";
import { planCard } from "../../src/cli/models-cards.ts";
import type { LocalModelServer } from "../../src/servers/model-server.ts";
import { machineWith } from "./setup-lab.ts";

const server = { id: "ollama", baseUrl: "http://127.0.0.1:11434" } as LocalModelServer;

it.each([
  ["0.9.6", true],
  ["0.11.10", true],
  ["0.12.0", false],
  ["0.20.7", false],
  ["1.0.0-rc1", false],
  ["my-build", false],
  [undefined, false],
])("an Ollama %s is old: %s", async (version, old) => {
  const card = planCard([], { server, version, isHere: true }, await machineWith());
  expect([card.tone, card.body?.join(" ").includes("is older than 0.12.0")]).toEqual([old ? "warning" : "info", old]);
});
