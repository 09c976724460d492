import { afterEach, describe, expect, it } from "vitest";
import { ollamaUrl } from "../../src/registry/server-address.ts";
import { type ModelServers, openModelServers } from "../../src/sandbox/model-servers.ts";
import type { OllamaModel } from "../../src/sandbox/stand-in-ollama.ts";
import { startOllamaStandIn } from "../../src/sandbox/stand-in-ollama.ts";

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function open(env: Record<string, string>): Promise<ModelServers> {
  const servers = await openModelServers({ env, fetch });
  opened.push(servers);
  return servers;
}

async function ollamaWith(models: readonly OllamaModel[]): Promise<string> {
  const server = await startOllamaStandIn({ models, answer: () => ({ text: "real" }) });
  opened.push(server);
  return server.url;
}

/** Port 9 (discard) refuses at once on any ordinary machine. */
const NO_OLLAMA = { OLLAMA_HOST: "127.0.0.1:9" };
const idsOf = (servers: ModelServers, id: "ollama" | "anthropic") =>
  servers.providers[id].models.map((model) => model.id);

describe("openModelServers", () => {
  it("stands in for both where this machine has neither, and says so in the names", async () => {
    const servers = await open(NO_OLLAMA);
    expect(servers.demoProviders).toEqual(["ollama", "anthropic"]);
    expect(idsOf(servers, "ollama")).toEqual(["qwen2.5-coder:32b", "llama3.1:70b"]);
    expect(idsOf(servers, "anthropic")).toEqual(["claude-sonnet-5"]);
    const all = [...servers.providers.ollama.models, ...servers.providers.anthropic.models];
    expect(all.filter(({ name }) => !name.endsWith(" (demo)"))).toEqual([]);
    expect(servers.gatewayEnv).toEqual({});
    const chat = await fetch(`${servers.servers.ollama.baseUrl}/api/chat`, {
      method: "POST",
      body: JSON.stringify({ model: "llama3.1:70b", stream: false, messages: [{ role: "user", content: "hi" }] }),
    });
    expect(await chat.json()).toMatchObject({
      message: { content: expect.stringMatching(/^\[demo\] llama3\.1:70b here\./) },
    });
  });

  it("uses an Ollama that runs, without cloud and embedding models, and with a window that fits a small machine", async () => {
    const url = await ollamaWith([
      { name: "llama3.2:3b", contextLength: 131_072 },
      { name: "tiny:1b", contextLength: 8_192 },
      { name: "gpt-oss:120b-cloud", contextLength: 131_072 },
      { name: "alias", contextLength: 131_072, remoteHost: "https://ollama.com" },
      { name: "nomic-embed-text:latest", contextLength: 2_048 },
    ]);
    const servers = await open({ OLLAMA_HOST: url });
    expect(servers.demoProviders).toEqual(["anthropic"]);
    expect(servers.servers.ollama).toEqual({ kind: "ollama", baseUrl: url });
    expect(servers.providers.ollama.models).toEqual([
      { id: "llama3.2:3b", name: "llama3.2:3b", contextWindow: 131_072, contextTokens: 32_768, maxTokens: 4_096 },
      { id: "tiny:1b", name: "tiny:1b", contextWindow: 8_192, contextTokens: 8_192, maxTokens: 4_096 },
    ]);
  });

  it("stands in for an Ollama that only has cloud models", async () => {
    const url = await ollamaWith([
      { name: "gpt-oss:120b-cloud", contextLength: 131_072, remoteHost: "https://ollama.com" },
    ]);
    const servers = await open({ OLLAMA_HOST: url });
    expect(servers.demoProviders).toEqual(["ollama", "anthropic"]);
    expect(servers.servers.ollama.baseUrl).not.toBe(url);
  });

  it("does not wait for an Ollama that does not answer", async () => {
    const never: typeof globalThis.fetch = (_, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
      });
    const servers = await openModelServers({ env: {}, fetch: never });
    opened.push(servers);
    expect(servers.demoProviders).toContain("ollama");
  });

  it("uses Claude with the person's key, which goes to the gateway by its environment only", async () => {
    const servers = await open({
      ...NO_OLLAMA,
      ANTHROPIC_API_KEY: "sk-mine",
      HTTPS_PROXY: "http://proxy:3128",
      HTTP_PROXY: "x",
    });
    expect(servers.demoProviders).toEqual(["ollama"]);
    expect(servers.servers.anthropic).toEqual({
      kind: "anthropic",
      baseUrl: "https://api.anthropic.com",
      apiKey: "sk-mine",
    });
    expect(servers.providers.anthropic.apiKeyEnv).toBe("ANTHROPIC_API_KEY");
    expect(JSON.stringify(servers.providers)).not.toContain("sk-mine");
    expect(servers.gatewayEnv).toEqual({ ANTHROPIC_API_KEY: "sk-mine", HTTPS_PROXY: "http://proxy:3128" });
    expect(idsOf(servers, "anthropic")[0]).toBe("claude-sonnet-5");
  });
});

describe("ollamaUrl", () => {
  it.each([
    [undefined, "http://127.0.0.1:11434"],
    ["", "http://127.0.0.1:11434"],
    ["0.0.0.0", "http://127.0.0.1:11434"],
    ["0.0.0.0:8080", "http://127.0.0.1:8080"],
    [":8080", "http://127.0.0.1:8080"],
    ["box.lan", "http://box.lan:11434"],
    ["box.lan:80", "http://box.lan"],
    ["http://box.lan", "http://box.lan"],
    ["https://box.lan:8443/ollama/", "https://box.lan:8443/ollama"],
    ["[::]:11434", "http://127.0.0.1:11434"],
    ["ftp://box", undefined],
    ["not a host", undefined],
  ])("reads %j as %j", (host, expected) => {
    expect(ollamaUrl(host)).toBe(expected);
  });
});
