import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Card } from "../../commands/card.ts";
import { openConnection } from "../../src/openclaw/connection.ts";
import { type AttachedClutch, type Lab, SONNET, startLab } from "./harness.ts";
import { type Recorded, type RecordingProxy, startRecordingProxy } from "./recording-proxy.ts";

/**
 * The person of yesterday: an OpenClaw with Claude alone, with its own defaults, and
 * no configuration of Clutch. The same day is lived twice, without Clutch and with
 * Clutch attached and watching; what the model was asked must be the same.
 */

const HAIKU = "anthropic/claude-haiku-4-5";
const MAIN = "agent:main:main";
const CHANNEL = "agent:main:discord:channel:4711";
const COST = { input: 2, output: 10, cacheRead: 0.2, cacheWrite: 2.5 };

/** Everything that a day left behind. */
interface Day {
  readonly asked: readonly Recorded[];
  readonly rows: readonly Record<string, unknown>[];
  readonly config: string;
}

interface ClaudeLab {
  readonly lab: Lab;
  readonly proxy: RecordingProxy;
  live(): Promise<Day>;
  stop(): Promise<void>;
}

async function startClaudeLab(): Promise<ClaudeLab> {
  const proxy = await startRecordingProxy();
  const lab = await startLab(({ plugins, meta, agents }) => ({
    plugins,
    meta,
    models: {
      mode: "replace",
      providers: {
        anthropic: {
          baseUrl: proxy.url,
          api: "anthropic-messages",
          apiKey: "sk-ant-stand-in",
          models: [
            { id: "claude-sonnet-5", name: "Claude Sonnet 5", contextWindow: 1_000_000, maxTokens: 8_192, cost: COST },
            { id: "claude-haiku-4-5", name: "Claude Haiku 4.5", contextWindow: 200_000, maxTokens: 8_192, cost: COST },
          ],
        },
      },
    },
    agents: {
      defaults: {
        workspace: (agents as { entries: { main: { workspace: string } } }).entries.main.workspace,
        skipBootstrap: true,
        // Long enough to come only when the day asks for it.
        heartbeat: { every: "24h" },
        model: { primary: SONNET, fallbacks: [HAIKU] },
      },
    },
  }));
  proxy.target = lab.anthropic.url;
  lab.answerWith((chat) => ({ text: `${chat.model} answers.` }));
  const gateway = openConnection(lab.gateway, pino({ level: "silent" }));
  const call = (method: string, params: unknown) => gateway.request(method, params, { timeoutMs: 60_000 });

  /** Until nothing was asked for a while: recaps come by themselves, after the reply. */
  const settle = async (): Promise<void> => {
    for (let before = -1; before !== proxy.requests.length; ) {
      before = proxy.requests.length;
      await sleep(2_500);
    }
  };
  const say = async (sessionKey: string, message: string, more: object = {}): Promise<void> => {
    const runId = randomUUID();
    await call("chat.send", { sessionKey, message, idempotencyKey: runId, ...more });
    for (let status = "timeout"; status === "timeout"; )
      ({ status } = (await call("agent.wait", { runId, timeoutMs: 50_000 })) as { status: string });
    await settle();
  };
  const runJob = async (): Promise<void> => {
    const { id } = (await call("cron.add", {
      name: "report",
      enabled: false,
      schedule: { kind: "cron", expr: "0 0 1 1 *" },
      sessionTarget: "isolated",
      wakeMode: "now",
      payload: { kind: "agentTurn", message: "Report on the bread." },
      delivery: { mode: "none" },
    })) as { id: string };
    const before = proxy.requests.length;
    await call("cron.run", { id, mode: "force" });
    for (let waited = 0; waited < 60_000 && proxy.requests.length === before; waited += 100) await sleep(100);
    await settle();
  };

  return {
    lab,
    proxy,
    async live() {
      await gateway.ready(60_000);
      await say(MAIN, "Good morning! I bake three loaves of rye on Sunday.");
      await say(MAIN, "And I will need four kilos of flour for it.");
      await say(CHANNEL, "Who is on watch?", {
        originatingChannel: "discord",
        originatingTo: "channel:4711",
        originatingAccountId: "default",
      });
      await say(MAIN, "What did I say I would bake?");
      const before = proxy.requests.length;
      await call("wake", { mode: "now", text: "Anything to do?" });
      for (let waited = 0; waited < 60_000 && proxy.requests.length === before; waited += 100) await sleep(100);
      await settle();
      await runJob();
      const { sessions } = (await call("sessions.list", { limit: 100 })) as { sessions: Record<string, unknown>[] };
      return {
        asked: [...proxy.requests],
        rows: sessions,
        config: await readFile(join(lab.dir, "gateway", "openclaw.json"), "utf8"),
      };
    },
    async stop() {
      await gateway.close();
      await lab.stop();
      await proxy.close();
    },
  };
}

