import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Card } from "../../commands/card.ts";
import type { Conversation } from "../../src/models/conversation.ts";
import { isAtLeast } from "../../src/openclaw/version.ts";
import type { Watcher } from "../../src/sessions/watcher.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { openStore } from "../../src/store/open-store.ts";
import { type AttachedClutch, type Lab, LLAMA, QWEN, SONNET, startLab, turns } from "./harness.ts";
import { openClawUnderTest } from "./openclaw-under-test.ts";

let lab: Lab;
let clutch: AttachedClutch;
let watcher: Watcher;
/** 2026.8.1 and 2026.8.2. */
let isOlder: boolean;
const posted: { sessionKey: string; conversation: Conversation | undefined; card: Card }[] = [];

beforeAll(async () => {
  isOlder = !isAtLeast((await openClawUnderTest()).version, "2026.9.1");
  // The default is local and falls back to the cloud: the bill that nobody expects.
  lab = await startLab((config) => {
    const agents = config["agents"] as Record<string, Record<string, unknown>>;
    return {
      ...config,
      agents: { ...agents, defaults: { ...agents["defaults"], model: { primary: QWEN, fallbacks: [SONNET] } } },
    };
  });
  clutch = await lab.attach();
  watcher = clutch.app.watch(async (to, card) => {
    // What owners are told of cost besides is another matter: test/usage.
    if (to.sessionKey !== "") posted.push({ ...to, card });
  });
});
afterAll(() => lab?.stop());
beforeEach(() => {
  posted.length = 0;
  lab.answerWith(undefined);
});

const discord = (channel: string) => ({
  key: `agent:main:discord:channel:${channel}`,
  route: { originatingChannel: "discord", originatingTo: `channel:${channel}`, originatingAccountId: "default" },
});
/** Until so many notices are there, and then until no more can come of what was said. */
const settle = async (notices = 0) => {
  for (let waited = 0; waited < 20_000 && posted.length < notices; waited += 100) await sleep(100);
  await sleep(700);
  await watcher.idle();
};
/** Until the audit log of a session has such an entry as its newest. */
const audited = async (key: string, entry: object) => {
  await expect.poll(async () => (await auditOf(key))[0], { timeout: 20_000, interval: 200 }).toMatchObject(entry);
};
const failLocally = () =>
  lab.answerWith((chat) => (chat.server === "ollama" ? { text: "model is not here", status: 404 } : undefined));
const auditOf = async (key: string) => {
  const store = await openStore(clutch.store, { clock: Date.now });
  const entries = await createAuditLog(store.db, Date.now).list({ place: key });
  await store.close();
  return entries.map(({ action, from, to, actor }) => ({ action, from, to, actor }));
};

