import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Config, defaultConfig } from "../../src/config.ts";
import { ollamaCloudCheck, serversCheck, windowsCheck } from "../../src/doctor/server-checks.ts";
import type { LocalOnly } from "../../src/local-only/local-only.ts";
import type { ModelProfile } from "../../src/registry/model-profile.ts";
import type { StandIn } from "../../src/sandbox/stand-in.ts";
import { startAnthropicStandIn } from "../../src/sandbox/stand-in-anthropic.ts";
import { startOllamaStandIn } from "../../src/sandbox/stand-in-ollama.ts";
import { fakeSystem } from "../hardware/fake-system.ts";
import { testProfile } from "../registry/test-profile.ts";
import { attachedTo, findings, NODE, snapshotWith, testWorld } from "./test-world.ts";

let ollama: StandIn;
let anthropic: StandIn;
/** Answers as an old Ollama without a model, or refuses a key. */
let odd: Server;
let oddUrl: string;
const answer = () => ({ text: "" });

beforeAll(async () => {
  const sizes = { sizeBytes: 1e9, layers: 4, heads: 8, kvHeads: 1, headDim: 64, parameters: 8e8 };
  ollama = await startOllamaStandIn({ models: [{ name: "qwen3:8b", contextLength: 32_768, ...sizes }], answer });
  anthropic = await startAnthropicStandIn({ models: [{ id: "claude-sonnet-5", name: "Sonnet" }], answer });
  odd = createServer((request, response) => {
    const path = request.url ?? "";
    const reply =
      path === "/api/version" ? { version: "0.5.4" } : path.startsWith("/api/") ? { models: [] } : undefined;
    response.writeHead(reply === undefined ? 401 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(reply ?? { error: { message: "no key of ours: sk-s3cr3t" } }));
  });
  await new Promise<void>((resolve) => odd.listen(0, "127.0.0.1", resolve));
  oddUrl = `http://127.0.0.1:${(odd.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await Promise.all([ollama.close(), anthropic.close()]);
  odd.close();
});

const withServers = (servers: Config["servers"], more = {}) =>
  testWorld({ config: { ...defaultConfig, servers }, ...more });

describe("model servers", () => {
  it("answer, each with its version and its models", async () => {
    const found = await findings(
      serversCheck,
      withServers({
        ollama: { kind: "ollama", baseUrl: ollama.url },
        anthropic: { kind: "anthropic", baseUrl: anthropic.url, apiKey: "sk-ant-1" },
      }),
    );
    expect(found).toMatchObject([
      { name: "ollama", state: "ok", found: expect.stringMatching(/version .*1 model\./) },
      { name: "anthropic", state: "ok", found: expect.stringMatching(/1 model\./) },
    ]);
  });

  it("that are down, old, empty or refuse the key are each told for themselves, without the key", async () => {
    const found = await findings(
      serversCheck,
      withServers({
        down: { kind: "ollama", baseUrl: "http://127.0.0.1:1" },
        old: { kind: "ollama", baseUrl: oddUrl },
        locked: { kind: "openai-compatible", baseUrl: oddUrl, apiKey: "sk-s3cr3t" },
        up: { kind: "ollama", baseUrl: ollama.url },
      }),
    );
    expect(found.map(({ name, state }) => [name, state])).toEqual([
      ["down", "broken"],
      ["old", "warning"],
      ["locked", "broken"],
      ["up", "ok"],
    ]);
    expect(found[0]?.remedy).toContain("ollama serve");
    expect(found[1]?.found).toContain("0.5.4");
    expect(JSON.stringify(found)).not.toContain("s3cr3t");
  });

  it("nobody named are only said to be missing", async () => {
    expect(await findings(serversCheck, testWorld())).toMatchObject([{ name: "ollama", state: "skipped" }]);
  });

  it("of OpenClaw alone are not asked with Clutch's hands, and a down Ollama of its is broken", async () => {
    const models = [
      testProfile("openai/gpt", { server: { id: "openai", kind: "openai-compatible", baseUrl: oddUrl } }),
      testProfile("ollama/x", { server: { id: "ollama", kind: "ollama", baseUrl: "http://127.0.0.1:1" } }),
    ];
    const localOnly = { isOn: () => false } as Partial<LocalOnly> as LocalOnly;
    const gateway = attachedTo(snapshotWith({ models }), { localOnly });
    expect(await findings(serversCheck, testWorld({ gateway }))).toMatchObject([
      { name: "openai", state: "skipped" },
      { name: "ollama", state: "broken" },
    ]);
  });

  it("in the cloud are left alone while local-only mode is on", async () => {
    const localOnly = { isOn: () => true } as Partial<LocalOnly> as LocalOnly;
    const gateway = attachedTo(snapshotWith({}), { localOnly });
    const servers: Config["servers"] = {
      anthropic: { kind: "anthropic", baseUrl: anthropic.url, apiKey: "sk-ant-1" },
      ollama: { kind: "ollama", baseUrl: ollama.url },
    };
    expect(await findings(serversCheck, withServers(servers, { gateway }))).toMatchObject([
      { name: "anthropic", state: "skipped" },
      { name: "ollama", state: "ok" },
    ]);
  });
});

describe("Ollama on this machine", () => {
  const SERVE = "/usr/local/bin/ollama\0serve\0";
  const running = (environment: string) =>
    fakeSystem({ node: NODE, files: { "/proc/7/cmdline": SERVE, "/proc/7/environ": environment } });
  const locked = (on: boolean) =>
    attachedTo(snapshotWith({}), { localOnly: { isOn: () => on } as Partial<LocalOnly> as LocalOnly });

  it.each([
    ["OLLAMA_NO_CLOUD=1\0", true, "ok"],
    ["A=1\0", false, "ok"],
    ["A=1\0", true, "warning"],
  ] as const)("with %j and local-only mode %s: %s", async (environment, on, state) => {
    const world = testWorld({ system: running(environment), gateway: locked(on) });
    expect(await findings(ollamaCloudCheck, world)).toMatchObject([{ state }]);
  });

  const qwen = (more: Partial<ModelProfile>) =>
    testProfile("ollama/qwen3:8b", {
      server: { id: "ollama", kind: "ollama", baseUrl: "http://127.0.0.1:11434" },
      served: { name: "qwen3:8b" },
      ...more,
    });
  const windows = async (profile: ModelProfile, environment = "A=1\0") => {
    const gateway = attachedTo(snapshotWith({ models: [profile] }));
    const [found] = await findings(windowsCheck, testWorld({ gateway, system: running(environment) }));
    return found;
  };

  it("cuts what is longer than its window, unless OpenClaw or its own setting asks for one that is large enough", async () => {
    expect(await windows(qwen({}))).toMatchObject({ state: "warning", remedy: "clutch models setup qwen3:8b" });
    expect(await windows(qwen({}), "OLLAMA_CONTEXT_LENGTH=8192\0")).toMatchObject({
      state: "warning",
      found: expect.stringContaining("8,192"),
    });
    expect(await windows(qwen({}), "OLLAMA_CONTEXT_LENGTH=65536\0")).toMatchObject({ state: "ok" });
    expect(await windows(qwen({ requestedContextTokens: 32_768 }))).toMatchObject({ state: "ok" });
    expect(await windows(qwen({ requestedContextTokens: 4_096 }))).toMatchObject({ state: "warning" });
  });

  it("may have loaded a model with less than was asked for", async () => {
    const loaded = qwen({ requestedContextTokens: 65_536, served: { name: "qwen3:8b", loadedContextTokens: 4_096 } });
    expect(await windows(loaded)).toMatchObject({ state: "warning", found: expect.stringContaining("smaller window") });
  });
});
