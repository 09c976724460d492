import { addressLocality, type Resolve } from "../models/address.ts";
import type { ServerAddress } from "../registry/server-address.ts";

/**
 * Whether Clutch itself may contact a model server now: while the lock is on, those
 * that the operator vouches for, and every Ollama of this machine or network. Asked
 * anew before each request, since the lock and what a name leads to may change.
 */
export function askableServer(parts: {
  readonly isLocked: () => boolean;
  readonly trustedLocal: readonly string[];
  readonly resolve: Resolve;
}): (address: ServerAddress) => Promise<boolean> {
  return async ({ id, kind, baseUrl }) => {
    if (!parts.isLocked() || parts.trustedLocal.includes(id)) return true;
    if (kind !== "ollama") return false;
    return ["loopback", "private"].includes((await addressLocality(baseUrl, parts.resolve)).kind);
  };
}
