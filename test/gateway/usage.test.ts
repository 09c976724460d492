import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { UsageCall } from "../../src/models/usage-call.ts";
import type { AttachedClutch } from "./harness.ts";
import { channel, runJob, startUsageLab, type UsageLab, usingTools } from "./usage-lab.ts";

let usage: UsageLab;
let clutch: AttachedClutch;
beforeAll(async () => {
  usage = await startUsageLab();
  clutch = await usage.lab.attach();
  clutch.app.watch(async () => undefined);
  await clutch.say("agent:main:main", "Good morning.");
}, 240_000);
afterAll(() => usage?.lab.stop());

/** The rows of what happens in it. */
async function during(work: () => Promise<unknown>): Promise<UsageCall[]> {
  const since = Date.now();
  await work();
  usage.saying(() => undefined);
  return usage.counted(clutch.app.ledger, since);
}

describe("every request at a model is one row of the ledger", () => {
  it("of a turn", async () => {
    const [call, ...more] = await during(() => clutch.say(channel("1"), "Hello."));
    expect(more).toEqual([]);
    expect(call).toMatchObject({
      ...{ sessionKey: channel("1"), agentId: "main", channel: "discord", cause: "chat" },
      ...{ outcome: "answered", fallback: false, locality: "cloud" },
    });
    expect(call?.durationMs).toBeGreaterThanOrEqual(0);
    expect(call?.usd).toBeGreaterThan(0);
  });

  it("of a turn with tools, of whose steps OpenClaw keeps only some", async () => {
    const found = await during(async () => {
      usage.saying(usingTools(2));
      await clutch.say(channel("1"), "Use your tools.");
      usage.saying(usingTools(1, "Looking."));
      await clutch.say(channel("1"), "Use your tools again.");
    });
    expect(found).toHaveLength(5);
    expect(found.every(({ tokens }) => tokens !== undefined)).toBe(true);
  });

  it("of an answer that OpenClaw shows to nobody", async () => {
    const found = await during(async () => {
      usage.saying(() => ({ text: "NO_REPLY" }));
      await clutch.say(channel("1"), "Say nothing.");
    });
    expect(found.length).toBeGreaterThan(0);
  });

  it("of a message that came while another was answered", async () => {
    const found = await during(async () => {
      let asked = 0;
      usage.saying(() => (++asked === 1 ? { text: "One two three four five.", chunkDelayMs: 300 } : undefined));
      let runId = "";
      await usage.requests(1, async () => {
        runId = await usage.begin(clutch, channel("1"), "First.");
      });
      await usage.begin(clutch, channel("1"), "Second.");
      await clutch.call("agent.wait", { runId, timeoutMs: 50_000 });
    });
    expect(found).toHaveLength(2);
  });

  it("of several agents, with a model that fails and the one that stands in", async () => {
    const found = await during(async () => {
      usage.saying(({ server }) => (server === "ollama" ? { text: "it broke", status: 404 } : undefined));
      await clutch.say(channel("7700", "keeper"), "Hello keeper.");
    });
    expect(found).toEqual([
      expect.objectContaining({ outcome: "failed", fallback: false, tokens: undefined, locality: "local" }),
      expect.objectContaining({ outcome: "answered", fallback: true, agentId: "keeper", locality: "cloud" }),
    ]);
  });

  it("of a turn that was stopped, and one that failed, of unknown size", async () => {
    const found = await during(async () => {
      usage.saying(() => ({
        text: "Slowly, one two three four five six seven eight.",
        chunkDelayMs: 500,
        isCut: true,
      }));
      let runId = "";
      await usage.requests(1, async () => {
        runId = await usage.begin(clutch, channel("1"), "Slow.");
      });
      await sleep(600);
      await clutch.call("chat.abort", { sessionKey: channel("1"), runId });
      usage.saying(() => ({ text: "no", status: 400 }));
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
        usage.saying(() => ({ text }));
        await usage.requests(1, () => clutch.call("wake", { mode: "now", text: "Anything to do?" }));
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
      await runJob(clutch, 2);
      await clutch.say("agent:main:subagent:0a1b", "Do a part of it.");
    });
    expect(found.map(({ cause, channel: where }) => [cause, where])).toEqual([
      ["cron", undefined],
      ["cron", undefined],
      ["sub-agent", undefined],
    ]);
    expect(new Set(found.slice(0, 2).map(({ sessionKey }) => sessionKey)).size).toBe(1);
  });

  it("of a conversation that is begun anew, and of what was said before and after", async () => {
    const found = await during(async () => {
      await clutch.say(channel("2"), "Before.");
      await clutch.call("sessions.reset", { key: channel("2") });
      await clutch.say(channel("2"), "After.");
    });
    expect(found).toHaveLength(2);
  });
});

describe("read again", () => {
  it("by the one that heard all of it, nothing is counted twice", async () => {
    expect(await clutch.app.usageCollector.catchUp()).toEqual({ added: 0, completed: 0 });
    await usage.counted(clutch.app.ledger);
  });

  it("by another one that heard nothing of it, everything is there", async () => {
    const other = await usage.lab.attach();
    const { added } = await other.app.usageCollector.catchUp();
    expect(added).toBe(usage.journal.length);
    await usage.counted(other.app.ledger);
    expect(await other.app.usageCollector.catchUp()).toEqual({ added: 0, completed: 0 });
    await other.close();
  });
});
