import { beforeEach, describe, expect, it } from "vitest";
import { createHelperLock } from "../../src/local-only/helper-lock.ts";
import { type Config, GPT, openBench, PHI, QWEN, RELAYED, ref, SONNET } from "./lock-bench.ts";

const owner = { actor: "discord:owner", reason: "an audit" };
const TARGET = ref(QWEN);

let bench: Awaited<ReturnType<typeof openBench>>;
beforeEach(async () => {
  bench = await openBench();
});

const close = (batch = "lock-1") => bench.lock.close(TARGET, { ...owner, batch });
const open = (batch = "lock-1") => bench.lock.open(batch, owner);
const names = (slots: readonly { readonly name: string }[]) => slots.map(({ name }) => name);

const BLIND = { media: { image: { enabled: false } } };
/** Everything else of a configuration in which memory dreams nothing, nobody describes pictures, and nobody has a model of their own. */
const config = (defaults: Config = {}, rest: Config = {}, entries: Config = { main: {} }): Config => ({
  agents: { defaults: { model: SONNET, ...defaults }, entries },
  plugins: { enabled: false },
  tools: BLIND,
  ...rest,
});
const REVIEWER = "tools.exec.reviewer.model";
const RECAPS = "agents.defaults.utilityModel";
const COMPACTION = "agents.defaults.compaction.model";
const PICTURES = "tools.media.image.enabled";
/** What is set where nobody set anything. */
const HELD = { utilityModel: QWEN, compaction: { model: QWEN } };
const REVIEWED = { tools: { ...BLIND, exec: { reviewer: { model: QWEN } } } };

const opens = async (next: Config) => {
  bench.setConfig(next);
  return (await bench.lock.cloudHelpers()).map(({ setting, uses }) => [setting, uses]);
};

