import { setTimeout as sleep } from "node:timers/promises";
import type { z } from "zod";
import { ClutchError } from "../errors.ts";
import type { GatewayConnection } from "./connection.ts";
import type { OpenClaw } from "./openclaw.ts";
import { configReply, parseReply } from "./wire.ts";

/** How long OpenClaw may have work for which it cannot use what it saved, ms. */
const PATIENCE_MS = 30_000;
/** It looks at the file again by itself once, within a second or two; ms. */
const PAUSE_MS = 2_000;

/**
 * `config.patch`. OpenClaw may save a patch and then fail to use it, while it loads a
 * plugin anew or that plugin asks its server for models, for instance; that is no
 * refusal, so it is waited for, and OpenClaw is told to use what it saved.
 */
export function createConfigPatch(
  connection: Pick<GatewayConnection, "request">,
  { patienceMs = PATIENCE_MS, pauseMs = PAUSE_MS } = {},
): OpenClaw["patchConfig"] {
  const read = async () => parseReply(configReply, "config.get", await connection.request("config.get", {}));

  /** Has OpenClaw use its file, which stays as it is; it is refused where somebody changed it since. */
  const reapply = async ({ hash, parsed, includedPaths }: ConfigReply): Promise<void> => {
    if (parsed == null || (includedPaths ?? []).length > 0) return;
    try {
      await connection.request("config.apply", { raw: JSON.stringify(parsed), baseHash: hash });
    } catch (thrown) {
      if (!(thrown instanceof ClutchError) || thrown.code !== "gateway_refused") throw thrown;
    }
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
      for (;;) {
        await sleep(pauseMs);
        const now = await read();
        if (now.configRevisionHash !== undefined && now.configRevisionHash === now.appliedConfigHash) return;
        if (performance.now() >= until) throw notApplied(thrown);
        await reapply(now);
      }
    }
  };
}

type ConfigReply = z.infer<typeof configReply>;

const notApplied = (cause: ClutchError): ClutchError =>
  new ClutchError("not_applied", "OpenClaw has saved the change, but goes on with the configuration it had.", {
    hint: "Restart the gateway: openclaw gateway restart.",
    cause,
  });
