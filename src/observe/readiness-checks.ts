import type { ConnectionState, GatewayConnection } from "../openclaw/connection.ts";
import type { ExpiringStore } from "../store/expiring-store.ts";
import type { ReadinessCheck } from "./readiness.ts";

/** What is written to see whether the store takes it goes after this, ms. */
const READINESS_MS = 60_000;

/** Whether the gateway is there and the store can be written. */
export const readinessChecks = (parts: {
  readonly connection: Pick<GatewayConnection, "state">;
  readonly presence: Pick<ExpiringStore, "set">;
  readonly clock: () => number;
}): readonly ReadinessCheck[] => [
  { part: "gateway", check: async () => gatewayProblem(parts.connection.state()) },
  {
    part: "store",
    async check() {
      await parts.presence.set("readiness", parts.clock(), READINESS_MS);
      return undefined;
    },
  },
];

function gatewayProblem(state: ConnectionState): string | undefined {
  if (state.phase === "ready") return undefined;
  if (state.phase === "closed") return "Clutch is shutting down.";
  return state.problem?.message ?? "Clutch is connecting to it.";
}
