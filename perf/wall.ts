import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { createWall } from "../src/wall/wall.ts";
import { createWallClient } from "../src/wall/wall-client.ts";
import { type Measurement, median, percentile, timed } from "./measure.ts";

const CONNECTIONS = 300;
const TOGGLES = 50;
const TUNNELS = 50;
const ROUND_TRIPS = 500;
const MEGABYTES = 64;
const CLOSED_MS = 50;
const ADDED_MS = 5;

/** What the wall costs beside a direct connection, and how long it takes until nothing gets out. */
export async function wallCosts(): Promise<Measurement[]> {
  const directory = await mkdtemp(join(tmpdir(), "clutch-wall-perf-"));
  const server = await startServer();
  const target = (server.address() as AddressInfo).port;
  const wall = await createWall({
    listen: { host: "127.0.0.1", port: 0 },
    directory,
    rules: { allow: [], local: [] },
    resolve: async () => ["127.0.0.1"],
    clock: Date.now,
    logger: pino({ level: "silent" }),
  });
  const client = createWallClient({ directory });
  const proxy = Number(wall.status().listen.split(":").at(-1));
  const direct = (): Promise<Socket> => open(target);
  const through = (): Promise<Socket> => open(proxy, `server.test:${target}`);
  try {
    const connecting = await sideBySide(direct, through, CONNECTIONS, async (make) => void (await make()).destroy());
    const [plain, tunnel] = [await direct(), await through()];
    const talking = await sideBySide(
      async () => plain,
      async () => tunnel,
      ROUND_TRIPS,
      async (make) => void (await ask(await make(), "x", 1)),
    );
    for (const socket of [plain, tunnel]) socket.destroy();
    const wanted = MEGABYTES * 1_000_000;
    const reading = await sideBySide(direct, through, 3, async (make) => {
      const socket = await make();
      await ask(socket, `give ${wanted}\n`, wanted);
      socket.destroy();
    });
    const speed = (ms: number): string => `${(wanted / 1e6 / (ms / 1000)).toFixed(0)} MB/s`;

    const closing: number[] = [];
    const gone: number[] = [];
    const opening: number[] = [];
    for (let toggle = 0; toggle < TOGGLES; toggle++) {
      const tunnels = await Promise.all(Array.from({ length: TUNNELS }, through));
      gone.push(
        await timed(async () => {
          closing.push(await timed(() => client.close(`perf-${toggle}`)));
          await Promise.all(tunnels.map(ended));
        }),
      );
      opening.push(await timed(() => client.open(`perf-${toggle}`)));
    }
    return [
      {
        name: "connection through the wall",
        found: `p50 ${median(connecting.through).toFixed(2)} ms, direct ${median(connecting.direct).toFixed(2)} ms; round trip ${median(talking.through).toFixed(3)} ms, direct ${median(talking.direct).toFixed(3)} ms`,
        ratio: (median(connecting.through) - median(connecting.direct)) / ADDED_MS,
        goal: "adds < 5 ms, so < 1",
      },
      {
        name: "throughput through the wall",
        found: `${speed(median(reading.through))}, direct ${speed(median(reading.direct))} (one process, loopback)`,
        ratio: median(reading.through) / median(reading.direct),
        goal: "time over direct",
      },
      {
        name: `wall closed, ${TUNNELS} tunnels cut`,
        found: `p50 ${median(closing).toFixed(1)} ms, p95 ${percentile(closing, 95).toFixed(1)} ms; clients have seen it after p50 ${median(gone).toFixed(1)} ms; open again p50 ${median(opening).toFixed(1)} ms; on the disk both times`,
        ratio: percentile(closing, 95) / CLOSED_MS,
        goal: "p95 < 50 ms, so < 1",
      },
    ];
  } finally {
    await wall.stop();
    await new Promise((resolve) => {
      server.close(resolve);
    });
    await rm(directory, { recursive: true, force: true });
  }
}

type Make = () => Promise<Socket>;

/** In turns, so that what the machine does beside it touches both alike. */
async function sideBySide(
  direct: Make,
  through: Make,
  times: number,
  work: (make: Make) => Promise<void>,
): Promise<{ direct: number[]; through: number[] }> {
  const found = { direct: [] as number[], through: [] as number[] };
  await work(direct);
  await work(through);
  for (let time = 0; time < times; time++) {
    found.direct.push(await timed(() => work(direct)));
    found.through.push(await timed(() => work(through)));
  }
  return found;
}

/** Answers a byte with a byte, and `give N` with N bytes. */
async function startServer(): Promise<Server> {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.on("data", (data) => {
      const [, count] = /^give (\d+)\n$/.exec(data.subarray(0, 40).toString("latin1")) ?? [];
      socket.write(count === undefined ? "y" : Buffer.alloc(Number(count)));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return server;
}

async function open(port: number, through?: string): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  socket.on("error", () => socket.destroy());
  await new Promise<void>((resolve) => {
    socket.once("connect", resolve);
  });
  if (through !== undefined) await ask(socket, `CONNECT ${through} HTTP/1.1\r\nHost: ${through}\r\n\r\n`, 1);
  return socket;
}

/** Sends, and waits until at least so many bytes have come. */
const ask = (socket: Socket, text: string, bytes: number): Promise<void> =>
  new Promise((resolve) => {
    let got = 0;
    const onData = ({ length }: Buffer): void => {
      got += length;
      if (got < bytes) return;
      socket.off("data", onData);
      resolve();
    };
    socket.on("data", onData);
    socket.write(text);
  });

const ended = (socket: Socket): Promise<void> =>
  socket.destroyed ? Promise.resolve() : new Promise((resolve) => void socket.once("close", () => resolve()));
