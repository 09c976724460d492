import { channel as diagnostics } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { Agent, buildConnector, ping, WebSocket } from "undici";
import { z } from "zod";

/** One payload from Slack, with the means to acknowledge it on the socket it came by. */
export interface Envelope {
  readonly id: string;
  readonly type: string;
  readonly payload: unknown;
  /** `answer` goes along where Slack takes one; false where the socket is gone. */
  ack(answer?: unknown): boolean;
}

export interface SocketConnection {
  /** Sockets that the app had when Slack said hello, those of other processes among them; undefined where it did not say. */
  readonly appSockets: number | undefined;
  /** Resolves when Slack asks for a new socket or when this one is lost. */
  readonly leaving: Promise<Leaving>;
  /** Resolves when nothing can come or go by it any more. */
  readonly gone: Promise<void>;
  /**
   * Leaves the end to Slack, which delivers until then; whatever we closed ourselves
   * could lose what is on its way. Where Slack does not within 30 s it is closed once
   * everything received is acknowledged, or 3 s later.
   */
  retire(): Promise<void>;
  /** Closes at once. */
  close(): void;
}

export interface Leaving {
  readonly why: "asked" | "lost";
  readonly reason: string;
}

const message = z.object({
  type: z.string(),
  reason: z.string().optional(),
  envelope_id: z.string().optional(),
  payload: z.unknown().optional(),
  num_connections: z.number().optional().catch(undefined),
});

const PING_EVERY_MS = 5_000;
/** Slack and we ping every few seconds, so a socket as quiet as this is dead. */
const SILENCE_MS = 15_000;
const HELLO_MS = 10_000;
/** Slack closes some ten seconds after it has announced it. */
const LINGER_MS = 30_000;
const GRACE_MS = 3_000;
const FLUSH_MS = 500;

/**
 * Opens one Socket Mode connection; resolves when Slack says hello, rejects
 * where that does not happen within 10 s. Closes when `signal` aborts. Slack's
 * own client closes a socket as soon as Slack announces its end and stays away
 * for seconds; this one goes on serving, so that its successor can be up first.
 */
export async function openSocket(
  url: string,
  onEnvelope: (envelope: Envelope) => void,
  signal: AbortSignal,
): Promise<SocketConnection> {
  signal.throwIfAborted();
  const { agent, destroySocket } = http1Agent();
  const socket = new WebSocket(url, { dispatcher: agent });
  const hello = Promise.withResolvers<number | undefined>();
  const leaving = Promise.withResolvers<Leaving>();
  const gone = Promise.withResolvers<void>();
  const pending = new Set<string>();
  let lastHeard = performance.now();
  let over = false;

  const heard = (): void => {
    lastHeard = performance.now();
  };
  const onControlFrame = (event: unknown): void => {
    if (typeof event === "object" && event !== null && "websocket" in event && event.websocket === socket) heard();
  };
  for (const name of CONTROL_FRAMES) diagnostics(name).subscribe(onControlFrame);

  const end = (reason: string, graceMs = 0): void => {
    if (over) return;
    over = true;
    clearInterval(heartbeat);
    for (const name of CONTROL_FRAMES) diagnostics(name).unsubscribe(onControlFrame);
    hello.reject(new Error(`the socket closed before Slack said hello: ${reason}`));
    leaving.resolve({ why: "lost", reason });
    gone.resolve();
    // A peer that is gone never finishes the closing handshake, so the socket below is not left to it.
    setTimeout(() => {
      destroySocket();
      agent.destroy().catch(() => undefined);
    }, graceMs).unref();
  };

  const heartbeat = setInterval(() => {
    if (performance.now() - lastHeard > SILENCE_MS) return end("silent");
    if (socket.readyState === WebSocket.OPEN) ping(socket);
  }, PING_EVERY_MS);
  heartbeat.unref();

  socket.addEventListener("message", ({ data }) => {
    heard();
    const read = message.safeParse(jsonOf(data));
    if (!read.success || over) return;
    const { type, envelope_id: id, payload, reason } = read.data;
    if (type === "hello") return hello.resolve(read.data.num_connections);
    if (type === "disconnect") return leaving.resolve({ why: "asked", reason: reason ?? "" });
    if (id === undefined) return;
    pending.add(id);
    onEnvelope({
      id,
      type,
      payload,
      ack(answer) {
        pending.delete(id);
        if (over || socket.readyState !== WebSocket.OPEN) return false;
        socket.send(JSON.stringify(answer === undefined ? { envelope_id: id } : { envelope_id: id, payload: answer }));
        return true;
      },
    });
  });
  socket.addEventListener("close", ({ code }) => end(`closed (${code})`));
  socket.addEventListener("error", () => end("connection error"));

  const close = (): void => {
    if (over) return;
    socket.close(1000);
    // What was acknowledged last may still be on its way out.
    end("closed by us", FLUSH_MS);
  };

  const onAbort = (): void => close();
  signal.addEventListener("abort", onAbort, { once: true });
  gone.promise.then(() => signal.removeEventListener("abort", onAbort));
  const timer = setTimeout(() => end("no hello"), HELLO_MS);
  const appSockets = await hello.promise.finally(() => clearTimeout(timer));
  return {
    appSockets,
    leaving: leaving.promise,
    gone: gone.promise,
    close,
    async retire() {
      await Promise.race([gone.promise, delay(LINGER_MS, undefined, { ref: false })]);
      const until = performance.now() + GRACE_MS;
      while (pending.size > 0 && !over && performance.now() < until) await delay(100);
      close();
    },
  };
}

const CONTROL_FRAMES = ["undici:websocket:ping", "undici:websocket:pong"];

function jsonOf(data: unknown): unknown {
  try {
    return typeof data === "string" ? JSON.parse(data) : undefined;
  } catch {
    return undefined;
  }
}

/** An agent for one WebSocket over HTTP/1.1, with a handle on the socket, which undici's WebSocket hides. */
function http1Agent(): { agent: Agent; destroySocket: () => void } {
  let socket: Socket | TLSSocket | undefined;
  const connect = buildConnector({ allowH2: false });
  const agent = new Agent({
    connect: (options, callback) => {
      connect(options, (...result) => {
        if (result[1] !== null) socket = result[1];
        callback(...result);
      });
    },
  });
  return { agent, destroySocket: () => socket?.destroy() };
}
