import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ModelCall } from "../../guard/types.d.ts";
import { type Calls, forget, guardCode, temporaryDirectory } from "./guard-code.ts";

const { createCalls, readCalls } = await guardCode("calls.js");

const KEY = "agent:main:main";
const CLOUD = { provider: "anthropic", model: "claude-sonnet-5" };
const LOCAL = { provider: "ollama", model: "qwen:7b" };
const USAGE = { input: 5_319, output: 9, cacheRead: 100, cacheWrite: 0, totalTokens: 5_428 };
const TOKENS = { input: 5_319, output: 9, cacheRead: 100, cacheWrite: 0 };

let directory: string;
let now: number;
const path = () => join(directory, "calls.jsonl");
const clock = () => now;
beforeEach(() => {
  directory = temporaryDirectory();
  now = 1_000_000;
});
afterEach(() => {
  chmodSync(directory, 0o700);
  forget(directory);
});

/** What a gateway does from its start on. */
function gateway(mostBytes?: number) {
  const memory = readCalls({ path: path(), clock, ...(mostBytes === undefined ? {} : { mostBytes }) });
  const calls = createCalls({ memory, clock });
  let spans = 0;
  const call = (runId: string, model = CLOUD, sessionKey = KEY) => {
    const event = { runId, callId: `${runId}:model:1`, sessionKey, ...model };
    const context = { trace: { spanId: `span-${spans++}` } };
    calls.started(event, context);
    const startedAt = now;
    return {
      /** The message that OpenClaw makes of it bears a moment shortly after its beginning. */
      message: { role: "assistant", ...model, timestamp: startedAt + 1, usage: USAGE },
      end(outcome: "completed" | "error" = "completed", failureKind?: string) {
        now += 40;
        calls.ended({ ...event, outcome, failureKind }, context);
      },
    };
  };
  return { calls, call, close: () => memory.file.close() };
}

/** All that a client gets who asks on until there is no more. */
function handedOut(calls: Calls, from: { log?: string; after?: number } = {}): readonly ModelCall[] {
  const found: ModelCall[] = [];
  for (let at = from; ; ) {
    const page = calls.after(at);
    found.push(...page.calls);
    at = { log: page.log, after: found.at(-1)?.n ?? 0 };
    if (!page.more) return found;
  }
}

