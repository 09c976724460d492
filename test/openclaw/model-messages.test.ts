import { describe, expect, it } from "vitest";
import { createModelMessages, readModelMessage } from "../../src/openclaw/model-messages.ts";

const USAGE = { input: 5_299, output: 9, totalTokens: 5_308, cacheRead: 100, cacheWrite: 0, cost: { total: 0.01 } };
/** As OpenClaw 2026.9.6 writes them, in shortened form. */
const answer = (more: object = {}, marks: object = {}) => ({
  role: "assistant",
  provider: "anthropic",
  model: "claude-sonnet-5",
  usage: USAGE,
  stopReason: "stop",
  timestamp: 2_000,
  ...more,
  __openclaw: { id: "m2", runId: "r1", seq: 2, ...marks },
});
const question = { role: "user", timestamp: 1_000, __openclaw: { id: "m1", seq: 1 } };
const compaction = {
  role: "system",
  timestamp: 3_000,
  __openclaw: { id: "m3", runId: "r2", seq: 3, kind: "compaction" },
};

const reading = (messages: readonly object[], hasMore = false) =>
  createModelMessages({ request: async () => ({ messages, hasMore }), onEvent: () => () => undefined }).read("k", 0);

describe("messages of models", () => {
  it("are read from a transcript, the newest first, with what they answer", async () => {
    const page = await reading([question, answer(), compaction], true);
    expect(page).toMatchObject({ newestSeq: 3, oldestSeq: 1, next: 3 });
    expect(page.messages).toEqual([
      expect.objectContaining({ id: "m3", kind: "compaction", model: undefined, tokens: undefined, runId: "r2" }),
      {
        id: "m2",
        kind: "answer",
        sessionKey: "k",
        seq: 2,
        runId: "r1",
        at: 2_000,
        model: { provider: "anthropic", model: "claude-sonnet-5" },
        tokens: { input: 5_299, output: 9, cacheRead: 100, cacheWrite: 0 },
        stopReason: "stop",
        askedAt: 1_000,
      },
    ]);
  });

  it.each([
    ["OpenClaw itself", answer({ provider: "openclaw" })],
    ["a person", question],
    ["nobody", { role: "assistant", timestamp: 1 }],
  ])("are not what %s said", async (_, message) => {
    expect((await reading([message])).messages).toEqual([]);
  });

  it("have an unknown size where the server counted nothing", async () => {
    const zeros = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
    expect((await reading([answer({ usage: zeros })])).messages[0]?.tokens).toBeUndefined();
    expect((await reading([answer({ usage: undefined })])).messages[0]?.tokens).toBeUndefined();
  });

  it("are the same message in the event as in the transcript", async () => {
    const { __openclaw: _, ...message } = answer();
    const event = { event: "session.message", payload: { sessionKey: "k", messageId: "m2", messageSeq: 2, message } };
    const [fromTranscript] = (await reading([answer()])).messages;
    expect(readModelMessage(event)).toEqual({ ...fromTranscript, runId: undefined });
  });

  it.each([
    ["another event", { event: "sessions.changed", payload: {} }],
    ["nonsense", { event: "session.message", payload: { sessionKey: 7 } }],
  ])("are not %s", (_, event) => {
    expect(readModelMessage(event)).toBeUndefined();
  });

  it("end where the transcript begins", async () => {
    expect(await reading([])).toEqual({ messages: [], newestSeq: 0, oldestSeq: 0, next: undefined });
  });
});
