import type { App } from "../app.ts";
import type { Config } from "../config.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import type { GatewayAddress } from "../openclaw/connection.ts";
import type { AppSlot } from "./app-slot.ts";
import { chooseGateway } from "./choose-gateway.ts";
import { LostError } from "./reload.ts";
import type { Runtime } from "./runtime.ts";
import type { Platforms } from "./start-platforms.ts";
import type { StatusPlace } from "./status-place.ts";

/** A gateway that a changed configuration names has to answer within this, ms. */
const GATEWAY_PATIENCE_MS = 15_000;
/** Everything else is part of the App, which is opened anew for it. */
const BESIDE_THE_APP = new Set(["$schema", "access", "discord", "http", "platforms", "slack", "wall"]);

interface Opened {
  readonly config: Config;
  readonly gateway: GatewayAddress;
}

/**
 * Puts a changed configuration in force while Clutch runs: access lists at once, a
 * platform or the status server alone where only that changed, and for all else the
 * App is closed and opened anew under the platforms' hands. Where the new App does
 * not come up the former one is opened again, and what kept it down is thrown.
 */
export function applyConfig(parts: {
  readonly slot: AppSlot;
  readonly platforms: Platforms;
  readonly status: StatusPlace;
  readonly runtime: Runtime;
  /** What must never be printed; grows by the secrets of each configuration. */
  readonly secrets: string[];
  readonly gateway: GatewayAddress;
  readonly open: (to: Opened, patience: "endless" | { readonly gatewayTimeoutMs: number }) => Promise<App>;
  /** Starts what Clutch does by itself. */
  readonly watch: (app: App) => void;
  /** From now on this one counts for whatever reads it anew each time. */
  readonly use: (config: Config) => void;
}): (next: Config, before: Config, changed: readonly string[]) => Promise<readonly string[]> {
  const { slot, platforms, secrets, use } = parts;
  let gateway = parts.gateway;

  const exchangeApp = async (next: Config, before: Config): Promise<void> => {
    const choice = await chooseGateway(next, parts.runtime);
    if (choice.kind === "none") throw new ClutchError("no_gateway", choice.note);
    if (choice.token !== undefined) secrets.push(choice.token);
    let failure: ClutchError | undefined;
    try {
      await slot.exchange(async () => {
        const app = await parts
          .open({ config: next, gateway: choice }, { gatewayTimeoutMs: GATEWAY_PATIENCE_MS })
          .catch((thrown: unknown) => {
            failure = toClutchError(thrown);
            return parts.open({ config: before, gateway }, "endless");
          });
        parts.watch(app);
        return app;
      });
    } catch (thrown) {
      throw new LostError("Clutch could not be opened again", { cause: thrown });
    }
    if (failure !== undefined) throw failure;
    gateway = choice;
  };

  return async (next, before, changed) => {
    const notes: string[] = [];
    const areas = new Set(changed.map((key) => key.split(".", 1)[0] ?? ""));
    secrets.push(...next.secrets);
    const ofTheApp = changed.filter((key) => !BESIDE_THE_APP.has(key.split(".", 1)[0] ?? ""));
    if (ofTheApp.length > 0) {
      await exchangeApp(next, before);
      notes.push("Clutch was opened anew for it; commands that ran came to their end first.");
    }
    use(next);
    if (areas.has("http")) await parts.status.open(next.http);
    await platforms.use(next);
    if (areas.has("wall")) notes.push("The wall is a process of its own: restart `clutch wall run`.");
    return notes;
  };
}
