import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { type Answer, ok, refuse } from "./answer.ts";
import { createFaultBox, type FaultBox } from "./fault-box.ts";
import type { SentFile } from "./messages.ts";

export interface ApiRequest {
  readonly method: string;
  /** Decoded, without `/api/v10` and query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly files: readonly SentFile[];
  /** Whose bot token came along; undefined where none did, or a wrong one. */
  readonly application: string | undefined;
}

export interface JournalEntry extends ApiRequest {
  readonly status: number;
  /** Epoch ms of the test's clock. */
  readonly at: number;
}

interface ApiServer {
  readonly server: Server;
  readonly port: number;
  readonly journal: JournalEntry[];
  readonly faults: FaultBox;
}

/** HTTP as Discord speaks it: authorisation, rate limit headers, multipart. `route` says what a request means. */
export async function startApiServer(options: {
  readonly applicationOf: (token: string) => string | undefined;
  readonly now: () => number;
  readonly route: (request: ApiRequest) => Answer | Promise<Answer>;
  /** A fault of the stand-in itself. */
  readonly onFault: (error: unknown) => void;
}): Promise<ApiServer> {
  const journal: JournalEntry[] = [];
  const faults = createFaultBox();

  const answerTo = async (request: ApiRequest): Promise<Answer & { retryAfterMs?: number }> => {
    const fault = await faults.strike(request.method, request.path);
    if (fault?.status === 429) {
      const retryAfterMs = fault.retryAfterMs ?? 50;
      return {
        ...ok({ message: "You are being rate limited.", retry_after: retryAfterMs / 1000, global: false }, 429),
        retryAfterMs,
      };
    }
    if (fault?.status !== undefined) return refuse(fault.status, fault.code ?? 0, `fault ${fault.status}`);
    // Interactions and webhooks carry their own token in the path.
    if (request.application === undefined && !/^\/(interactions|webhooks)\//.test(request.path))
      return refuse(401, 0, "401: Unauthorized");
    return options.route(request);
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, token = ""] = /^Bot (.+)$/.exec(incoming.headers.authorization ?? "") ?? [];
    const request = { ...(await readRequest(incoming)), application: options.applicationOf(token) };
    const answer = await answerTo(request);
    journal.push({ ...request, status: answer.status, at: options.now() });
    const seconds = String((answer.retryAfterMs ?? 1000) / 1000);
    response.setHeader("x-ratelimit-limit", "50");
    response.setHeader("x-ratelimit-remaining", answer.status === 429 ? "0" : "49");
    response.setHeader("x-ratelimit-reset-after", seconds);
    response.setHeader("x-ratelimit-bucket", `${request.method}${request.path.replace(/\d{5,}|\/[\w-]{20,}/g, "")}`);
    if (answer.status === 429) {
      response.setHeader("retry-after", seconds);
      response.setHeader("x-ratelimit-scope", "user");
    }
    if (answer.body === undefined) response.writeHead(answer.status).end();
    else response.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(answer.body));
  };

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((error: unknown) => {
      options.onFault(error);
      response
        .writeHead(500, { "content-type": "application/json" })
        .end(JSON.stringify({ message: String(error), code: 0 }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port, journal, faults };
}

async function readRequest(incoming: IncomingMessage): Promise<Omit<ApiRequest, "application">> {
  const bytes = await buffer(incoming);
  const url = new URL(incoming.url ?? "/", "http://discord");
  const type = incoming.headers["content-type"] ?? "";
  const form = type.startsWith("multipart/form-data")
    ? await new Response(new Uint8Array(bytes), { headers: { "content-type": type } }).formData()
    : undefined;
  const json = form === undefined ? bytes.toString() : form.get("payload_json");
  const files: SentFile[] = [];
  for (const [name, value] of form ?? []) {
    const index = Number(/^files\[(\d+)\]$/.exec(name)?.[1]);
    if (typeof value !== "string" && !Number.isNaN(index)) {
      files[index] = { name: value.name, bytes: new Uint8Array(await value.arrayBuffer()) };
    }
  }
  return {
    method: incoming.method ?? "GET",
    path: decodeURIComponent(url.pathname).replace(/^\/api(\/v10)?/, ""),
    query: url.searchParams,
    body: typeof json === "string" && json !== "" ? JSON.parse(json) : undefined,
    files,
  };
}
