import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import type { ClutchError } from "../../src/errors.ts";
import { type GatewayConnection, openConnection } from "../../src/openclaw/connection.ts";
import { createOpenClaw } from "../../src/openclaw/openclaw.ts";
import { type Lab, startLab } from "./harness.ts";

const logger = pino({ level: "silent" });
const open: GatewayConnection[] = [];
const connect = (url: string, token?: string): GatewayConnection => {
  const connection = openConnection({ url, ...(token === undefined ? {} : { token }) }, logger);
  open.push(connection);
  return connection;
};
const problemOf = async (connection: GatewayConnection, timeoutMs = 5_000): Promise<ClutchError> => {
  const problem = await connection.ready(timeoutMs).then(
    () => undefined,
    (error: ClutchError) => error,
  );
  if (problem === undefined) throw new Error("connected");
  return problem;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()));
});

describe("a real gateway", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab();
  });
  afterAll(() => lab?.stop());

  it("lets the right token in and names its version", async () => {
    const connection = connect(lab.gateway.url, lab.gateway.token);
    await connection.ready(30_000);
    expect(connection.state()).toMatchObject({ phase: "ready", serverVersion: expect.stringMatching(/^2026\./) });
  });

  it("a wrong token is told at once, without the token", async () => {
    const problem = await problemOf(connect(lab.gateway.url, "wrong-token-123456"));
    expect(problem).toMatchObject({ code: "gateway_auth", isFault: false });
    expect(problem.hint).toContain("OPENCLAW_GATEWAY_TOKEN");
    expect(problem.message + problem.hint).not.toContain("wrong-token-123456");
  });

  it("a missing token is told apart from a wrong one", async () => {
    expect((await problemOf(connect(lab.gateway.url))).message).toContain("wants a token and Clutch has none");
  });

  it("reconnects after the gateway's restart, and a request made meanwhile waits for it", async () => {
    const connection = connect(lab.gateway.url, lab.gateway.token);
    await connection.ready(30_000);
    const openclaw = createOpenClaw(connection);
    const restarted = lab.gateway.restart();
    await new Promise<void>((resolve) => {
      const forget = connection.onState(({ phase }) => {
        if (phase !== "connecting") return;
        forget();
        resolve();
      });
    });
    const models = openclaw.listModels({ timeoutMs: 100_000 });
    await restarted;
    expect((await models).length).toBe(3);
  });
});

describe("something else, or a gateway that cannot serve yet", () => {
  /** A WebSocket server that begins as a gateway does and then answers the handshake as told. */
  async function standIn(answer: (socket: WebSocket, id: string) => void): Promise<{ url: string; close(): void }> {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    server.on("connection", (socket) => {
      socket.send(
        JSON.stringify({ type: "event", event: "connect.challenge", payload: { nonce: "n", ts: Date.now() } }),
      );
      socket.on("message", (raw) => answer(socket, JSON.parse(String(raw)).id));
    });
    await new Promise((resolve) => server.once("listening", resolve));
    return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
  }

  it("nothing listens there", async () => {
    const problem = await problemOf(connect("ws://127.0.0.1:1", "x"), 1_500);
    expect(problem).toMatchObject({ code: "gateway_unreachable", message: "Nothing listens at 127.0.0.1:1." });
  });

  it("a web server that is no gateway", async () => {
    const web = createServer((_, response) => response.end("hello"));
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    const { port } = web.address() as AddressInfo;
    const problem = await problemOf(connect(`ws://127.0.0.1:${port}`, "x"), 1_500);
    expect(problem.message).toContain("not an OpenClaw gateway (HTTP 200)");
    web.close();
  });

  it.each([
    ["no address at all", "127.0.0.1"],
    ["another scheme", "ftp://127.0.0.1:18789"],
  ])("%s", async (_, url) => {
    expect(await problemOf(connect(url, "x"), 1_500)).toMatchObject({ code: "bad_config" });
  });

  it("a public address in clear text is refused before anything is sent", async () => {
    expect(await problemOf(connect("ws://203.0.113.7:18789", "x"), 1_500)).toMatchObject({
      code: "bad_config",
      message: expect.stringContaining("clear text"),
    });
  });

  // As 2026.9.6 refuses a client of protocol 3, seen from a gateway that is older.
  it("another protocol version", async () => {
    const gateway = await standIn((socket, id) => {
      const details = { code: "PROTOCOL_MISMATCH", clientMinProtocol: 4, clientMaxProtocol: 4, expectedProtocol: 3 };
      socket.send(
        JSON.stringify({
          type: "res",
          id,
          ok: false,
          error: { code: "INVALID_REQUEST", message: "protocol mismatch", details },
        }),
      );
      socket.close(1002, "protocol mismatch");
    });
    const problem = await problemOf(connect(gateway.url, "x"));
    expect(problem).toMatchObject({ code: "gateway_protocol", isFault: false });
    expect(problem.message).toContain("speaks protocol 3");
    expect(problem.hint).toContain("Update OpenClaw");
    gateway.close();
  });

  // The gateway's documented answer while its parts still start.
  it("not ready yet, then ready: goes on by itself", async () => {
    let refusals = 2;
    const gateway = await standIn((socket, id) => {
      if (refusals-- > 0) {
        const error = {
          code: "UNAVAILABLE",
          message: "starting",
          retryable: true,
          retryAfterMs: 200,
          details: { reason: "startup-sidecars" },
        };
        socket.send(JSON.stringify({ type: "res", id, ok: false, error }));
        socket.close(1013, "starting");
        return;
      }
      const payload = {
        type: "hello-ok",
        protocol: 4,
        server: { version: "2026.9.6", connId: "c" },
        features: { methods: [], events: [] },
        snapshot: {},
        auth: { method: "token", role: "operator", scopes: ["operator.read"] },
        policy: { maxPayload: 1_000_000, maxBufferedBytes: 1_000_000, tickIntervalMs: 30_000 },
      };
      socket.send(JSON.stringify({ type: "res", id, ok: true, payload }));
    });
    const connection = connect(gateway.url, "x");
    const problems: string[] = [];
    connection.onState((state) => {
      if (state.phase === "connecting" && state.problem !== undefined) problems.push(state.problem.code);
    });
    await connection.ready(20_000);
    expect(problems).toContain("gateway_not_ready");
    gateway.close();
  });
});
