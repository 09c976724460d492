import { randomUUID } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { LLAMA, QWEN, SONNET } from "./harness.ts";
import { ABSENT, CLOUD_TAG, HAIKU, type LeakLab, SHOWN, startLeakLab, TAGGED, WANDERER } from "./leak-lab.ts";
import type { Path } from "./leak-paths.ts";
import * as leak from "./leak-paths.ts";

/**
 * Every way to a model in the cloud that can be tried without a vendor, with each
 * layer alone: it leads there while the layer that is to hold it is open.
 */
let lab: LeakLab;
const ME = { actor: "discord:owner" };
/** Paths that are tried together; more only wait for each other. */
const AT_ONCE = 4;
const OPUS = "anthropic/claude-opus-5";
const HOOK_TOKEN = randomUUID();
/** Holds a `claude` that does as the real one would: it asks the vendor, by the proxy of its environment. */
const bin = mkdtempSync(join(tmpdir(), "clutch-claude-"));

const EMPTY_PDF =
  "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
  "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

beforeAll(async () => {
  lab = await startLeakLab({
    change(config, { vendor, dir }) {
      const { defaults, entries } = config.agents;
      config.plugins.entries["memory-core"].config.dreaming.enabled = true;
      defaults.heartbeat = { every: "24h", model: HAIKU };
      defaults.subagents = { model: HAIKU, allowAgents: ["*"] };
      defaults.imageModel = HAIKU;
      defaults.pdfModel = HAIKU;
      defaults.models[OPUS] = { agentRuntime: { id: "claude-cli" } };
      entries.keeper.model = HAIKU;
      // Their own models are local, so that what leads to the cloud is the path and not the agent.
      const local = (id: string) => ({ workspace: join(dir, id), model: LLAMA });
      entries.homely = local("homely");
      entries.cli = { ...local("cli"), model: QWEN, utilityModel: OPUS };
      const reviewer = { model: HAIKU };
      entries.careful = { ...local("careful"), tools: { exec: { mode: "auto", host: "gateway", reviewer } } };
      entries.recaller = local("recaller");
      config.plugins.allow.push("active-memory", "llm-task");
      config.plugins.entries["active-memory"] = {
        enabled: true,
        config: {
          ...{ mode: "always", agents: ["recaller"], model: HAIKU, allowedChatTypes: ["direct", "channel"] },
          // A busy machine would have it left out.
          ...{ timeoutMs: 120_000, circuitBreakerMaxTimeouts: 20 },
        },
      };
      config.plugins.entries["llm-task"] = {
        enabled: true,
        llm: { allowModelOverride: true, allowedCompletionModels: [HAIKU] },
        config: { defaultProvider: "anthropic", defaultModel: HAIKU.slice("anthropic/".length) },
      };
      config.tools = { alsoAllow: ["llm-task"] };
      config.skills = { workshop: { autonomous: { mode: "auto" } } };
      entries.spare = { ...local("spare"), model: { primary: ABSENT, fallbacks: [SONNET] } };
      const remote = { baseUrl: `${vendor}/v1`, apiKey: "embeddings" };
      entries.reader = {
        ...local("reader"),
        memory: { search: { provider: "openai-compatible", model: "embed", remote } },
      };
      const mapping = { match: { path: "news" }, action: "agent", agentId: "homely", model: HAIKU, deliver: false };
      config.hooks = {
        enabled: true,
        token: HOOK_TOKEN,
        path: "/hooks",
        mappings: [{ ...mapping, name: "News", messageTemplate: "News: {{text}}" }],
      };
      installClaude(vendor);
    },
    how: { extraEnv: { PATH: `${bin}:${process.env["PATH"]}` } },
  });
  writeFileSync(join(lab.dir, "work/homely/dot.png"), Buffer.from(leak.RED_DOT, "base64"));
  writeFileSync(join(lab.dir, "work/homely/empty.pdf"), EMPTY_PDF);
  writeFileSync(join(lab.dir, "work/reader/MEMORY.md"), "# Memory\n\nThe ladle hangs by the stove.\n");
});
afterAll(async () => {
  await lab?.stop();
  rmSync(bin, { recursive: true, force: true });
});

