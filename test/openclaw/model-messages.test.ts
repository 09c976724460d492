import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import { createModelMessages, readMessageEvent } from "../../src/openclaw/model-messages.ts";

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
  __openclaw: { id: "m2", runId: "r1", seq: 2, recordTimestampMs: 2_500, ...marks },
});
const question = { role: "user", timestamp: 1_000, __openclaw: { id: "m1", seq: 1 } };
const poll = { ...question, provenance: { kind: "internal_system", sourceTool: "heartbeat" } };
const compaction = {
  role: "system",
  timestamp: 3_000,
  __openclaw: { id: "m3", runId: "r2", seq: 3, kind: "compaction" },
};

/** A gateway that answers each method so, and what it was asked. */
function gateway(replies: Readonly<Record<string, unknown>>) {
  const asked: [string, unknown][] = [];
  const messages = createModelMessages(
    {
      async request(method, params) {
        asked.push([method, params]);
        const reply = replies[method];
        if (reply instanceof Error) throw reply;
        return typeof reply === "function" ? reply(params) : reply;
      },
      onEvent: () => () => undefined,
    },
    pino({ level: "silent" }),
  );
  return { messages, asked };
}

const newest = (list: readonly object[], count = 50) =>
  gateway({ "sessions.get": { messages: list } }).messages.newest("k", count);

describe("messages of models", () => {
  it("are read from a transcript, the newest first, with what they are of", async () => {
    const page = await newest([question, answer(), compaction]);
    expect(page).toMatchObject({ newestId: "m3", depth: 3, isFirst: true, ids: new Set(["m1", "m2", "m3"]) });
    expect(page.messages).toEqual([
      expect.objectContaining({ id: "m3", kind: "compaction", model: undefined, tokens: undefined, runId: "r2" }),
      {
        id: "m2",
        kind: "answer",
        sessionKey: "k",
        runId: "r1",
        askedAt: 2_000,
        at: 2_500,
        model: { provider: "anthropic", model: "claude-sonnet-5" },
        tokens: { input: 5_299, output: 9, cacheRead: 100, cacheWrite: 0 },
        stopReason: "stop",
        askedBy: undefined,
      },
    ]);
  });

  it("say which part of OpenClaw asked, until a person does", async () => {
    const list = [poll, answer(), answer({}, { id: "m4" }), question, answer({}, { id: "m5" })];
    expect((await newest(list)).messages.map(({ askedBy }) => askedBy)).toEqual([undefined, "heartbeat", "heartbeat"]);
  });

  it.each([
    ["OpenClaw itself", answer({ provider: "openclaw" })],
    ["a person", question],
    ["nobody", { role: "assistant", timestamp: 1 }],
  ])("are not what %s said", async (_, message) => {
    expect((await newest([message])).messages).toEqual([]);
  });

  it("have an unknown size where the server counted nothing", async () => {
    const zeros = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
    expect((await newest([answer({ usage: zeros })])).messages[0]?.tokens).toBeUndefined();
    expect((await newest([answer({ usage: undefined })])).messages[0]?.tokens).toBeUndefined();
  });

  it.each<[string, object[], boolean]>([
    ["it is reached", [question], true],
    ["the newest are as many as were asked for", [answer(), answer({}, { id: "m3", seq: 3 })], false],
    ["OpenClaw gives fewer, since they are long", [answer({}, { seq: 7 })], false],
    ["nothing says where they are", [{ role: "user" }], true],
    ["there is none", [], true],
  ])("know whether the transcript's beginning was seen, where %s", async (_, list, isFirst) => {
    expect((await newest(list, 2)).isFirst).toBe(isFirst);
  });

  it("before those are read from where OpenClaw says, also over pages on which it shows nothing", async () => {
    const { messages, asked } = gateway({
      "chat.history": ({ offset }: { offset: number }) =>
        offset === 50 ? { messages: [], hasMore: true, nextOffset: 1_050 } : { messages: [answer()], hasMore: false },
    });
    const hidden = await messages.before("k", 50);
    expect(hidden).toMatchObject({ messages: [], depth: 1_050, isFirst: false });
    expect(await messages.before("k", hidden.depth)).toMatchObject({ messages: [{ id: "m2" }], isFirst: true });
    expect(asked.map(([, params]) => params)).toMatchObject([{ offset: 50 }, { offset: 1_050 }]);
  });

  it("after one that a reset took away are found by it, and none where OpenClaw knows it no more", async () => {
    const list = [question, answer(), answer({}, { id: "m4" })];
    const { messages, asked } = gateway({ "chat.history": { messages: list } });
    expect((await messages.after("k", "m2", "s1")).map(({ id }) => id)).toEqual(["m4", "m2"]);
    expect(asked[0]?.[1]).toMatchObject({ messageId: "m2", sessionId: "s1" });
    expect(await messages.after("k", "gone", "s1")).toEqual([]);
    const refused = new ClutchError("gateway_refused", "sessionId does not belong to sessionKey");
    expect(await gateway({ "chat.history": refused }).messages.after("k", "m2", "s1")).toEqual([]);
    const lost = new ClutchError("gateway_lost", "gone");
    await expect(gateway({ "chat.history": lost }).messages.after("k", "m2", "s1")).rejects.toBe(lost);
  });
});

describe("an event", () => {
  const said = (message: object, more: object = {}) => ({
    event: "session.message",
    payload: { sessionKey: "k", messageId: "m2", messageSeq: 2, message, ...more },
  });

  it("brings the same message as the transcript, and the session's row", async () => {
    const [message] = (await newest([answer()])).messages;
    const row = { key: "k", modelProvider: "ollama", model: "qwen" };
    expect(readMessageEvent(said(answer(), { session: row }))).toEqual({
      kind: "said",
      message,
      row: expect.objectContaining({ key: "k", model: { provider: "ollama", model: "qwen" } }),
    });
    expect(readMessageEvent(said(answer()))).toEqual({ kind: "said", message, row: undefined });
  });

  it.each<[string, object, object]>([
    ["something that nobody is shown", { phase: "message", messageId: "m7" }, { kind: "hidden", sessionKey: "k" }],
    ["a summary", { reason: "compact" }, { kind: "hidden", sessionKey: "k" }],
    ["the end of a run", { phase: "end", runId: "r1" }, { kind: "ended", sessionKey: "k" }],
    ["a failed run", { phase: "error" }, { kind: "ended", sessionKey: "k" }],
  ])("tells of %s", (_, payload, told) => {
    expect(readMessageEvent({ event: "sessions.changed", payload: { sessionKey: "k", ...payload } })).toEqual(told);
  });

  it.each<[string, { event: string; payload: unknown }]>([
    ["of another kind", { event: "tick", payload: {} }],
    ["of a person's message", said(question)],
    ["of another change", { event: "sessions.changed", payload: { sessionKey: "k", reason: "patch" } }],
    ["that is nonsense", { event: "session.message", payload: { sessionKey: 7 } }],
    ["without anything", { event: "sessions.changed", payload: undefined }],
  ])("%s says nothing", (_, event) => {
    expect(readMessageEvent(event)).toBeUndefined();
  });
});