describe("a call", () => {
  it("is kept with its size as soon as OpenClaw writes its message down", () => {
    const { calls, call } = gateway();
    calls.seen({ runId: "r1", agentId: "main", trigger: "heartbeat" });
    const { message, end } = call("r1");
    expect(handedOut(calls)).toEqual([]);
    end();
    expect(handedOut(calls)).toEqual([]);
    calls.written(message, { sessionKey: KEY });
    expect(handedOut(calls)).toEqual([
      {
        key: `r1:model:1/${(1_000_000).toString(36)}`,
        n: 1,
        ...{ runId: "r1", sessionKey: KEY, agentId: "main", trigger: "heartbeat", ...CLOUD },
        ...{ startedAt: 1_000_000, endedAt: 1_000_040, askedAt: 1_000_001 },
        ...{ outcome: "answered", fallback: false, tokens: TOKENS },
      },
    ]);
  });

  it("of which OpenClaw writes nothing has its size from the end of the run", () => {
    const { calls, call } = gateway();
    const first = call("r1");
    first.end();
    now += 10;
    const second = call("r1");
    second.end();
    calls.written(second.message, { sessionKey: KEY });
    calls.runEnded({
      runId: "r1",
      messages: [{ role: "user" }, first.message, { role: "toolResult" }, second.message],
    });
    expect(handedOut(calls).map(({ tokens, startedAt }) => [startedAt, tokens])).toEqual([
      [1_000_050, TOKENS],
      [1_000_000, TOKENS],
    ]);
  });

  it("that failed or was stopped is of unknown size", () => {
    const { calls, call } = gateway();
    const nothing = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
    const failed = call("r1");
    failed.end("error");
    calls.written({ ...failed.message, usage: nothing }, { sessionKey: KEY });
    const stopped = call("r1");
    stopped.end("error", "aborted");
    calls.runEnded({ runId: "r1", messages: [failed.message] });
    expect(handedOut(calls)).toEqual([
      expect.objectContaining({ outcome: "failed", askedAt: 1_000_001 }),
      expect.objectContaining({ outcome: "aborted" }),
    ]);
    expect(handedOut(calls).some((each) => "tokens" in each)).toBe(false);
    expect(handedOut(calls)[1]).not.toHaveProperty("askedAt");
  });

  it("of a summary is handed out at once: no message comes of it, and no end of its run", () => {
    const { calls, call } = gateway();
    call("r1:compaction:cmp-1").end();
    expect(handedOut(calls)).toEqual([expect.objectContaining({ outcome: "answered", endedAt: now })]);
  });

  it("stands in for another where that failed in the same run, and not where it was tried again", () => {
    const { calls, call } = gateway();
    for (const [model, outcome] of [
      [LOCAL, "error"],
      [LOCAL, "error"],
      [CLOUD, "completed"],
      [CLOUD, "completed"],
    ] as const) {
      const { end, message } = call("r1", model);
      end(outcome);
      calls.written(message, { sessionKey: KEY });
    }
    const other = call("r2");
    other.end();
    calls.written(other.message, { sessionKey: KEY });
    expect(handedOut(calls).map(({ fallback }) => fallback)).toEqual([false, false, true, true, false]);
  });

  it("is not taken for another's by a message of another session, model or moment", () => {
    const { calls, call } = gateway();
    const { message, end } = call("r1");
    end();
    calls.written(message, { sessionKey: "agent:main:other" });
    calls.written({ ...message, ...LOCAL }, { sessionKey: KEY });
    calls.written({ ...message, timestamp: message.timestamp - 60_000 }, { sessionKey: KEY });
    calls.written({ ...message, timestamp: now + 6 }, { sessionKey: KEY });
    calls.written({ ...message, role: "user" }, { sessionKey: KEY });
    expect(handedOut(calls)).toEqual([]);
  });

  it("of Clutch's own, to see whether the lock holds, is none", () => {
    const { calls, call } = gateway();
    call("r1", { provider: "clutch-canary", model: "canary" }).end();
    for (const own of ["subagent:clutch-canary-1", "dashboard:incognito-clutch-bench-1"]) {
      call("r2", LOCAL, `agent:main:${own}`).end();
    }
    calls.runEnded({ runId: "r1" });
    calls.runEnded({ runId: "r2" });
    expect(handedOut(calls)).toEqual([]);
  });
});

