import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { LocalModel } from "../../guard/types.d.ts";
import { guardCode, LMSTUDIO, QWEN } from "./guard-code.ts";

const { createHealth } = await guardCode("health.js");
const { serverHeaders } = await guardCode("server-headers.js");

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json =
  (value: unknown): RequestListener =>
  (_, response) =>
    response.end(JSON.stringify(value));
const tags = (...models: object[]): RequestListener => json({ models });
const newHealth = (clock: () => number = () => 0) => createHealth({ fetch: globalThis.fetch, clock });

describe("whether an Ollama would answer", () => {
  it.each<[string, RequestListener, Partial<LocalModel>, object]>([
    ["it has the model", tags({ name: "qwen:7b", model: "qwen:7b" }), {}, { ok: true }],
    ["it has it under the usual tag", tags({ name: "phi:latest" }), { model: "phi" }, { ok: true }],
    ["it has another tag of it", tags({ name: "qwen:14b" }), {}, { ok: false, why: "not downloaded" }],
    ["it has nothing", tags(), {}, { ok: false, why: "not downloaded" }],
    [
      "it passes the model on to a host",
      tags({ name: "qwen:7b", remote_host: "https://ollama.com" }),
      {},
      { ok: false, why: "not on this network" },
    ],
    [
      "it passes it on as another model",
      tags({ name: "qwen:7b", remote_model: "gpt" }),
      {},
      { ok: false, why: "not on this network" },
    ],
    [
      "it has a cloud tag",
      tags({ name: "gpt-oss:cloud" }),
      { model: "gpt-oss:cloud" },
      { ok: false, why: "not on this network" },
    ],
    [
      "it has a tag that ends in cloud",
      tags({ model: "gpt-oss:120b-cloud" }),
      { model: "gpt-oss:120b-cloud" },
      { ok: false, why: "not on this network" },
    ],
    [
      "it is broken",
      (_, response) => void response.writeHead(500).end(),
      {},
      { ok: false, why: "its server answers 500" },
    ],
    ["it is no Ollama", json({ data: [] }), {}, { ok: false, why: "its server is no Ollama" }],
    [
      "it answers what is no JSON",
      (_, response) => void response.end("<html>"),
      {},
      { ok: false, why: "its server is down" },
    ],
    [
      "it sends elsewhere",
      (_, response) => void response.writeHead(302, { location: "https://ollama.com/api/tags" }).end(),
      {},
      { ok: false, why: "its server is down" },
    ],
    ["it breaks off", (request) => void request.socket.destroy(), {}, { ok: false, why: "its server is down" }],
  ])("%s", async (_, answer, model, expected) => {
    const baseUrl = await serve(answer);
    expect(await newHealth().of({ ...QWEN, ...model, baseUrl })).toEqual(expected);
  });

  it.each(["", "/", "/v1", "/v1/", "/api", "/api/"])(
    "is asked of its root where its address ends in “%s”",
    async (end) => {
      const asked: (string | undefined)[] = [];
      const baseUrl = await serve((request, response) => {
        asked.push(request.url);
        tags({ name: "qwen:7b" })(request, response);
      });
      await newHealth().of({ ...QWEN, baseUrl: `${baseUrl}${end}` });
      expect(asked).toEqual(["/api/tags", "/api/show"]);
    },
  );

  it("is not waited for longer than 700 ms", async () => {
    const baseUrl = await serve(() => undefined);
    const started = performance.now();
    expect(await newHealth().of({ ...QWEN, baseUrl })).toEqual({ ok: false, why: "its server does not answer" });
    expect(performance.now() - started).toBeGreaterThan(600);
  });

  it("is no where nothing listens", async () => {
    const baseUrl = await serve(tags());
    servers.pop()?.close();
    expect(await newHealth().of({ ...QWEN, baseUrl })).toEqual({ ok: false, why: "its server is down" });
  });

  it("is asked once in 1.5 s, however many turns and models there are", async () => {
    let now = 0;
    const answer = vi.fn<RequestListener>(tags({ name: "qwen:7b" }, { name: "llama:8b" }));
    const described = vi.fn<RequestListener>(json({}));
    const baseUrl = await serve((request, response) =>
      (request.url === "/api/tags" ? answer : described)(request, response),
    );
    const health = newHealth(() => now);
    const ask = () => health.of({ ...QWEN, baseUrl });
    await Promise.all(Array.from({ length: 50 }, ask));
    now = 1_499;
    await health.of({ ...QWEN, model: "llama:8b", baseUrl });
    expect(answer).toHaveBeenCalledTimes(1);
    now = 1_500;
    await Promise.all(Array.from({ length: 50 }, ask));
    expect(answer).toHaveBeenCalledTimes(2);
    // What a build of a model is does not change.
    expect(described).toHaveBeenCalledTimes(2);
    health.forget();
    await ask();
    expect(answer).toHaveBeenCalledTimes(3);
    expect(described).toHaveBeenCalledTimes(3);
  });

  it("is asked anew, and what failed is tried again, where the clock is set back by an hour", async () => {
    let now = 3_600_000;
    const answer = vi.fn<RequestListener>(tags({ name: "qwen:7b" }));
    const baseUrl = await serve((request, response) =>
      (request.url === "/api/tags" ? answer : json({}))(request, response),
    );
    const health = newHealth(() => now);
    const ask = () => health.of({ ...QWEN, baseUrl });
    await ask();
    health.failed(QWEN, "it broke off");
    expect(await ask()).toEqual({ ok: false, why: "it broke off" });
    now = 0;
    expect(await ask()).toMatchObject({ ok: true });
    expect(answer).toHaveBeenCalledTimes(2);
  });

  it.each<[string, RequestListener, object]>([
    ["names a remote host", json({ remote_host: "https://ollama.com" }), { ok: false, why: "not on this network" }],
    ["names a remote model", json({ remote_model: "gpt" }), { ok: false, why: "not on this network" }],
    [
      "is refused",
      (_, response) => void response.writeHead(500).end(),
      { ok: false, why: "its server does not describe it" },
    ],
  ])("is no where only the description %s, until another build of it is there", async (_, description, expected) => {
    let digest = "a";
    let now = 0;
    let show = description;
    const baseUrl = await serve((request, response) =>
      (request.url === "/api/tags" ? tags({ name: "qwen:7b", digest }) : show)(request, response),
    );
    const health = newHealth(() => now);
    expect(await health.of({ ...QWEN, baseUrl })).toEqual(expected);
    [digest, show, now] = ["b", json({}), 1_500];
    expect(await health.of({ ...QWEN, baseUrl })).toEqual({ ok: true });
  });
});

