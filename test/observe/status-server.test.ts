import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import { type Readiness, type ReadinessCheck, readReadiness } from "../../src/observe/readiness.ts";
import { type StatusServer, startStatusServer } from "../../src/observe/status-server.ts";

const servers: StatusServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const READY: Readiness = { ready: true, failing: [] };

async function serve(
  how: { listen?: string; hosts?: string[]; ready?: () => Promise<Readiness>; render?: () => Promise<never> } = {},
): Promise<StatusServer> {
  const server = await startStatusServer({
    listen: how.listen ?? "127.0.0.1:0",
    hosts: how.hosts ?? [],
    ready: how.ready ?? (async () => READY),
    metrics: { render: how.render ?? (async () => ({ text: "clutch_lock_on 1\n", mediaType: "text/plain" })) },
    hide: (text) => text.replaceAll("hunter2", "[hidden]"),
    logger: pino({ level: "silent" }),
  });
  servers.push(server);
  return server;
}

/** `fetch` lets nobody choose the host header. */
function ask(
  { url }: StatusServer,
  path: string,
  { method = "GET", host }: { method?: string; host?: string } = {},
): Promise<{ status: number | undefined; text: string; headers: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const headers = host === undefined ? {} : { host };
    const asked = request(`${url}${path}`, { method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode, text, headers: response.headers }));
    });
    asked.on("error", reject);
    asked.end(method === "POST" ? "x".repeat(100_000) : undefined);
  });
}

describe("paths", () => {
  it("say that the process lives and what it measures", async () => {
    const server = await serve();
    expect(await ask(server, "/healthz")).toMatchObject({ status: 200, text: '{"alive":true}\n' });
    expect(await ask(server, "/readyz")).toMatchObject({ status: 200, text: '{"ready":true,"failing":[]}\n' });
    expect(await ask(server, "/metrics?x=1")).toMatchObject({ status: 200, text: "clutch_lock_on 1\n" });
    expect(await ask(server, "/etc/passwd")).toMatchObject({ status: 404 });
    expect((await ask(server, "/healthz")).headers).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
  });

  it("give 503 and what is missing, without secrets", async () => {
    const failing = [{ part: "gateway", problem: "The token hunter2 is refused." }];
    const { status, text } = await ask(await serve({ ready: async () => ({ ready: false, failing }) }), "/readyz");
    expect(status).toBe(503);
    expect(JSON.parse(text)).toEqual({
      ready: false,
      failing: [{ part: "gateway", problem: "The token [hidden] is refused." }],
    });
  });

  it("say nothing of a fault's inside", async () => {
    const render = async (): Promise<never> => {
      throw new Error("secret detail");
    };
    const { status, text } = await ask(await serve({ render }), "/metrics");
    expect([status, text]).toEqual([500, expect.not.stringContaining("secret detail")]);
  });
});

describe("who may ask", () => {
  it.each(["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])("%s is not for it", async (method) => {
    expect(await ask(await serve(), "/healthz", { method })).toMatchObject({ status: 405 });
  });

  it.each([
    ["127.0.0.1:8377", 200],
    ["localhost", 200],
    ["LOCALHOST:1", 200],
    ["[::1]:8377", 200],
    ["clutch:8377", 200],
    ["evil.example", 403],
    ["evil.example:8377", 403],
    ["127.0.0.1.evil.example", 403],
    ["localhost.evil.example", 403],
  ])("a request that names %j gets %i", async (host, status) => {
    expect(await ask(await serve({ hosts: ["Clutch"] }), "/metrics", { host })).toMatchObject({ status });
  });
});

it("says that the port is taken, and by whom perhaps", async () => {
  const { url } = await serve();
  const listen = new URL(url).host;
  await expect(serve({ listen })).rejects.toMatchObject({
    code: "bad_config",
    message: `Nothing can listen at ${listen}: another program uses it, perhaps another Clutch.`,
    hint: expect.stringContaining("http.listen"),
  });
});

it("closes although somebody keeps a connection open", async () => {
  const server = await serve({ ready: () => new Promise(() => undefined) });
  const asked = ask(server, "/readyz").catch(() => "cut");
  await sleep(50);
  await server.close();
  expect(await asked).toBe("cut");
});

describe("readiness", () => {
  const check = (part: string, answer: () => Promise<string | undefined>): ReadinessCheck => ({ part, check: answer });

  it("names every part that is not as it should be, in its order", async () => {
    const checks = [
      check("gateway", async () => "It is connecting."),
      check("good", async () => undefined),
      check("store", async () => {
        throw new ClutchError("store_failed", "The disk is full.");
      }),
      check("Slack", async () => {
        throw new Error("secret detail");
      }),
    ];
    const { ready, failing } = await readReadiness(checks);
    expect(ready).toBe(false);
    expect(failing.map(({ part }) => part)).toEqual(["gateway", "store", "Slack"]);
    expect(JSON.stringify(failing)).not.toContain("secret detail");
  });

  it("does not wait for a part that is silent", async () => {
    const silent = check("store", () => new Promise(() => undefined));
    expect(await readReadiness([silent], 20)).toEqual({
      ready: false,
      failing: [{ part: "store", problem: "No answer within 0.02 s." }],
    });
  });
});
