import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { UsageCall } from "../../src/models/usage-call.ts";
import { type Answer, estimateTokens, type ReceivedChat } from "../../src/sandbox/stand-in.ts";
import type { UsageLedger } from "../../src/store/usage-ledger.ts";
import { type AttachedClutch, QWEN, SONNET } from "./harness.ts";
import { type LockedLab, startLockedLab } from "./locked-lab.ts";

/** A request as a stand-in got it, with what it counted; without a size where it did not answer. */
interface Entry {
  readonly model: string;
  readonly tokens: string | undefined;
}

let lab: LockedLab;
let clutch: AttachedClutch;
/** Every request that reached a model. */
const journal: Entry[] = [];
let answer: (chat: ReceivedChat) => Partial<Answer> | undefined = () => undefined;

beforeAll(async () => {
  lab = await startLockedLab({
    wall: false,
    change(config) {
      config.agents.defaults.heartbeat = { every: "24h" };
      config.agents.defaults.compaction = { mode: "default" };
      config.agents.entries.keeper.model = { primary: QWEN, fallbacks: [SONNET] };
    },
  });
  lab.answerWith((chat) => {
    const said: Answer = { text: `${chat.model} says something.`, ...answer(chat) };
    const input = estimateTokens(chat.system + chat.messages.map(({ text }) => text).join(""));
    const isSummary = chat.messages.at(-1)?.text.startsWith("<conversation>") === true;
    const isCut = said.chunkDelayMs !== undefined && said.status === undefined && said.text.startsWith("Slowly");
    const hasSize = said.status === undefined && !isSummary && !isCut;
    journal.push({
      model: `${chat.server}/${chat.model}`,
      tokens: hasSize ? `${input}+${estimateTokens(said.text)}` : undefined,
    });
    return said;
  });
  clutch = await lab.attach();
  clutch.app.watch(async () => undefined);
  await clutch.say("agent:main:main", "Good morning.");
}, 240_000);
afterAll(() => lab?.stop());

async function calls(ledger: UsageLedger = clutch.app.ledger): Promise<UsageCall[]> {
  const found: UsageCall[] = [];
  for await (const call of ledger.calls({ from: 0, to: Number.MAX_SAFE_INTEGER })) found.push(call);
  return found;
}

const entryOf = ({ model, tokens }: UsageCall): Entry => ({
  model: `${model.provider}/${model.model}`,
  tokens: tokens && `${tokens.input}+${tokens.output}`,
});
const sorted = (entries: readonly Entry[]): string[] => entries.map((entry) => JSON.stringify(entry)).sort();

/** Waits until each request is a row, and gives the rows of what was asked since. */
async function counted(ledger?: UsageLedger, since = 0): Promise<UsageCall[]> {
  for (let waited = 0; waited < 20_000 && (await calls(ledger)).length < journal.length; waited += 200)
    await sleep(200);
  await sleep(300);
  const found = await calls(ledger);
  expect(sorted(found.map(entryOf))).toEqual(sorted(journal));
  return found.filter(({ at }) => at >= since);
}

async function during(work: () => Promise<unknown>): Promise<UsageCall[]> {
  const since = Date.now();
  await work();
  answer = () => undefined;
  return counted(undefined, since);
}

const channel = (id: string, agent = "main") => `agent:${agent}:discord:channel:${id}`;

/** The first so many requests that offer tools are answered with a call of one, of which OpenClaw keeps no message. */
function useTools(times: number, text = ""): void {
  let used = 0;
  answer = (chat) => {
    if (used >= times || !Array.isArray(chat.body["tools"])) return undefined;
    used++;
    return { text, toolCalls: [{ name: "tool_call", args: { id: "session_status", args: {} } }] };
  };
}