function installClaude(vendor: string): void {
  const ask = `fetch(${JSON.stringify(`${vendor}/v1/messages`)},{method:"POST",body:"{}"}).catch(()=>undefined)`;
  const path = join(bin, "claude");
  writeFileSync(
    path,
    `#!${process.execPath}\nif (process.argv.includes("-p")) require("node:child_process").execFileSync(process.execPath,` +
      `["-e",${JSON.stringify(ask)}],{env:{...process.env,NODE_USE_ENV_PROXY:"1"}});\nprocess.exit(1);\n`,
  );
  chmodSync(path, 0o755);
}

const embeddings = (): Path => ({
  name: "memory embeddings",
  run: (query) => lab.clutch.call("tools.invoke", { name: "memory_search", args: { query }, agentId: "reader" }),
});

/** A title whose model is a program that speaks to the vendor by itself; it does not get the word. */
const titleByProgram = (): Path => ({
  name: "a title by the program claude",
  run: (word) =>
    lab.clutch.call("sessions.title.prepare", { agentId: "cli", message: `Please plan a trip to ${word} in spring.` }),
});

const HELPERS: readonly [string, () => Path][] = [
  ["a title", () => leak.title(lab)],
  ["a title by the program claude", titleByProgram],
  ["a recap", () => leak.recap(lab)],
  ["a summary", () => leak.compaction(lab)],
  ["dreaming", () => leak.dreaming(lab)],
  ["the review of a command", () => leak.review(lab, "careful")],
];

const PICTURES: readonly [string, () => Path][] = [
  ["a picture in a message", () => leak.picture(lab, "homely")],
  ["a picture in a conversation on a cloud model", () => leak.picture(lab, "homely", SONNET)],
];

const turn = (agentId: string, model?: string) => () => leak.turn(lab, "a turn", agentId, model);
/** With the model in the cloud that answers without the lock. */
type Led = readonly [name: string, path: () => Path, model: string];

const TURNS: readonly Led[] = [
  ["a turn", turn("main"), SONNET],
  ["a turn of an agent with a model of its own", turn("keeper"), HAIKU],
  ["a turn of a pinned conversation", turn("homely", SONNET), SONNET],
  ["a turn whose model runs in the program claude", turn("homely", OPUS), OPUS],
  ["a fallback to the cloud", turn("spare"), SONNET],
  ["a model with a cloud tag", turn("homely", CLOUD_TAG), CLOUD_TAG],
  ["an alias whose list does not tell", turn("homely", SHOWN), SHOWN],
  ["an alias whose description does not tell", turn("homely", TAGGED), TAGGED],
  ["a model with an address of its own", turn("homely", WANDERER), "anthropic/wanderer"],
  ["a run that names its model", () => leak.override(lab, "homely"), HAIKU],
  ["a job that names its model", () => leak.job(lab, "homely"), HAIKU],
  ["a webhook that names its model", () => leak.hook(lab, HOOK_TOKEN), HAIKU],
  ["a heartbeat", () => leak.heartbeat(lab), HAIKU],
  ["a sub-agent", () => leak.subAgent(lab, "homely"), HAIKU],
  ["a look into memory before the turn", turn("recaller"), HAIKU],
];

const TOOLS: readonly Led[] = [
  ["the tool pdf", () => leak.tool(lab, "pdf", "homely", (word) => ({ pdf: "empty.pdf", prompt: word })), HAIKU],
  [
    "the tool view_image",
    () => leak.tool(lab, "view_image", "homely", (prompt) => ({ path: "dot.png", prompt })),
    HAIKU,
  ],
  ["the tool llm-task", () => leak.tool(lab, "llm-task", "homely", (prompt) => ({ prompt })), HAIKU],
];

const SILENT: readonly [string, () => Path][] = [
  ["memory embeddings", embeddings],
  ["openclaw infer", () => leak.infer(lab)],
];

