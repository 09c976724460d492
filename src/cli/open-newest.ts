import type { App } from "../app.ts";
import type { Config } from "../config.ts";
import { ClutchError } from "../errors.ts";
import type { GatewayAddress } from "../openclaw/connection.ts";
import { changedKeys } from "./changed-keys.ts";
import { chooseGateway } from "./choose-gateway.ts";
import type { ConfigReader, ReadFor } from "./config-reader.ts";
import type { Runtime } from "./runtime.ts";

/** What an App is opened with. */
export interface Opening {
  readonly config: Config;
  readonly gateway: GatewayAddress;
}

/** Opens an App however long its gateway takes, with the configuration as it is by then. */
export type OpenNewest = (first: Opening) => Promise<Opening & { readonly app: App }>;

/** A configuration that changes meanwhile is read, and waited with anew: nobody has to wait for a gateway that is no more. */
export function createOpenNewest(parts: {
  /** Waits without limit, until it is interrupted. */
  readonly open: (to: Opening, interrupted: AbortSignal) => Promise<App>;
  readonly reader: ConfigReader;
  /** Told of one that is waited with from now on. */
  readonly use: (config: Config, changed: readonly string[]) => Promise<void>;
  readonly runtime: Runtime;
  /** What must never be printed; grows by the secrets of each configuration. */
  readonly secrets: string[];
  readonly say: (line: string) => void;
}): OpenNewest {
  const { reader, secrets, say } = parts;

  /** With the configuration as it is now; where that cannot be used, the same again. */
  const newer = async (than: Opening, why: ReadFor): Promise<Opening> => {
    const config = await reader.read(why, than.config);
    if (config === undefined) return than;
    const changed = changedKeys(than.config, config);
    if (changed.length === 0) {
      if (why === "signal") say("The configuration was read again; nothing in it has changed.");
      return than;
    }
    secrets.push(...config.secrets);
    const choice = await chooseGateway(config, parts.runtime);
    if (choice.kind === "none") {
      await reader.refuse(new ClutchError("no_gateway", choice.note));
      return than;
    }
    if (choice.token !== undefined) secrets.push(choice.token);
    reader.forget();
    say(`The configuration was read again. Changed: ${changed.join(", ")}. ${choice.announcement}`);
    await parts.use(config, changed);
    return { config, gateway: choice };
  };

  return async (first) => {
    for (let wanted = first; ; ) {
      const { stale } = reader;
      try {
        return { ...wanted, app: await parts.open(wanted, stale) };
      } catch (thrown) {
        if (!stale.aborted) throw thrown;
        wanted = await newer(wanted, stale.reason);
      }
    }
  };
}
