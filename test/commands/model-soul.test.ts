import { pino } from "pino";
import { expect, it } from "vitest";
import { createDispatcher } from "../../commands/dispatcher.ts";
import { modelCommand } from "../../commands/model.ts";
import type { SoulReport } from "../../src/agents/soul-sync.ts";
import { createRecordingServices } from "../platforms/recording-services.ts";

const QWEN = "ollama/qwen2.5-coder:32b";
const SONNET = "anthropic/claude-sonnet-5";
const problem = { line: 2, kind: "error", message: "OpenClaw has no model “qwen9”" } as const;

it.each<[Pick<SoulReport, "state" | "configured" | "problems">, string, string, string | undefined]>([
  [{ state: "mirrored", configured: QWEN, problems: [] }, "success", "declares Qwen2.5 Coder 32B", undefined],
  [{ state: "in-step", configured: QWEN, problems: [] }, "success", "declares Qwen2.5 Coder 32B", undefined],
  [{ state: "invalid", configured: SONNET, problems: [problem] }, "warning", "its default is not changed", SONNET],
  [{ state: "failed", configured: null, problems: [problem] }, "warning", "not changed", "that of all agents"],
  [{ state: "unreadable", configured: undefined, problems: [problem] }, "warning", "not changed", "not known"],
])("says of an agent's default only what is so: %o", async (found, tone, title, stands) => {
  const { services } = createRecordingServices();
  const souls = {
    ...services.souls,
    declareInSoul: async (agentId: string) => ({ agentId, declared: undefined, ...found }),
  };
  const { card } = await createDispatcher({
    commands: [modelCommand],
    services: { ...services, souls },
    levelOf: () => "owner",
    logger: pino({ level: "silent" }),
  }).run({
    line: `/model ${QWEN} scope:agent soul`,
    person: { platform: "discord", id: "123" },
    conversation: { platform: "discord", channel: "9", kind: "channel", person: "123" },
    confirmed: true,
  });
  expect(card).toMatchObject({
    tone,
    title: expect.stringContaining(title),
    body: found.problems.map((one) => one.message),
  });
  expect(card.fields?.find(({ name }) => name === "Default")?.value).toBe(stands);
  expect(card.footer?.includes("configuration")).toBe(tone === "success");
});