describe("helper calls that would leave", () => {
  it("are all of them, where nobody set a model", async () => {
    expect(await opens({ agents: { defaults: { model: SONNET }, entries: { main: {} } } })).toEqual([
      [RECAPS, "anthropic/claude-haiku-4-5, chosen by OpenClaw"],
      [COMPACTION, `each conversation's own model, by default ${SONNET}`],
      ["plugins.entries.memory-core.config.dreaming.model", `the agent's own model, ${SONNET}`],
      [REVIEWER, "the agent's own model"],
      [PICTURES, "whichever model can look at them"],
    ]);
  });

  it("are titles and compaction even where all agents are local, because a conversation may be pinned elsewhere", async () => {
    expect(await opens(config({ model: QWEN }))).toEqual([
      [RECAPS, "no recaps, titles by the agent's own model"],
      [COMPACTION, `each conversation's own model, by default ${QWEN}`],
    ]);
    expect(await opens({ agents: { defaults: { model: QWEN, ...HELD } }, tools: BLIND })).toEqual([]);
  });

  it.each<[string, Config, boolean]>([
    ["a vendor's model", { utilityModel: GPT }, false],
    ["a relay's model", { utilityModel: RELAYED }, true],
    ["a model that nobody knows", { utilityModel: "vllm/something" }, true],
    ["whichever model it may be, a relay's too", {}, true],
  ])("may be on the gateway's own machine: %s", async (_, defaults, is) => {
    bench.setConfig(config({ model: QWEN, compaction: { model: QWEN }, ...defaults }));
    expect((await bench.lock.cloudHelpers()).map(({ onGateway }) => onGateway)).toEqual([is]);
  });

  it("are titles where recaps are switched off", async () => {
    const next = config({ ...HELD, utilityModel: "" }, REVIEWED, { main: {}, other: { utilityModel: " " } });
    const uses = "titles by each conversation's own model";
    expect(await opens(next)).toEqual([
      [RECAPS, uses],
      ["agents.entries.other.utilityModel", uses],
    ]);
  });

  it.each<[string, Config, readonly (readonly string[])[]]>([
    [
      "a local model by its alias",
      config({ ...HELD, utilityModel: "Small", models: { [QWEN]: { alias: "small" } } }, REVIEWED),
      [],
    ],
    [
      "an alias that another agent has for a cloud model",
      config({ ...HELD, utilityModel: "small", models: { [QWEN]: { alias: "small" } } }, REVIEWED, {
        main: { models: { [SONNET]: { alias: "small" } } },
      }),
      [[RECAPS, `small (${QWEN})`]],
    ],
    [
      "an alias that one agent has dropped",
      config({ ...HELD, utilityModel: "small", models: { [QWEN]: { alias: "small" } } }, REVIEWED, {
        main: { models: { [QWEN]: { alias: "" } } },
      }),
      [[RECAPS, `small (${QWEN})`]],
    ],
    [
      "an alias that takes a local model's name",
      config({ utilityModel: PHI, compaction: { model: QWEN }, models: { [SONNET]: { alias: PHI } } }, REVIEWED),
      [[RECAPS, `${PHI} (${SONNET})`]],
    ],
    [
      "a bare name, which means the model of whatever provider is at work",
      config({ ...HELD, compaction: { model: "phi4" }, models: { [QWEN]: { alias: "phi4" } } }, REVIEWED),
      [[COMPACTION, `phi4 (${QWEN})`]],
    ],
    ["a model that nobody knows", config({ ...HELD, utilityModel: "x/y" }, REVIEWED), [[RECAPS, "x/y"]]],
    [
      "a local model that a vendor's program would run",
      config({ ...HELD, utilityModel: PHI, models: { [PHI]: { agentRuntime: { id: "claude-cli" } } } }, REVIEWED),
      [[RECAPS, PHI]],
    ],
    [
      "a local model behind a proxy of its provider's own",
      config(HELD, { ...REVIEWED, models: { providers: { ollama: { request: { proxy: { mode: "env-proxy" } } } } } }),
      [
        [RECAPS, QWEN],
        [COMPACTION, QWEN],
        [REVIEWER, QWEN],
      ],
    ],
    [
      "a reviewer with a fallback in the cloud",
      config(HELD, { tools: { ...BLIND, exec: { reviewer: { model: { primary: QWEN, fallbacks: [SONNET] } } } } }),
      [[REVIEWER, `${QWEN}, ${SONNET}`]],
    ],
    [
      "a reviewer of one agent, whose block hides the shared model",
      config(HELD, REVIEWED, { main: { tools: { exec: { reviewer: { timeoutMs: 5 } } } } }),
      [["agents.entries.main.tools.exec.reviewer.model", "the agent's own model"]],
    ],
    [
      "speech without a model for its summaries",
      config(HELD, { ...REVIEWED, tts: { auto: "always" } }),
      [["tts.summaryModel", "the agent's own model"]],
    ],
    [
      "an agent's speech with an empty one, which hides the shared one",
      config(HELD, { ...REVIEWED, tts: { summaryModel: QWEN } }, { main: { tts: { summaryModel: "" } } }),
      [["agents.entries.main.tts.summaryModel", "the agent's own model"]],
    ],
    [
      "direct replies of ClickClack",
      config(HELD, { ...REVIEWED, channels: { clickclack: { replyMode: "model", accounts: { a: { model: GPT } } } } }),
      [
        ["channels.clickclack.accounts.a.model", GPT],
        ["channels.clickclack.model", "the agent's own model"],
      ],
    ],
    [
      "decisions, and a plugin that compacts",
      config({ ...HELD, decisionModel: "typesafe/jev", compaction: { model: QWEN, provider: "elsewhere" } }, REVIEWED),
      [
        ["agents.defaults.decisionModel", "typesafe/jev"],
        ["agents.defaults.compaction.provider", "elsewhere"],
      ],
    ],
  ])("%s", async (_, next, expected) => {
    expect(await opens(next)).toEqual(expected);
  });

  const media = (settings: Config): Config => ({ tools: { ...REVIEWED.tools, media: settings } });
  it.each<[string, Config, readonly (readonly string[])[]]>([
    ["by a model in the cloud", config({ ...HELD, imageModel: GPT }, media({})), [[PICTURES, GPT]]],
    [
      "by one with a fallback there",
      config({ ...HELD, imageModel: { primary: QWEN, fallbacks: [GPT] } }, media({})),
      [[PICTURES, `${QWEN}, ${GPT}`]],
    ],
    ["by a local one", config({ ...HELD, imageModel: QWEN }, media({})), []],
    [
      "by a local one, but for an entry that comes first",
      config({ ...HELD, imageModel: QWEN }, media({ models: [{ provider: "openai", model: "gpt-6" }] })),
      [[PICTURES, `${QWEN}, ${GPT}`]],
    ],
    [
      "by a local one, with an entry for sounds",
      config({ ...HELD, imageModel: QWEN }, media({ models: [{ provider: "openai", capabilities: ["audio"] }] })),
      [],
    ],
    [
      "by a program",
      config(HELD, media({ models: [{ type: "cli", command: "gemini", capabilities: ["image"] }] })),
      [[PICTURES, "a program/?"]],
    ],
    [
      "by a preferred model",
      config({ ...HELD, imageModel: QWEN }, media({ image: { preferredModel: GPT } })),
      [[PICTURES, `${QWEN}, ${GPT}`]],
    ],
    ["by nobody", config({ ...HELD, imageModel: GPT }, media({ image: { enabled: false } })), []],
  ])("of pictures: described %s", async (_, next, expected) => {
    expect(await opens(next)).toEqual(expected);
  });

  const dreaming = (settings: Config, defaults: Config = {}): Config => ({
    agents: { defaults: { model: SONNET, ...HELD, ...defaults } },
    ...REVIEWED,
    plugins: { entries: { "memory-core": { config: { dreaming: settings } } } },
  });
  const DREAMING = "plugins.entries.memory-core.config.dreaming";
  it.each<[string, Config, readonly string[]]>([
    ["none while it is switched off", dreaming({ enabled: false, model: SONNET }), []],
    ["none while the agents are local", dreaming({}, { model: QWEN }), []],
    ["the shared model", dreaming({ model: SONNET }), [`${DREAMING}.model`]],
    ["not the shared one that nobody reads", dreaming({ execution: { defaults: { model: QWEN } } }), []],
    [
      "a phase's own",
      dreaming({ model: QWEN, phases: { rem: { execution: { model: SONNET } } } }),
      [`${DREAMING}.phases.rem.execution.model`],
    ],
  ])("of dreaming: %s", async (_, next, settings) => {
    expect((await opens(next)).map(([setting]) => setting)).toEqual(settings);
  });
});

