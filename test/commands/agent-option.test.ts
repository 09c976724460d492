import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { parseCommandLine } from "../../commands/command-line.ts";
import { createDispatcher } from "../../commands/dispatcher.ts";
import { keptCard } from "../../commands/kept-card.ts";
import { localOnlyCommand } from "../../commands/localonly.ts";
import { modelCommand } from "../../commands/model.ts";
import { noticeCard } from "../../commands/notice-card.ts";
import type { Notice } from "../../src/sessions/watcher.ts";
import { createRecordingServices } from "../platforms/recording-services.ts";

const QWEN = "ollama/qwen2.5-coder:32b";
const COMMANDS = [modelCommand, localOnlyCommand];

function lab() {
  const recording = createRecordingServices();
  const { services } = recording;
  const { sessions } = services;
  const view: typeof sessions.view = async (conversation, agentId = "main") => ({
    ...(await sessions.view(conversation, agentId)),
    agentId,
  });
  const dispatcher = createDispatcher({
    commands: COMMANDS,
    services: { ...services, sessions: { ...sessions, view } },
    levelOf: () => "owner",
    logger: pino({ level: "silent" }),
  });
  const run = async (line: string, confirmed: boolean) => {
    const { card } = await dispatcher.run({
      line,
      person: { platform: "discord", id: "123" },
      conversation: { platform: "discord", channel: "9", kind: "channel", person: "123" },
      confirmed,
    });
    return [...(card.actions ?? []).map((action) => action.line), ...(card.choices ? [card.choices.command] : [])];
  };
  return { recording, run };
}

describe("what the buttons and the menu of a card do", () => {
  it.each([
    "",
    QWEN,
    `${QWEN} once`,
    `${QWEN} plan`,
    `${QWEN} scope:agent`,
    `${QWEN} scope:agent soul`,
    `${QWEN} scope:global`,
    `${QWEN} scope:helpers`,
    "default",
    "default scope:agent",
    "undo",
  ])("concerns the agent that was named: /model %s", async (typed) => {
    for (const spoken of [true, false]) {
      for (const confirmed of [true, false]) {
        const { recording, run } = lab();
        recording.spoken = spoken;
        const lines = await run(`/model ${typed} agent:research`, confirmed);
        for (const line of lines.filter((one) => one.startsWith("/model"))) {
          expect(parseCommandLine(line, COMMANDS).options).toMatchObject({ agent: "research" });
        }
        // Nothing is said where nothing was said.
        expect((await run(`/model ${typed}`, confirmed)).filter((line) => line.includes("agent:research"))).toEqual([]);
      }
    }
  });

  it("is to be found on the cards that matter", async () => {
    const { run } = lab();
    expect(await run("/model agent:research", false)).toContain("/model undo#7 agent:research");
    expect(await run("/model agent:research", false)).toContain("/model agent:research");
    expect(await run(`/model ${QWEN} agent:research`, false)).toContain("/model undo#7 agent:research");
    expect(await run("/localonly here on agent:research", true)).toContain("/localonly here off agent:research");
  });

  it("is for later where that was said, with all else that was said", async () => {
    const { recording, run } = lab();
    recording.locked = true;
    const sonnet = "anthropic/claude-opus-5";
    for (const scope of ["scope:agent", "scope:global", "scope:all"]) {
      expect(await run(`/model ${sonnet} ${scope} after`, false)).toEqual([`/model ${sonnet} ${scope} after`]);
    }
    expect(await run(`/model ${sonnet} scope:agent soul agent:research`, false)).toContain(
      `/model ${sonnet} scope:agent soul after agent:research`,
    );
  });

  it.each(["once", "for:30m"])("is not for later where it was to end (%s): it would stay", async (length) => {
    const { recording, run } = lab();
    recording.locked = true;
    expect(await run(`/model anthropic/claude-opus-5 ${length}`, false)).toEqual(["/localonly"]);
  });

  it("concerns the agent of whom a notice tells, where there are several", async () => {
    const { recording } = lab();
    const { row } = await recording.services.sessions.view({
      platform: "discord",
      channel: "9",
      kind: "channel",
      person: "1",
    });
    if (row === undefined) throw new Error("nobody has spoken");
    const notice: Notice = { kind: "lost_pin", row: { ...row, agentId: "research" }, pin: QWEN };
    const lines = (agentIds: readonly string[]) =>
      noticeCard(notice, { ...recording.snapshot, agentIds }).actions?.map(({ line }) => line);
    expect(lines(["research"])).toEqual([`/model ${QWEN}`]);
    expect(lines(["main", "research"])).toEqual([`/model ${QWEN} agent:research`]);
    const key = "agent:research:discord:channel:9";
    expect(keptCard(key).actions?.map(({ line }) => line)).toEqual(["/localonly release"]);
    const [release] = keptCard(key, "research").actions ?? [];
    expect(parseCommandLine(release?.line ?? "", COMMANDS).options).toEqual({ action: "release", agent: "research" });
  });
});
