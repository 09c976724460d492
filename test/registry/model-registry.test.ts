import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { OpenClaw } from "../../src/openclaw/openclaw.ts";
import { createModelRegistry } from "../../src/registry/model-registry.ts";
import type { ServerAddress } from "../../src/registry/server-address.ts";
import type { ServerMonitor } from "../../src/registry/server-monitor.ts";
import type { ModelDescription, ServedModel } from "../../src/servers/model-server.ts";

const CONFIG = {
  agents: { defaults: { model: "ollama/qwen3:8b", models: { "ollama/qwen3:8b": { alias: "qwen" } } } },
  models: {
    providers: {
      ollama: {
        api: "ollama",
        baseUrl: "http://127.0.0.1:11434",
        models: [{ id: "qwen3:8b", contextTokens: 32_768, params: { num_ctx: 16_384 } }],
      },
      anthropic: { api: "anthropic-messages", baseUrl: "https://api.anthropic.com", models: [] },
      studio: { api: "openai-completions", baseUrl: "http://127.0.0.1:1234/v1", models: [] },
    },
  },
};

function lab(servers: Parameters<typeof createModelRegistry>[0]["servers"] = {}) {
  const state = {
    now: 0,
    looks: 0,
    broken: false,
    /** Where set, a look waits for it after it has begun. */
    gate: undefined as Promise<void> | undefined,
    catalog: ["ollama/qwen3:8b", "anthropic/claude-sonnet-5", "studio/some"],
    served: [{ name: "qwen3:8b", sizeBytes: 5e9 }] as readonly ServedModel[] | undefined,
    asked: [] as string[],
    description: undefined as ModelDescription | undefined,
    known: undefined as ModelDescription | undefined,
  };
  const openclaw = {
    listModels: async () => {
      state.looks++;
      const { catalog } = state;
      await state.gate;
      if (state.broken) throw new Error("gateway lost");
      return catalog.map((text) => {
        const [provider = "", model = ""] = text.split("/");
        return { ref: { provider, model }, name: model, windowTokens: 32_768, atLocalAddress: true };
      });
    },
    listAgents: async () => ({ defaultId: undefined, ids: ["keeper", "main"] }),
    readConfig: async () => ({ hash: "1", config: CONFIG, authored: CONFIG }),
  } as Partial<OpenClaw> as OpenClaw;
  const monitor = {
    look: async ({ id }: ServerAddress) => {
      state.asked.push(id);
      const { served: models } = state;
      return { ok: models !== undefined, at: 0, reason: undefined, models };
    },
    described: () => state.known,
    describe: async () => {
      state.known = state.description;
      return state.description;
    },
  } as Partial<ServerMonitor> as ServerMonitor;
  const registry = createModelRegistry({
    openclaw,
    servers,
    trustedLocal: [],
    demoProviders: [],
    monitor,
    measurements: { all: async () => [], save: async () => undefined },
    stated: async () => {
      throw new Error("unreadable");
    },
    machine: () => undefined,
    resolve: async () => ["160.79.104.10"],
    clock: () => state.now,
    logger: pino({ level: "silent" }),
  });
  const names = async () => (await registry.current()).models.map(({ name }) => name);
  return { registry, state, names };
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 1));

it("knows which models OpenClaw reaches on its own machine, by its own configuration, else by its own word", async () => {
  const { registry, state } = lab({ studio: { kind: "openai-compatible", baseUrl: "http://10.0.0.2:1234" } });
  state.catalog = ["ollama/qwen3:8b", "anthropic/claude-sonnet-5", "studio/some", "openai/gpt-6", "copilot-proxy/any"];
  const { models } = await registry.current();
  expect(models.map(({ onGateway }) => onGateway)).toEqual([true, false, true, false, true]);
});