describe("closing and opening", () => {
  it("points exactly those at the local model with one patch, and puts them back word for word", async () => {
    const before = {
      agents: {
        defaults: { model: SONNET, utilityModel: "", models: { [PHI]: { alias: "small" } } },
        entries: { main: { utilityModel: "small" }, other: { utilityModel: GPT, note: 1 } },
      },
      tools: { exec: { reviewer: { model: { primary: SONNET, fallbacks: [GPT] }, timeoutMs: 5 } }, media: {} },
      plugins: {
        entries: { "memory-core": { subagent: { allowedModels: ["a/b"] }, config: { dreaming: { model: GPT } } } },
      },
    };
    bench.setConfig(before);
    const changed = await close();
    expect(names(changed)).toEqual([
      RECAPS,
      "agents.entries.other.utilityModel",
      COMPACTION,
      "plugins.entries.memory-core.subagent.allowModelOverride",
      "plugins.entries.memory-core.subagent.allowedModels",
      "plugins.entries.memory-core.config.dreaming.model",
      REVIEWER,
      PICTURES,
    ]);
    expect(bench.patches()).toBe(1);
    expect(bench.config()).toMatchObject({
      agents: { entries: { main: { utilityModel: "small" }, other: { utilityModel: QWEN, note: 1 } } },
      tools: { exec: { reviewer: { model: QWEN, timeoutMs: 5 } }, media: { image: { enabled: false } } },
      plugins: {
        entries: { "memory-core": { subagent: { allowModelOverride: true, allowedModels: ["a/b", QWEN] } } },
      },
    });
    expect(await bench.lock.cloudHelpers()).toEqual([]);

    const { undone, kept } = await open();
    expect(undone).toHaveLength(changed.length);
    expect(kept).toEqual([]);
    expect(JSON.stringify(bench.config())).toBe(JSON.stringify(before));
  });

  it("does nothing where everything is local, and nothing twice", async () => {
    bench.setConfig(config(HELD, REVIEWED));
    expect(await close()).toEqual([]);
    expect(await open()).toEqual({ undone: [], kept: [] });
    bench.setConfig(config());
    expect(names(await close())).toEqual([RECAPS, COMPACTION, REVIEWER]);
    expect(await close()).toEqual([]);
    expect((await open()).undone).toHaveLength(3);
    expect(await open()).toEqual({ undone: [], kept: [] });
    expect(bench.config()).toEqual(config());
  });

  it("keeps what somebody changed meanwhile, and says so", async () => {
    bench.setConfig(config());
    await close();
    bench.setConfig(config({ ...HELD, utilityModel: GPT }, REVIEWED));
    const { undone, kept } = await open();
    expect(names(kept)).toEqual([RECAPS]);
    expect(names(undone)).toEqual([REVIEWER, COMPACTION]);
    expect(bench.config()).toEqual(config({ utilityModel: GPT }));
  });

  it("takes back several closings of one lock, newest first", async () => {
    bench.setConfig(config());
    await close();
    bench.setConfig(config({ ...HELD, utilityModel: GPT }, REVIEWED));
    expect(names(await close())).toEqual([RECAPS]);
    await open();
    expect(bench.config()).toEqual(config({ utilityModel: GPT }));
  });

  it("leaves other locks and other changes alone", async () => {
    bench.setConfig(config());
    await close("lock-1");
    expect(await open("lock-2")).toEqual({ undone: [], kept: [] });
    expect(bench.config()).toEqual(config(HELD, REVIEWED));
  });

  it.each<[string, Config, string, string]>([
    ["does not know", config(), "x/y", "unknown_model"],
    ["has in the cloud", config(), SONNET, "local_only"],
    ["would read as another one", config({ models: { [SONNET]: { alias: QWEN } } }), QWEN, "local_only"],
  ])("refuses a target that OpenClaw %s", async (_, next, target, code) => {
    bench.setConfig(next);
    await expect(bench.lock.close(ref(target), { ...owner, batch: "b" })).rejects.toMatchObject({ code });
    expect(bench.patches()).toBe(0);
  });
});