describe("the record", () => {
  const finish = (from: ReturnType<typeof gateway>, runId: string) => {
    const { message, end } = from.call(runId);
    end();
    from.calls.written(message, { sessionKey: KEY });
  };

  it("is there after a restart, with what was cut off by it", () => {
    const before = gateway();
    finish(before, "r1");
    before.call("r2");
    const ended = before.call("r3");
    ended.end();
    before.close();
    now += 60_000;
    const after = gateway();
    expect(handedOut(after.calls)).toEqual([
      expect.objectContaining({ n: 1, runId: "r1", outcome: "answered", tokens: TOKENS }),
      expect.objectContaining({ n: 2, runId: "r2", outcome: "aborted" }),
      expect.objectContaining({ n: 3, runId: "r3", outcome: "answered" }),
    ]);
    finish(after, "r4");
    after.close();
    const last = gateway();
    expect(handedOut(last.calls).map(({ n, runId }) => [n, runId])).toEqual([
      [1, "r1"],
      [2, "r2"],
      [3, "r3"],
      [4, "r4"],
    ]);
    expect(last.calls.after({}).since).toBe(1_000_000);
  });

  it("is handed out from where a client left off, and from its beginning to one who knows another", () => {
    const from = gateway();
    for (let run = 1; run <= 1_200; run++) finish(from, `r${run}`);
    const { log } = from.calls.after({});
    expect(handedOut(from.calls).map(({ n }) => n)).toEqual(Array.from({ length: 1_200 }, (_, index) => index + 1));
    expect(handedOut(from.calls, { log, after: 1_190 })).toHaveLength(10);
    expect(from.calls.after({ log, after: 1_200 })).toMatchObject({ calls: [], more: false, lost: false });
    expect(handedOut(from.calls, { log: "another", after: 1_190 })).toHaveLength(1_200);
    expect(handedOut(from.calls, { log, after: Number.NaN })).toHaveLength(0);
  });

  it("stays small on the disk, and says what it lost", () => {
    const from = gateway(20_000);
    const open = from.call("open");
    for (let run = 1; run <= 400; run++) finish(from, `r${run}`);
    from.close();
    expect(statSync(path()).size + statSync(`${path()}.old`).size).toBeLessThan(50_000);
    const after = gateway(20_000);
    const { log, lost } = after.calls.after({});
    const left = handedOut(after.calls);
    expect(left.length).toBeGreaterThan(20);
    expect(left.at(-2)?.runId).toBe("r400");
    // What was begun before the first file was full is not forgotten with it.
    expect(left.at(-1)).toMatchObject({ runId: "open", outcome: "aborted", startedAt: open.message.timestamp - 1 });
    expect(lost).toBe(true);
    expect(after.calls.after({ log, after: left[0]?.n })).toMatchObject({ lost: false });
  });

  it("can be read by its owner alone, and holds nothing of what was said", () => {
    const from = gateway();
    const { message, end } = from.call("r1");
    end();
    from.calls.written({ ...message, content: [{ type: "text", text: "a secret" }] }, { sessionKey: KEY });
    expect(statSync(path()).mode & 0o077).toBe(0);
    expect(readFileSync(path(), "utf8")).not.toContain("secret");
  });

  it("goes on where its file is damaged, or cannot be written", () => {
    const before = gateway();
    finish(before, "r1");
    before.close();
    writeFileSync(path(), `${readFileSync(path(), "utf8")}{"key":"half`);
    const damaged = gateway();
    finish(damaged, "r2");
    damaged.close();
    expect(handedOut(gateway().calls).map(({ runId }) => runId)).toEqual(["r1", "r2"]);

    directory = join(path(), "no", "directory");
    const nowhere = gateway();
    finish(nowhere, "r3");
    expect(handedOut(nowhere.calls).map(({ runId }) => runId)).toEqual(["r3"]);
    directory = join(directory, "../../..");
  });

  it("makes no hook fail, whatever OpenClaw says", () => {
    const { calls } = gateway();
    const anything = fc.anything({ withNullPrototype: true });
    const word = fc.oneof(anything, fc.constantFrom("r1", "s1"));
    const event = fc.record(
      { runId: word, callId: word, sessionKey: word, provider: word, model: word, messages: fc.array(anything) },
      { requiredKeys: [] },
    );
    const context = fc.record({ trace: fc.record({ spanId: word }), sessionKey: word }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.oneof(anything, event), fc.oneof(anything, context), (event, context) => {
        for (const hook of [calls.started, calls.ended, calls.written, calls.runEnded, calls.seen] as ((
          ...said: unknown[]
        ) => void)[]) {
          expect(hook(event, context)).toBeUndefined();
        }
      }),
    );
    const texts = handedOut(calls).flatMap(({ runId, sessionKey, provider, model }) => [
      runId,
      sessionKey,
      provider,
      model,
    ]);
    expect(texts.length).toBeGreaterThan(0);
    expect(texts.filter((text) => typeof text !== "string")).toEqual([]);
  });
});
