import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { GatewayClient } from "@openclaw/gateway-client";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ConnectionState, type GatewayConnection, openConnection } from "../../src/openclaw/connection.ts";
import { openDevice } from "../../src/openclaw/device-identity.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { type AttachedClutch, type Lab, startLab } from "./harness.ts";

/*
 * To the gateway, what comes through a trusted proxy with a forwarded address
 * comes from that address: this is how a client on another machine looks to it.
 */
const REMOTE = "203.0.113.9";

const log: string[] = [];
const logger = pino({ level: "debug" }, { write: (line: string) => log.push(line) });
const open: GatewayConnection[] = [];
let lab: Lab;
let remote: FaultProxy;
let admin: AttachedClutch;
let stateDir: string;

beforeAll(async () => {
  lab = await startLab((config) => ({ ...config, gateway: { trustedProxies: ["127.0.0.1"] } }));
  remote = await startFaultProxy(lab.gateway.url, { forwardedFor: REMOTE });
  admin = await lab.attach();
  stateDir = join(lab.dir, "device");
});
afterAll(async () => {
  await lab?.stop();
  await remote?.close();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()));
});

function connect(more: { url?: string; token?: string; stateDir?: string }): {
  connection: GatewayConnection;
  states: ConnectionState[];
} {
  const connection = openConnection({ url: remote.url, timing: { pairingMs: 300 }, ...more }, logger);
  open.push(connection);
  const states: ConnectionState[] = [];
  connection.onState((state) => states.push(state));
  return { connection, states };
}
const pending = async (): Promise<readonly { requestId: string; deviceId: string }[]> =>
  ((await admin.call("device.pair.list", {})) as { pending: { requestId: string; deviceId: string }[] }).pending;
