import { readSlot } from "../openclaw/config-slots.ts";
import type { GuardClient } from "../openclaw/guard-client.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import type { UsedProxy } from "./lock-layers.ts";

/** What OpenClaw sends its traffic through. Without the guard nobody tells the address: OpenClaw hides it. */
export async function usedProxy(parts: {
  readonly guard: Pick<GuardClient, "status">;
  readonly openclaw: Pick<OpenClaw, "readConfig">;
}): Promise<UsedProxy> {
  const seen = await parts.guard.status().catch(() => undefined);
  if (seen !== undefined) return seen.proxy;
  const { config } = await parts.openclaw.readConfig();
  const loopbackMode = readSlot(config, ["proxy", "loopbackMode"]);
  return {
    enabled: readSlot(config, ["proxy", "enabled"]) === true,
    loopbackMode: typeof loopbackMode === "string" ? loopbackMode : undefined,
  };
}
