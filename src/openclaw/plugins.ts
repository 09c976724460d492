import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { ClutchError } from "../errors.ts";
import type { GatewayConnection } from "./connection.ts";
import { watchRestart } from "./restart-watch.ts";
import { isAtLeast } from "./version.ts";
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
   * Whether this OpenClaw loads plugins when it starts and never after, so that `reload`
   * restarts it. Such a one does not start where it misses the files of a plugin.
   */
  restarts(): boolean;
  /** Whether the gateway finds a directory there, or a link to one. */
  finds(path: string): Promise<boolean>;
  /**
   * Loads the plugin's files anew and lets every agent know. Turns that are just being
   * prepared fail once; turns in the plugin's hooks are waited for, up to 60 s. A restart
   * waits for all turns, up to 5 minutes; `not_verified` where the gateway is not back then.
   */
  reload(id: string): Promise<void>;
}

const RELOAD_MS = 90_000;
const TRIES = 5;
/** The first with `plugins.reload`. */
const RELOADS_PLUGINS = "2026.9.5";
/** As long as OpenClaw puts a restart off while turns run, and then a slow start. */
const RESTART_MS = 420_000;

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

const directories = z.looseObject({ entries: z.array(z.looseObject({ name: z.string() })) });

export function createPlugins(
  connection: Pick<GatewayConnection, "request" | "state" | "onState">,
  { restartMs = RESTART_MS } = {},
): Plugins {
  let known = "";
  const restarts = (): boolean => {
    const state = connection.state();
    if (state.phase === "ready") known = state.serverVersion;
    return known !== "" && !isAtLeast(known, RELOADS_PLUGINS);
  };

  /** OpenClaw may be about to restart by itself, since a list of plugins has changed; the two become one. */
  const restart = async (id: string): Promise<void> => {
    const watch = watchRestart(connection);
    try {
      if (!watch.hasLeft()) {
        await connection.request("gateway.restart.request", { reason: id }).catch((thrown: unknown) => {
          // On its way down it answers nobody, or that it takes nothing more.
          if (!watch.hasLeft() && !isGoingDown(thrown)) throw thrown;
        });
      }
      if (!(await watch.back(restartMs))) throw notBack();
    } finally {
      watch.end();
    }
  };

  return {
    restarts,
    async finds(path) {
      try {
        const reply = await connection.request("fs.listDir", { path: dirname(path) });
        const { entries } = parseReply(directories, "fs.listDir", reply);
        return entries.some(({ name }) => name === basename(path));
      } catch (thrown) {
        // So it answers for a directory that is not there.
        if (thrown instanceof ClutchError && thrown.code === "gateway_refused") return false;
        throw thrown;
      }
    },
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
      if (restarts()) return restart(id);
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

const isGoingDown = (thrown: unknown): boolean =>
  thrown instanceof ClutchError && (thrown.code === "gateway_lost" || /restart/i.test(thrown.message));

const notBack = (): ClutchError =>
  new ClutchError("not_verified", "OpenClaw was told to restart, but has not done so yet.", {
    hint: "Turns that run hold it up. Restart it (openclaw gateway restart), then run this again.",
  });
