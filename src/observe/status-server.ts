import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { isIP } from "node:net";
import type { Logger } from "pino";
import { ClutchError } from "../errors.ts";
import type { Metrics } from "./metrics.ts";
import type { Readiness } from "./readiness.ts";

export interface StatusServer {
  /** `http://127.0.0.1:8377`. */
  readonly url: string;
  close(): Promise<void>;
}

/** For a request to come in whole, ms: it has no body. */
const REQUEST_MS = 5_000;
const MOST_CONNECTIONS = 64;

/**
 * Tells a supervisor and Prometheus how Clutch is: `/healthz` while the process
 * lives, `/readyz` while it can do its work (else 503 and what is missing),
 * `/metrics`. It can be read only, and tells nothing of persons, channels and
 * secrets; `hide` takes those out of problems all the same.
 *
 * A web page cannot read it through a name that it points at this machine: a
 * request must name an address, `localhost` or one of `hosts`. Throws `bad_config`
 * where nothing can listen at `listen` (`HOST:PORT`, port 0 takes a free one).
 */
export async function startStatusServer(options: {
  readonly listen: string;
  readonly hosts: readonly string[];
  readonly ready: () => Promise<Readiness>;
  readonly metrics: Pick<Metrics, "render">;
  readonly hide: (text: string) => string;
  readonly logger: Logger;
}): Promise<StatusServer> {
  const { listen, ready, metrics, hide, logger } = options;
  const names = new Set(["localhost", ...options.hosts.map((host) => host.toLowerCase())]);

  const answer = async (path: string): Promise<readonly [status: number, mediaType: string, text: string]> => {
    switch (path) {
      case "/healthz":
        return [200, JSON_TYPE, json({ alive: true })];
      case "/readyz": {
        const readiness = await ready();
        return [readiness.ready ? 200 : 503, JSON_TYPE, hide(json(readiness))];
      }
      case "/metrics": {
        const { text, mediaType } = await metrics.render();
        return [200, mediaType, text];
      }
      default:
        return [404, JSON_TYPE, json({ error: "There are /healthz, /readyz and /metrics." })];
    }
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const send = (status: number, mediaType: string, text: string): void => {
      response.writeHead(status, { ...HEADERS, "content-type": mediaType }).end(text);
    };
    if (!isExpected(request.headers.host, names)) {
      return send(403, JSON_TYPE, json({ error: "This name is not one of Clutch's; http.hosts lists them." }));
    }
    if (request.method !== "GET") {
      response.setHeader("allow", "GET");
      return send(405, JSON_TYPE, json({ error: "Only GET." }));
    }
    try {
      send(...(await answer((request.url ?? "").split("?", 1)[0] ?? "")));
    } catch (error) {
      logger.error({ err: error, path: request.url?.slice(0, 100) }, "a request for Clutch's state met a fault");
      send(500, JSON_TYPE, json({ error: "Clutch could not tell; the log says why." }));
    }
  };

  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS }, (request, response) => {
    void handle(request, response);
  });
  server.maxConnections = MOST_CONNECTIONS;
  const colon = listen.lastIndexOf(":");
  const host = listen.slice(0, colon).replace(/^\[|\]$/g, "");
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(cannotListen(listen, error)));
    server.listen(Number(listen.slice(colon + 1)), host, resolve);
  });
  server.on("error", (error) => logger.error({ err: error }, "the server for Clutch's state met a fault"));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    url: `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const JSON_TYPE = "application/json; charset=utf-8";
const HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" };
const json = (value: unknown): string => `${JSON.stringify(value)}\n`;

/** Only a name can be pointed at another machine than the one that it was asked of. */
function isExpected(host: string | undefined, names: ReadonlySet<string>): boolean {
  const name = (host ?? "").replace(/:\d{1,5}$/, "").toLowerCase();
  return names.has(name) || isIP(name.replace(/^\[|\]$/g, "")) !== 0;
}

const cannotListen = (listen: string, cause: NodeJS.ErrnoException): ClutchError => {
  const why =
    cause.code === "EADDRINUSE"
      ? "another program uses it, perhaps another Clutch"
      : `the system refuses it (${cause.code})`;
  return new ClutchError("bad_config", `Nothing can listen at ${listen}: ${why}.`, {
    hint: "Set http.listen in clutch.config.json to a free HOST:PORT, or to false.",
    cause,
  });
};
