import { randomUUID } from "node:crypto";
import type { Server } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";

interface Session {
  readonly id: string;
  readonly application: string;
  readonly intents: number;
  /** Everything that was dispatched, in order: `s` of the first is 1. */
  readonly events: string[];
  socket: WebSocket | undefined;
}

export interface Identify {
  readonly intents: number;
}

/** Who gets an event: the sessions of one application, those that asked for a kind of event, or all. */
export interface Audience {
  readonly application?: string;
  readonly intent?: number;
}

export interface GatewayServer {
  /** Sends an event to every session that it is for; one without a socket gets it when it resumes. False where nobody is there. */
  dispatch(type: string, data: unknown, to?: Audience): boolean;
  /** Cuts the sockets without a word. */
  drop(): void;
  /** Op 7. */
  askToReconnect(): void;
  /** Op 9; sessions that may not be resumed are forgotten. */
  invalidate(resumable: boolean): void;
  /** Closes the sockets with a code. */
  closeWith(code: number): void;
  /** Refuses each identify with this close code, until it is undefined again. */
  refuseWith: number | undefined;
  /** Does not answer heartbeats while true. */
  deaf: boolean;
  readonly identifies: Identify[];
  /** The application of each identify. */
  readonly identifiedBy: readonly string[];
  readonly resumes: number;
  readonly connected: number;
}

const frame = z.discriminatedUnion("op", [
  z.object({ op: z.literal(1) }),
  z.object({ op: z.literal(2), d: z.looseObject({ token: z.string(), intents: z.number() }) }),
  z.object({ op: z.literal(6), d: z.object({ token: z.string(), session_id: z.string(), seq: z.number() }) }),
]);

/** The WebSocket gateway. `ready` gives READY's data for an application, `guilds` the GUILD_CREATE that follow. */
export function startGateway(options: {
  readonly server: Server;
  /** Whose token it is; undefined where nobody's. */
  readonly applicationOf: (token: string) => string | undefined;
  readonly heartbeatMs: number;
  readonly ready: (sessionId: string, application: string) => unknown;
  readonly guilds: (application: string) => readonly unknown[];
}): GatewayServer {
  const sessions = new Map<string, Session>();
  const sockets = new WebSocketServer({ server: options.server, path: "/" });
  const send = (socket: WebSocket | undefined, message: unknown): void =>
    socket?.send(typeof message === "string" ? message : JSON.stringify(message));

  const push = (session: Session, type: string, data: unknown): void => {
    const text = JSON.stringify({ op: 0, s: session.events.length + 1, t: type, d: data });
    session.events.push(text);
    send(session.socket, text);
  };
  let resumes = 0;

  const gateway = {
    dispatch(type: string, data: unknown, { application, intent = 0 }: Audience = {}) {
      const meant = [...sessions.values()].filter(
        (session) =>
          (application === undefined || session.application === application) && (session.intents & intent) === intent,
      );
      for (const session of meant) push(session, type, data);
      return meant.length > 0;
    },
    drop: () => {
      for (const socket of sockets.clients) socket.terminate();
    },
    askToReconnect: () => {
      for (const socket of sockets.clients) send(socket, { op: 7, d: null });
    },
    invalidate(resumable: boolean) {
      if (!resumable) sessions.clear();
      for (const socket of sockets.clients) send(socket, { op: 9, d: resumable });
    },
    closeWith: (code: number) => {
      for (const socket of sockets.clients) socket.close(code);
    },
    refuseWith: undefined as number | undefined,
    deaf: false,
    identifies: [] as Identify[],
    identifiedBy: [] as string[],
    get resumes() {
      return resumes;
    },
    get connected() {
      return sockets.clients.size;
    },
  };

  sockets.on("connection", (socket) => {
    let session: Session | undefined;
    send(socket, { op: 10, d: { heartbeat_interval: options.heartbeatMs } });
    socket.on("message", (raw) => {
      const parsed = frame.safeParse(JSON.parse(raw.toString()));
      if (!parsed.success) return;
      const message = parsed.data;
      if (message.op === 1) {
        if (!gateway.deaf) send(socket, { op: 11 });
        return;
      }
      if (gateway.refuseWith !== undefined) return socket.close(gateway.refuseWith);
      const application = options.applicationOf(message.d.token);
      if (application === undefined) return socket.close(4004, "Authentication failed.");
      if (message.op === 2) {
        const { intents } = message.d;
        gateway.identifies.push({ intents });
        gateway.identifiedBy.push(application);
        session = { id: randomUUID().replaceAll("-", ""), application, intents, events: [], socket };
        sessions.set(session.id, session);
        push(session, "READY", options.ready(session.id, application));
        for (const guild of options.guilds(application)) push(session, "GUILD_CREATE", guild);
        return;
      }
      session = sessions.get(message.d.session_id);
      if (session === undefined) return send(socket, { op: 9, d: false });
      resumes += 1;
      session.socket = socket;
      for (const event of session.events.slice(message.d.seq)) send(socket, event);
      push(session, "RESUMED", null);
    });
    socket.on("close", (code) => {
      if (session?.socket !== socket) return;
      session.socket = undefined;
      // A client that closes in these ways says that it will not come back to this session.
      if (code === 1000 || code === 1001) sessions.delete(session.id);
    });
  });
  return gateway;
}
