import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { forget, guardCode, OFF, RULES, temporaryDirectory } from "./guard-code.ts";

const { startCanary } = await guardCode("canary.js");
const { fetchFromHere, fetchFromChild } = await guardCode("probe.js");
const { default: plugin } = await guardCode("index.js");

let directory: string;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => forget(directory));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

const ask = (port: number): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/v1/messages`, { method: "POST", body: "{}" });

describe("the canary", () => {
  it("counts its visitors and answers like a model in the cloud", async () => {
    const port = await freePort();
    const canary = startCanary({ port, onError: () => undefined });
    try {
      await vi.waitFor(() => expect(canary.isListening()).toBe(true));
      expect(canary.hits()).toBe(0);
      const response = await ask(port);
      const text = await response.text();
      expect(response.headers.get("content-type")).toBe("text/event-stream");
      expect(text).toMatch(/^event: message_start\n/);
      expect(text).toContain("The canary got out.");
      expect(text.trim()).toMatch(/event: message_stop\ndata: \{"type":"message_stop"\}$/);
      await (await fetch(`http://127.0.0.1:${port}/`)).text();
      expect(canary.hits()).toBe(2);
    } finally {
      canary.close();
    }
    await expect(ask(port)).rejects.toThrow();
  });

  it("tells of a port that is taken, and does not listen", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const onError = vi.fn();
    const canary = startCanary({ port: (taken.address() as AddressInfo).port, onError });
    await vi.waitFor(() => expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: "EADDRINUSE" })));
    expect(canary.isListening()).toBe(false);
    canary.close();
    taken.close();
  });
});

describe("a probe", () => {
  it.each([
    "http://127.0.0.1/",
    "https://api.anthropic.com/",
    "http://localhost/x.invalid",
    "http://a.invalid:80@127.0.0.1/",
    "http://invalid/",
    "http://x.invalid.example/",
    "file:///etc/passwd",
    "no address",
    7,
    undefined,
  ])("never tries %s", async (url) => {
    const fetched = vi.spyOn(globalThis, "fetch");
    expect(await fetchFromHere(url)).toEqual({ error: "only .invalid names are tried" });
    expect(fetched).not.toHaveBeenCalled();
    fetched.mockRestore();
    expect(() => fetchFromChild(url)).toThrow("only .invalid names are tried");
  });

  it("tells what it met at a name that leads nowhere, from here and from a child", async () => {
    const url = "http://clutch-test.invalid/";
    expect(await fetchFromHere(url)).toEqual({ error: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/) });
    expect(await fetchFromChild(url)).toEqual({ said: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/) });
  });
});

interface Answered {
  readonly ok: boolean;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly error: { readonly code: string; readonly message: string };
}

/** OpenClaw as far as the plugin sees it. */
function openclaw(pluginConfig: unknown, config: unknown = {}) {
  const methods = new Map<string, { handler: (call: object) => Promise<void>; scope: string }>();
  const hooks = new Map<string, { run: (event: unknown, run: object) => unknown; priority: number | undefined }>();
  const services: { id: string; start(): void; stop(): void }[] = [];
  const api = {
    pluginConfig,
    runtime: { config: { current: () => config } },
    on: (name: string, run: (event: unknown, run: object) => unknown, how?: { priority: number }) =>
      hooks.set(name, { run, priority: how?.priority }),
    registerService: (service: (typeof services)[number]) => services.push(service),
    registerGatewayMethod: (name: string, handler: (call: object) => Promise<void>, { scope }: { scope: string }) =>
      methods.set(name, { handler, scope }),
  };
  const call = (name: string, params: unknown = {}) =>
    new Promise<Answered>((resolve) => {
      const respond = (ok: boolean, payload: Answered["payload"], error: Answered["error"]) =>
        resolve({ ok, payload, error });
      void methods.get(`clutch.guard.${name}`)?.handler({ params, respond });
    });
  return { api, methods, hooks, services, call };
}

