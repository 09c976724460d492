import { describe, expect, it } from "vitest";
import { type AgentQuestion, createAgentAsker } from "../../src/bench/ask-agent.ts";
import { askFault } from "../../src/bench/ask-fault.ts";
import type { BenchItem } from "../../src/bench/suite.ts";
import { ClutchError } from "../../src/errors.ts";
import type { TimedTurn } from "../../src/openclaw/timed-turns.ts";
import { someItem, suiteOf } from "./bench-items.ts";
import { A, CLOUD } from "./lab-parts.ts";
import { startLab } from "./runner-lab.ts";

const TURN: TimedTurn = {
  ...{ text: "It is 1.", model: A, error: undefined, firstTextMs: 700, totalMs: 1_000 },
  tokens: { input: 9_000, output: 5, cacheRead: 0, cacheWrite: 0 },
};

/** An agent that answers alike every time, and what was said to it, by session. */
function agent(turn: Partial<TimedTurn> = {}) {
  const sessions: { request: object; said: string[] }[] = [];
  const ask = createAgentAsker(async (request, work) => {
    const said: string[] = [];
    sessions.push({ request, said });
    return work(async (text) => {
      said.push(text);
      return { ...TURN, ...turn };
    });
  });
  return { ask, sessions };
}
const question = (item: BenchItem, windowTokens = 65_536): AgentQuestion => ({
  agentId: "main",
  target: { ref: A, windowTokens } as AgentQuestion["target"],
  item,
  facts: { level: "full", seed: 1, nonce: "4f" },
  deadlineMs: 90_000,
  signal: new AbortController().signal,
});

describe("an agent that is asked", () => {
  it("has a session for each item, in which the item's own rules stand before its first words", async () => {
    const { ask, sessions } = agent();
    const item = someItem(0, { system: "Be short.", turns: [{ say: "First?" }, { say: "Second?" }] });
    expect(await ask(question(item))).toEqual({
      outcome: "answered",
      said: { turns: Array(2).fill({ text: "It is 1.", toolCalls: [] }) },
      tokens: { input: 18_000, output: 10, cacheRead: 0, cacheWrite: 0 },
      timings: { firstTokenMs: 700, totalMs: 2_000 },
      thinkingCharacters: 0,
      notes: [],
    });
    expect(sessions.map(({ said }) => said)).toEqual([["Note 4f.\n\nBe short.\n\nFirst?", "Second?"]]);
    expect(sessions[0]?.request).toMatchObject({ agentId: "main", model: A, turnMs: 90_000 });
  });

  it("gets a haystack that leaves room for its own prompt and what OpenClaw keeps free", async () => {
    const { ask, sessions } = agent();
    const haystack = { needle: "The key is under the mat.", at: 0.5 };
    await ask(question(someItem(0, { haystack })));
    const characters = sessions[0]?.said[0]?.length ?? 0;
    expect(characters / 3).toBeLessThan(65_536 - 16_384 - 16_000);
    expect(characters / 3).toBeGreaterThan(30_000);
    await ask(question(someItem(0, { haystack }), 8_192));
    expect((sessions[1]?.said[0]?.length ?? 0) / 3).toBeLessThan(1_100);
  });

  it.each<[string, Partial<TimedTurn>, RegExp]>([
    ["fails", { error: "provider failed", text: "", model: undefined }, /turn on ollama\/a failed: provider failed/],
    ["is answered by another model", { model: CLOUD }, /let cloud\/c answer in place of ollama\/a/],
  ])("says nothing of the model where its turn %s", async (_, turn, message) => {
    const { ask } = agent(turn);
    const refused = await ask(question(someItem(0))).catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ message: expect.stringMatching(message) });
    expect(askFault(refused)?.kind).toBe("passing");
  });

  it("is empty where it says nothing", async () => {
    expect(await agent({ text: "" }).ask(question(someItem(0)))).toMatchObject({ outcome: "empty" });
  });
});

describe("a fault of the gateway's", () => {
  it.each([
    ["deadline", "this-item"],
    ["gateway_lost", "passing"],
    ["gateway_refused", "passing"],
    ["not_verified", "passing"],
    ["store_failed", undefined],
  ] as const)("%s", (code, kind) => {
    expect(askFault(new ClutchError(code, "…"))?.kind).toBe(kind);
  });
});

describe("a run through OpenClaw", () => {
  const request = { through: { kind: "openclaw", agentId: "main" } } as const;

  it("asks the agent, loads what is local with the same care, and times no speed", async () => {
    const { ask, sessions } = agent();
    const lab = await startLab({
      suites: [suiteOf(someItem(0))],
      request: { ...request, speed: true },
      parts: { askAgent: ask },
    });
    expect(await lab.work()).toEqual({ kind: "done", left: [] });
    expect(sessions).toHaveLength(1);
    expect(lab.servers.local.loads).toEqual(["a"]);
    expect(await lab.answers()).toMatchObject([{ passed: true, timings: { firstTokenMs: 700, totalMs: 1_000 } }]);
    expect(await lab.speeds()).toEqual([]);
  });

  it("asks nothing of a vendor past OpenClaw, which may be the only one with a key", async () => {
    const { ask, sessions } = agent({ model: CLOUD });
    const lab = await startLab({ suites: [suiteOf(someItem(0))], models: [CLOUD], request, parts: { askAgent: ask } });
    await lab.work();
    expect(sessions).toHaveLength(1);
    expect(lab.servers.cloud.asked).toEqual([]);
    expect((await lab.answers())[0]?.usd).toBeCloseTo((9_000 * 3 + 5 * 15) / 1e6, 9);
  });
});