describe("turn watch on a real gateway", () => {
  it("a fallback from local to cloud: one loud notice in the right conversation, then silence", async () => {
    const { key, route } = discord("501");
    await clutch.say(key, "Good morning.", route);
    await settle();
    expect(posted).toEqual([]);

    failLocally();
    expect(await clutch.say(key, "Are you there?")).toContain("claude-sonnet-5");
    await settle(1);
    expect(posted).toHaveLength(1);
    expect(posted[0]).toMatchObject({
      sessionKey: key,
      conversation: { platform: "discord", channel: "501" },
      card: { tone: "error", title: `The cloud answered here: ${SONNET}` },
    });

    await clutch.say(key, "And still?");
    await settle();
    expect(posted).toHaveLength(1);

    lab.answerWith(undefined);
    // OpenClaw leaves a model that failed alone for a while.
    for (let tries = 0; tries < 20; tries++) {
      if ((await clutch.say(key, "Better now?")).includes("qwen")) break;
      await sleep(3_000);
    }
    await audited(key, { action: "watch.recovered" });
    expect(posted).toHaveLength(1);
    expect((await auditOf(key)).map(({ action }) => action)).toEqual(["watch.recovered", "watch.fallback"]);

    failLocally();
    await clutch.say(key, "Once more?");
    await settle(2);
    expect(posted).toHaveLength(2);
  });

  it("a run that was sent to another model than the selected one: one notice of the drift", async () => {
    const { key, route } = discord("506");
    await clutch.say(key, "Hello.", route);
    const [provider, model] = SONNET.split("/");
    const runId = randomUUID();
    const run = { sessionKey: key, message: "Answer this elsewhere.", provider, model, idempotencyKey: runId };
    await clutch.call("agent", run);
    await clutch.call("agent.wait", { runId, timeoutMs: 60_000 });
    await settle(1);
    expect(posted).toHaveLength(1);
    expect(posted[0]).toMatchObject({
      conversation: { platform: "discord", channel: "506" },
      card: { tone: "error", title: `The cloud answered here: ${SONNET}` },
    });
    await clutch.say(key, "And this here.");
    await audited(key, { action: "watch.recovered" });
    expect(posted).toHaveLength(1);
  });

  it("a pin that a model policy destroys: one notice, with the way back", async () => {
    const { key, route } = discord("502");
    await clutch.say(key, "Hello.", route);
    await clutch.run(`/model ${LLAMA}`, "discord:502");
    await settle();
    const { hash } = await clutch.app.openclaw.readConfig();
    await clutch.app.openclaw.patchConfig({ agents: { defaults: { modelPolicy: { allow: [QWEN, SONNET] } } } }, hash);
    try {
      await sleep(2_000);
      await clutch.say(key, "Who is it now?").catch(() => "");
      await clutch.say(key, "And now?");
      await settle(1);
      expect(posted).toHaveLength(1);
      const [{ card, conversation } = {}] = posted;
      expect(card).toMatchObject({ tone: "warning", title: `This conversation has lost its pin to ${LLAMA}` });
      expect(conversation).toMatchObject({ platform: "discord", channel: "502" });
    } finally {
      // What comes next selects that model too.
      const after = await clutch.app.openclaw.readConfig();
      await clutch.app.openclaw.patchConfig({ agents: { defaults: { modelPolicy: null } } }, after.hash, [
        "agents.defaults.modelPolicy.allow",
      ]);
      await sleep(2_000);
    }
  });

  it("a pin that was taken away a moment before the next message is no loss", async () => {
    const { key, route } = discord("505");
    await clutch.say(key, "Hello.", route);
    for (let round = 0; round < 5; round++) {
      await clutch.run(`/model ${LLAMA}`, "discord:505");
      // By Clutch, and by other hands.
      if (round % 2 === 0) await clutch.run("/model default", "discord:505");
      else await clutch.call("sessions.patch", { key, model: null });
      await clutch.say(key, `Round ${round}.`);
    }
    await sleep(4_000);
    await settle();
    expect(posted).toEqual([]);
  });

  it("system runs do not count: a heartbeat that falls back is nobody's answer", async () => {
    failLocally();
    const before = lab.anthropic.chats.length;
    await clutch.call("wake", { mode: "now", text: "Anything to do?" });
    for (let waited = 0; waited < 15_000 && lab.anthropic.chats.length === before; waited += 200) await sleep(200);
    expect(lab.anthropic.chats.length).toBeGreaterThan(before);
    await settle();
    expect(posted).toEqual([]);
  });

  it("nor is it where a message came before it that no run of its own answers", async () => {
    const key = "agent:main:main";
    const beat = async () => {
      failLocally();
      const before = lab.anthropic.chats.length;
      // An older OpenClaw (2026.8.1) passes over one that comes soon after another.
      const woken = async () => {
        await clutch.call("wake", { mode: "now", text: "Anything to do now?" });
        return lab.anthropic.chats.length;
      };
      await expect.poll(woken, { timeout: 90_000, interval: 3_000 }).toBeGreaterThan(before);
      await settle();
    };
    // OpenClaw answers its text commands itself. An older one (2026.8.1) does not tell that from words during a run.
    if (!isOlder) {
      await clutch.say(key, "/status");
      await beat();
      expect(posted).toEqual([]);
    }

    // What is said while a run is under way goes into that run.
    lab.answerWith((chat) => (chat.server === "ollama" ? { text: "A slow answer.", delayMs: 3_000 } : undefined));
    const heard = lab.ollama.chats.length;
    const slow = clutch.say(key, "Slowly.");
    await expect.poll(() => lab.ollama.chats.length, { timeout: 20_000 }).toBe(heard + 1);
    await clutch.call("chat.send", { sessionKey: key, message: "And this too.", idempotencyKey: randomUUID() });
    await slow;
    await settle();
    await beat();
    expect(posted).toEqual([]);
  });

  it("jobs and sub-agents do not count", async () => {
    failLocally();
    await clutch.say("agent:main:cron:nightly", "Do the nightly job.");
    await clutch.say("agent:main:subagent:0a1b", "Do a part of it.");
    await settle();
    expect(posted).toEqual([]);
  });
});

