import type { App } from "../app.ts";
import type { Config } from "../config.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import type { GatewayAddress } from "../openclaw/connection.ts";
import type { AppSlot } from "./app-slot.ts";
import { changedKeys } from "./changed-keys.ts";
import { chooseGateway } from "./choose-gateway.ts";
import type { Opening, OpenNewest } from "./open-newest.ts";
import { type Applied, LostError } from "./reload.ts";
import type { Runtime } from "./runtime.ts";
import type { Platforms } from "./start-platforms.ts";
import type { StatusPlace } from "./status-place.ts";

/** A gateway that a changed configuration names has to answer within this, ms. */
const GATEWAY_PATIENCE_MS = 15_000;
/** Everything else is part of the App, which is opened anew for it. */
const BESIDE_THE_APP = new Set(["$schema", "access", "discord", "http", "platforms", "slack", "wall"]);

/**
 * Puts a changed configuration in force while Clutch runs: access lists at once, a
 * platform or the status server alone where only that changed, and for all else the
 * App is closed and opened anew under the platforms' hands. A gateway that does not
 * answer keeps it from that before anything is closed. Where the new App does not come
 * up all the same the former one is opened again, and what kept it down is thrown.
 */
export function applyConfig(parts: {
  readonly slot: AppSlot;
  readonly platforms: Platforms;
  readonly status: StatusPlace;
  readonly runtime: Runtime;
  /** What must never be printed; grows by the secrets of each configuration. */
  readonly secrets: string[];
  readonly gateway: GatewayAddress;
  /** Returns once that gateway lets Clutch in; throws what keeps it from that. */
  readonly reach: (gateway: GatewayAddress, timeoutMs: number) => Promise<void>;
  readonly open: (to: Opening, gatewayTimeoutMs: number) => Promise<App>;
  readonly openNewest: OpenNewest;
  /** Starts what Clutch does by itself. */
  readonly watch: (app: App) => void;
  /** From now on this one counts for whatever reads it anew each time. */
  readonly use: (config: Config) => void;
}): (next: Config, before: Config, changed: readonly string[]) => Promise<Applied> {
  const { slot, platforms, secrets, use } = parts;
  let gateway = parts.gateway;

  /** Gives the configuration with which it was opened. */
  const exchangeApp = async (next: Config, before: Config): Promise<Config> => {
    const choice = await chooseGateway(next, parts.runtime);
    if (choice.kind === "none") throw new ClutchError("no_gateway", choice.note);
    if (choice.token !== undefined) secrets.push(choice.token);
    await parts.reach(choice, GATEWAY_PATIENCE_MS);
    const former: Opening = { config: before, gateway };
    let opened: Opening = { config: next, gateway: choice };
    let failure: ClutchError | undefined;
    try {
      await slot.exchange(async () => {
        const app = await parts.open(opened, GATEWAY_PATIENCE_MS).catch(async (thrown: unknown) => {
          failure = toClutchError(thrown);
          const { app: other, ...to } = await parts.openNewest(former);
          opened = to;
          return other;
        });
        parts.watch(app);
        return app;
      });
    } catch (thrown) {
      throw new LostError("Clutch could not be opened again", { cause: thrown });
    }
    gateway = opened.gateway;
    if (failure !== undefined && opened.config === before) throw failure;
    return opened.config;
  };

  return async (next, before, changed) => {
    const notes: string[] = [];
    secrets.push(...next.secrets);
    let config = next;
    if (changed.some((key) => !BESIDE_THE_APP.has(areaOf(key)))) {
      config = await exchangeApp(next, before);
      notes.push("Clutch was opened anew for it; commands that ran came to their end first.");
    }
    const areas = new Set((config === next ? changed : changedKeys(before, config)).map(areaOf));
    use(config);
    if (areas.has("http")) await parts.status.open(config.http);
    await platforms.use(config);
    if (areas.has("wall"))
      notes.push(
        "The wall goes on as it was started: run `clutch wall install --yes`, or start `clutch wall run` anew where no service keeps it.",
      );
    return { config, notes };
  };
}

const areaOf = (key: string): string => key.split(".", 1)[0] ?? "";
