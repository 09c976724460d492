import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { GatewayProcessOptions } from "../../src/openclaw/gateway-process.ts";
import type { GuardRules } from "../../src/openclaw/guard-client.ts";
import { refusesProperty } from "../../src/openclaw/request-errors.ts";
import type { Answer, ReceivedChat, StandIn } from "../../src/sandbox/stand-in.ts";
import { startOllamaStandIn } from "../../src/sandbox/stand-in-ollama.ts";
import type { WallRules } from "../../src/wall/wall-rules.ts";
import { startDisguise } from "./disguise.ts";
import { type AttachedClutch, LLAMA, QWEN, turns } from "./harness.ts";
import { type Config, type LockedLab, startLockedLab } from "./locked-lab.ts";
import { type Relay, startRelay } from "./relay.ts";

export const HAIKU = "anthropic/claude-haiku-4-5";
/** A model that its own setting sends to the vendor, though its provider is on this machine. */
export const WANDERER = "nearby/wanderer";
export const CLOUD_TAG = "ollama/gpt-oss:120b-cloud";
/** Passed on by Ollama, which says so at one place only. */
export const SHOWN = "ollama/shown:7b";
export const TAGGED = "ollama/tagged:7b";
/** Configured and not downloaded. */
export const ABSENT = "ollama/absent:1b";

const ACTIVE_MS = 10 * 60_000;

/** As Ollama calls them. */
export const PASSED_ON = [CLOUD_TAG, SHOWN, TAGGED].map((ref) => ref.slice("ollama/".length));
const SMALL = { sizeBytes: 500_000_000, layers: 4, heads: 8, kvHeads: 1, headDim: 64, parameters: 800_000_000 };
const FREE = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

/**
 * A gateway with guard and wall, and a cloud that notices every byte. The cloud's
 * names are known to the wall alone, so whatever reaches it went through there;
 * Ollama stands behind a relay that can break it.
 */
export interface LeakLab extends LockedLab {
  readonly clutch: AttachedClutch;
  readonly box: StandIn;
  /** Its address, by a name that the wall alone can resolve. */
  readonly vendor: string;
  /** Before the local Ollama. */
  readonly front: Relay;
  /** Bytes that reached the vendor, and requests that Ollama would have passed on. */
  outside(): number;
  /**
   * What reached anything outside during `work` and a moment after, since recaps
   * come late: bytes, requests that Ollama would pass on, hits of the canary.
   */
  escaped<T>(work: () => Promise<T>, momentMs?: number): Promise<{ readonly said: T; readonly escaped: number }>;
  /** Until no turn runs any more and nothing more goes out, so that what is measured next is not of before. */
  calm(): Promise<void>;
  /** Every request with this word in it, to the vendor's models and to Ollama's. */
  asked(word: string): readonly ReceivedChat[];
  /** Connections that the wall refused so far. */
  denied(): number;
  /** What guard and wall are told where no lock has told them. */
  readonly guardRules: GuardRules;
  readonly wallRules: WallRules;
  /** Exactly these hold from now on, by the rules of the lock that was on last. */
  hold(...layers: ("guard" | "wall")[]): Promise<void>;
  /** The next agent that has tools and is asked about this word uses this one, once, and then answers. */
  nextTool(name: string, args: Record<string, unknown>, word: string): void;
  /** What comes back to a person; `during` is done once it is sent. */
  say(sessionKey: string, message: string, during?: () => Promise<unknown>): Promise<Said>;
  /** A conversation of its own, pinned where a model is named; gives its key. */
  conversation(agentId: string, model?: string): Promise<string>;
  patch(change: Config): Promise<void>;
}

export interface Said {
  /** Empty where the turn ended without a word. */
  readonly text: string;
  /** Why it failed, where it did. */
  readonly error: string;
  readonly ms: number;
  readonly runId: string;
}

const waited = z.looseObject({
  status: z.string(),
  error: z.string().optional(),
  terminalReply: z.looseObject({ text: z.string().optional() }).optional(),
});

export interface LeakLabOptions {
  readonly change?: (config: Config, at: { readonly vendor: string; readonly dir: string }) => void;
  readonly how?: Partial<Pick<GatewayProcessOptions, "extraEnv">>;
}