describe("the plugin", () => {
  it("registers at every hook before others, and its methods for those who may", () => {
    const { api, hooks, methods, services } = openclaw({ directory, canaryPort: 20_000 });
    plugin.register(api);
    const first = ["before_model_resolve", "before_agent_reply", "before_agent_run", "before_tool_call"];
    first.push("before_dispatch");
    expect(first.map((name) => hooks.get(name)?.priority)).toEqual(first.map(() => 10_000));
    expect([...hooks.keys()].filter((name) => !first.includes(name))).toEqual([
      "model_call_started",
      "model_call_ended",
      "before_message_write",
      "agent_end",
    ]);
    const readers = [...methods].flatMap(([name, { scope }]) => (scope === "operator.read" ? [name] : []));
    expect(readers).toEqual(["clutch.guard.status", "clutch.guard.calls"]);
    expect([...methods.values()].filter(({ scope }) => scope === "operator.admin")).toHaveLength(methods.size - 2);
    expect(services.map(({ id }) => id)).toEqual(["clutch-canary"]);
  });

  it.each([undefined, {}, { directory: 7 }])("does not load with the settings %j", (settings) => {
    expect(() => plugin.register(openclaw(settings).api)).toThrow();
  });

  it("is one however often it is registered, in whatever version", async () => {
    const [older, newer] = [openclaw({ directory }), openclaw({ directory })];
    plugin.register(older.api);
    const { default: updated } = await guardCode("index.js", "?updated");
    updated.register(newer.api);
    expect((await newer.call("on", { id: "one", rules: RULES })).ok).toBe(true);
    expect((await older.call("status")).payload["state"]).toMatchObject({ on: true, id: "one" });
    const gate = older.hooks.get("before_agent_run")?.run({}, { modelProviderId: "anthropic", modelId: "x" });
    expect(await gate).toMatchObject({ outcome: "block" });
    expect((await older.call("off", { id: "one" })).payload["state"]).toMatchObject({ on: false });
    expect((await newer.call("status")).payload["state"]).toMatchObject({ on: false });
    expect((await newer.call("status")).payload["life"]).toBe((await older.call("status")).payload["life"]);
  });

  it("tells one process from the next", async () => {
    const lives: unknown[] = [];
    for (let nth = 0; nth < 2; nth++) {
      const { api, call } = openclaw({ directory });
      plugin.register(api);
      lives.push((await call("status")).payload["life"]);
      // Nothing of it is in the next one's memory.
      delete Reflect.get(globalThis, Symbol.for("clutch.guard.1"))[join(directory, "guard.json")];
    }
    expect(new Set(lives).size).toBe(2);
  });

  it("says who it is, and of a proxy only where it is", async () => {
    const { api, call } = openclaw(
      { directory, canaryPort: 20_001 },
      {
        proxy: { enabled: true, proxyUrl: "http://user:secret@127.0.0.1:3128", loopbackMode: "proxy" },
        plugins: { entries: { "clutch-guard": { hooks: { allowConversationAccess: true } } } },
      },
    );
    plugin.register(api);
    expect((await call("status")).payload).toEqual({
      protocol: 1,
      directory,
      pid: process.pid,
      life: expect.any(String),
      state: OFF,
      escapes: [],
      canaries: [],
      heard: { modelResolve: 0, agentReply: 0, agentRun: 0 },
      canary: { port: 20_001, hits: 0, listening: false },
      proxy: { enabled: true, address: "127.0.0.1:3128", loopbackMode: "proxy" },
      mayHear: true,
    });
  });

  it.each<[string, string, unknown, string]>([
    ["rules of no form", "on", { id: "one", rules: { models: "all" } }, "INVALID_REQUEST"],
    ["no id", "on", { rules: RULES }, "INVALID_REQUEST"],
    ["keys of no form", "keep", { keys: [7], why: "here" }, "INVALID_REQUEST"],
    ["no parameters", "on", null, "INVALID_REQUEST"],
  ])("refuses %s and stays as it is", async (_, method, params, code) => {
    const { api, call } = openclaw({ directory });
    plugin.register(api);
    expect(await call(method, params)).toMatchObject({ ok: false, error: { code } });
    expect((await call("status")).payload["state"]).toEqual(OFF);
  });

  it("refuses an id that was ended, in words that Clutch knows", async () => {
    const { api, call } = openclaw({ directory });
    plugin.register(api);
    await call("on", { id: "one", rules: RULES });
    expect(await call("on", { id: "two", rules: RULES })).toMatchObject({
      ok: false,
      error: { code: "INVALID_REQUEST", message: "the lock is on by one" },
    });
    await call("off", { id: "one" });
    expect((await call("on", { id: "one", rules: RULES })).error.message).toContain("was ended already");
  });

  it("is on and says that it cannot be written where the disk takes nothing", async () => {
    const { api, call } = openclaw({ directory: join(directory, "file", "below") });
    plugin.register(api);
    const { writeFileSync } = await import("node:fs");
    writeFileSync(join(directory, "file"), "");
    expect(await call("on", { id: "one", rules: RULES })).toMatchObject({ ok: false, error: { code: "UNAVAILABLE" } });
    expect((await call("status")).payload["state"]).toMatchObject({ on: true, id: "one" });
  });

  it("starts its canary once and ends it", async () => {
    const canaryPort = await freePort();
    const { api, services, call } = openclaw({ directory, canaryPort });
    plugin.register(api);
    const again = openclaw({ directory, canaryPort });
    plugin.register(again.api);
    const [canary] = services;
    canary?.start();
    again.services[0]?.start();
    await vi.waitFor(async () => expect((await call("status")).payload["canary"]).toMatchObject({ listening: true }));
    await (await ask(canaryPort)).text();
    expect((await again.call("status")).payload["canary"]).toEqual({ port: canaryPort, hits: 1, listening: true });
    canary?.stop();
    expect((await call("status")).payload["canary"]).toMatchObject({ listening: false });
    await expect(ask(canaryPort)).rejects.toThrow();
  });
});
