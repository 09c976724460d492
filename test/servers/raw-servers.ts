import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createSocketServer, type Server, type Socket } from "node:net";

interface RawServers {
  /** Gives the address. */
  http(listener: RequestListener): Promise<string>;
  socket(onSocket: (socket: Socket) => void): Promise<string>;
  /** Answers everything with this. */
  json(value: unknown): Promise<string>;
  /** The address of a server that is no longer there. */
  nobody(): Promise<string>;
  closeLater(server: { close(): Promise<void> }): void;
  closeAll(): Promise<void>;
}

/** Servers on loopback that do exactly what a test wants them to do wrong. */
export function rawServers(): RawServers {
  const closing: (() => Promise<void>)[] = [];

  async function serve(server: Server): Promise<string> {
    const sockets = new Set<Socket>();
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(
      () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          for (const socket of sockets) socket.destroy();
        }),
    );
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const http = (listener: RequestListener): Promise<string> => serve(createServer(listener));

  return {
    http,
    socket: (onSocket) => serve(createSocketServer(onSocket)),
    json: (value) =>
      http((_, response) => response.setHeader("content-type", "application/json").end(JSON.stringify(value))),
    async nobody() {
      const url = await http(() => undefined);
      await closing.pop()?.();
      return url;
    },
    closeLater: (server) => void closing.push(() => server.close()),
    async closeAll() {
      for (const close of closing.splice(0)) await close();
    },
  };
}
