import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { ClutchError } from "../errors.ts";
import type { GatewayConnection } from "./connection.ts";
import { parseReply } from "./wire.ts";

/** What OpenClaw makes of a plugin. */
export interface PluginReport {
  /** `enabled`, `disabled`, `error`, …; undefined where it knows no such plugin. */
  readonly state: string | undefined;
  /** What it has to say about it or about its place, in its own words. */
  readonly says: readonly string[];
}

/** OpenClaw's plugins. Every method throws the codes of `GatewayConnection.request`. */
export interface Plugins {
  /** `path` is where the plugin lies, for what OpenClaw says before it knows whose place that is. */
  about(id: string, path: string): Promise<PluginReport>;
  /**
   * Loads the plugin's files anew and lets every agent know. Turns that are just being
   * prepared fail once; turns in the plugin's hooks are waited for, up to 60 s.
   */
  reload(id: string): Promise<void>;
}

const RELOAD_MS = 90_000;
const TRIES = 5;

const listed = z.looseObject({
  plugins: z.array(z.looseObject({ id: z.string(), state: z.string(), error: z.string().optional().catch(undefined) })),
  diagnostics: z
    .array(
      z.looseObject({
        pluginId: z.string().optional().catch(undefined),
        source: z.string().optional().catch(undefined),
        message: z.string(),
      }),
    )
    .catch([]),
});

export function createPlugins(connection: Pick<GatewayConnection, "request">): Plugins {
  return {
    async about(id, path) {
      const { plugins, diagnostics } = parseReply(listed, "plugins.list", await connection.request("plugins.list", {}));
      const plugin = plugins.find((entry) => entry.id === id);
      const said = diagnostics.flatMap(({ pluginId, source, message }) =>
        pluginId === id || source === path ? [message] : [],
      );
      return {
        state: plugin?.state,
        says: [...new Set([...(plugin?.error === undefined ? [] : [plugin.error]), ...said])],
      };
    },
    async reload(id) {
      for (let attempt = 1; ; attempt++) {
        try {
          await connection.request("plugins.reload", { plugins: [{ pluginId: id }] }, { timeoutMs: RELOAD_MS });
          return;
        } catch (thrown) {
          // It is also refused while another change of the configuration is applied.
          const mayPass = thrown instanceof ClutchError && thrown.code === "gateway_refused";
          if (!mayPass || attempt === TRIES) throw thrown;
          await sleep(attempt * 500);
        }
      }
    },
  };
}
