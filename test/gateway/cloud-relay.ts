import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";

/** Stands before a stand-in of the cloud and counts what comes in, of any kind, before anything is made of it. */
export interface CloudRelay {
  readonly url: string;
  bytes(): number;
  passTo(url: string): void;
  close(): void;
}

export async function startCloudRelay(): Promise<CloudRelay> {
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
