import { describe, expect, it } from "vitest";
import type { Transcript, TranscriptMessage } from "../../src/openclaw/openclaw.ts";
import { nextTurn } from "../../src/sessions/next-turn.ts";

const NEW = { provider: "ollama", model: "qwen3:8b" };
const OLD = { provider: "anthropic", model: "claude-sonnet-5" };
/** The newest message was at 100 when the switch was asked for. */
const SINCE = 100;

const message = (more: Partial<TranscriptMessage>): TranscriptMessage => ({
  by: "person",
  model: undefined,
  at: undefined,
  runId: undefined,
  stopReason: undefined,
  ...more,
});
const asks = (at: number) => message({ at });
const answers = (at: number, model = NEW, runId = "r", stopReason = "stop") =>
  message({ by: "model", at, model, runId, stopReason });
const openclaw = (at: number) =>
  message({ by: "openclaw", at, model: { provider: "openclaw", model: "gateway-injected" } });
const transcript = (messages: readonly TranscriptMessage[], runId?: string): Transcript => ({
  messages,
  running: runId !== undefined,
  runId,
});
const judge = (messages: readonly TranscriptMessage[], running?: string) =>
  nextTurn(transcript(messages, running), { since: SINCE, model: NEW });

describe("the next turn", () => {
  it.each<[string, string, readonly TranscriptMessage[], string?]>([
    ["nothing was said since", "not yet", [asks(90), answers(100, OLD)]],
    ["nothing was ever said", "not yet", []],
    ["asked and answered", "over", [asks(90), answers(100, OLD), asks(110), answers(120)]],
    ["asked, the answer is on its way", "not yet", [asks(110)], "r"],
    ["answered, and the run is tidying up", "over", [asks(110), answers(120)], "r"],
    ["a tool is at work", "not yet", [asks(110), answers(120, NEW, "r", "toolUse")], "r"],
    ["a tool has worked", "over", [asks(110), answers(120, NEW, "r", "toolUse"), answers(130)], "r"],
    ["stopped while a tool was at work", "over", [asks(110), answers(120, NEW, "r", "toolUse")]],
    ["an attempt failed, another may follow", "not yet", [asks(110), answers(120, NEW, "r", "error")], "r"],
    ["failed", "over", [asks(110), answers(120, NEW, "r", "error")]],
    ["stopped before anything was said", "stopped", [asks(90), answers(100, OLD), asks(110)]],
    ["over, and the one after it is running", "over", [asks(110), answers(120), asks(130)], "r2"],
    ["failed, and the one after it is running", "over", [asks(110), answers(120, NEW, "r", "error"), asks(130)], "r2"],
    ["the running turn ends on its own model", "not yet", [asks(100), answers(120, OLD)]],
    ["the running turn was stopped", "not yet", [asks(100)]],
    ["a message that went into the running turn", "not yet", [asks(100), asks(110), answers(120, OLD)]],
    ["a heartbeat, long after the last turn", "not yet", [asks(90), answers(100, OLD), answers(200)]],
    ["a text command of OpenClaw", "not yet", [asks(110), openclaw(111)]],
    ["a text command, then a heartbeat", "not yet", [asks(110), openclaw(111), answers(200)]],
    ["a text command, then a turn", "over", [asks(110), openclaw(111), asks(120), answers(130)]],
    ["the same model answered before the switch", "not yet", [asks(90), answers(100)]],
    ["a message from before that was answered after it", "over", [asks(100), answers(120)]],
    ["a gateway that gives no times", "over", [message({}), message({ by: "model", model: NEW, stopReason: "stop" })]],
  ])("%s: %s", (_, expected, messages, running) => {
    expect(judge(messages, running)).toBe(expected);
  });

  it("a gateway that names no run: waits until nothing runs, unless the last words were said", () => {
    const failed = [asks(110), answers(120, NEW, "r", "error")];
    const running = { messages: failed, running: true, runId: undefined };
    expect(nextTurn(running, { since: SINCE, model: NEW })).toBe("not yet");
    const said = { ...running, messages: [asks(110), answers(120)] };
    expect(nextTurn(said, { since: SINCE, model: NEW })).toBe("over");
  });
});
