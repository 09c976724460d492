import { X509Certificate } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer as createPlainServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { describeConnectFailure } from "../../src/openclaw/connect-errors.ts";
import {
  type ConnectionState,
  type GatewayAddress,
  type GatewayConnection,
  openConnection,
  reconnectDelayMs,
} from "../../src/openclaw/connection.ts";
import { testCertificate } from "./test-certificate.ts";

interface Request {
  readonly id: string;
  readonly method: string;
  readonly params: { readonly auth?: { readonly token?: string }; readonly device?: { readonly id: string } };
}

/** What a stand-in for the gateway does with a request; `socket` is numbered from 1. */
type Answer = (request: Request, wire: Wire) => void;
interface Wire {
  readonly number: number;
  readonly socket: WebSocket;
  hello(): void;
  ok(payload: unknown): void;
  fail(error: Record<string, unknown>, closeCode?: number): void;
  event(event: string, seq?: number): void;
}

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each();
});

async function standIn(answer: Answer, { tls = false } = {}): Promise<string> {
  const http = tls ? createTlsServer(testCertificate) : createPlainServer();
  const server = new WebSocketServer({ server: http });
  let number = 0;
  server.on("connection", (socket) => {
    number += 1;
    const own = number;
    const send = (message: unknown): void => socket.send(JSON.stringify(message));
    send({ type: "event", event: "connect.challenge", payload: { nonce: "n", ts: Date.now() } });
    socket.on("message", (raw) => {
      const request: Request = JSON.parse(String(raw));
      const ok = (payload: unknown): void => send({ type: "res", id: request.id, ok: true, payload });
      answer(request, {
        number: own,
        socket,
        ok,
        hello: () => ok(HELLO),
        fail(error, closeCode) {
          send({ type: "res", id: request.id, ok: false, error });
          if (closeCode !== undefined) socket.close(closeCode);
        },
        event: (event, seq) => send({ type: "event", event, payload: {}, ...(seq === undefined ? {} : { seq }) }),
      });
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  cleanUp.push(() => {
    for (const socket of server.clients) socket.terminate();
    http.closeAllConnections();
    return new Promise((resolve) => http.close(resolve));
  });
  return `${tls ? "wss" : "ws"}://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

const HELLO = {
  type: "hello-ok",
  protocol: 4,
  server: { version: "2026.9.6", connId: "c" },
  features: { methods: [], events: [] },
  snapshot: {},
  auth: { method: "token", role: "operator", scopes: ["operator.read", "operator.write", "operator.admin"] },
  policy: { maxPayload: 1_000_000, maxBufferedBytes: 1_000_000, tickIntervalMs: 30_000 },
};

function connect(
  address: GatewayAddress,
  logger = pino({ level: "silent" }),
): { connection: GatewayConnection; states: ConnectionState[] } {
  const connection = openConnection(address, logger);
  cleanUp.push(() => connection.close());
  const states: ConnectionState[] = [];
  connection.onState((state) => states.push(state));
  return { connection, states };
}
const phases = (states: readonly ConnectionState[]): string[] => states.map(({ phase }) => phase);
const stateDir = async (): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), "clutch-connection-"));
  cleanUp.push(() => rm(dir, { recursive: true, force: true }));
  return dir;
};

describe("a gateway that has gone silent", () => {
  it("is asked for a sign of life, and left when there is none", async () => {
    const url = await standIn(({ method }, wire) => {
      // The first socket hears nothing any more after its hello.
      if (method === "connect") wire.hello();
      else if (wire.number > 1) wire.ok({});
    });
    const { connection, states } = connect({ url, token: "t", timing: { quietMs: 50, probeMs: 100 } });
    await connection.ready(10_000);
    const lost = expect(connection.request("sessions.list", {})).rejects.toMatchObject({ code: "gateway_lost" });
    await expect.poll(() => phases(states), { timeout: 10_000 }).toEqual(["ready", "connecting", "ready"]);
    await lost;
    expect(await connection.request("sessions.list", {})).toEqual({});
  });

  it("is not left while it answers, be it with a refusal", async () => {
    let probes = 0;
    const url = await standIn(({ method }, wire) => {
      if (method === "connect") return wire.hello();
      probes += 1;
      wire.fail({ code: "FORBIDDEN", message: "no" });
    });
    const { connection, states } = connect({ url, token: "t", timing: { quietMs: 30, probeMs: 5_000 } });
    await connection.ready(10_000);
    await expect.poll(() => probes, { timeout: 10_000 }).toBeGreaterThan(3);
    expect(phases(states)).toEqual(["ready"]);
  });

  it("a request that nobody answered raises the doubt at once", async () => {
    const url = await standIn(({ method }, wire) => method === "connect" && wire.hello());
    const { connection, states } = connect({ url, token: "t", timing: { quietMs: 60_000, probeMs: 100 } });
    await connection.ready(10_000);
    await expect(connection.request("sessions.list", {}, { timeoutMs: 150 })).rejects.toMatchObject({
      code: "deadline",
    });
    await expect.poll(() => phases(states), { timeout: 10_000 }).toEqual(["ready", "connecting", "ready"]);
  });

  it("one that takes the socket and says nothing does not hold up the next attempt", async () => {
    const url = await standIn((_, wire) => wire.number > 1 && wire.hello());
    const { connection, states } = connect({ url, token: "t", timing: { helloMs: 200 } });
    await connection.ready(10_000);
    expect(states[0]).toMatchObject({ phase: "connecting", problem: { code: "gateway_unreachable" } });
  });
});

describe("after a break", () => {
  it("waits longer each time, never past 15 s, and never the same for two", () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (attempt, random) => {
        const delay = reconnectDelayMs(attempt, random);
        const longest = Math.min(15_000, 500 * 2 ** attempt);
        expect(delay).toBeGreaterThanOrEqual(longest / 2);
        expect(delay).toBeLessThanOrEqual(longest);
      }),
    );
    expect(reconnectDelayMs(3, 0.1)).not.toBe(reconnectDelayMs(3, 0.9));
  });

  it("a request made while it is down is sent once, when it is up again", async () => {
    const asked: number[] = [];
    const url = await standIn(({ method }, wire) => {
      if (method === "connect") return wire.hello();
      if (method === "go") return wire.socket.close(4001);
      asked.push(wire.number);
      wire.ok("done");
    });
    const { connection } = connect({ url, token: "t" });
    await connection.ready(10_000);
    await expect(connection.request("go", {})).rejects.toMatchObject({ code: "gateway_lost" });
    expect(connection.state().phase).not.toBe("ready");
    expect(await connection.request("models.list", {})).toBe("done");
    expect(asked).toEqual([2]);
  });

  it("a deadline while it is down ends the wait, and so does the caller", async () => {
    const url = await standIn(({ method }, wire) => {
      if (method === "connect" && wire.number === 1) wire.hello();
      else wire.socket.terminate();
    });
    const { connection } = connect({ url, token: "t" });
    await connection.ready(10_000);
    await connection.request("go", {}).catch(() => undefined);
    await expect(connection.request("x", {}, { timeoutMs: 50 })).rejects.toMatchObject({ code: "gateway_unreachable" });
    await expect(connection.request("x", {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "deadline",
    });
  });

  it("tells no event twice, and all of the next connection's, which counts anew", async () => {
    const url = await standIn(({ method }, wire) => {
      if (method === "connect") return wire.hello();
      for (const seq of [1, 2, 2, 1, 3]) wire.event(`${wire.number}.${seq}`, seq);
      wire.event("uncounted");
      wire.event("uncounted");
      wire.socket.close(4001);
    });
    const told: string[] = [];
    const { connection, states } = connect({ url, token: "t" });
    connection.onEvent(({ event }) => told.push(event));
    await connection.ready(10_000);
    await connection.request("go", {}).catch(() => undefined);
    await expect.poll(() => phases(states), { timeout: 10_000 }).toEqual(["ready", "connecting", "ready"]);
    await connection.request("go", {}).catch(() => undefined);
    const each = (socket: number): string[] => [
      ...[1, 2, 3].map((seq) => `${socket}.${seq}`),
      "uncounted",
      "uncounted",
    ];
    expect(told.filter((event) => event !== "connect.challenge")).toEqual([...each(1), ...each(2)]);
  });
});

describe("TLS", () => {
  const fingerprint = new X509Certificate(testCertificate.cert).fingerprint256;
  const secure = (): Promise<string> => standIn((_, wire) => wire.hello(), { tls: true });

  it.each([fingerprint, fingerprint.replaceAll(":", "").toLowerCase(), `sha256:${fingerprint}`])(
    "the pinned certificate is let through: %s",
    async (tlsFingerprint) => {
      const { connection } = connect({ url: await secure(), token: "t", tlsFingerprint });
      await connection.ready(10_000);
      expect(connection.state().phase).toBe("ready");
    },
  );

  it("another certificate is final, and nothing is sent to it", async () => {
    let asked = 0;
    const url = await standIn(
      () => {
        asked += 1;
      },
      { tls: true },
    );
    const { connection } = connect({ url, token: "t", tlsFingerprint: "ab".repeat(32) });
    await expect(connection.ready(10_000)).rejects.toMatchObject({
      code: "gateway_auth",
      message: expect.stringContaining("another certificate"),
    });
    expect(connection.state().phase).toBe("refused");
    expect(asked).toBe(0);
  });

  it("a certificate that nobody vouches for is final without a pin", async () => {
    const { connection } = connect({ url: await secure(), token: "t" });
    await expect(connection.ready(10_000)).rejects.toMatchObject({
      code: "gateway_auth",
      hint: expect.stringContaining("gateway.tlsFingerprint"),
    });
    expect(connection.state().phase).toBe("refused");
  });

  it("a pin without TLS is a mistake", async () => {
    const { connection } = connect({ url: "ws://127.0.0.1:1", token: "t", tlsFingerprint: fingerprint });
    await expect(connection.ready(10_000)).rejects.toMatchObject({ code: "bad_config" });
  });
});

describe("how Clutch identifies itself", () => {
  it("by its token alone where that will do, and by its device when asked", async () => {
    const seen: Request["params"][] = [];
    const url = await standIn(({ params }, wire) => {
      seen.push(params);
      if (params.device !== undefined) return wire.hello();
      wire.fail({ code: "NOT_PAIRED", message: "x", details: { code: "DEVICE_IDENTITY_REQUIRED" } }, 1008);
    });
    const dir = await stateDir();
    const { connection } = connect({ url, token: "t", stateDir: dir });
    await connection.ready(10_000);
    expect(seen.map(({ device, auth }) => [device === undefined, auth?.token])).toEqual([
      [true, "t"],
      [false, "t"],
    ]);
    expect(await readdir(dir)).toEqual(["device.json"]);
  });

  it("a device token that is refused is forgotten, and the shared one used again", async () => {
    const seen: (string | undefined)[] = [];
    const url = await standIn(({ params, method }, wire) => {
      if (method !== "connect") return wire.socket.close(4001);
      seen.push(params.auth?.token);
      if (params.device === undefined) return wire.ok({ ...HELLO, auth: { ...HELLO.auth, scopes: [] } });
      if (params.auth?.token === "shared") return wire.ok({ ...HELLO, auth: { ...HELLO.auth, deviceToken: "own" } });
      wire.fail({ code: "UNAUTHORIZED", message: "x", details: { code: "AUTH_DEVICE_TOKEN_MISMATCH" } }, 1008);
    });
    const { connection, states } = connect({ url, token: "shared", stateDir: await stateDir() });
    await connection.ready(10_000);
    await connection.request("go", {}).catch(() => undefined);
    await expect.poll(() => phases(states), { timeout: 10_000 }).toEqual(["ready", "connecting", "ready"]);
    expect(seen).toEqual(["shared", "shared", "own", "shared"]);
  });

  it("a key that cannot be kept is said instead of guessed around", async () => {
    const { connection } = connect({ url: "wss://gateway.invalid", token: "t", stateDir: "/dev/null/clutch" });
    await expect(connection.ready(10_000)).rejects.toMatchObject({ code: "bad_config" });
  });
});

describe("a gateway that refuses Clutch", () => {
  const MISMATCH = { code: "UNAUTHORIZED", message: "x", details: { code: "AUTH_TOKEN_MISMATCH" } };

  it("is asked again now and then, and Clutch goes on once it lets it in; nothing waits for that", async () => {
    let lets = false;
    let asked = 0;
    const url = await standIn((_, wire) => {
      asked += 1;
      if (lets) wire.hello();
      else wire.fail(MISMATCH, 1008);
    });
    const { connection, states } = connect({ url, token: "t", timing: { refusedMs: 50 } });
    await expect(connection.ready(10_000)).rejects.toMatchObject({ code: "gateway_auth" });
    await expect.poll(() => asked, { timeout: 10_000 }).toBeGreaterThan(2);
    await expect(connection.request("sessions.list", {})).rejects.toMatchObject({ code: "gateway_auth" });
    expect(phases(states)).toEqual(["refused"]);
    lets = true;
    await expect.poll(() => phases(states), { timeout: 10_000 }).toEqual(["refused", "ready"]);
  });

  it("after it had let it in is told in the log, once", async () => {
    const told: { code?: string; msg: string }[] = [];
    const logger = pino({ level: "warn" }, { write: (line: string) => void told.push(JSON.parse(line)) });
    let asked = 0;
    const url = await standIn(({ method }, wire) => {
      if (method !== "connect") return wire.socket.close(4001);
      asked += 1;
      if (wire.number === 1) wire.hello();
      else wire.fail(MISMATCH, 1008);
    });
    const { connection } = connect({ url, token: "t", timing: { refusedMs: 50 } }, logger);
    await connection.ready(10_000);
    await connection.request("go", {}).catch(() => undefined);
    await expect.poll(() => asked, { timeout: 10_000 }).toBeGreaterThan(3);
    expect(connection.state().phase).toBe("refused");
    expect(told).toMatchObject([{ code: "gateway_auth", msg: expect.stringContaining("refuses the token") }]);
  });
});

describe("what the gateway says about a refused connection", () => {
  const described = (error: Record<string, unknown>) => describeConnectFailure(error, "wss://gw.example:18789");

  it("an id that is no plain word does not get into a command", () => {
    for (const requestId of ["a; rm -rf ~", "$(id)", "-rf", "a b", "`id`", "a\nb", 70_707]) {
      const { pairing, error } = described({ details: { code: "PAIRING_REQUIRED", requestId } });
      expect(pairing).toEqual({ requestId: undefined, approveCommand: "openclaw devices approve" });
      expect(error.message + error.hint).not.toContain(String(requestId));
    }
  });

  it("the scopes that an approved device lacks are named", () => {
    const details = {
      code: "PAIRING_REQUIRED",
      reason: "scope-upgrade",
      requestId: "r1",
      requestedScopes: ["operator.read", "operator.admin"],
      approvedScopes: ["operator.read"],
    };
    expect(described({ details }).error.message).toContain("not for operator.admin");
  });

  it.each([
    ["an old gateway's words", { code: "INVALID_REQUEST", message: "protocol mismatch" }, "gateway_protocol", true],
    ["too many logins", { details: { code: "AUTH_RATE_LIMITED" }, retryAfterMs: 9_000 }, "gateway_auth", false],
    ["a device without the scopes", { details: { code: "AUTH_SCOPE_MISMATCH" } }, "gateway_scope", true],
    ["nothing at all", {}, "gateway_unreachable", false],
  ])("%s", (_, error, code, final) => {
    expect(described(error)).toMatchObject({ error: { code }, final });
  });
});