describe("every request at a model is one row of the ledger", () => {
  it("of a turn", async () => {
    const [call, ...more] = await during(() => clutch.say(channel("1"), "Hello."));
    expect(more).toEqual([]);
    expect(call).toMatchObject({
      sessionKey: channel("1"),
      agentId: "main",
      channel: "discord",
      cause: "chat",
      outcome: "answered",
      fallback: false,
      locality: "cloud",
    });
    expect(call?.durationMs).toBeGreaterThanOrEqual(0);
  });

  it("of a turn with tools, of whose steps OpenClaw keeps only some", async () => {
    const found = await during(async () => {
      useTools(2);
      await clutch.say(channel("1"), "Use your tools.");
      useTools(1, "Looking.");
      await clutch.say(channel("1"), "Use your tools again.");
    });
    expect(found).toHaveLength(5);
    expect(found.every(({ tokens }) => tokens !== undefined)).toBe(true);
  });

  it("of an answer that OpenClaw shows to nobody", async () => {
    const found = await during(async () => {
      answer = () => ({ text: "NO_REPLY" });
      await clutch.say(channel("1"), "Say nothing.");
    });
    expect(found.length).toBeGreaterThan(0);
  });

  it("of a message that came while another was answered", async () => {
    const found = await during(async () => {
      let asked = 0;
      answer = () => (++asked === 1 ? { text: "One two three four five.", chunkDelayMs: 300 } : undefined);
      const runId = randomUUID();
      await clutch.call("chat.send", { sessionKey: channel("1"), message: "First.", idempotencyKey: runId });
      await sleep(700);
      await clutch.call("chat.send", { sessionKey: channel("1"), message: "Second.", idempotencyKey: randomUUID() });
      await clutch.call("agent.wait", { runId, timeoutMs: 50_000 });
    });
    expect(found).toHaveLength(2);
  });

  it("of several agents, with a model that fails and the one that stands in", async () => {
    const found = await during(async () => {
      answer = ({ server }) => (server === "ollama" ? { text: "it broke", status: 404 } : undefined);
      await clutch.say(channel("7700", "keeper"), "Hello keeper.");
    });
    expect(found).toEqual([
      expect.objectContaining({ outcome: "failed", fallback: false, tokens: undefined, locality: "local" }),
      expect.objectContaining({ outcome: "answered", fallback: true, agentId: "keeper", locality: "cloud" }),
    ]);
  });

  it("of a turn that was stopped, and one that failed, of unknown size", async () => {
    const found = await during(async () => {
      answer = () => ({ text: "Slowly one two three four five six seven eight", chunkDelayMs: 300 });
      const runId = randomUUID();
      await clutch.call("chat.send", { sessionKey: channel("1"), message: "Slow.", idempotencyKey: runId });
      await sleep(1_200);
      await clutch.call("chat.abort", { sessionKey: channel("1"), runId });
      answer = () => ({ text: "no", status: 400 });
      await clutch.say(channel("1"), "Fail.");
    });
    expect(found.map(({ outcome, tokens, usd }) => [outcome, tokens, usd])).toEqual([
      ["aborted", undefined, undefined],
      ["failed", undefined, undefined],
    ]);
  });

  it("of a summary, of unknown size", async () => {
    const found = await during(async () => {
      for (const text of ["Long. ", "Longer. "]) await clutch.say(channel("1"), text.repeat(1_500));
      await clutch.call("sessions.compact", { key: channel("1") });
    });
    const summary = found.filter(({ cause }) => cause === "compaction");
    expect(summary.length).toBeGreaterThan(0);
    expect(summary.every(({ tokens, outcome }) => tokens === undefined && outcome === "answered")).toBe(true);
  });

  it("of heartbeats, whether they have something to say or not", async () => {
    const found = await during(async () => {
      for (const text of ["HEARTBEAT_OK", "The soup boils."]) {
        const before = journal.length;
        answer = () => ({ text });
        await clutch.call("wake", { mode: "now", text: "Anything to do?" });
        for (let waited = 0; waited < 15_000 && journal.length === before; waited += 100) await sleep(100);
        await sleep(1_000);
      }
    });
    expect(found).toEqual([
      expect.objectContaining({ cause: "heartbeat", sessionKey: "agent:main:main" }),
      expect.objectContaining({ cause: "heartbeat" }),
    ]);
  });

  it("of jobs and sub-agents", async () => {
    const found = await during(async () => {
      const { id } = (await clutch.call("cron.add", {
        name: "report",
        agentId: "main",
        enabled: false,
        schedule: { kind: "cron", expr: "0 0 1 1 *" },
        sessionTarget: "isolated",
        wakeMode: "now",
        payload: { kind: "agentTurn", message: "Report." },
        delivery: { mode: "none" },
      })) as { id: string };
      for (let run = 1; run <= 2; run++) {
        const before = journal.length;
        await clutch.call("cron.run", { id, mode: "force" });
        for (let waited = 0; waited < 15_000 && journal.length === before; waited += 100) await sleep(100);
        await sleep(1_500);
      }
      await clutch.say("agent:main:subagent:0a1b", "Do a part of it.");
    });
    expect(found.map(({ cause, channel: where }) => [cause, where])).toEqual([
      ["cron", undefined],
      ["cron", undefined],
      ["sub-agent", undefined],
    ]);
    expect(new Set(found.slice(0, 2).map(({ sessionKey }) => sessionKey)).size).toBe(1);
  });
});

describe("read again", () => {
  it("by the one that heard all of it, nothing is counted twice", async () => {
    expect(await clutch.app.usageCollector.catchUp()).toEqual({ added: 0, completed: 0 });
    await counted();
  });

  it("by another one that heard nothing of it, everything is there", async () => {
    const other = await lab.attach();
    const { added } = await other.app.usageCollector.catchUp();
    expect(added).toBe(journal.length);
    await counted(other.app.ledger);
    expect(await other.app.usageCollector.catchUp()).toEqual({ added: 0, completed: 0 });
    await other.close();
  });
});
