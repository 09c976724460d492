import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import {
  CANARIES,
  CANARY_ENV,
  CONFIGURED,
  canariesIn,
  canaryConfig,
  databaseWithPassword,
  gatewayWithPassword,
} from "../security/canaries.ts";
import { tellTale } from "../security/tell-tale.ts";
import { rawServers } from "../servers/raw-servers.ts";
import { finished, type Machine, newMachine } from "./machine.ts";

const servers = rawServers();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await servers.closeAll();
});

/** A gateway that repeats every secret in whatever it answers; with `letIn` it does so only after its hello. */
async function tellTaleGateway(letIn: boolean): Promise<string> {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => {
    const send = (message: unknown): void => socket.send(JSON.stringify(message));
    send({ type: "event", event: "connect.challenge", payload: { nonce: "n", ts: Date.now() } });
    socket.on("message", (raw) => {
      const { id, method } = JSON.parse(String(raw)) as { id: string; method: string };
      if (method === "connect" && letIn) return send({ type: "res", id, ok: true, payload: HELLO });
      send({
        type: "res",
        id,
        ok: false,
        error: { code: "INVALID_REQUEST", message: `it was ${CONFIGURED}`, details: { sent: CONFIGURED } },
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
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

describe("the binary", () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await newMachine();
    await writeFile(join(machine.cwd, "claude.key"), CANARIES["Claude key"]);
  });
  afterAll(() => machine?.clear());

  const EXEC = ["exec", "--as", "discord:1", "--in", "discord:123"];
  /** What is printed, one entry each: add yours here. */
  const OUTPUTS: readonly (readonly string[])[] = [
    [...EXEC, "/model"],
    [...EXEC, "--json", "/model list"],
    [...EXEC, "--json", `/model ${CANARIES["gateway token"]}`],
    ["audit"],
    ["audit", "--json"],
    ["usage", "--json"],
    ["bench", "results", "--json"],
    ["models", "list", "--json"],
    ["agents", "sync", "--json"],
    ["localonly", "status", "--json"],
    ["localonly", "on", "--yes"],
    ["guard", "status", "--json"],
    ["wall", "status", "--json"],
    ["doctor", "--json"],
    ["doctor"],
    ["init", "--json"],
    ["owner", "add", "discord:2", "--json"],
    ["service", "status", "--json"],
    ["uninstall", "--json"],
    ["store", "check", "--json"],
    ["doctor", "network", "--json"],
    ["doctor", "hardware", "--json"],
    ["slack", "manifest"],
    ["start"],
  ];

  const printed = async (args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> => {
    const run = machine.clutch(args, { env: { ...CANARY_ENV, CLUTCH_LOG: "trace", ...env } });
    // What stays is stopped when it has said what it has to say.
    const timer = setTimeout(() => run.kill("SIGTERM"), args[0] === "start" ? 6_000 : 60_000);
    const enough = setTimeout(() => run.kill("SIGKILL"), 75_000);
    const { code, stdout, stderr } = await finished(run);
    for (const each of [timer, enough]) clearTimeout(each);
    expect(code, `${args.join(" ")} does not end`).not.toBe("SIGKILL");
    return stdout + stderr;
  };

  it.each([
    { what: "lets Clutch in", letIn: true },
    { what: "does not let it in", letIn: false },
  ])("prints no secret of a gateway that $what", { timeout: 300_000 }, async ({ letIn }) => {
    const gateway = gatewayWithPassword(await tellTaleGateway(letIn));
    const config = canaryConfig({ gateway, server: await tellTale(servers, 401), store: "sqlite:./clutch.db" });
    await writeFile(join(machine.cwd, "clutch.config.json"), JSON.stringify(config));
    let told = 0;
    const look = async (args: readonly string[]): Promise<void> => {
      const text = await printed(args, {});
      if (text.includes("[hidden]")) told += 1;
      expect(canariesIn(text), args.join(" ")).toEqual([]);
    };
    for (let at = 0; at < OUTPUTS.length; at += 3) await Promise.all(OUTPUTS.slice(at, at + 3).map(look));
    // It was not silence that hid them.
    expect(told).toBeGreaterThan(letIn ? 5 : 0);
  });

  it("prints no secret of a database that cannot be reached, and of a configuration with mistakes", async () => {
    const gateway = gatewayWithPassword("ws://127.0.0.1:1");
    const good = canaryConfig({ gateway, server: "http://127.0.0.1:1", store: databaseWithPassword(1) });
    const secret = CANARIES["Discord token"];
    const texts = [
      JSON.stringify(good),
      JSON.stringify({ ...good, store: `postgres://me:${CANARIES["database password"]}#x@host/db` }),
      JSON.stringify({ ...good, discord: { token: { of: secret } } }),
      JSON.stringify({ ...good, slack: { ...good.slack, appToken: `env:${CANARIES["Slack app token"]}` } }),
      JSON.stringify({ ...good, gateway: { url: gateway, tlsFingerprint: secret } }),
      JSON.stringify({ ...good, servers: { x: { kind: secret, baseUrl: `nonsense ${secret}` } } }),
      `{ "discord": { "token": "${secret}" `,
      `{ "discord": { "token": "${secret}"x } }`,
    ];
    for (const text of texts) {
      await writeFile(join(machine.cwd, "clutch.config.json"), text);
      const look = async (args: readonly string[]): Promise<void> => {
        const words = await printed(args, {});
        expect(canariesIn(words), `${args.join(" ")} with ${text.slice(0, 40)}`).toEqual([]);
      };
      await Promise.all([[...EXEC, "/model"], ["audit", "--json"], ["start"], ["slack", "manifest"]].map(look));
    }
  }, 300_000);

  it.each([
    { how: "a crash", code: "setTimeout(() => { throw new Error(process.env.GATEWAY_TOKEN); }, 300)" },
    {
      how: "a promise that nobody looks after",
      code: "setTimeout(() => Promise.reject(new Error(process.env.GATEWAY_TOKEN)), 300)",
    },
    {
      how: "what a library prints",
      code: "setTimeout(() => console.error('it is', process.env.GATEWAY_TOKEN, { deep: process.env.SLACK_APP }), 3_000)",
    },
    { how: "bytes", code: "setTimeout(() => process.stdout.write(Buffer.from(process.env.GATEWAY_TOKEN)), 300)" },
  ])("prints no secret in $how", async ({ code }) => {
    const config = canaryConfig({
      gateway: "ws://127.0.0.1:1",
      server: "http://127.0.0.1:1",
      store: "sqlite:./clutch.db",
    });
    await writeFile(join(machine.cwd, "clutch.config.json"), JSON.stringify(config));
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(code)}`;
    const text = await printed(["start"], { NODE_OPTIONS });
    expect(text).toContain("[hidden]");
    expect(canariesIn(text)).toEqual([]);
  });
});