describe("after a crash", () => {
  const crash = () => {
    throw new Error("killed");
  };

  it.each(["beforePatch", "afterPatch"] as const)("in a closing, %s", async (moment) => {
    bench.setConfig(config());
    bench.faults[moment] = crash;
    await expect(close()).rejects.toThrow("killed");
    bench.faults[moment] = undefined;
    await open();
    expect(bench.config()).toEqual(config());
    expect(await open()).toEqual({ undone: [], kept: [] });
  });

  it.each(["beforePatch", "afterPatch"] as const)("in an opening, %s", async (moment) => {
    bench.setConfig(config());
    await close();
    bench.faults[moment] = crash;
    await expect(open()).rejects.toThrow("killed");
    bench.faults[moment] = undefined;
    await open();
    expect(bench.config()).toEqual(config());
    expect(await open()).toEqual({ undone: [], kept: [] });
  });

  it("in a closing, with a change by somebody before anybody looked", async () => {
    bench.setConfig(config());
    bench.faults.afterPatch = crash;
    await expect(close()).rejects.toThrow("killed");
    bench.faults.afterPatch = undefined;
    bench.setConfig(config({ ...HELD, utilityModel: GPT }, REVIEWED));
    await open();
    expect(bench.config()).toEqual(config({ utilityModel: GPT }));
    const patches = bench.patches();
    await open();
    expect(bench.patches()).toBe(patches);
  });

  it("in which somebody else changed a setting in the same moment", async () => {
    bench.setConfig(config());
    bench.faults.afterPatch = () => bench.setConfig(config({ ...HELD, utilityModel: GPT }, REVIEWED));
    await expect(close()).rejects.toMatchObject({ code: "not_verified" });
    bench.faults.afterPatch = undefined;
    await open();
    expect(bench.config()).toEqual(config({ utilityModel: GPT }));
  });
});

