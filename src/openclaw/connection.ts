import { GatewayClient, GatewayClientRequestError, GatewayClientRequestTimeoutError } from "@openclaw/gateway-client";
import type { Logger } from "pino";
import { ClutchError } from "../errors.ts";
import { describeConnectFailure, hostOf } from "./connect-errors.ts";

export interface GatewayAddress {
  readonly url: string;
  readonly token?: string;
}

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
  | { readonly phase: "ready"; readonly serverVersion: string; readonly scopes: readonly string[] }
  | { readonly phase: "refused"; readonly problem: ClutchError }
  | { readonly phase: "closed" };

/**
 * One WebSocket to the gateway that keeps itself connected. Requests made while
 * it is down wait for it within their deadline; what is lost on the way is
 * reported as `gateway_lost`, never sent a second time by itself.
 */
export interface GatewayConnection {
  readonly url: string;
  state(): ConnectionState;
  /** Resolves at the first hello. Throws `gateway_*` codes; `gateway_unreachable` or `gateway_not_ready` after `timeoutMs`. */
  ready(timeoutMs: number, signal?: AbortSignal): Promise<void>;
  /** The gateway's answer as it came. Throws `deadline`, `gateway_lost`, `gateway_scope`, or `gateway_refused` with the gateway's own words. */
  request(method: string, params: unknown, options?: RequestOptions): Promise<unknown>;
  onEvent(listener: (event: GatewayEvent) => void): () => void;
  onState(listener: (state: ConnectionState) => void): () => void;
  close(): Promise<void>;
}

const SCOPES = ["operator.read", "operator.write", "operator.admin"];
const DEFAULT_TIMEOUT_MS = 10_000;

export function openConnection(address: GatewayAddress, logger: Logger): GatewayConnection {
  let state: ConnectionState = { phase: "connecting" };
  const eventListeners = new Set<(event: GatewayEvent) => void>();
  const stateListeners = new Set<(state: ConnectionState) => void>();
  const enter = (next: ConnectionState): void => {
    state = next;
    for (const listener of [...stateListeners]) listener(next);
  };

  const client = new GatewayClient({
    url: address.url,
    ...(address.token === undefined ? {} : { token: address.token }),
    clientName: "gateway-client",
    clientDisplayName: "Clutch",
    mode: "backend",
    role: "operator",
    scopes: SCOPES,
    minProtocol: 4,
    maxProtocol: 4,
    notifyOnStartupRetry: true,
    onHelloOk: (hello) => {
      logger.info({ gateway: hostOf(address.url), version: hello.server.version }, "gateway connected");
      enter({ phase: "ready", serverVersion: hello.server.version, scopes: hello.auth?.scopes ?? [] });
    },
    onConnectError: (error) => {
      const { error: problem, final } = describeConnectFailure(error, address.url);
      logger.debug({ code: problem.code }, "gateway connection failed");
      if (state.phase !== "closed") enter(final ? { phase: "refused", problem } : { phase: "connecting", problem });
    },
    onClose: (code, reason, info) => {
      logger.debug({ code, reason }, "gateway connection closed");
      if (state.phase === "ready") enter({ phase: "connecting" });
      else if (state.phase === "connecting" && state.problem === undefined && code === 1013) {
        enter({ phase: "connecting", problem: describeConnectFailure({ code: "UNAVAILABLE" }, address.url).error });
      }
      void info;
    },
    onEvent: (event) => {
      for (const listener of [...eventListeners]) listener({ event: event.event, payload: event.payload });
    },
  });
  client.start();

  /** Waits until the connection is ready or will not become so. */
  const whenReady = (timeoutMs: number, signal?: AbortSignal): Promise<void> => {
    const judge = (resolve: () => void, reject: (error: unknown) => void): boolean => {
      if (state.phase === "ready") resolve();
      else if (state.phase === "refused") reject(state.problem);
      else if (state.phase === "closed") reject(new ClutchError("gateway_lost", "Clutch is shutting down."));
      else return false;
      return true;
    };
    return new Promise((resolve, reject) => {
      if (judge(resolve, reject)) return;
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        stateListeners.delete(listener);
        signal?.removeEventListener("abort", onAbort);
        settle();
      };
      const listener = (): void => {
        judge(
          () => finish(resolve),
          (error) => finish(() => reject(error)),
        );
      };
      const onAbort = (): void => finish(() => reject(deadlineError(timeoutMs)));
      const timer = setTimeout(() => {
        const problem = state.phase === "connecting" ? state.problem : undefined;
        finish(() => reject(problem ?? describeConnectFailure({ message: "no answer" }, address.url).error));
      }, timeoutMs);
      stateListeners.add(listener);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  };

  return {
    url: address.url,
    state: () => state,
    ready: whenReady,
    async request(method, params, options = {}) {
      const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
      const started = performance.now();
      await whenReady(timeoutMs, options.signal);
      const left = Math.max(1, timeoutMs - (performance.now() - started));
      try {
        return await client.request(method, params, {
          timeoutMs: left,
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        });
      } catch (error) {
        throw describeRequestFailure(error, method, timeoutMs, address.url);
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
      enter({ phase: "closed" });
      await client.stopAndWait({ timeoutMs: 1_000 }).catch(() => undefined);
    },
  };
}

const deadlineError = (timeoutMs: number, cause?: unknown): ClutchError =>
  new ClutchError("deadline", `The gateway did not answer within ${Math.round(timeoutMs / 100) / 10} s.`, {
    hint: "It may be busy. Look with /model before you try again: the change may have gone through.",
    cause,
  });

function describeRequestFailure(error: unknown, method: string, timeoutMs: number, url: string): ClutchError {
  if (error instanceof GatewayClientRequestTimeoutError) return deadlineError(timeoutMs, error);
  if (error instanceof GatewayClientRequestError) {
    const details: unknown = error.details;
    const missing =
      typeof details === "object" && details !== null && "missingScope" in details ? String(details.missingScope) : "";
    if (error.gatewayCode === "FORBIDDEN" || missing !== "") {
      return new ClutchError(
        "gateway_scope",
        `Clutch may not do this on the gateway: ${missing || "a scope"} is missing.`,
        {
          hint: `Approve Clutch's device with ${missing || "the scope"} on the gateway, or give Clutch the gateway's token.`,
          cause: error,
        },
      );
    }
    return new ClutchError("gateway_refused", `OpenClaw refused ${method}: ${error.message}`, { cause: error });
  }
  if (error instanceof Error && error.name === "AbortError") return deadlineError(timeoutMs, error);
  return new ClutchError("gateway_lost", `The connection to the gateway at ${hostOf(url)} broke during the request.`, {
    hint: "Clutch reconnects by itself. Look with /model before you try again.",
    cause: error,
  });
}

/** The `details.reason` of a gateway's refusal, where it gave one. */
export function refusalReason(error: unknown): string {
  const cause = error instanceof ClutchError ? error.cause : error;
  if (!(cause instanceof GatewayClientRequestError)) return "";
  const details: unknown = cause.details;
  return typeof details === "object" && details !== null && "reason" in details ? String(details.reason) : "";
}