describe("other hands", () => {
  const { key, route } = discord("503");
  const card = async () => (await clutch.run("/model", "discord:503")).card;
  const model = async () => (await card()).fields?.find(({ name }) => name === "Model")?.value;

  it("OpenClaw's own /model, typed in the conversation", async () => {
    await clutch.say(key, "Hello.", route);
    await clutch.say(key, `/model ${SONNET}`);
    await audited(key, { action: "model.switch", to: SONNET, actor: "openclaw" });
    expect(await model()).toBe(SONNET);
    expect(posted).toEqual([]);
  });

  it("a tool over HTTP, both ways: what it sets Clutch shows, what Clutch sets it reports", async () => {
    const invoke = async (args: Record<string, unknown>): Promise<string> => {
      const reply = await fetch(`${lab.gateway.url.replace("ws:", "http:")}/tools/invoke`, {
        method: "POST",
        headers: { authorization: `Bearer ${lab.gateway.token}`, "content-type": "application/json" },
        body: JSON.stringify({ tool: "session_status", args: { sessionKey: key, ...args }, sessionKey: key }),
      });
      return reply.text();
    };
    expect(await invoke({ model: LLAMA })).toContain('"changedModel":true');
    // An older gateway announces nothing of what a tool changed, so the next message tells.
    if (isOlder) await clutch.say(key, "Who is it?");
    await audited(key, { action: "model.switch", to: LLAMA, actor: "openclaw" });
    expect(await model()).toBe(LLAMA);

    await clutch.run(`/model ${SONNET}`, "discord:503");
    expect(await invoke({})).toContain(`Model: ${SONNET} · pinned session`);
    await settle();
    // Clutch's own switch is in the log once, in the name of the person.
    expect((await auditOf(key)).filter(({ to }) => to === SONNET)).toEqual([
      expect.objectContaining({ actor: "discord:owner", from: LLAMA }),
      expect.objectContaining({ actor: "openclaw" }),
    ]);
  });

  it("an agent's own tool call", async () => {
    await clutch.run("/model default", "discord:503");
    let called = false;
    lab.answerWith((chat) => {
      if (called || !turns(chat).some((turn) => turn.includes("Use your tool"))) return undefined;
      called = true;
      const name = "session_status";
      const args = { model: LLAMA };
      // A model is offered the tool itself, or, by a later OpenClaw, one tool that calls all others.
      const isOffered = JSON.stringify(chat.body["tools"]).includes(`"name":"${name}"`);
      return {
        text: "",
        toolCalls: [
          isOffered ? { name, args } : { name: "tool_call", args: { id: name, name, args, arguments: args } },
        ],
      };
    });
    await clutch.say(key, "Use your tool to take the big model.");
    await settle();
    expect(called).toBe(true);
    expect(await model()).toBe(LLAMA);
  });
});

describe("after a gap", () => {
  it("what happened meanwhile is read again, and reported once", async () => {
    const { key, route } = discord("504");
    await clutch.say(key, "Hello.", route);
    await settle();
    const other = await lab.attach();
    failLocally();
    expect(await other.say(key, "Answer from the cloud.")).toContain("claude-sonnet-5");
    await settle(1);
    expect(posted).toHaveLength(1);

    // A Clutch that was away for that turn finds the fallback still in effect.
    const late = await lab.attach();
    const seen: string[] = [];
    const lateWatcher = late.app.watch(async ({ sessionKey }) => {
      seen.push(sessionKey);
    });
    // The rows of an older gateway do not name a model that stands in, so only its next answer tells.
    if (isOlder) await other.say(key, "And once more.");
    for (let waited = 0; waited < 20_000 && !seen.includes(key); waited += 100) await sleep(100);
    await sleep(500);
    await lateWatcher.idle();
    expect(seen.filter((found) => found === key)).toEqual([key]);
    await late.close();
    await other.close();
  });

  it("holds little in memory: sessions at rest without a pin are forgotten", () => {
    expect(watcher.size()).toBeLessThanOrEqual(6);
  });
});
