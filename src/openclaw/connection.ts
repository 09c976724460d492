import { PROTOCOL_VERSION } from "@openclaw/gateway-protocol/version";
import type { Logger } from "pino";
import { uncorrelated } from "../correlation.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import { describeConnectFailure, hostOf } from "./connect-errors.ts";
import { type Device, openDevice } from "./device-identity.ts";
import { type Hello, type Link, type LinkEnd, type LinkTiming, notSent, openLink } from "./gateway-link.ts";
import { deadlineError, describeRequestFailure } from "./request-errors.ts";

export { refusalReason } from "./request-errors.ts";

export interface GatewayAddress {
  readonly url: string;
  readonly token?: string;
  /** SHA-256 of the certificate to expect behind wss://; no other is accepted then, and this one without question. */
  readonly tlsFingerprint?: string;
  /** Where Clutch's device key is kept. Without it Clutch is let in by its token or not at all. */
  readonly stateDir?: string;
  /** Shorter times for tests. */
  readonly timing?: Partial<ConnectionTiming>;
}

export interface ConnectionTiming extends LinkTiming {
  /** Between two looks whether a person has approved the device, ms. */
  readonly pairingMs: number;
  /** Between two looks whether a gateway that refused Clutch still does, ms. */
  readonly refusedMs: number;
}

const TIMING: ConnectionTiming = { helloMs: 15_000, probeMs: 5_000, pairingMs: 3_000, refusedMs: 60_000 };

