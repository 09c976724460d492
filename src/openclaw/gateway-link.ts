import {
  GatewayClient,
  type GatewayClientOptions,
  GatewayClientRequestError,
  type GatewayClientRequestOptions,
} from "@openclaw/gateway-client";

export type Hello = Parameters<NonNullable<GatewayClientOptions["onHelloOk"]>>[0];

export interface LinkTiming {
  /** From opening the socket until the gateway lets Clutch in, ms. */
  readonly helloMs: number;
  /** Silence after which the gateway is asked for a sign of life, ms. Without it one and a half of its own ticks. */
  readonly quietMs?: number;
  /** How long that sign may take, ms. */
  readonly probeMs: number;
}

/** Why a link is over: the error of its handshake, or the code with which the socket closed. */
export interface LinkEnd {
  readonly error?: unknown;
  readonly code?: number;
}

export interface Link {
  /** Rejects as the gateway client does; with `notSent` where nothing left this machine. */
  request(method: string, params: unknown, options: GatewayClientRequestOptions): Promise<unknown>;
  /** Says nothing to `onEnd`. Resolves when the socket is gone, at most a second later. */
  close(): Promise<void>;
}

/** The request of a link that was over already: it can be made again elsewhere. */
export const notSent = new Error("the link is down");

/** Any answer will do, even a refusal; this one costs the gateway nothing. */
const PROBE = "last-heartbeat";
const CLOSE_MS = 1_000;

/**
 * One socket to the gateway, from its opening to its end; `onEnd` is told once.
 * The official client speaks the protocol. Its own reconnecting is not used: it
 * knows no jitter, pauses for good at a pairing request, and lets a dead peer
 * hold the socket for up to two minutes (two ticks, then 30 s for a closing
 * handshake that cannot come).
 */
export function openLink(options: {
  readonly client: GatewayClientOptions;
  readonly timing: LinkTiming;
  readonly onHello: (hello: Hello) => void;
  readonly onEvent: (event: string, payload: unknown) => void;
  readonly onEnd: (end: LinkEnd) => void;
}): Link {
  const { timing } = options;
  let over = false;
  let heard = performance.now();
  let lastSeq = -1;
  let timer: NodeJS.Timeout | undefined;
  let probing = false;

  const end = (reason: LinkEnd): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    client.stop();
    options.onEnd(reason);
  };

  const client = new GatewayClient({
    ...options.client,
    connectChallengeTimeoutMs: timing.helloMs,
    notifyOnStartupRetry: true,
    onHelloOk(hello) {
      if (over) return;
      heard = performance.now();
      clearTimeout(timer);
      watch(timing.quietMs ?? hello.policy.tickIntervalMs * 1.5);
      options.onHello(hello);
    },
    onConnectError: (error) => end({ error }),
    onClose: (code, _reason, info) =>
      end(info?.connectError === undefined ? { code } : { code, error: info.connectError }),
    onEvent({ event, payload, seq }) {
      if (over) return;
      heard = performance.now();
      // `seq` orders the events of one socket; what comes a second time has been told.
      if (seq !== undefined && seq <= lastSeq) return;
      lastSeq = seq ?? lastSeq;
      options.onEvent(event, payload);
    },
  });

  const ask = async (method: string, params: unknown, about: GatewayClientRequestOptions): Promise<unknown> => {
    try {
      const reply = await client.request(method, params, about);
      heard = performance.now();
      return reply;
    } catch (error) {
      if (error instanceof GatewayClientRequestError) heard = performance.now();
      throw error;
    }
  };

  /** A peer that vanished without a word shows only by saying nothing. */
  const probe = async (): Promise<void> => {
    if (probing || over) return;
    probing = true;
    const before = heard;
    await ask(PROBE, {}, { timeoutMs: timing.probeMs }).catch(() => undefined);
    probing = false;
    if (heard === before) end({ code: 4000 });
  };

  const watch = (quietMs: number): void => {
    timer = setTimeout(
      async () => {
        if (performance.now() - heard >= quietMs) await probe();
        if (!over) watch(quietMs);
      },
      Math.max(1, heard + quietMs - performance.now()),
    );
    timer.unref();
  };

  timer = setTimeout(() => end({ error: new Error("no hello in time") }), timing.helloMs);
  // Later, since the client reports a bad address before `start` returns.
  queueMicrotask(() => over || client.start());

  return {
    async request(method, params, about) {
      if (over) throw notSent;
      const asked = performance.now();
      try {
        return await ask(method, params, about);
      } catch (error) {
        if (error instanceof Error && error.message === "gateway not connected") {
          end({ code: 1006 });
          throw notSent;
        }
        // Not a word since the question: perhaps the gateway is busy, perhaps it is gone.
        if (heard <= asked && performance.now() - asked >= timing.probeMs) void probe();
        throw error;
      }
    },
    async close() {
      over = true;
      clearTimeout(timer);
      await client.stopAndWait({ timeoutMs: CLOSE_MS }).catch(() => undefined);
    },
  };
}