describe("while the settings of helper calls name the cloud", () => {
  it.each(HELPERS)("%s goes there past the guard", async (_, path) => {
    await lab.hold("guard");
    const { escaped, local } = await leak.tryPath(lab, path());
    expect(escaped).toBeGreaterThan(0);
    expect(local).toEqual([]);
  });

  it("a side chat goes there without the guard, and with it alone only its recap does", async () => {
    await lab.hold();
    expect((await leak.tryPath(lab, leak.sideChat(lab))).cloud).toEqual([HAIKU]);
    await lab.calm();
    await lab.hold("guard");
    const { cloud, local } = await leak.tryPath(lab, leak.sideChat(lab));
    expect(cloud).toEqual([]);
    expect([[LLAMA], [QWEN]]).toContainEqual(local);
  });

  it.each(PICTURES)("%s is described there past the guard", async (_, path) => {
    await lab.hold("guard");
    expect((await leak.tryPath(lab, path())).escaped).toBeGreaterThan(0);
  });

  it.each(HELPERS.slice(0, 2))("%s is held by the wall alone", async (_, path) => {
    await lab.hold("wall");
    const before = lab.denied();
    const { escaped, local } = await leak.tryPath(lab, path());
    expect(escaped).toBe(0);
    expect(local).toEqual([]);
    expect(lab.denied()).toBeGreaterThan(before);
  });
});

describe("a conversation that is kept local alone", () => {
  const kept: string[] = [];
  const keep = async (key: string): Promise<void> => {
    kept.push(key);
    await lab.clutch.app.guard.setRules(lab.guardRules);
    await lab.clutch.app.guard.keep([key], "here");
  };
  beforeEach(() => lab.hold());
  afterEach(async () => {
    // What a sub-agent reports comes late.
    await lab.calm();
    await lab.clutch.app.guard.release(kept);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["whose model is that of sub-agents", {}, HAIKU],
    ["whose model is named", { model: SONNET }, SONNET],
    ["with what was said before", { context: "fork" }, HAIKU],
    ["of another agent", { agentId: "keeper" }, HAIKU],
    ["that people see", { visible: true }, HAIKU],
  ])("its sub-agent %s stays here, and another's goes to the cloud", async (_, how, model) => {
    expect((await leak.tryPath(lab, leak.subAgent(lab, "homely", how))).cloud).toEqual([model]);
    await lab.calm();
    const { cloud, local } = await leak.tryPath(lab, leak.subAgent(lab, "homely", how, keep));
    expect(cloud).toEqual([]);
    expect([[LLAMA], [QWEN]]).toContainEqual(local);
  });

  it.each<[string, () => Path, (before: typeof keep) => Path]>([
    ["its side chat", () => leak.sideChat(lab), (before) => leak.sideChat(lab, before)],
    [
      "a look into its memory",
      () => leak.turn(lab, "a turn", "recaller"),
      (before) => leak.turn(lab, "a turn", "recaller", undefined, before),
    ],
  ])("%s stays here, and another's goes to the cloud", async (_, open, held) => {
    expect((await leak.tryPath(lab, open())).cloud).toEqual([HAIKU]);
    await lab.calm();
    const { cloud, local } = await leak.tryPath(lab, held(keep));
    expect(cloud).toEqual([]);
    expect(local).not.toEqual([]);
  });

  it("a question aside is refused there, and another's goes to the cloud", async () => {
    const { cloud } = await leak.tryPath(lab, leak.aside(lab, "homely"));
    expect(cloud).toEqual([SONNET]);
    await lab.calm();
    const held = await leak.tryPath(lab, leak.aside(lab, "homely", keep));
    expect([...held.cloud, ...held.local]).toEqual([]);
  });

  it("its task is not handed to a program that chooses its own model", async () => {
    const args = (word: string) => ({ task: `Count ${word}.`, runtime: "acp" });
    const path = leak.tool(lab, "sessions_spawn", "homely", args, keep);
    await leak.tryPath(lab, path);
    const heard = lab.box.chats.flatMap(({ messages }) => messages.map(({ text }) => text));
    expect(heard.join("\n")).toContain("sessions_spawn would hand its text to a program");
  });
});

