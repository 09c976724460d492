import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import type { AccessLists } from "../../commands/access.ts";
import type { Outcome } from "../../commands/dispatcher.ts";
import { type App, createApp } from "../../src/app.ts";
import { type Config, defaultConfig } from "../../src/config.ts";
import type { Conversation } from "../../src/models/conversation.ts";
import { parsePlace } from "../../src/models/place.ts";
import type { GatewayAddress } from "../../src/openclaw/connection.ts";
import {
  type GatewayProcess,
  type GatewayProcessOptions,
  startGatewayProcess,
} from "../../src/openclaw/gateway-process.ts";
import { migrationMarks } from "../../src/openclaw/migration-marks.ts";
import { KEEPS_SELECTION } from "../../src/openclaw/selection-scope.ts";
import { isAtLeast } from "../../src/openclaw/version.ts";
import type { Answer, Answerer, ReceivedChat, StandIn } from "../../src/sandbox/stand-in.ts";
import { startAnthropicStandIn } from "../../src/sandbox/stand-in-anthropic.ts";
import { startOllamaStandIn } from "../../src/sandbox/stand-in-ollama.ts";
import { COMPILE_CACHE } from "../compile-cache.ts";
import { openClawUnderTest } from "./openclaw-under-test.ts";

/**
 * One real OpenClaw gateway for a suite, with stand-in model servers that keep
 * every request. Everything lives in a directory of its own and goes with `stop`.
 */
export interface Lab {
  readonly gateway: GatewayProcess;
  readonly dir: string;
  readonly ollama: StandIn;
  readonly anthropic: StandIn;
  /** Decides what the servers answer next; undefined for their usual answer. */
  answerWith(answer: ((chat: ReceivedChat) => Answer | Promise<Answer> | undefined) | undefined): void;
  /** Clutch attached to the gateway, with a store of its own. `by` changes how it gets there. */
  attach(
    access?: Partial<AccessLists>,
    by?: Partial<GatewayAddress>,
    /** Takes another store than a new one, or another clock (epoch ms), as a Clutch that starts again later does. */
    also?: {
      readonly store?: string;
      readonly clock?: () => number;
      readonly stateDirectory?: string;
      readonly usage?: Partial<Config["usage"]>;
    },
  ): Promise<AttachedClutch>;
  stop(): Promise<void>;
}

export interface AttachedClutch {
  readonly app: App;
  /** Where it keeps what it remembers, as the configuration names it. */
  readonly store: string;
  /** Runs a command line; the place is written as for `clutch exec`. */
  run(line: string, at: string | Conversation, who?: string, confirmed?: boolean): Promise<Outcome>;
  /** Says something to the agent of a session and gives its reply. */
  say(sessionKey: string, text: string, more?: Record<string, unknown>): Promise<string>;
  call(method: string, params: unknown): Promise<unknown>;
  close(): Promise<void>;
}

export const PERSONA = "You are Pip, a patient ship's cook who measures everything in ladles.";
export const SECOND_PERSONA = "You are Mo, a lighthouse keeper who speaks in short sentences.";
export const SONNET = "anthropic/claude-sonnet-5";
export const QWEN = "ollama/qwen2.5-coder:32b";
export const LLAMA = "ollama/llama3.1:70b";

/** The stand-in's models fit on any machine that runs these tests. */
const SMALL = { sizeBytes: 500_000_000, layers: 4, heads: 8, kvHeads: 1, headDim: 64, parameters: 800_000_000 };
const FREE = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

