import type { ClutchError } from "../errors.ts";
import type { ConnectionState, GatewayConnection } from "./connection.ts";

/** The longest that a timer can wait. */
const FOR_EVER_MS = 2 ** 31 - 1;

/** How long the gateway is waited for. */
export interface Waiting {
  /** How long to wait, ms. Default 60,000. */
  readonly gatewayTimeoutMs?: number;
  /** Waits without limit instead, and is told each time the reason changes. */
  readonly onWaiting?: (problem: ClutchError) => void;
  readonly signal?: AbortSignal;
}

/** Returns once the gateway answered; throws the codes of `GatewayConnection.ready`. */
export async function untilConnected(
  connection: Pick<GatewayConnection, "onState" | "ready">,
  { gatewayTimeoutMs = 60_000, onWaiting, signal }: Waiting,
): Promise<void> {
  let told = "";
  const tell = (state: ConnectionState): void => {
    const problem = state.phase === "connecting" || state.phase === "pairing" ? state.problem : undefined;
    // By message: a pairing request gets a new id every few minutes.
    if (problem === undefined || problem.message === told) return;
    told = problem.message;
    onWaiting?.(problem);
  };
  const forget = connection.onState(tell);
  try {
    await connection.ready(onWaiting === undefined ? gatewayTimeoutMs : FOR_EVER_MS, signal);
  } finally {
    forget();
  }
}