describe("with the lock on", () => {
  it("nothing got out on the way", async () => {
    await lab.hold();
    const { said, escaped } = await lab.escaped(() => lab.clutch.app.localOnly.turnOn(ME));
    expect(said.status).toMatchObject({ enforcement: "enforced", problems: [] });
    expect(escaped).toBe(0);
  });

  it.each(HELPERS)("%s stays here by its setting", async (_, path) => {
    await lab.hold("guard");
    const { escaped, cloud, local } = await leak.tryPath(lab, path());
    expect({ escaped, cloud }).toEqual({ escaped: 0, cloud: [] });
    expect(local).not.toEqual([]);
  });

  it.each(PICTURES)("%s is described by nobody, and answered here", async (_, path) => {
    await lab.hold("guard");
    const { escaped, cloud, local } = await leak.tryPath(lab, path());
    expect({ escaped, cloud }).toEqual({ escaped: 0, cloud: [] });
    expect(local).not.toEqual([]);
  });

  it.each([...TURNS, ...TOOLS])(
    "%s goes to the cloud without the guard, and with it alone stays here",
    async (_, path, model) => {
      await lab.hold();
      const open = await leak.tryPath(lab, path());
      expect(open.escaped).toBeGreaterThan(0);
      expect(open.cloud).toEqual([model]);
      await staysHere(path());
    },
  );

  it("a memory flush goes to the cloud without the guard, and with it alone stays here", async () => {
    await lab.hold();
    const compaction = { memoryFlush: { model: HAIKU, softThresholdTokens: 50_000 } };
    await lab.patch({ agents: { defaults: { compaction } } });
    expect((await leak.tryPath(lab, leak.memoryFlush(lab, "homely"))).cloud).toEqual([HAIKU]);
    await staysHere(leak.memoryFlush(lab, "homely"));
    await lab.patch({ agents: { defaults: { compaction: { memoryFlush: null } } } });
  });

  async function staysHere(path: Path): Promise<void> {
    await lab.calm();
    await lab.hold("guard");
    const { escaped, cloud, local } = await leak.tryPath(lab, path);
    expect({ escaped, cloud }).toEqual({ escaped: 0, cloud: [] });
    expect(local).not.toEqual([]);
    expect([LLAMA, QWEN]).toEqual(expect.arrayContaining([...local]));
  }

  it("the weekly review of skills goes to the cloud without the guard, and with it alone stays here", async () => {
    await lab.hold();
    const open = await leak.reviewSkills(lab, "keeper");
    expect(open.model).toBe(HAIKU);
    expect(open.escaped).toBeGreaterThan(0);
    await lab.hold("guard");
    const held = await leak.reviewSkills(lab, "keeper");
    expect(held.escaped).toBe(0);
    expect([LLAMA, QWEN]).toContain(held.model);
  });

  it.each(SILENT)("%s go out past the guard, and not through the wall", async (_, path) => {
    await lab.hold("guard");
    expect((await leak.tryPath(lab, path())).escaped).toBeGreaterThan(0);
    await lab.hold("guard", "wall");
    const before = lab.denied();
    expect((await leak.tryPath(lab, path())).escaped).toBe(0);
    expect(lab.denied()).toBeGreaterThan(before);
  });

  it("an MCP server is asked past the guard, and not through the wall", async () => {
    await lab.hold("guard");
    await lab.patch({ mcp: { servers: { far: { url: `${lab.vendor}/mcp`, transport: "streamable-http" } } } });
    expect((await leak.tryPath(lab, turn("homely")())).escaped).toBeGreaterThan(0);
    await lab.hold("guard", "wall");
    const before = lab.denied();
    expect((await leak.tryPath(lab, turn("homely")())).escaped).toBe(0);
    expect(lab.denied()).toBeGreaterThan(before);
    await lab.patch({ mcp: { servers: { far: null } } });
  });

  it("a turn meets the wall where there is no guard", async () => {
    await lab.hold("wall");
    const before = lab.denied();
    const { escaped } = await lab.escaped(async () => {
      const sessionKey = await lab.conversation("homely", SONNET);
      const runId = randomUUID();
      await lab.clutch.call("chat.send", { sessionKey, message: "A secret.", idempotencyKey: runId });
      await vi.waitFor(() => expect(lab.denied()).toBeGreaterThan(before), { timeout: 60_000, interval: 50 });
      await lab.clutch.call("chat.abort", { sessionKey, runId });
    });
    expect(escaped).toBe(0);
  });

  it("everything together lets nothing out through guard and wall", async () => {
    await lab.hold("guard", "wall");
    const { said, escaped } = await lab.escaped(async () => {
      const found: unknown[] = [];
      const all = [
        ...TURNS.filter(([name]) => name !== "a sub-agent"),
        ...HELPERS,
        ["a side chat", () => leak.sideChat(lab)] as const,
      ];
      for (let at = 0; at < all.length; at += AT_ONCE) {
        const results = all.slice(at, at + AT_ONCE).map(async ([name, path]) => {
          const { cloud, local } = await leak.tryPath(lab, path());
          return cloud.length > 0 || local.length === 0 ? [name, ...cloud] : [];
        });
        found.push(...(await Promise.all(results)).flat());
      }
      for (const [, path] of [...TOOLS, ...PICTURES]) await leak.tryPath(lab, path());
      return found;
    }, 3_000);
    expect(said).toEqual([]);
    expect(escaped).toBe(0);
  });

  it("what is made meanwhile stays here: an agent, a provider, a conversation", async () => {
    await lab.hold("guard", "wall");
    const { vendor } = lab;
    const late = { baseUrl: vendor, api: "anthropic-messages", apiKey: "late" };
    const cost = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
    const models = [{ id: "newest", name: "Newest", contextWindow: 200_000, maxTokens: 4_096, cost }];
    const { said, escaped } = await lab.escaped(async () => {
      await lab.clutch.call("agents.create", { name: "late", workspace: join(lab.dir, "work/late"), model: SONNET });
      await lab.patch({ models: { providers: { late: { ...late, models } } } });
      await lab.clutch.app.localOnly.reconcile();
      return [
        await leak.tryPath(lab, turn("late")()),
        await leak.tryPath(lab, turn("late", "late/newest")()),
        await leak.tryPath(lab, leak.title(lab)),
      ];
    }, 2_000);
    expect(said.map(({ cloud }) => cloud)).toEqual([[], [], []]);
    expect(said.every(({ local }) => local.length > 0)).toBe(true);
    expect(escaped).toBe(0);
    expect(await lab.clutch.app.localOnly.status()).toMatchObject({ enforcement: "enforced", problems: [] });
  });

  it("taken off, all of them lead where they led before, and so does what was made meanwhile", async () => {
    await lab.hold("guard", "wall");
    expect((await lab.clutch.app.localOnly.turnOff({ ...ME, restore: "all" })).status.enforcement).toBe("off");
    const made: Led[] = [
      ["a turn of the new agent", turn("late"), SONNET],
      ["a turn on the new provider", turn("late", "late/newest"), "anthropic/newest"],
    ];
    const led = [...TURNS, ...made].filter(([name]) => name !== "a sub-agent");
    const found: unknown[] = [];
    for (let at = 0; at < led.length; at += AT_ONCE) {
      const results = led.slice(at, at + AT_ONCE).map(async ([name, path, model]) => {
        const { cloud } = await leak.tryPath(lab, path());
        // A recap of it may have gone there as well.
        return cloud.includes(model) ? [] : [name, ...cloud];
      });
      found.push(...(await Promise.all(results)).flat());
    }
    expect(found).toEqual([]);
  });

  it("with the guard's files gone and the gateway started again it is broken, and the wall holds", async () => {
    const { status } = await lab.clutch.app.localOnly.turnOn(ME);
    expect(status).toMatchObject({ enforcement: "enforced", problems: [] });
    rmSync(join(lab.guardDirectory, "plugin"), { recursive: true });
    const { said, escaped } = await lab.escaped(async () => {
      await lab.gateway.restart();
      await lab.clutch.app.connection.ready(60_000);
      const before = lab.denied();
      const sessionKey = await lab.conversation("homely", SONNET);
      const runId = randomUUID();
      await lab.clutch.call("chat.send", { sessionKey, message: "A secret.", idempotencyKey: runId });
      await vi.waitFor(() => expect(lab.denied()).toBeGreaterThan(before), { timeout: 60_000, interval: 50 });
      await lab.clutch.call("chat.abort", { sessionKey, runId });
      return lab.clutch.app.localOnly.status();
    }, 2_000);
    expect(escaped).toBe(0);
    expect(said.enforcement).toBe("broken");
    expect(said.problems.join(" ")).toContain("guard is gone");
  });
});
