import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { GatewayEvent } from "../../src/openclaw/connection.ts";
import { isScratchKey } from "../../src/openclaw/scratch-session.ts";
import { createTimedTurns } from "../../src/openclaw/timed-turns.ts";

const QWEN = { provider: "ollama", model: "qwen3:8b" };

/** A gateway that answers turn by turn, with the messages of each in its transcript. */
function gateway(
  turns: readonly {
    readonly usages: readonly (object | undefined)[];
    readonly text?: string;
    readonly error?: string;
  }[],
) {
  const methods: string[] = [];
  const messages: object[] = [];
  const listeners = new Set<(event: GatewayEvent) => void>();
  let key = "";
  let turn = 0;
  const emit = (payload: object) => {
    for (const listener of listeners) listener({ event: "chat", payload });
  };
  const connection = {
    onEvent(listener: (event: GatewayEvent) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async request(method: string, params: unknown): Promise<unknown> {
      methods.push(method);
      const given = params as { key?: string; sessionKey?: string };
      if (method === "sessions.create") key = given.key ?? "";
      if (method === "chat.history") return { messages };
      if (method !== "agent.wait") return {};
      const { usages, text = "Aye.", error } = turns[turn] ?? { usages: [] };
      emit({ sessionKey: "agent:main:main", state: "delta", deltaText: "somebody else" });
      emit({ sessionKey: key, state: "status", phase: "starting_model" });
      await new Promise((resolve) => setTimeout(resolve, 30));
      emit({ sessionKey: key, state: "delta", deltaText: "A" });
      await new Promise((resolve) => setTimeout(resolve, 30));
      for (const usage of usages) {
        const id = `${turn}-${messages.length}`;
        messages.push({
          role: "assistant",
          ...QWEN,
          timestamp: 1,
          usage,
          __openclaw: { id, seq: messages.length + 1 },
        });
      }
      turn++;
      return error === undefined
        ? { status: "ok", terminalReply: { text }, terminalReceipt: { effective: QWEN } }
        : { status: "error", error };
    },
  };
  return { connection, methods, listeners, key: () => key };
}
const usage = (input: number, output: number) => ({ input, output, cacheRead: 0, cacheWrite: 0 });

describe("turns of an agent", () => {
  it("are timed from the message to the first piece and to the end, with all calls that each made", async () => {
    const lab = gateway([{ usages: [usage(900, 20), usage(950, 30)] }, { usages: [usage(1_000, 5)], text: "Two." }]);
    const began = performance.now();
    const [first, second] = await createTimedTurns(lab.connection, pino({ level: "silent" }))(
      { agentId: "main", model: QWEN },
      async (say) => [await say("one"), await say("two")],
    );
    const elapsedMs = performance.now() - began;
    expect(first).toMatchObject({ text: "Aye.", model: QWEN, error: undefined, tokens: usage(1_850, 50) });
    expect(second).toMatchObject({ text: "Two.", tokens: usage(1_000, 5) });
    expect(first?.firstTextMs).toBeGreaterThanOrEqual(28);
    expect(first?.totalMs).toBeGreaterThanOrEqual((first?.firstTextMs ?? 0) + 28);
    // Each from its own message.
    expect((first?.totalMs ?? 0) + (second?.totalMs ?? 0)).toBeLessThanOrEqual(elapsedMs);
    expect(lab.methods.at(-1)).toBe("sessions.delete");
    expect(lab.listeners.size).toBe(0);
    expect(lab.key()).toMatch(/^agent:main:dashboard:incognito-clutch-bench-/);
    expect(isScratchKey(lab.key())).toBe(true);
  });

  it("are of unknown size where one call was not counted", async () => {
    const lab = gateway([{ usages: [usage(900, 20), undefined] }, { usages: [], error: "provider failed" }]);
    const [first, second] = await createTimedTurns(lab.connection, pino({ level: "silent" }))(
      { agentId: "main", model: QWEN },
      async (say) => [await say("one"), await say("two")],
    );
    expect(first?.tokens).toBeUndefined();
    expect(second).toMatchObject({ text: "", error: "provider failed", tokens: undefined });
  });

  it("that are cut short are stopped before their session is deleted", async () => {
    const lab = gateway([]);
    const reason = new Error("enough");
    const cut = createTimedTurns(lab.connection, pino({ level: "silent" }))({ agentId: "main", model: QWEN }, () =>
      Promise.reject(reason),
    );
    await expect(cut).rejects.toBe(reason);
    expect(lab.methods).toEqual(["sessions.create", "chat.abort", "sessions.delete"]);
    expect(lab.listeners.size).toBe(0);
  });
});

it("a session of Clutch's own is known by its key", () => {
  expect(isScratchKey("agent:main:dashboard:incognito-clutch-canary-gate-1")).toBe(true);
  expect(isScratchKey("agent:main:subagent:clutch-canary-1")).toBe(true);
  expect(isScratchKey("agent:main:main")).toBe(false);
  expect(isScratchKey("agent:main:dashboard:incognito-1")).toBe(false);
  expect(isScratchKey("agent:clutch-canary:main")).toBe(false);
});