const phases = (states: readonly ConnectionState[]): string[] => states.map(({ phase }) => phase);
const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe("a gateway elsewhere", () => {
  it("waits for the approval that it names, asks only once, goes on by itself, and keeps its token", async () => {
    const { connection, states } = connect({ token: lab.gateway.token, stateDir });
    await expect.poll(() => connection.state().phase, { timeout: 30_000 }).toBe("pairing");
    const state = connection.state();
    if (state.phase !== "pairing") throw new Error(state.phase);
    expect(state.requestId).toMatch(/^[\w-]+$/);
    expect(state.approveCommand).toBe(`openclaw devices approve ${state.requestId}`);
    expect(state.problem).toMatchObject({ code: "gateway_pairing", isFault: false });
    expect(state.problem.message).toContain(state.requestId);
    expect(state.problem.hint).toContain(state.approveCommand);
    // A command is told at once: only a person can help.
    await expect(connection.request("models.list", {})).rejects.toMatchObject({ code: "gateway_pairing" });
    await expect(connection.ready(100)).rejects.toMatchObject({ code: "gateway_pairing" });

    const seen = remote.taken();
    await expect.poll(() => remote.taken(), { timeout: 30_000 }).toBeGreaterThan(seen + 3);
    expect((await pending()).map(({ requestId }) => requestId)).toEqual([state.requestId]);
    expect(phases(states)).toEqual(["pairing"]);

    await admin.call("device.pair.approve", { requestId: state.requestId });
    await connection.ready(30_000);
    expect(connection.state()).toMatchObject({ phase: "ready", missingScopes: [] });
    await connection.request("config.get", {});

    expect((await readdir(stateDir)).sort()).toEqual(["device-tokens.json", "device.json"]);
    expect(await modeOf(stateDir)).toBe(0o700);
    expect(await modeOf(join(stateDir, "device.json"))).toBe(0o600);
    expect(await modeOf(join(stateDir, "device-tokens.json"))).toBe(0o600);
  });

  it("the next time the device's own token is enough", async () => {
    const { connection, states } = connect({ stateDir });
    await connection.ready(30_000);
    await connection.request("config.get", {});
    expect(phases(states)).toEqual(["ready"]);
    expect(await pending()).toEqual([]);
  });

  it("a device that was removed is shown as to be approved again, and comes back by itself", async () => {
    const { connection, states } = connect({ token: lab.gateway.token, stateDir });
    await connection.ready(30_000);
    const { paired } = (await admin.call("device.pair.list", {})) as { paired: { deviceId: string }[] };
    await admin.call("device.pair.remove", { deviceId: paired[0]?.deviceId });
    await expect.poll(() => connection.state().phase, { timeout: 30_000 }).toBe("pairing");
    const [request] = await pending();
    await admin.call("device.pair.approve", { requestId: request?.requestId });
    await connection.ready(30_000);
    expect(phases(states)).toEqual(expect.arrayContaining(["ready", "pairing", "ready"]));
  });

  it("a device that was approved for less is shown with what it lacks", async () => {
    const dir = join(lab.dir, "narrow");
    const device = openDevice(dir, remote.url, logger);
    const asked = Promise.withResolvers<void>();
    const refused = new GatewayClient({
      url: remote.url,
      token: lab.gateway.token,
      ...device.clientOptions,
      clientName: "gateway-client",
      mode: "backend",
      scopes: ["operator.read"],
      onConnectError: () => asked.resolve(),
    });
    refused.start();
    await asked.promise;
    refused.stop();
    const first = (await pending()).find(({ deviceId }) => deviceId === device.id);
    await admin.call("device.pair.approve", { requestId: first?.requestId });

    const { connection } = connect({ token: lab.gateway.token, stateDir: dir });
    await expect.poll(() => connection.state().phase, { timeout: 30_000 }).toBe("pairing");
    const state = connection.state();
    if (state.phase !== "pairing") throw new Error(state.phase);
    expect(state.requestId).not.toBe(first?.requestId);
    expect(state.problem.message).toContain("not for operator.write, operator.admin");
    await admin.call("device.pair.approve", { requestId: state.requestId });
    await connection.ready(30_000);
    expect(connection.state()).toMatchObject({ missingScopes: [] });
  });

  it("without the token and without the gateway's own one nobody is let in", async () => {
    await rm(join(stateDir, "device-tokens.json"));
    const { connection } = connect({ stateDir });
    await expect(connection.ready(10_000)).rejects.toMatchObject({ code: "gateway_auth" });
  });

  it("where no key may be kept, what is missing is named", async () => {
    const { connection } = connect({ token: lab.gateway.token });
    await connection.ready(30_000);
    expect(connection.state()).toMatchObject({ missingScopes: ["operator.read", "operator.write", "operator.admin"] });
    await expect(connection.request("sessions.list", {})).rejects.toMatchObject({
      code: "gateway_scope",
      message: expect.stringContaining("operator.read"),
    });
  });

  it("neither token is ever in the log", async () => {
    const kept = JSON.stringify(JSON.parse(await readFile(join(stateDir, "device.json"), "utf8")).privateKey);
    const text = log.join("");
    expect(text).not.toContain(lab.gateway.token);
    expect(text).not.toContain(kept.slice(40, 80));
  });
});

describe("a gateway on this machine", () => {
  it("with the token needs no key, and none is made", async () => {
    const elsewhere = join(lab.dir, "unused");
    const { connection } = connect({ url: lab.gateway.url, token: lab.gateway.token, stateDir: elsewhere });
    await connection.ready(30_000);
    expect(connection.state()).toMatchObject({ missingScopes: [] });
    await expect(stat(elsewhere)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("a method that this OpenClaw does not know is refused as a matter of versions", async () => {
    const { connection } = connect({ url: lab.gateway.url, token: lab.gateway.token });
    await connection.ready(30_000);
    await expect(connection.request("sessions.teleport", {})).rejects.toMatchObject({
      code: "gateway_protocol",
      message: expect.stringMatching(/OpenClaw 2026\.\S+ does not know sessions\.teleport/),
    });
  });
});
