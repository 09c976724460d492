import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** One request as it came over the wire. */
export interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface RecordingProxy {
  readonly url: string;
  readonly requests: readonly Recorded[];
  /** Whom it passes everything on to. */
  target: string;
  close(): Promise<void>;
}

/** Writes every request down as it came, headers included, and passes it on. */
export async function startRecordingProxy(): Promise<RecordingProxy> {
  const requests: Recorded[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString("utf8");
    const { method = "GET", url = "/", headers } = request;
    requests.push({ method, path: url, headers, body });
    try {
      const reply = await fetch(new URL(url, proxy.target), {
        method,
        headers: { "content-type": headers["content-type"] ?? "application/json" },
        ...(body === "" ? {} : { body }),
      });
      response.writeHead(reply.status, { "content-type": reply.headers.get("content-type") ?? "application/json" });
      for await (const part of reply.body ?? []) response.write(part);
      response.end();
    } catch {
      response.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: RecordingProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    target: "",
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return proxy;
}