export interface RequestOptions {
  /** Time for everything: waiting for a connection, sending, the answer. Default 10,000 ms. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface GatewayEvent {
  readonly event: string;
  readonly payload: unknown;
}

export type ConnectionState =
  | { readonly phase: "connecting"; readonly problem?: ClutchError }
  /** A person has to approve Clutch's device; Clutch goes on by itself when it is done. */
  | {
      readonly phase: "pairing";
      readonly requestId: string | undefined;
      readonly approveCommand: string;
      readonly problem: ClutchError;
    }
  | {
      readonly phase: "ready";
      readonly serverVersion: string;
      readonly scopes: readonly string[];
      /** What Clutch asked for and was not given. */
      readonly missingScopes: readonly string[];
    }
  /** A person has to mend something, which nothing waits for; Clutch goes on by itself when it is done. */
  | { readonly phase: "refused"; readonly problem: ClutchError }
  | { readonly phase: "closed" };

/**
 * A connection to the gateway that keeps itself up. Requests made while it is
 * down wait for it within their deadline; what is lost on the way is reported
 * as `gateway_lost`, never sent a second time by itself.
 */
export interface GatewayConnection {
  readonly url: string;
  state(): ConnectionState;
  /** Resolves at the first hello. Throws `gateway_*` codes; what has kept it away so far after `timeoutMs`. */
  ready(timeoutMs: number, signal?: AbortSignal): Promise<void>;
  /**
   * The gateway's answer as it came. Throws `deadline`, `gateway_lost`,
   * `gateway_scope`, `gateway_pairing`, `gateway_protocol` where this OpenClaw
   * does not know the method, or `gateway_refused` with the gateway's own words.
   */
  request(method: string, params: unknown, options?: RequestOptions): Promise<unknown>;
  onEvent(listener: (event: GatewayEvent) => void): () => void;
  onState(listener: (state: ConnectionState) => void): () => void;
  close(): Promise<void>;
}

/** What leaves OpenClaw as it was; such a call is of interest only when something is looked for. */
const READS = /\.(calls|describe|get|history|list|lookup|preview|resolve|runs|schema|status|subscribe|usage|wait)\b/;
const SCOPES = ["operator.read", "operator.write", "operator.admin"];
const DEFAULT_TIMEOUT_MS = 10_000;
const POLICY_CHANGED = 4001;
const DEVICE_TOKEN_REFUSED = new Set(["AUTH_DEVICE_TOKEN_MISMATCH", "AUTH_TOKEN_MISMATCH", "AUTH_SCOPE_MISMATCH"]);
/** A gateway that closes a younger connection is not asked again at once, whatever its reason. */
const STEADY_MS = 1_000;

/** Doubles from half a second to 15 s; the random half keeps several Clutches from coming back at the same moment. */
export const reconnectDelayMs = (attempt: number, random: number): number =>
  Math.min(15_000, 500 * 2 ** Math.min(attempt, 10)) * (0.5 + random / 2);

/**
 * Connects, and reconnects after every break. Clutch identifies itself by a
 * device key of its own where the gateway is elsewhere, where there is no
 * token, and where the gateway asks for it; a gateway on this machine with a
 * token needs none, and nothing is written then.
 */
export function openConnection(address: GatewayAddress, logger: Logger): GatewayConnection {
  const { url, token, stateDir } = address;
  const timing = { ...TIMING, ...address.timing };
  let state: ConnectionState = { phase: "connecting" };
  let needsDevice = token === undefined || !isLoopback(url);
  let device: Device | undefined;
  let usedDeviceToken = false;
  let link: Link | undefined;
  let retry: NodeJS.Timeout | undefined;
  let attempts = 0;
  let readyAt = 0;

  const eventListeners = new Set<(event: GatewayEvent) => void>();
  const stateListeners = new Set<(state: ConnectionState) => void>();
  const tell = <T>(listeners: ReadonlySet<(news: T) => void>, news: T): void => {
    for (const listener of [...listeners]) {
      try {
        listener(news);
      } catch (error) {
        logger.error({ err: error }, "a listener of the gateway connection failed");
      }
    }
  };
  const enter = (next: ConnectionState): void => {
    state = next;
    tell(stateListeners, next);
  };

  const connect = (): void => {
    if (state.phase === "closed") return;
    try {
      if (needsDevice && stateDir !== undefined) device ??= openDevice(stateDir, url, logger);
    } catch (error) {
      refuse(toClutchError(error));
      return;
    }
    usedDeviceToken = device?.hasToken() === true;
    link = openLink({
      timing,
      client: {
        url,
        // Once the device has a token of its own, the shared one stays at home.
        ...(token === undefined || usedDeviceToken ? {} : { token }),
        ...(address.tlsFingerprint === undefined ? {} : { tlsFingerprint: address.tlsFingerprint }),
        ...(device === undefined ? {} : device.clientOptions),
        clientName: "gateway-client",
        clientDisplayName: "Clutch",
        mode: "backend",
        role: "operator",
        scopes: SCOPES,
        minProtocol: PROTOCOL_VERSION,
        maxProtocol: PROTOCOL_VERSION,
      },
      onHello: welcome,
      onEvent: (event, payload) => tell(eventListeners, { event, payload }),
      onEnd: ended,
    });
  };
  const again = (delayMs: number): void => {
    clearTimeout(retry);
    // A command may have found it broken; what comes over the next one is not its doing.
    retry = setTimeout(() => uncorrelated(connect), delayMs);
  };
  const refuse = (problem: ClutchError): void => {
    again(timing.refusedMs);
    if (state.phase === "refused" && state.problem.message === problem.message) return;
    // At the start whoever opens the connection says it.
    if (readyAt > 0) logger.warn({ code: problem.code }, `${problem.message} ${problem.hint}`.trim());
    enter({ phase: "refused", problem });
  };

  const welcome = (hello: Hello): void => {
    const scopes = hello.auth?.scopes ?? [];
    const missingScopes = scopes.includes("operator.admin") ? [] : SCOPES.filter((scope) => !scopes.includes(scope));
    if (scopes.length === 0 && !needsDevice && stateDir !== undefined) {
      // Let in without a right to anything: behind a proxy a token alone is not enough.
      needsDevice = true;
      void link?.close();
      again(0);
      return;
    }
    readyAt = performance.now();
    attempts = 0;
    logger.info({ gateway: hostOf(url), version: hello.server.version }, "gateway connected");
    if (missingScopes.length > 0)
      logger.warn({ missingScopes }, "the gateway gave Clutch fewer rights than it asked for");
    enter({ phase: "ready", serverVersion: hello.server.version, scopes, missingScopes });
  };

  const ended = ({ error, code }: LinkEnd): void => {
    if (state.phase === "closed") return;
    const steady = state.phase === "ready" && performance.now() - readyAt >= STEADY_MS;
    if (state.phase === "ready") {
      logger.debug({ code }, "gateway connection lost");
      enter({ phase: "connecting" });
    }
    const failure = error ?? (code === 1013 ? { code: "UNAVAILABLE" } : undefined);
    const problem = failure === undefined ? undefined : describeConnectFailure(failure, url);
    if (problem !== undefined) logger.debug({ code: problem.error.code }, "gateway connection failed");
    if (problem?.detail === "DEVICE_IDENTITY_REQUIRED" && !needsDevice && stateDir !== undefined) {
      needsDevice = true;
      again(0);
    } else if (usedDeviceToken && DEVICE_TOKEN_REFUSED.has(problem?.detail ?? "")) {
      // Revoked or replaced on the gateway: the shared token, where there is one, starts over.
      device?.forgetToken();
      again(0);
    } else if (problem?.pairing !== undefined) {
      const { requestId, approveCommand } = problem.pairing;
      if (state.phase !== "pairing" || state.requestId !== requestId) {
        enter({ phase: "pairing", requestId, approveCommand, problem: problem.error });
      }
      again(timing.pairingMs);
    } else if (problem?.final === true) {
      refuse(problem.error);
    } else {
      if (problem !== undefined) enter({ phase: "connecting", problem: problem.error });
      const backoff = reconnectDelayMs(attempts, Math.random());
      again(code === POLICY_CHANGED && steady ? 0 : Math.min(60_000, problem?.retryAfterMs ?? backoff));
      attempts += 1;
    }
  };

  connect();

  /** Waits until the connection is ready or will not become so; `patient` also waits for a person's approval. */
  const whenReady = (timeoutMs: number, patient: boolean, signal?: AbortSignal): Promise<void> => {
    const judge = (resolve: () => void, reject: (error: unknown) => void): boolean => {
      if (state.phase === "ready") resolve();
      else if (state.phase === "refused" || (state.phase === "pairing" && !patient)) reject(state.problem);
      else if (state.phase === "closed") reject(new ClutchError("gateway_lost", "Clutch is shutting down."));
      else if (signal?.aborted === true) reject(deadlineError(timeoutMs));
      else return false;
      return true;
    };
    return new Promise((resolve, reject) => {
      if (judge(resolve, reject)) return;
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        stateListeners.delete(listener);
        signal?.removeEventListener("abort", listener);
        settle();
      };
      const listener = (): void => {
        judge(
          () => finish(resolve),
          (error) => finish(() => reject(error)),
        );
      };
      const timer = setTimeout(() => {
        const problem = state.phase === "connecting" || state.phase === "pairing" ? state.problem : undefined;
        finish(() => reject(problem ?? describeConnectFailure({ message: "no answer" }, url).error));
      }, timeoutMs);
      stateListeners.add(listener);
      signal?.addEventListener("abort", listener, { once: true });
    });
  };

