import { setTimeout as sleep } from "node:timers/promises";
import { ClutchError } from "../errors.ts";
import type { GatewayConnection } from "./connection.ts";
import type { OpenClaw } from "./openclaw.ts";
import { configReply, parseReply } from "./wire.ts";

/** OpenClaw looks at a file that it could not use again by itself, within a second or two; ms. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 500;

/**
 * `config.patch`. OpenClaw may save a patch and then fail to use it, while it loads a
 * plugin anew for instance; that is no refusal, so it is waited for.
 */
export function createConfigPatch(
  connection: Pick<GatewayConnection, "request">,
  { patienceMs = PATIENCE_MS, pauseMs = PAUSE_MS } = {},
): OpenClaw["patchConfig"] {
  const isApplied = async (): Promise<boolean> => {
    const reply = parseReply(configReply, "config.get", await connection.request("config.get", {}));
    return reply.configRevisionHash !== undefined && reply.configRevisionHash === reply.appliedConfigHash;
  };

  return async (patch, baseHash, replacePaths = [], options) => {
    try {
      await connection.request(
        "config.patch",
        {
          raw: JSON.stringify(patch),
          ...(baseHash === undefined ? {} : { baseHash }),
          ...(replacePaths.length === 0 ? {} : { replacePaths }),
        },
        { timeoutMs: 20_000, ...options },
      );
    } catch (thrown) {
      if (!(thrown instanceof ClutchError) || !/persisted but was not applied/.test(thrown.message)) throw thrown;
      const until = performance.now() + patienceMs;
      while (!(await isApplied())) {
        if (performance.now() >= until) throw notApplied(thrown);
        await sleep(pauseMs);
      }
    }
  };
}

const notApplied = (cause: ClutchError): ClutchError =>
  new ClutchError("not_applied", "OpenClaw has saved the change, but goes on with the configuration it had.", {
    hint: "Restart the gateway: openclaw gateway restart.",
    cause,
  });
