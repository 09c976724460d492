import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { createWall, type Wall } from "../../src/wall/wall.ts";
import { createWallClient } from "../../src/wall/wall-client.ts";
import { forget, temporaryDirectory } from "../wall/wall-lab.ts";
import { type AttachedClutch, type Lab, QWEN, SONNET, startLab } from "./harness.ts";

/**
 * OpenClaw behind the wall. Both model servers are on loopback, which OpenClaw
 * sends through a proxy only in the mode `proxy`; what tells them apart is the port.
 */
let lab: Lab;
let clutch: AttachedClutch;
let wall: Wall;
let cloud: Relay;
let ollama: string;
const directory = temporaryDirectory();
const client = createWallClient({ directory });
const CLOUD_KEY = "agent:main:discord:channel:8001";
const LOCAL_KEY = "agent:main:discord:channel:8002";

interface Relay {
  readonly url: string;
  /** What OpenClaw sent, of any kind. */
  bytes(): number;
  passTo(url: string): void;
  close(): void;
}

/** Stands before the cloud's stand-in and counts what comes in. */
async function startRelay(): Promise<Relay> {
  let bytes = 0;
  let port = 0;
  const server = createServer((socket) => {
    const upstream = connect(port, "127.0.0.1");
    socket.on("data", ({ length }) => {
      bytes += length;
    });
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
    socket.pipe(upstream).pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytes: () => bytes,
    passTo(url) {
      port = Number(new URL(url).port);
    },
    close: () => server.close(),
  };
}

beforeAll(async () => {
  [wall, cloud] = await Promise.all([
    createWall({
      listen: { host: "127.0.0.1", port: 0 },
      directory,
      rules: { allow: [], local: [] },
      resolve: async () => [],
      clock: Date.now,
      logger: pino({ level: process.env["CLUTCH_TEST_LOG"] ?? "silent" }, pino.destination(2)),
    }),
    startRelay(),
  ]);
  lab = await startLab((config) => {
    const { models } = config as { models: { providers: Record<string, { baseUrl: string }> } };
    const { anthropic, ollama: box } = models.providers;
    if (anthropic === undefined || box === undefined) throw new Error("the lab has other providers");
    cloud.passTo(anthropic.baseUrl);
    anthropic.baseUrl = cloud.url;
    ollama = new URL(box.baseUrl).host;
    const proxy = { enabled: true, proxyUrl: `http://${wall.status().listen}`, loopbackMode: "proxy" };
    return { ...config, proxy };
  });
  clutch = await lab.attach();
});

afterAll(async () => {
  await lab?.stop();
  await wall?.stop();
  cloud?.close();
  forget(directory);
});

/** Begins a turn and gives its end, which a closed wall puts off by more than a minute. */
async function begin(sessionKey: string, message: string): Promise<{ stop(): Promise<void> }> {
  const runId = randomUUID();
  await clutch.call("chat.send", { sessionKey, message, idempotencyKey: runId });
  return { stop: async () => void (await clutch.call("chat.abort", { sessionKey, runId })) };
}

const denied = (): number => wall.status().totals.denied;

it("lets no byte to the cloud while closed, the local model answers, and all is as before once open", async () => {
  // Open: both are reached, and through the wall.
  expect(await clutch.say(CLOUD_KEY, "hello")).toMatch(/^claude-sonnet-5 answers/);
  const whileOpen = cloud.bytes();
  expect(whileOpen).toBeGreaterThan(0);
  expect(wall.status().totals).toMatchObject({ denied: 0 });
  expect(wall.status().totals.passed).toBeGreaterThan(0);
  await clutch.say(LOCAL_KEY, "hello");
  await clutch.call("sessions.patch", { key: LOCAL_KEY, model: QWEN });
  expect(await clutch.say(LOCAL_KEY, "and now?")).toMatch(/^qwen2.5-coder:32b answers/);

  await client.close("test", { allow: [], local: [ollama] });
  const atClosing = cloud.bytes();
  const turn = await begin(CLOUD_KEY, "a secret");
  await vi.waitFor(() => expect(denied()).toBeGreaterThan(1), { timeout: 60_000, interval: 100 });
  expect(await clutch.say(LOCAL_KEY, "still there?")).toMatch(/^qwen2.5-coder:32b answers/);
  await turn.stop();
  expect(cloud.bytes()).toBe(atClosing);
  expect(lab.anthropic.chats.some(({ messages }) => messages.some(({ text }) => text.includes("secret")))).toBe(false);

  await client.open("test");
  expect(await clutch.say(CLOUD_KEY, "hello again")).toMatch(/^claude-sonnet-5 answers/);
  expect(cloud.bytes()).toBeGreaterThan(atClosing);
  const row = await clutch.app.openclaw.readSession(LOCAL_KEY);
  expect(`${row?.model?.provider}/${row?.model?.model}`).toBe(QWEN);
});

it("cuts an answer that the cloud is streaming", async () => {
  lab.answerWith(({ model }) =>
    model === SONNET.split("/")[1] ? { text: "word ".repeat(300), chunkDelayMs: 100 } : undefined,
  );
  const before = lab.anthropic.chats.length;
  const turn = await begin(CLOUD_KEY, "tell me a long story");
  await vi.waitFor(() => expect(lab.anthropic.chats.length).toBeGreaterThan(before), { timeout: 60_000 });
  const { cut } = wall.status().totals;
  await client.close("stream", { allow: [], local: [ollama] });
  expect(wall.status().totals.cut).toBeGreaterThan(cut);
  const atClosing = cloud.bytes();
  // OpenClaw tries again and is refused.
  const refused = denied();
  await vi.waitFor(() => expect(denied()).toBeGreaterThan(refused), { timeout: 60_000, interval: 100 });
  await turn.stop();
  expect(cloud.bytes()).toBe(atClosing);
  lab.answerWith(undefined);
  await client.open("stream");
  expect(await clutch.say(CLOUD_KEY, "short, please")).toMatch(/^claude-sonnet-5 answers/);
});
