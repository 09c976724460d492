import type { IncomingMessage, RequestListener } from "node:http";
import { inspect } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import type { ServerKind } from "../../src/models/locality.ts";
import type { ModelServer, ModelServerOptions } from "../../src/servers/model-server.ts";
import { generateSuite, type Wire } from "./generate.suite.ts";
import { rawServers } from "./raw-servers.ts";

/** What the suite must know of a driver to hold it to the port's promises. */
interface DriverUnderTest {
  readonly kind: ServerKind;
  create(options: ModelServerOptions): ModelServer;
  /** Starts a well-behaved server of this kind with at least one model. */
  start(): Promise<{ readonly url: string; close(): Promise<void> }>;
  readonly models: readonly string[];
  /** The header that carries this key. */
  keyHeader(key: string): { readonly name: string; readonly value: string };
  /** A list with one model called `good` between two entries that make no sense. */
  readonly oddList: unknown;
  readonly wire: Wire;
}

const KEY = "sk-very-secret-key";
const PATIENT_MS = 10_000;
const HASTY_MS = 150;
const never = (): AbortSignal => new AbortController().signal;

/** The promises that every driver keeps, shown on servers that behave and on servers that don't. */
export function modelServerSuite(driver: DriverUnderTest): void {
  const raw = rawServers();
  afterEach(async () => {
    vi.restoreAllMocks();
    await raw.closeAll();
  });

  const serverAt = (baseUrl: string, changes: Partial<ModelServerOptions> = {}): ModelServer =>
    driver.create({ id: "mine", baseUrl, apiKey: KEY, fetch: globalThis.fetch, timeoutMs: PATIENT_MS, ...changes });

  async function serveWell(): Promise<string> {
    const server = await driver.start();
    raw.closeLater(server);
    return server.url;
  }

  describe("with a server that behaves", () => {
    it("is healthy and lists every model", async () => {
      const server = serverAt(await serveWell());
      const health = await server.health(never());
      expect(health.ok).toBe(true);
      expect(health.ok && health.latencyMs).toBeGreaterThan(0);
      const models = await server.list(never());
      expect(models.map(({ name }) => name)).toEqual(driver.models);
    });

    it("says who it is, without credentials, query or trailing slash", async () => {
      const server = serverAt("http://me:s3cret@127.0.0.1:1234/base/?x=1#y");
      expect(server).toMatchObject({ id: "mine", kind: driver.kind, baseUrl: "http://127.0.0.1:1234/base" });
    });

    it("sends the key, the credentials of the URL, and nothing where there are none", async () => {
      const seen: IncomingMessage["headers"][] = [];
      const url = await raw.http((request, response) => {
        seen.push(request.headers);
        response.statusCode = 404;
        response.end();
      });
      const header = driver.keyHeader(KEY);
      await serverAt(url, { apiKey: ` ${KEY}\n` }).health(never());
      expect(seen.pop()?.[header.name]).toBe(header.value);
      await serverAt(url.replace("//", "//me:s%40cret@"), { apiKey: "" }).health(never());
      expect(seen.at(-1)?.authorization).toBe(`Basic ${Buffer.from("me:s@cret").toString("base64")}`);
      await serverAt(url, { apiKey: "" }).health(never());
      expect(seen.at(-1)).not.toHaveProperty("authorization");
      expect(seen.at(-1)).not.toHaveProperty(header.name);
    });

    it("keeps a base path", async () => {
      const paths: (string | undefined)[] = [];
      const url = await raw.http((request, response) => {
        paths.push(request.url);
        response.statusCode = 404;
        response.end();
      });
      await serverAt(`${url}/models/here/`).health(never());
      expect(paths).toEqual([expect.stringMatching(/^\/models\/here\/(api|v1)\//)]);
    });

    it("leaves out entries that make no sense and keeps the rest", async () => {
      const models = await serverAt(await raw.json(driver.oddList)).list(never());
      expect(models.map(({ name }) => name)).toEqual(["good"]);
    });
  });

  describe("with a server that does not", () => {
    const quiet: RequestListener = () => undefined;
    const status =
      (code: number, body = "no", headers: Record<string, string> = {}): RequestListener =>
      (_, response) => {
        response.writeHead(code, headers);
        response.end(body);
      };
    const json = { "content-type": "application/json" };
    const cases: readonly [what: string, code: string, start: () => Promise<string>, timeoutMs?: number][] = [
      ["accepts and stays silent", "timeout", () => raw.http(quiet), HASTY_MS],
      [
        "stops in the middle of its answer",
        "timeout",
        () => raw.http((_, response) => response.writeHead(200, json).write('{"models":[')),
        HASTY_MS,
      ],
      ["fails", "http_error", () => raw.http(status(500, "oh no"))],
      ["fails in JSON", "http_error", () => raw.http(status(500, '{"error":', json))],
      ["is overloaded", "http_error", () => raw.http(status(529))],
      ["has no such path", "http_error", () => raw.http(status(404, '{"error":"no such path"}', json))],
      ["wants another key", "unauthorised", () => raw.http(status(401, `bad key ${KEY}`))],
      ["forbids it", "unauthorised", () => raw.http(status(403, JSON.stringify({ error: KEY }), json))],
      ["is another program", "not_understood", () => raw.http(status(200, "<!doctype html><h1>Hello</h1>"))],
      ["answers with nothing", "not_understood", () => raw.http(status(200, ""))],
      ["answers null", "not_understood", () => raw.json(null)],
      ["answers with another shape", "not_understood", () => raw.json({ models: 5, data: "x", version: [] })],
      ["is no web server", "not_understood", () => raw.socket((socket) => void socket.end("SSH-2.0-OpenSSH_9.9\r\n"))],
      ["hangs up", "connection_lost", () => raw.socket((socket) => void socket.once("data", () => socket.destroy()))],
      [
        "hangs up in the middle of its answer",
        "connection_lost",
        () =>
          raw.socket((socket) => {
            const head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n";
            socket.once("data", () => socket.write(`${head}{"models":[`, () => socket.destroy()));
          }),
      ],
      ["is not there", "unreachable", raw.nobody],
      ["is https only in name", "certificate", async () => (await raw.http(status(200))).replace("http:", "https:")],
    ];
    it.each(cases)("%s: %s", async (_, code, start, timeoutMs = PATIENT_MS) => {
      const written = (["log", "info", "warn", "error", "debug"] as const).map((method) => vi.spyOn(console, method));
      const url = await start();
      const server = serverAt(url.replace("//", "//me:s3cret@"), { timeoutMs, loadTimeoutMs: timeoutMs });
      const { host } = new URL(url);

      const health = await server.health(never());
      expect(health).toEqual({ ok: false, code, reason: expect.stringMatching(/^[^\n]{10,120}\.$/) });
      const error = await server.list(never()).then(
        () => expect.unreachable("listed"),
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ message: health.ok ? "" : health.reason });

      const request = { model: "some:model", messages: [{ role: "user" as const, text: "hi" }] };
      const failures = await Promise.all([
        error,
        server.describe("some:model", never()).catch((thrown: unknown) => thrown),
        Array.fromAsync(server.generate(request, never())).catch((thrown: unknown) => thrown),
      ]);
      for (const failure of failures) {
        if (!(failure instanceof ClutchError)) throw failure;
        expect(failure.code).toBe("server_unreachable");
        expect(failure.message).toContain(host);
        expect(failure.hint).toMatch(/\w.*\.$/);
        expect(inspect(failure, { depth: 20 })).not.toMatch(/s3cret|sk-very/);
      }
      for (const spy of written) expect(spy).not.toHaveBeenCalled();
    });

    it("does not read an answer without end", async () => {
      let left = 0;
      const chunk = Buffer.alloc(64 * 1024, " ");
      const url = await raw.http((_, response) => {
        response.writeHead(200, json);
        const more = (): void => {
          while (!response.destroyed && response.write(chunk));
        };
        response.on("drain", more).on("close", () => left++);
        more();
      });
      const server = serverAt(url);
      expect(await server.health(never())).toMatchObject({ ok: false, code: "not_understood" });
      await expect(server.list(never())).rejects.toThrow(/more than 8 MiB/);
      await vi.waitFor(() => expect(left).toBeGreaterThanOrEqual(2));
    });

    it("follows no redirect, so that the key goes nowhere else", async () => {
      let visits = 0;
      const elsewhere = await raw.http((_, response) => {
        visits++;
        response.end("{}");
      });
      const server = serverAt(await raw.http(status(307, "", { location: elsewhere })));
      expect(await server.health(never())).toMatchObject({ ok: false, code: "redirected" });
      await expect(server.list(never())).rejects.toMatchObject({ code: "server_unreachable" });
      expect(visits).toBe(0);
    });

    it("says that a host name is not known", async () => {
      const cause = Object.assign(new Error("getaddrinfo ENOTFOUND gpu.lan"), { code: "ENOTFOUND" });
      const fetch = () => Promise.reject(new TypeError("fetch failed", { cause }));
      const health = await serverAt("http://gpu.lan:11434", { fetch }).health(never());
      expect(health).toMatchObject({
        ok: false,
        code: "unknown_host",
        reason: expect.stringContaining("gpu.lan:11434"),
      });
    });
  });

  describe("with a caller that leaves", () => {
    it.each(["health", "list"] as const)("%s rejects with the caller's own reason", async (call) => {
      const reason = new ClutchError("deadline", "Out of time.");
      const caller = new AbortController();
      const url = await raw.http(() => caller.abort(reason));
      await expect(serverAt(url, { timeoutMs: 600_000 })[call](caller.signal)).rejects.toBe(reason);
    });

    it.each(["health", "list"] as const)("%s sends nothing once the caller has left", async (call) => {
      const fetch = vi.fn(globalThis.fetch);
      const server = serverAt(await serveWell(), { fetch });
      await expect(server[call](AbortSignal.abort("gone"))).rejects.toBe("gone");
      expect(fetch).not.toHaveBeenCalled();
    });
  });

  describe("generate", () => generateSuite(driver));

  describe("with options that cannot work", () => {
    it.each(["", "127.0.0.1:11434", "ftp://127.0.0.1", "http://"])("refuses the base URL '%s'", (baseUrl) => {
      expect(() => serverAt(baseUrl)).toThrow(expect.objectContaining({ code: "bad_config" }));
    });

    it("refuses a key that no header can carry, without repeating it", () => {
      const attempt = (): unknown => {
        try {
          return serverAt("http://127.0.0.1:1", { apiKey: "sk-very\nsecret" });
        } catch (thrown) {
          return thrown;
        }
      };
      const thrown = attempt();
      expect(thrown).toMatchObject({ code: "bad_config" });
      expect(inspect(thrown)).not.toMatch(/sk-very/);
    });
  });
}
