import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { createWall, type Wall } from "../../src/wall/wall.ts";
import { createWallClient, type WallClient } from "../../src/wall/wall-client.ts";
import type { WallRules } from "../../src/wall/wall-rules.ts";

/** A server that keeps every byte it gets and answers each chunk by `reply`. */
export interface Recorder {
  readonly port: number;
  bytes(): number;
  text(): string;
  connections(): number;
  close(): Promise<void>;
}

export async function startRecorder(reply: (chunk: Buffer) => string | Buffer | undefined): Promise<Recorder> {
  const open = new Set<Socket>();
  const chunks: Buffer[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      const answer = reply(chunk);
      if (answer !== undefined) socket.write(answer);
    });
  });
  await listening(server);
  return {
    port: (server.address() as AddressInfo).port,
    bytes: () => chunks.reduce((sum, { length }) => sum + length, 0),
    text: () => Buffer.concat(chunks).toString("latin1"),
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

const listening = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });

export interface WallLab {
  readonly wall: Wall;
  readonly client: WallClient;
  readonly port: number;
  readonly directory: string;
  /** What the wall asked DNS for. */
  readonly asked: readonly string[];
  /** What DNS answers; names that are not here do not exist. */
  readonly names: Map<string, readonly string[] | (() => Promise<readonly string[]>)>;
  stop(): Promise<void>;
}

export const temporaryDirectory = (): string => mkdtempSync(join(tmpdir(), "clutch-wall-"));

export async function startWallLab(
  rules: WallRules = { allow: [], local: [] },
  { directory = temporaryDirectory() }: { readonly directory?: string } = {},
): Promise<WallLab> {
  const asked: string[] = [];
  const names: WallLab["names"] = new Map();
  const wall = await createWall({
    listen: { host: "127.0.0.1", port: 0 },
    directory,
    rules,
    async resolve(host) {
      asked.push(host);
      const answer = names.get(host);
      if (answer === undefined) throw new Error("ENOTFOUND");
      return typeof answer === "function" ? answer() : answer;
    },
    clock: Date.now,
    logger: pino({ level: "silent" }),
  });
  return {
    wall,
    client: createWallClient({ directory }),
    port: portOf(wall.status().listen),
    directory,
    asked,
    names,
    stop: () => wall.stop(),
  };
}

export const forget = (directory: string): void => rmSync(directory, { recursive: true, force: true });

export const portOf = (listen: string): number => Number(listen.slice(listen.lastIndexOf(":") + 1));

export interface Tunnel {
  /** Of the proxy's answer; 0 where the connection ended without one. */
  readonly status: number;
  /** What came with a refusal. */
  readonly body: string;
  readonly socket: Socket;
  /** Sends and gives the next chunk; undefined where the connection ended instead. */
  say(text: string): Promise<string | undefined>;
  /** Resolves when the connection is gone. */
  readonly gone: Promise<void>;
}

/** A CONNECT as an HTTP client makes it; `target` as it stands in the request line. */
export function tunnelTo(proxyPort: number, target: string): Promise<Tunnel> {
  const socket = connect(proxyPort, "127.0.0.1");
  const gone = new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
  });
  const next = (): Promise<string | undefined> =>
    new Promise((resolve) => {
      const done = (text: string | undefined): void => {
        socket.off("data", onData);
        resolve(text);
      };
      const onData = (chunk: Buffer): void => done(chunk.toString("latin1"));
      socket.once("data", onData);
      void gone.then(() => done(undefined));
    });
  socket.on("error", () => undefined);
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  return next().then((head = "") => ({
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0),
    body: head.split("\r\n\r\n").slice(1).join(""),
    socket,
    say(text) {
      const answer = next();
      socket.write(text);
      return answer;
    },
    gone,
  }));
}
