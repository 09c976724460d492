import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createFrameSplitter, type Frame, serverFrame } from "./websocket-frames.ts";

/** What befalls a connection. */
export type Fault =
  /** Both sockets are destroyed. */
  | "cut"
  /** Nothing gets through any more in either direction, yet the sockets stay open: a peer that is silently gone. */
  | "half-open"
  /** Bytes that are no WebSocket frame arrive at the client. */
  | "garbage";

/** Stands between Clutch and the gateway and makes the network worse. */
export interface FaultProxy {
  readonly url: string;
  /** Connections taken so far. */
  readonly taken: () => number;
  /** On every connection that is open now. */
  strike(fault: Fault): void;
  /**
   * The next time that a request of `method` passes: as it leaves Clutch, so that
   * the gateway never sees it, or as the gateway's answer comes back. Resolves
   * when it happened.
   */
  strikeAt(method: string, moment: "request" | "answer", fault: Fault): Promise<void>;
  /** In each direction, ms. */
  delay(ms: number): void;
  /** Every frame of the gateway arrives twice. */
  duplicate(on: boolean): void;
  /** Text frames that are no protocol of the gateway's, between its own. */
  babble(): void;
  /** The gateway says more than this version of Clutch knows: fields in every object, and events of its own. */
  newer(on: boolean): void;
  /** Frames that said more. */
  readonly saidMore: () => number;
  /** New connections too get no answer at all, or are turned away, until it is lifted. */
  block(how: "silent" | "refuse" | undefined): void;
  close(): Promise<void>;
}

interface Passage {
  readonly client: Socket;
  readonly gateway: Socket;
  frozen: boolean;
}

/** `forwardedFor` is put into each upgrade request, as a proxy in front of a gateway does. */
export async function startFaultProxy(
  target: string,
  options: { readonly forwardedFor?: string } = {},
): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  const passages = new Set<Passage>();
  const sockets = new Set<Socket>();
  let taken = 0;
  let delayMs = 0;
  let twice = false;
  let isNewer = false;
  let saidMore = 0;
  let blocked: "silent" | "refuse" | undefined;
  let trap: { method: string; moment: "request" | "answer"; fault: Fault; id?: string; sprung: () => void } | undefined;

  const strike = (passage: Passage, fault: Fault): void => {
    if (fault === "half-open") passage.frozen = true;
    if (fault === "garbage") passage.client.write(Buffer.from([0xff, 0xff, 0x00, 0x13, 0x37, 0xff, 0xff, 0xff]));
    if (fault === "cut") {
      passage.client.destroy();
      passage.gateway.destroy();
    }
  };

  /** True where the frame is the one that was waited for, and went no further. */
  const trapped = (passage: Passage, frame: Frame, from: "client" | "gateway"): boolean => {
    if (trap === undefined || frame.text === undefined) return false;
    const message = JSON.parse(frame.text) as { type?: string; id?: string; method?: string };
    if (from === "client" && message.type === "req" && message.method === trap.method && message.id !== undefined) {
      trap.id = message.id;
      if (trap.moment === "answer") return false;
    } else if (from === "client" || message.type !== "res" || message.id !== trap.id) return false;
    const { fault, sprung } = trap;
    trap = undefined;
    strike(passage, fault);
    sprung();
    return true;
  };

  const forward = (passage: Passage, from: "client" | "gateway"): void => {
    const [source, sink] = from === "client" ? [passage.client, passage.gateway] : [passage.gateway, passage.client];
    const split = createFrameSplitter();
    const put = (bytes: Buffer): void => {
      if (!passage.frozen && !sink.destroyed) sink.write(bytes);
    };
    source.on("data", (chunk) => {
      for (const frame of split(chunk)) {
        if (passage.frozen || trapped(passage, frame, from)) continue;
        if (isNewer && from === "gateway" && frame.text !== undefined) {
          saidMore += 1;
          put(serverFrame(JSON.stringify(withUnknown(JSON.parse(frame.text)))));
          put(serverFrame(JSON.stringify(UNKNOWN_EVENT)));
          continue;
        }
        const bytes =
          frame.text === undefined && from === "client" && options.forwardedFor !== undefined
            ? withHeader(frame.raw, `X-Forwarded-For: ${options.forwardedFor}`)
            : frame.raw;
        const copies = twice && from === "gateway" && frame.text !== undefined ? [bytes, bytes] : [bytes];
        // Equal delays keep their order.
        for (const copy of copies) delayMs === 0 ? put(copy) : setTimeout(() => put(copy), delayMs);
      }
    });
    source.on("close", () => {
      passages.delete(passage);
      sockets.delete(source);
      if (!passage.frozen) setTimeout(() => sink.destroy(), delayMs);
    });
    source.on("error", () => source.destroy());
  };

  const server = createServer((client) => {
    taken += 1;
    if (blocked === "refuse") {
      client.destroy();
      return;
    }
    const passage: Passage = { client, gateway: connect(Number(port), hostname), frozen: blocked === "silent" };
    passages.add(passage);
    sockets.add(passage.client).add(passage.gateway);
    forward(passage, "client");
    forward(passage, "gateway");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken: () => taken,
    strike(fault) {
      for (const passage of [...passages]) strike(passage, fault);
    },
    strikeAt: (method, moment, fault) =>
      new Promise((sprung) => {
        trap = { method, moment, fault, sprung };
      }),
    delay(ms) {
      delayMs = ms;
    },
    duplicate(on) {
      twice = on;
    },
    saidMore: () => saidMore,
    newer(on) {
      isNewer = on;
    },
    babble() {
      for (const text of [
        "",
        "{",
        "null",
        "[]",
        '{"type":"res"}',
        '{"type":"event"}',
        '{"type":"res","id":"1","ok":1}',
      ]) {
        for (const { client } of passages) client.write(serverFrame(text));
      }
    },
    block(how) {
      blocked = how;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

const UNKNOWN = { since: "2031.1.1", list: [{ deep: true }], nothing: null };
const UNKNOWN_EVENT = {
  type: "event",
  event: "sessions.dreamt",
  payload: { sessionKey: "agent:main:main", ...UNKNOWN },
};
/** The names in these are a person's: a field more would be an agent or a provider more. */
const NAMED_BY_PEOPLE = /config|entries|providers|raw|parsed|models$|accounts|plugins/i;

/** Adds a field that nobody knows to each object of a frame. */
function withUnknown(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => withUnknown(item, name));
  if (typeof value !== "object" || value === null) return value;
  if (NAMED_BY_PEOPLE.test(name)) return value;
  const known = Object.entries(value).map(([key, inner]) => [key, withUnknown(inner, key)]);
  return { ...Object.fromEntries(known), zzUnknown: UNKNOWN };
}

/** Behind the request line. */
function withHeader(head: Buffer, line: string): Buffer {
  const text = head.toString("latin1");
  const at = text.indexOf("\r\n") + 2;
  return Buffer.from(`${text.slice(0, at)}${line}\r\n${text.slice(at)}`, "latin1");
}
