import { z } from "zod";
import { ClutchError } from "../errors.ts";
import type { GatewayConnection, RequestOptions } from "./connection.ts";
import { isAtLeast } from "./version.ts";

/** From here on a conversation's model is its own unless the configuration says otherwise (2026.9.2 was the last to spread it). */
export const KEEPS_SELECTION = "2026.9.4";

const scopeOf = z.object({
  config: z.object({ agents: z.object({ defaults: z.object({ modelSelectionScope: z.string() }) }) }),
});

/**
 * An older OpenClaw writes the model that is set for one conversation into its
 * configuration as well, as the default of others. Throws `gateway_protocol` where
 * it would, so that no switch reaches further than its card says.
 */
export async function checkSelectionScope(
  connection: Pick<GatewayConnection, "request" | "state">,
  options?: RequestOptions,
): Promise<void> {
  const state = connection.state();
  if (state.phase !== "ready" || isAtLeast(state.serverVersion, KEEPS_SELECTION)) return;
  const parsed = scopeOf.safeParse(await connection.request("config.get", {}, options));
  if (parsed.data?.config.agents.defaults.modelSelectionScope === "session") return;
  throw new ClutchError(
    "gateway_protocol",
    `OpenClaw ${state.serverVersion} would make the model of this conversation the default of others too, so nothing was changed.`,
    {
      hint: `Set agents.defaults.modelSelectionScope to "session" in OpenClaw's configuration, or update OpenClaw to ${KEEPS_SELECTION} or later.`,
    },
  );
}