describe("an Ollama behind a door", () => {
  const BASIC = "Basic dXNlcjpwdw==";
  const KEY = "Bearer a-key";
  const door = (wanted: string, open: RequestListener) =>
    serve((request, response) =>
      request.headers.authorization === wanted
        ? (request.url === "/api/tags" ? open : json({}))(request, response)
        : void response.writeHead(401).end(),
    );
  const askedWith = async (provider: object, wanted: string) => {
    const baseUrl = await door(wanted, tags({ name: "qwen:7b" }));
    const config = { models: { providers: { ollama: { baseUrl, ...provider } } } };
    const headersOf = (model: LocalModel) => serverHeaders(config, model);
    return createHealth({ fetch: globalThis.fetch, clock: () => 0, headersOf }).of({ ...QWEN, baseUrl });
  };

  it.each<[string, object, string]>([
    ["a header of the provider", { headers: { Authorization: BASIC }, apiKey: "ollama-local" }, BASIC],
    ["a header of the model", { models: [{ id: "qwen:7b", headers: { authorization: BASIC } }] }, BASIC],
    ["a header of its requests", { request: { headers: { Authorization: BASIC } } }, BASIC],
    ["the provider's key", { apiKey: "a-key" }, KEY],
    ["the token of its requests", { request: { auth: { mode: "authorization-bearer", token: "a-key" } } }, KEY],
    [
      "a named header of its requests",
      { request: { auth: { mode: "header", headerName: "authorization", prefix: "Bearer ", value: "a-key" } } },
      KEY,
    ],
  ])("is asked with what OpenClaw itself sends: %s", async (_, provider, wanted) => {
    expect(await askedWith(provider, wanted)).toEqual({ ok: true });
  });

  it.each<[string, object]>([
    ["nothing", {}],
    ["a reference that OpenClaw has not followed", { apiKey: { source: "env", provider: "default", id: "KEY" } }],
    ["what no header can carry", { headers: { Authorization: "Bas\nic" } }],
  ])("says that it answers 401 where the configuration has %s", async (_, provider) => {
    expect(await askedWith(provider, BASIC)).toEqual({ ok: false, why: "its server answers 401" });
  });

  it("is asked for each provider by itself, as another one may have the key", async () => {
    const baseUrl = await door(KEY, tags({ name: "qwen:7b" }));
    const headersOf = ({ provider }: LocalModel) =>
      new Headers(provider === "ollama" ? { authorization: KEY } : undefined);
    const health = createHealth({ fetch: globalThis.fetch, clock: () => 0, headersOf });
    expect(await health.of({ ...QWEN, provider: "keyless", baseUrl })).toMatchObject({ ok: false });
    expect(await health.of({ ...QWEN, baseUrl })).toEqual({ ok: true });
    expect(await health.of({ ...QWEN, provider: "keyless", baseUrl })).toMatchObject({ ok: false });
  });
});

describe("whether a server of another kind would answer", () => {
  it.each<[number, object]>([
    [200, { ok: true }],
    [401, { ok: true }],
    [404, { ok: true }],
    [302, { ok: true }],
    [500, { ok: false, why: "its server answers 500" }],
    [503, { ok: false, why: "its server answers 503" }],
  ])("by a status %i", async (status, expected) => {
    const asked: (string | undefined)[] = [];
    const baseUrl = await serve((request, response) => {
      asked.push(request.url);
      response.writeHead(status, { location: "http://elsewhere.invalid/" }).end();
    });
    // Other models than its list has may be loaded.
    expect(await newHealth().of({ ...LMSTUDIO, baseUrl: `${baseUrl}/v1/` })).toMatchObject(expected);
    expect(asked).toEqual(["/v1/models"]);
  });
});

describe("a model whose call failed", () => {
  it("is out for 30 s, or until it worked", async () => {
    let now = 0;
    const baseUrl = await serve(tags({ name: "qwen:7b" }, { name: "llama:8b" }));
    const health = newHealth(() => now);
    const model = { ...QWEN, baseUrl };
    health.failed(model, "its last call failed");
    expect(await health.of(model)).toEqual({ ok: false, why: "its last call failed" });
    expect(await health.of({ ...model, model: "llama:8b" })).toEqual({ ok: true });
    now = 29_999;
    expect((await health.of(model)).ok).toBe(false);
    now = 30_000;
    expect(await health.of(model)).toEqual({ ok: true });
    health.failed(model, "its last call failed");
    health.worked(model);
    expect(await health.of(model)).toEqual({ ok: true });
  });
});