describe("the audit", () => {
  const audit = async (next: Config) => {
    bench.setConfig(next);
    return bench.lock.audit();
  };

  it("names what else reaches the cloud, how it is held, and nothing that is local", async () => {
    const { settings } = await audit({
      agents: {
        defaults: { model: SONNET, imageModel: QWEN, pdfModel: { primary: QWEN, fallbacks: [GPT] } },
        entries: {
          main: { models: { [SONNET]: { agentRuntime: { id: "claude-cli" } }, "a/*": { agentRuntime: { id: "pi" } } } },
        },
      },
      models: {
        providers: {
          ollama: { baseUrl: "http://127.0.0.1:11434", models: [{ id: "phi4", baseUrl: "http://127.0.0.1:1" }] },
          openai: { baseUrl: "https://api.openai.com/v1?key=secret" },
        },
      },
      memory: { search: { provider: "openai", model: "" } },
      proxy: { enabled: false, proxyUrl: "http://127.0.0.1:3128" },
    });
    expect(settings.map(({ setting, how, value }) => [setting, how, value])).toEqual([
      ["agents.defaults.pdfModel", "tool", `${QWEN}, ${GPT}`],
      ["memory.search.provider", "egress", "openai"],
      ["models.providers.openai.baseUrl", "route", "https://api.openai.com"],
      [`agents.entries.main.models["${SONNET}"].agentRuntime`, "route", "claude-cli"],
      ["proxy.enabled", "route", "false"],
      ["tools.media.audio", "egress", "not set, so OpenClaw chooses"],
    ]);
  });

  it("knows what leads to the gateway's own machine, where a wall may not see it", async () => {
    const { settings } = await audit({
      agents: { defaults: { model: SONNET } },
      models: {
        providers: {
          litellm: { baseUrl: "http://localhost:4000" },
          openai: { baseUrl: "https://api.openai.com/v1" },
        },
      },
      memory: { search: { provider: "openai", remote: { baseUrl: "http://127.0.0.1:4000/v1" } } },
      mcp: { servers: { near: { url: "http://[::1]:7000/sse" }, far: { url: "https://mcp.example.org" } } },
      tts: { provider: "elevenlabs", providers: { elevenlabs: {}, openai: { baseUrl: "http://127.0.0.1:8880" } } },
      tools: { media: { models: [{ provider: "litellm", model: "whisper" }], audio: { preferredModel: "openai/x" } } },
    });
    const near = settings.filter(({ onGateway }) => onGateway).map(({ setting }) => setting);
    expect(near).toEqual([
      "memory.search.provider",
      "memory.search.remote.baseUrl",
      "tools.media.models[0].provider",
      "tts.providers.openai",
      "mcp.servers.near.url",
      "models.providers.litellm.baseUrl",
      "tools.media.audio",
    ]);
    const embedding = async (provider: string) =>
      (await audit(config({}, { memory: { search: { provider } } }))).settings.map(({ name, onGateway }) => [
        name,
        onGateway,
      ])[0];
    expect(await embedding("ollama")).toEqual(["Memory embeddings", true]);
    expect(await embedding("voyage")).toEqual(["Memory embeddings", false]);
  });

  it("names what OpenClaw chooses where nobody set anything, and not what is off", async () => {
    const left = async (next: Config) => (await audit(next)).settings.map(({ name }) => name);
    expect(await left(config())).toEqual(["Memory embeddings", "Voice and video in messages"]);
    const off = { enabled: false };
    const media = { media: { audio: off, video: off } };
    expect(await left(config({}, { memory: { search: { provider: "none" } }, tools: media }))).toEqual([]);
    expect(await left(config({}, { memory: { search: off }, tools: media }))).toEqual([]);
    const here = { memory: { search: { provider: "local", fallback: "none" } }, tools: { media: { audio: off } } };
    expect(await left(config({}, here))).toEqual(["Voice and video in messages"]);
  });

  it("blocks the tools, but not one whose model is proved local", async () => {
    const { tools } = await audit(config());
    expect(tools).toEqual([
      ...["code_execution", "image_generate", "llm-task", "music_generate", "pdf", "tts", "video_generate"],
      ...["view_image", "web_search", "x_search"],
    ]);
    const without = async (defaults: Config) => {
      const left = (await audit(config(defaults))).tools;
      return tools.filter((tool) => !left.includes(tool));
    };
    expect(await without({ imageModel: QWEN })).toEqual(["pdf", "view_image"]);
    expect(await without({ imageModel: { primary: QWEN, fallbacks: [GPT] } })).toEqual([]);
    expect(await without({ imageModel: QWEN, pdfModel: SONNET })).toEqual(["view_image"]);
    expect(await without({ mediaModels: { image: { primary: QWEN } } })).toEqual([]);
  });

  it("names settings of the schema that nobody knows", async () => {
    const readSchema = async () => ({ properties: { agents: { properties: { reviewModel: { type: "string" } } } } });
    const lock = createHelperLock({ ...bench.parts, readSchema });
    expect((await lock.audit()).unknown).toEqual(["agents.reviewModel"]);
  });
});