/** What differs between any two runs: ids, moments, ports and the folder. Nothing else is left out. */
const alike = (text: string, dir: string): string =>
  text
    .replaceAll(dir, "DIR")
    .replaceAll(dir.replaceAll("/", "-"), "DIR")
    .replaceAll(/127\.0\.0\.1:\d+/g, "HOST")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, "ID")
    // Not the digits of a price.
    .replaceAll(/(?<!\.)\b[0-9a-f]{16,64}\b/g, "ID")
    .replaceAll(
      /(Sun|Mon|Tue|Wed|Thu|Fri|Sat)[a-z]*,? [A-Za-z0-9 ,:-]*?\d{1,2}:\d{2}(:\d{2})?( UTC| [AP]M)?/g,
      "MOMENT",
    )
    .replaceAll(/\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z?)?/g, "MOMENT")
    .replaceAll(/\b1[78]\d{11}(\.\d+)?\b/g, "0");

const requestOf = ({ method, path, headers, body }: Recorded, dir: string) => {
  // The body is compared as a whole, and its length differs where only the folder's name does.
  const { "content-length": _length, ...kept } = headers;
  return { method, path, headers: JSON.parse(alike(JSON.stringify(kept), dir)), body: JSON.parse(alike(body, dir)) };
};

/** A recap and the turn beside it are asked in the same moment, so their order is no matter; each names what came before it. */
const requestsOf = ({ asked }: Day, dir: string) =>
  asked
    .map((request) => requestOf(request, dir))
    .sort((a, b) => (JSON.stringify(a.body) < JSON.stringify(b.body) ? -1 : 1));

/** How long a turn took, and how fast this machine was. */
const TIMES = /(At|Ms|Seconds|PerSecond|^ts)$/;
const rowsOf = (rows: readonly Record<string, unknown>[], dir: string) =>
  rows
    .map((row) =>
      JSON.parse(
        alike(
          JSON.stringify(row, (key, value) => (TIMES.test(key) ? undefined : value)),
          dir,
        ),
      ),
    )
    .sort((a, b) => (a.key < b.key ? -1 : 1));

describe("an OpenClaw with Claude alone", () => {
  let alone: Day;
  let aloneDir: string;
  let claude: ClaudeLab;
  let clutch: AttachedClutch;
  let watched: Day;
  let configBefore: string;
  const notices: Card[] = [];

  beforeAll(async () => {
    const without = await startClaudeLab();
    aloneDir = without.lab.dir;
    try {
      alone = await without.live();
    } finally {
      await without.stop();
    }
    claude = await startClaudeLab();
    configBefore = await readFile(join(claude.lab.dir, "gateway", "openclaw.json"), "utf8");
    clutch = await claude.lab.attach({ owners: ["discord:owner"] });
    clutch.app.watch(async (_, card) => void notices.push(card));
    watched = await claude.live();
  }, 480_000);
  afterAll(() => claude?.stop());

  it("asks its model the same, Clutch attached or not: as often, with the same headers and bodies", () => {
    const without = requestsOf(alone, aloneDir);
    // Four turns, a heartbeat and a job, with the recaps that OpenClaw makes of them.
    expect(without.filter(({ body }) => body.model === "claude-sonnet-5").length).toBeGreaterThanOrEqual(6);
    expect(without.some(({ body }) => body.model === "claude-haiku-4-5")).toBe(true);
    expect(requestsOf(watched, claude.lab.dir)).toEqual(without);
  });

  it("hears nothing from Clutch itself", () => {
    for (const { asked } of [alone, watched]) {
      expect(new Set(asked.map(({ method, path }) => `${method} ${path}`))).toEqual(new Set(["POST /v1/messages"]));
    }
  });

  it("keeps its configuration, byte for byte, and its sessions as they would be", () => {
    expect(watched.config).toBe(configBefore);
    expect(rowsOf(watched.rows, claude.lab.dir)).toEqual(rowsOf(alone.rows, aloneDir));
    expect(watched.rows.every(({ modelOverrideSource }) => modelOverrideSource !== "user")).toBe(true);
  });

  it("is told nothing", () => {
    expect(notices.map(({ title }) => title)).toEqual([]);
  });

  it("is shown its Claude models by /model, switches between them, and back", async () => {
    const shown = await clutch.run("/model", `session:${MAIN}`);
    expect(shown.card.title).toBe("Claude Sonnet 5");
    expect(shown.card.choices?.items.map(({ value }) => value).sort()).toEqual([HAIKU, SONNET]);

    const switched = await clutch.run("/model haiku", `session:${MAIN}`);
    expect(switched.error).toBeUndefined();
    expect(await clutch.say(MAIN, "And now?")).toBe("claude-haiku-4-5 answers.");

    const back = await clutch.run("/model default", `session:${MAIN}`);
    expect(back.error).toBeUndefined();
    expect(await clutch.say(MAIN, "And now again?")).toBe("claude-sonnet-5 answers.");
    expect((await clutch.app.openclaw.readSession(MAIN))?.pinSource).not.toBe("user");
    expect(await readFile(join(claude.lab.dir, "gateway", "openclaw.json"), "utf8")).toBe(configBefore);
  });
});