  return {
    url,
    state: () => state,
    ready: (timeoutMs, signal) => whenReady(timeoutMs, true, signal),
    async request(method, params, { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = {}) {
      const began = performance.now();
      const until = began + timeoutMs;
      const left = (): number => Math.max(1, until - performance.now());
      const log = (code?: string): void => {
        const call = { method, ms: Math.round(performance.now() - began), ...(code === undefined ? {} : { code }) };
        if (READS.test(method)) logger.debug(call, "gateway called");
        else logger.info(call, "gateway called");
      };
      for (;;) {
        await whenReady(left(), false, signal);
        const version = state.phase === "ready" ? state.serverVersion : "";
        try {
          if (link === undefined) throw notSent;
          const answer = await link.request(method, params, {
            timeoutMs: left(),
            ...(signal === undefined ? {} : { signal }),
          });
          log();
          return answer;
        } catch (error) {
          if (error === notSent) continue;
          const failure = describeRequestFailure(error, { method, timeoutMs, url, version });
          log(failure.code);
          throw failure;
        }
      }
    },
    onEvent(listener) {
      eventListeners.add(listener);
      return () => eventListeners.delete(listener);
    },
    onState(listener) {
      stateListeners.add(listener);
      return () => stateListeners.delete(listener);
    },
    async close() {
      if (state.phase === "closed") return;
      clearTimeout(retry);
      enter({ phase: "closed" });
      await link?.close();
    },
  };
}

/** Returns once a gateway lets Clutch in, and leaves it again. Throws the codes of `GatewayConnection.ready`. */
export async function reachGateway(
  address: GatewayAddress,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal; readonly logger: Logger },
): Promise<void> {
  const connection = openConnection(address, options.logger);
  try {
    await connection.ready(options.timeoutMs, options.signal);
  } finally {
    await connection.close();
  }
}

function isLoopback(url: string): boolean {
  try {
    return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
  } catch {
    return false;
  }
}
