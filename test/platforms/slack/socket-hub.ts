import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { isJson, type Json, parseJson, textOf } from "./json.ts";
import type { SlackApp } from "./slack-app.ts";

/** What became of one delivery to an app. */
export interface Delivered {
  readonly acked: boolean;
  readonly ms: number;
  /** What came with the acknowledgement. */
  readonly answer?: unknown;
  /** The status of an HTTP answer. */
  readonly status?: number;
}

/** Socket Mode: the sockets of every app, and what Slack does with them. */
export interface SocketHub {
  /** Sends to one of the app's sockets, and to another if that one is lost before it has acknowledged. */
  deliver(app: SlackApp, type: string, payload: Json): Promise<Delivered>;
  /** The same envelope to every socket of the app, as when Slack believes the first lost. */
  deliverTwice(app: SlackApp, type: string, payload: Json): Promise<readonly Delivered[]>;
  /** Sends text of any kind to every socket. */
  sendRaw(app: SlackApp, text: string): void;
  count(app: SlackApp): number;
  /** Sockets that were ever opened. */
  readonly opened: number;
  /**
   * Slack asks for a new socket in place of one (the oldest), and closes that after
   * `closeAfterMs`; `replaced`: a moment after another one was opened and nothing is under way
   * on this one, however long that takes.
   */
  refresh(
    app: SlackApp,
    reason?: "refresh_requested" | "warning" | "link_disabled",
    closeAfterMs?: number | "replaced",
  ): void;
  /** Sockets stay open, but nothing comes or is read any more. */
  freeze(app: SlackApp): void;
  /** Sockets end without a word. */
  cut(app: SlackApp): void;
  ticketFor(app: SlackApp): string;
  close(): void;
}

const MOMENT_MS = 200;

interface Link {
  readonly number: number;
  readonly app: SlackApp;
  readonly socket: WebSocket;
  /** Slack has told it that it will end. */
  told: boolean;
  leaving: boolean;
  frozen: boolean;
}

export function createSocketHub(server: Server, ackDeadlineMs: number): SocketHub {
  const sockets = new WebSocketServer({ noServer: true });
  const tickets = new Map<string, SlackApp>();
  const links: Link[] = [];
  const waiting = new Map<string, { readonly link: Link; readonly settle: (answer: unknown, lost: boolean) => void }>();
  let opened = 0;
  let turn = 0;
  let envelopes = 0;

  const heartbeat = setInterval(() => {
    for (const { socket, frozen } of links) if (!frozen) socket.ping();
  }, 5_000);
  heartbeat.unref();

  server.on("upgrade", (request: IncomingMessage, duplex: Duplex, head: Buffer) => {
    const app = tickets.get(request.url ?? "");
    if (app === undefined) return duplex.destroy();
    tickets.delete(request.url ?? "");
    sockets.handleUpgrade(request, duplex, head, (socket) => accept(app, socket));
  });

  const accept = (app: SlackApp, socket: WebSocket): void => {
    opened += 1;
    const link: Link = { number: opened, app, socket, told: false, leaving: false, frozen: false };
    links.push(link);
    socket.on("message", (data) => {
      const message = parseJson(String(data));
      if (!isJson(message)) return;
      waiting.get(keyOf(textOf(message["envelope_id"]), link))?.settle(message["payload"], false);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      links.splice(links.indexOf(link), 1);
      for (const wait of [...waiting.values()]) if (wait.link === link) wait.settle(undefined, true);
    });
    socket.send(
      JSON.stringify({
        type: "hello",
        num_connections: of(app).length,
        connection_info: { app_id: app.id },
        debug_info: { host: "applink", build_number: 1, approximate_connection_time: 18_060 },
      }),
    );
  };

  /** The same envelope may be under way on several sockets. */
  const keyOf = (id: string, { number }: Link): string => `${id} ${number}`;

  /** A socket whose end was announced is used only where there is no other. */
  const mayDeliver = (app: SlackApp): Link[] => {
    const live = of(app);
    return live.length > 0
      ? live
      : links.filter((link) => link.app === app && link.socket.readyState === link.socket.OPEN);
  };
  const of = (app: SlackApp): Link[] =>
    links.filter(
      (link) => link.app === app && !link.leaving && !link.frozen && link.socket.readyState === link.socket.OPEN,
    );

  const send = (
    link: Link,
    id: string,
    type: string,
    payload: Json,
  ): Promise<Delivered & { readonly lost: boolean }> => {
    const begun = performance.now();
    const { promise, resolve } = Promise.withResolvers<Delivered & { readonly lost: boolean }>();
    const key = keyOf(id, link);
    const settle = (answer: unknown, lost: boolean, acked = !lost): void => {
      clearTimeout(timer);
      waiting.delete(key);
      resolve({ acked, lost, ms: performance.now() - begun, ...(answer === undefined ? {} : { answer }) });
    };
    const timer = setTimeout(() => settle(undefined, false, false), ackDeadlineMs);
    waiting.set(key, { link, settle });
    const event = type === "events_api" ? { retry_attempt: 0, retry_reason: "" } : {};
    const accepts = type !== "events_api";
    link.socket.send(JSON.stringify({ envelope_id: id, type, accepts_response_payload: accepts, payload, ...event }));
    return promise;
  };
  const nextEnvelope = (): string => {
    envelopes += 1;
    return `00000000-0000-4000-8000-${String(envelopes).padStart(12, "0")}`;
  };

  return {
    async deliver(app, type, payload) {
      const id = nextEnvelope();
      const begun = performance.now();
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const live = mayDeliver(app);
        turn += 1;
        const link = live[turn % Math.max(1, live.length)];
        if (link === undefined) break;
        const { lost, ...delivered } = await send(link, id, type, payload);
        if (!lost) return delivered;
      }
      return { acked: false, ms: performance.now() - begun };
    },
    async deliverTwice(app, type, payload) {
      const id = nextEnvelope();
      return Promise.all(of(app).map((link) => send(link, id, type, payload)));
    },
    sendRaw(app, text) {
      for (const { socket } of of(app)) socket.send(text);
    },
    count: (app) => of(app).length,
    get opened() {
      return opened;
    },
    refresh(app, reason = "refresh_requested", closeAfterMs = 1_000) {
      const link = of(app).find(({ told }) => !told);
      if (link === undefined) return;
      link.told = true;
      // A warning comes some seconds before the end; deliveries go on until then.
      link.leaving = reason !== "warning";
      link.socket.send(JSON.stringify({ type: "disconnect", reason, debug_info: { host: "applink" } }));
      const before = opened;
      const end = (): void => {
        const isBusy = opened === before || [...waiting.values()].some((wait) => wait.link === link);
        if (closeAfterMs === "replaced" && isBusy) setTimeout(end, MOMENT_MS).unref();
        else link.socket.close(1000);
      };
      setTimeout(end, closeAfterMs === "replaced" ? MOMENT_MS : closeAfterMs).unref();
    },
    freeze(app) {
      for (const link of of(app)) {
        link.frozen = true;
        link.socket.pause();
      }
    },
    cut(app) {
      for (const { socket } of of(app)) socket.terminate();
    },
    ticketFor(app) {
      const path = `/link/?ticket=${nextEnvelope()}`;
      tickets.set(path, app);
      return path;
    },
    close() {
      clearInterval(heartbeat);
      for (const { socket } of [...links]) socket.terminate();
      sockets.close();
    },
  };
}