/** `change` gets the config before the gateway starts, `how` says what else the gateway's process gets. */
export async function startLab(
  change: (config: Record<string, unknown>) => Record<string, unknown> = (same) => same,
  how: Partial<Pick<GatewayProcessOptions, "channels" | "extraEnv" | "timeoutMs">> = {},
): Promise<Lab> {
  const { command, version } = await openClawUnderTest();
  const dir = await mkdtemp(join(tmpdir(), "clutch-lab-"));
  let special: ((chat: ReceivedChat) => Answer | Promise<Answer> | undefined) | undefined;
  const answer: Answerer = async (chat) =>
    (await special?.(chat)) ?? { text: `${chat.model} answers message ${turns(chat).length}.` };
  const ollama = await startOllamaStandIn({
    models: [
      { name: "qwen2.5-coder:32b", contextLength: 32_768, ...SMALL },
      { name: "llama3.1:70b", contextLength: 131_072, ...SMALL },
    ],
    pullable: [{ name: "qwen3-coder:30b", contextLength: 262_144, ...SMALL }],
    answer,
  });
  const anthropic = await startAnthropicStandIn({
    models: [{ id: "claude-sonnet-5", name: "Claude Sonnet 5" }],
    answer,
  });
  for (const [agent, persona] of [
    ["main", PERSONA],
    ["keeper", SECOND_PERSONA],
  ] as const) {
    await mkdir(join(dir, "work", agent), { recursive: true });
    await writeFile(join(dir, "work", agent, "SOUL.md"), `# Soul\n\n${persona}\n`);
  }
  const config = change({
    models: {
      mode: "replace",
      providers: {
        ollama: {
          baseUrl: ollama.url,
          api: "ollama",
          apiKey: "ollama-local",
          models: [
            {
              id: "qwen2.5-coder:32b",
              name: "Qwen2.5-Coder 32B",
              contextWindow: 32_768,
              contextTokens: 32_768,
              maxTokens: 4_096,
              cost: FREE,
            },
            {
              id: "llama3.1:70b",
              name: "Llama 3.1 70B",
              contextWindow: 131_072,
              contextTokens: 65_536,
              maxTokens: 4_096,
              cost: FREE,
            },
          ],
        },
        anthropic: {
          baseUrl: anthropic.url,
          api: "anthropic-messages",
          apiKey: "sk-ant-stand-in",
          models: [
            {
              id: "claude-sonnet-5",
              name: "Claude Sonnet 5",
              contextWindow: 1_000_000,
              maxTokens: 8_192,
              cost: { input: 2, output: 10, cacheRead: 0.2, cacheWrite: 2.5 },
            },
          ],
        },
      },
    },
    agents: {
      ownership: "explicit",
      defaults: {
        skipBootstrap: true,
        utilityModel: "",
        // What later ones do by themselves.
        ...(isAtLeast(version, KEEPS_SELECTION) ? {} : { modelSelectionScope: "session" }),
        heartbeat: { every: "0m" },
        systemAgent: { agentId: "main" },
        model: { primary: SONNET, fallbacks: [] },
        models: { [QWEN]: { alias: "coder" } },
      },
      entries: { main: { workspace: join(dir, "work", "main") }, keeper: { workspace: join(dir, "work", "keeper") } },
    },
    bindings: [
      { agentId: "keeper", match: { channel: "discord", accountId: "*", peer: { kind: "channel", id: "7700" } } },
      { agentId: "main", match: { channel: "discord", accountId: "*" } },
      { agentId: "main", match: { channel: "slack", accountId: "*" } },
    ],
    plugins: {
      allow: ["ollama", "anthropic", "memory-core"],
      entries: { "memory-core": { config: { dreaming: { enabled: false } } } },
    },
    meta: migrationMarks(version),
  });
  const logger = pino({ level: process.env["CLUTCH_TEST_LOG"] ?? "silent" }, pino.destination(2));
  const gateway = await startGatewayProcess({
    command,
    dir: join(dir, "gateway"),
    config,
    env: process.env,
    logger,
    timeoutMs: 150_000,
    compileCacheDir: COMPILE_CACHE,
    ...how,
  });

  const attached = new Set<AttachedClutch>();
  return {
    gateway,
    dir,
    ollama,
    anthropic,
    answerWith(next) {
      special = next;
    },
    async attach(access = {}, by = {}, also = {}) {
      const { store = `sqlite:${join(dir, `clutch-${randomUUID()}.db`)}`, clock } = also;
      const app = await createApp({
        config: { ...defaultConfig, store, usage: { ...defaultConfig.usage, ...also.usage } },
        gateway: { url: gateway.url, token: gateway.token, ...by },
        stateDirectory: also.stateDirectory ?? join(dir, "clutch"),
        gatewayTimeoutMs: 60_000,
        access: { owners: ["discord:owner"], operators: ["discord:operator"], viewers: ["discord:viewer"], ...access },
        logger,
        ...(clock === undefined ? {} : { clock }),
      });
      const clutch: AttachedClutch = {
        app,
        store,
        run: (line, at, who = "owner", confirmed = false) =>
          app.dispatcher.run({
            line,
            conversation: typeof at === "string" ? parsePlace(at, who) : at,
            person: { platform: "discord", id: who },
            confirmed,
          }),
        say: (key, text, more) => say(app, key, text, more),
        call: (method, params) => app.connection.request(method, params, { timeoutMs: 60_000 }),
        async close() {
          attached.delete(clutch);
          await app.close();
        },
      };
      attached.add(clutch);
      return clutch;
    },
    async stop() {
      for (const clutch of [...attached]) await clutch.close();
      await gateway.stop();
      await Promise.all([ollama.close(), anthropic.close()]);
      await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

async function say(app: App, sessionKey: string, message: string, more: Record<string, unknown> = {}): Promise<string> {
  const runId = randomUUID();
  await app.connection.request(
    "chat.send",
    { sessionKey, message, idempotencyKey: runId, ...more },
    { timeoutMs: 60_000 },
  );
  for (;;) {
    const reply = (await app.connection.request("agent.wait", { runId, timeoutMs: 60_000 }, { timeoutMs: 70_000 })) as {
      status?: string;
      terminalReply?: { text?: string };
      terminalReceipt?: unknown;
    };
    if (reply.status === "timeout") continue;
    // The transcript is written a moment after the run has ended.
    await sleep(150);
    const isTold = reply.terminalReply !== undefined || reply.terminalReceipt !== undefined || reply.status !== "ok";
    return isTold ? (reply.terminalReply?.text ?? "") : lastSaid(app, sessionKey, runId);
  }
}

/** An older gateway (2026.8.1) says that a run has ended, and nothing of what came of it. */
async function lastSaid(app: App, sessionKey: string, runId: string): Promise<string> {
  const { messages } = (await app.connection.request("chat.history", { sessionKey, limit: 50 })) as {
    messages: { role?: string; content?: unknown; __openclaw?: { runId?: string } }[];
  };
  const content = messages.findLast((said) => said.role === "assistant" && said.__openclaw?.runId === runId)?.content;
  if (!Array.isArray(content)) return typeof content === "string" ? content : "";
  return content.map((part: { text?: string }) => part.text ?? "").join("");
}

/** What the person and the agent said, without OpenClaw's own additions: "user: …" and "assistant: …". */
export function turns(chat: ReceivedChat): string[] {
  return chat.messages
    .filter(({ text }) => text !== "" && !text.startsWith("<<<BEGIN_OPENCLAW"))
    .map(({ role, text }) => `${role}: ${text.replace(/^\[[^\]]*UTC\] /, "")}`);
}