describe("a look", () => {
  it("is good for 15 s, and remembered without asking", async () => {
    const { registry, state } = lab();
    expect(registry.known()).toBeUndefined();
    const first = await registry.current();
    state.now = 14_999;
    expect(await registry.current()).toBe(first);
    expect(registry.known()).toBe(first);
    state.now = 15_000;
    expect(await registry.current()).not.toBe(first);
    expect(state.looks).toBe(2);
  });

  it("is not good for an hour more where the clock is set back by one", async () => {
    const { registry, state } = lab();
    state.now = 3_600_000;
    await registry.current();
    state.now = 0;
    await registry.current();
    expect(state.looks).toBe(2);
    state.now = 1_000;
    await registry.current();
    expect(state.looks).toBe(2);
  });

  it("is shared by all who ask at the same time", async () => {
    const { registry, state } = lab();
    await Promise.all([registry.current(), registry.refresh(), registry.current()]);
    expect(state.looks).toBe(1);
  });

  it("is taken again after something changed", async () => {
    const { registry, state, names } = lab();
    await names();
    state.catalog = ["ollama/llama"];
    registry.invalidate();
    expect(await names()).toEqual(["llama"]);
    expect(registry.find({ provider: "ollama", model: "llama" })?.name).toBe("llama");
    expect(registry.find({ provider: "ollama", model: "qwen3:8b" })).toBeUndefined();
  });

  it("that was under way when something changed is not taken for a new one", async () => {
    const { registry, state, names } = lab();
    let open = (): void => undefined;
    state.gate = new Promise((resolve) => {
      open = resolve;
    });
    const early = names();
    await settled();
    state.catalog = ["ollama/llama"];
    registry.invalidate();
    const joined = names();
    open();
    await Promise.all([early, joined]);
    expect(await names()).toEqual(["llama"]);
  });

  it("that fails leaves what was known, and the wish for a new one", async () => {
    const { registry, state, names } = lab();
    const before = await registry.current();
    state.broken = true;
    registry.invalidate();
    await expect(registry.current()).rejects.toThrow("gateway lost");
    expect(registry.known()).toBe(before);
    state.broken = false;
    state.catalog = ["ollama/llama"];
    expect(await names()).toEqual(["llama"]);
  });
});

describe("a profile", () => {
  const find = async ({ registry }: ReturnType<typeof lab>, name: string) =>
    (await registry.current()).models.find((model) => model.name === name);

  it("has what OpenClaw, its configuration and the server say", async () => {
    const model = await find(lab(), "qwen3:8b");
    expect(model).toMatchObject({
      aliases: ["qwen"],
      windowTokens: 32_768,
      requestedContextTokens: 16_384,
      locality: { kind: "local" },
      server: { id: "ollama", kind: "ollama", baseUrl: "http://127.0.0.1:11434" },
      served: { name: "qwen3:8b" },
      facts: { diskBytes: { value: 5e9, origin: "reported", source: "ollama at 127.0.0.1" } },
    });
  });

  it("is of unknown place where its server does not answer or does not have it", async () => {
    const { state, ...silent } = lab();
    state.served = undefined;
    expect(await find({ state, ...silent }, "qwen3:8b")).toMatchObject({
      locality: { kind: "unknown" },
      served: undefined,
    });
    const other = lab();
    other.state.served = [];
    expect(await find(other, "qwen3:8b")).toMatchObject({ locality: { kind: "unknown" }, served: undefined });
  });

  it("of a vendor needs no request, and neither does one that Clutch's configuration does not name", async () => {
    const { registry, state } = lab();
    await registry.current();
    expect(state.asked).toEqual(["ollama"]);
    const named = lab({
      studio: { kind: "openai-compatible", baseUrl: "http://127.0.0.1:1234/v1" },
      anthropic: { kind: "anthropic", baseUrl: "https://api.anthropic.com", apiKey: "k" },
    });
    await named.registry.current();
    expect(named.state.asked).toEqual(["ollama", "studio"]);
  });

  it("is completed in the background, and the next look has it", async () => {
    const { registry, state } = lab();
    state.description = { contextLength: 40_960 };
    const contextLength = async () =>
      (await registry.current()).models.find(({ name }) => name === "qwen3:8b")?.facts.contextLength;
    const seeded = await contextLength();
    expect(seeded?.origin).not.toBe("reported");
    await settled();
    expect(await contextLength()).toMatchObject({ value: 40_960, origin: "reported" });
    expect(await contextLength()).toBeDefined();
    expect(state.looks).toBe(2);
  });

  it("says which agent is the default where OpenClaw does not", async () => {
    expect(await lab().registry.current()).toMatchObject({ defaultAgentId: "keeper", agentIds: ["keeper", "main"] });
  });
});
