import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Stands before a model server, counts every byte that comes in, and can be what a broken server is. */
export interface Relay {
  readonly url: string;
  readonly port: number;
  bytes(): number;
  passTo(url: string): void;
  /** `gone`: nobody listens. `hanging`: connections are taken and never answered. */
  be(what: "passing" | "hanging" | "gone"): Promise<void>;
  close(): Promise<void>;
}

export async function startRelay(): Promise<Relay> {
  let bytes = 0;
  let target = 0;
  let port = 0;
  let isHanging = false;
  const open = new Set<Socket>();
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  };
  const server = createServer((socket) => {
    keep(socket);
    socket.on("error", () => undefined);
    socket.on("data", ({ length }) => {
      bytes += length;
    });
    if (isHanging) return;
    const upstream = connect(target, "127.0.0.1");
    keep(upstream);
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
    socket.pipe(upstream).pipe(socket);
  });
  const end = async (): Promise<void> => {
    for (const socket of open) socket.destroy();
    if (!server.listening) return;
    server.close();
    await once(server, "close");
  };
  const listen = async (): Promise<void> => {
    if (server.listening) return;
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  };
  await listen();
  return {
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    get port() {
      return port;
    },
    bytes: () => bytes,
    passTo(url) {
      target = Number(new URL(url).port);
    },
    async be(what) {
      isHanging = what === "hanging";
      for (const socket of open) socket.destroy();
      if (what === "gone") await end();
      else await listen();
    },
    close: end,
  };
}
