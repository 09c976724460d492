import type { Logger } from "pino";
import { addressLocality, type Resolve } from "../models/address.ts";
import { sameModel } from "../models/model-ref.ts";
import type { SpeedMachine } from "../models/speed.ts";
import { pullModel } from "../models-setup/set-up-model.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import type { ModelProfile } from "../registry/model-profile.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { ServerMonitor, ServerState } from "../registry/server-monitor.ts";
import { isLocalModelServer } from "../servers/drivers.ts";
import { listingName } from "../servers/listing.ts";
import type { LocalModelServer, PullProgress, RunningModel } from "../servers/model-server.ts";
import { modelsInUse, redirectionBy } from "./models-in-use.ts";
import type { SessionView } from "./session-models.ts";
import { planSwitch, type Refusal, refusalOf, type SwitchPlan } from "./switch-plan.ts";

/** Looks ahead before a conversation gets another model, and makes that model ready. */
export interface SwitchPlanner {
  /**
   * Computed from what the background watch knows; a server that is down costs no
   * time. Asks a local server that is well what it has in memory, at most 1.5 s.
   * Throws `gateway_protocol` where OpenClaw would make it a default too.
   */
  plan(view: SessionView, target: ModelProfile): Promise<SwitchPlan>;
  /** Why nothing could answer, for changes beyond one conversation; undefined where there is no reason. */
  refusal(target: ModelProfile): Promise<Refusal | undefined>;
  /**
   * Loads the target with the window that OpenClaw will ask for; the conversation
   * stays with its old model meanwhile. Gives the ms that it took, undefined where
   * there was nothing to load. Codes: `server_unreachable`, `unknown_model`.
   */
  warm(plan: SwitchPlan, signal: AbortSignal): Promise<number | undefined>;
  /**
   * Downloads a model that its server lacks, or what an interrupted download left
   * over. Codes: `bad_option` where the disk is too small, `unknown_model` where
   * nobody offers it, `server_unreachable`.
   */
  download(target: ModelProfile, onProgress: (progress: PullProgress) => void, signal: AbortSignal): Promise<void>;
}

const ASK_MS = 1_500;
/** Long enough that the first message of a person who types slowly still finds it loaded, ms. */
const KEEP_ALIVE_MS = 15 * 60_000;

export function createSwitchPlanner(parts: {
  readonly openclaw: OpenClaw;
  readonly registry: ModelRegistry;
  readonly monitor: ServerMonitor;
  readonly machine: () => SpeedMachine | undefined;
  readonly resolve: Resolve;
  /** Whether a session's turns go to local models now, whatever it is set to; none's do where it is left out. */
  readonly isKeptLocal?: (sessionKey: string) => boolean;
  readonly logger: Logger;
}): SwitchPlanner {
  const { openclaw, registry, monitor, machine, resolve, isKeptLocal = () => false, logger } = parts;
  const isRedirected = redirectionBy(registry, isKeptLocal);

  const localServer = ({ server }: ModelProfile): LocalModelServer | undefined => {
    if (server?.kind !== "ollama") return undefined;
    const driver = monitor.serverAt(server);
    return isLocalModelServer(driver) ? driver : undefined;
  };

  const runningOn = (server: LocalModelServer | undefined): Promise<readonly RunningModel[]> =>
    server === undefined
      ? Promise.resolve([])
      : server.running(AbortSignal.timeout(ASK_MS)).catch((error: unknown) => {
          logger.debug({ server: server.id, err: error }, "what is loaded could not be asked");
          return [];
        });

  /** Other conversations than this one. */
  const inUse = async (
    view: SessionView,
    provider: string,
    loaded: readonly string[],
  ): Promise<ReadonlyMap<string, readonly string[]>> =>
    new Map(
      [...(await modelsInUse(openclaw, provider, { isRedirected, loaded }))].map(([model, keys]) => [
        model,
        keys.filter((key) => key !== view.key),
      ]),
    );

  /** As known now. A model that was missing may have been downloaded a moment ago. */
  const lookAgain = async ({ server, served, ref }: ModelProfile) => {
    if (server?.kind === "ollama" && served === undefined) {
      monitor.forget(server);
      registry.invalidate();
    }
    const { models } = await registry.current();
    return { models, found: models.find((model) => sameModel(model.ref, ref)) };
  };

  const stateOf = async ({ server }: ModelProfile): Promise<ServerState | undefined> =>
    server?.kind === "ollama" ? monitor.look(server) : undefined;

  return {
    async refusal(chosen) {
      const target = (await lookAgain(chosen)).found ?? chosen;
      return refusalOf({ target, server: await stateOf(target) });
    },

    async plan(view, chosen) {
      await openclaw.checkReach();
      const { server, served } = chosen;
      if (server !== undefined && served !== undefined) await monitor.describe(server, served);
      const { models, found: target = chosen } = await lookAgain(chosen);
      const state = await stateOf(target);
      const running = state?.ok === true ? await runningOn(localServer(target)) : [];
      const loaded = running.map(({ name }) => name);
      const others = loaded.some((name) => listingName(name) !== listingName(target.ref.model));
      const address = target.server === undefined ? undefined : await addressLocality(target.server.baseUrl, resolve);
      return planSwitch({
        target,
        present: models.find(({ ref }) => sameModel(ref, view.effective?.model)),
        usedTokens: view.row?.usedTokens,
        models,
        server: state,
        running,
        // A stand-in of the sandbox takes no memory, whatever its model would.
        machine: address?.kind === "loopback" && !target.demo ? machine() : undefined,
        inUse: others ? await inUse(view, target.ref.provider, loaded) : new Map(),
      });
    },

    async download(target, onProgress, signal) {
      const server = localServer(target);
      if (server === undefined || target.server === undefined) return;
      const address = await addressLocality(target.server.baseUrl, resolve);
      const here = address.kind === "loopback" && !target.demo ? machine() : undefined;
      await pullModel(server, target.ref.model, here, { onPull: (_, progress) => onProgress(progress) }, signal);
      monitor.forget(target.server);
      registry.invalidate();
    },

    async warm({ target, load }, signal) {
      const server = localServer(target);
      if (load === undefined || server === undefined) return undefined;
      const started = performance.now();
      const contextTokens = target.requestedContextTokens;
      await server.warm(
        target.ref.model,
        { keepAliveMs: KEEP_ALIVE_MS, ...(contextTokens === undefined ? {} : { contextTokens }) },
        signal,
      );
      signal.throwIfAborted();
      if (target.server !== undefined) monitor.forget(target.server);
      return performance.now() - started;
    },
  };
}