export async function startLeakLab(options: LeakLabOptions = {}): Promise<LeakLab> {
  let special: ((chat: ReceivedChat) => Answer | Promise<Answer> | undefined) | undefined;
  const [vendor, front] = await Promise.all([startRelay(), startRelay()]);
  const box = await startOllamaStandIn({
    models: [
      { name: "qwen2.5-coder:32b", contextLength: 32_768, ...SMALL },
      { name: "llama3.1:70b", contextLength: 131_072, ...SMALL },
      ...PASSED_ON.map((name) => ({ name, contextLength: 131_072, remoteHost: "https://ollama.com:443" })),
    ],
    answer: async (chat) => (await special?.(chat)) ?? { text: `${chat.model} answers message ${turns(chat).length}.` },
  });
  const disguise = await startDisguise(box.url, { inTags: "shown:7b", inShow: "tagged:7b" });
  front.passTo(disguise.url);
  const vendorUrl = `http://api.vendor.test:${vendor.port}`;

  const lab = await startLockedLab({
    ...(options.how === undefined ? {} : { how: options.how }),
    change(config) {
      const { providers } = config.models;
      vendor.passTo(providers.anthropic.baseUrl);
      providers.anthropic.baseUrl = vendorUrl;
      providers.anthropic.models.push(model("claude-haiku-4-5", { input: ["text", "image"] }), model("claude-opus-5"));
      providers.ollama.baseUrl = front.url;
      providers.ollama.models.push(...[...PASSED_ON, "absent:1b"].map((id) => model(id)));
      providers.nearby = {
        baseUrl: front.url,
        api: "anthropic-messages",
        apiKey: "nearby",
        models: [model("wanderer", { baseUrl: vendorUrl })],
      };
      delete config.agents.defaults.utilityModel;
      options.change?.(config, { vendor: vendorUrl, dir: join(config.agents.entries.main.workspace, "..") });
      for (const { workspace } of Object.values<{ workspace: string }>(config.agents.entries)) {
        mkdirSync(workspace, { recursive: true });
      }
    },
  });
  const clutch = await lab.attach();
  const { guard, openclaw } = clutch.app;
  /** Until a lock was on that tells them. */
  const guardRules: GuardRules = {
    models: [QWEN, LLAMA].map((ref) => ({
      provider: "ollama",
      model: ref.slice("ollama/".length),
      baseUrl: front.url,
      ollama: true,
    })),
    order: {},
    tools: ["pdf", "view_image"],
  };
  // An open wall forgets them.
  let wallRules: WallRules = { allow: [], local: [new URL(front.url).host] };
  const answerWith: LeakLab["answerWith"] = (next) => {
    special = next;
    lab.answerWith(next);
  };
  const outside = (): number => vendor.bytes() + box.chats.filter((chat) => PASSED_ON.includes(chat.model)).length;
  const guarding = async () => {
    const status = await guard.status();
    if (status === undefined) throw new Error("the guard is gone");
    return status;
  };
  const everywhere = async (): Promise<number> => outside() + ((await guard.status())?.canary.hits ?? 0);

  return {
    ...lab,
    get wall() {
      return lab.wall;
    },
    clutch,
    box,
    vendor: vendorUrl,
    front,
    guardRules,
    get wallRules() {
      return wallRules;
    },
    outside,
    answerWith,
    async escaped<T>(work: () => Promise<T>, momentMs = 400) {
      const before = await everywhere();
      const said = await work();
      await sleep(momentMs);
      return { said, escaped: (await everywhere()) - before };
    },
    async calm() {
      for (let seen = -1; seen !== outside(); await sleep(500)) {
        seen = outside();
        const running = async (): Promise<boolean> =>
          (await openclaw.activeSessions(ACTIVE_MS, { timeoutMs: 60_000 })).some((row) => row.running);
        while (await running()) await sleep(200);
      }
    },
    asked: (word: string) =>
      [...lab.anthropic.chats, ...box.chats].filter(({ body }) => JSON.stringify(body).includes(word)),
    denied: () => lab.wall.status().totals.denied,
    async hold(...layers: ("guard" | "wall")[]) {
      const { state } = await guarding();
      if (state.on && !layers.includes("guard")) await guard.off(state.id);
      if (!state.on && layers.includes("guard")) {
        await guard.on(randomUUID(), state.models.length === 0 ? guardRules : state);
      }
      const { closed, id, rules } = lab.wall.status();
      if (closed) wallRules = rules;
      if (closed && !layers.includes("wall")) await lab.wallClient.open(id);
      if (!closed && layers.includes("wall")) await lab.wallClient.close(randomUUID(), wallRules);
    },
    nextTool(name: string, args: Record<string, unknown>, word: string) {
      let isUsed = false;
      answerWith(({ body }) => {
        const tools = (body["tools"] ?? []) as { name?: string; function?: { name?: string } }[];
        if (isUsed || tools.length === 0 || !JSON.stringify(body).includes(word)) return undefined;
        isUsed = true;
        const isOffered = tools.some((tool) => (tool.function?.name ?? tool.name) === name);
        // What is not offered by itself is in OpenClaw's catalogue of tools.
        return { text: "", toolCalls: [isOffered ? { name, args } : { name: "tool_call", args: { id: name, args } }] };
      });
    },
    async say(sessionKey: string, message: string, during?: () => Promise<unknown>) {
      const runId = randomUUID();
      const started = performance.now();
      await clutch.call("chat.send", { sessionKey, message, idempotencyKey: runId });
      await during?.();
      for (;;) {
        const reply = waited.parse(await clutch.call("agent.wait", { runId, timeoutMs: 50_000 }));
        const { status, error, terminalReply } = reply;
        if (status === "timeout") continue;
        const ms = performance.now() - started;
        return { text: terminalReply?.text ?? "", error: status === "ok" ? "" : (error ?? status), ms, runId };
      }
    },
    async conversation(agentId: string, ref?: string) {
      const key = `agent:${agentId}:discord:channel:${randomUUID()}`;
      const session = { key, agentId, ...(ref === undefined ? {} : { model: ref }) };
      await clutch.call("sessions.create", { ...session, displayName: "Named" }).catch((error: unknown) => {
        if (!refusesProperty(error, "displayName")) throw error;
        return clutch.call("sessions.create", { ...session, label: key });
      });
      return key;
    },
    async patch(change: Config) {
      const { hash } = await openclaw.readConfig();
      await clutch.call("config.patch", { raw: JSON.stringify(change), baseHash: hash });
    },
    async stop() {
      await lab.stop();
      await Promise.all([disguise.close(), box.close()]);
      await Promise.all([vendor.close(), front.close()]);
    },
  };
}

const model = (id: string, more: object = {}) => ({
  id,
  name: id,
  contextWindow: 131_072,
  contextTokens: 65_536,
  maxTokens: 4_096,
  cost: FREE,
  ...more,
});
