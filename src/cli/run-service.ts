import { join } from "node:path";
import type { ChatAdapter } from "../../adapters/adapter.ts";
import type { AccessLists } from "../../commands/access.ts";
import type { Card } from "../../commands/card.ts";
import { type App, createApp } from "../app.ts";
import { type Config, configPath, loadConfig } from "../config.ts";
import { alertPlaces } from "../local-only/alert-places.ts";
import { createLogger, hideSecrets } from "../logger.ts";
import { createMetrics } from "../observe/metrics.ts";
import { type Readiness, readReadiness } from "../observe/readiness.ts";
import { type GatewayAddress, reachGateway } from "../openclaw/connection.ts";
import { forgetMended, type MendedStore } from "../store/mend-store.ts";
import { stateDirectory } from "../wall/state-file.ts";
import { type AppSlot, createAppSlot } from "./app-slot.ts";
import { applyConfig } from "./apply-config.ts";
import { createConfigReader, type ReadFor } from "./config-reader.ts";
import { deliverNotices } from "./deliver.ts";
import { lookAtPlatforms } from "./look-at-platforms.ts";
import { mendedCard, mendIfDamaged } from "./mended-store.ts";
import { createOpenNewest, type Opening } from "./open-newest.ts";
import { openTerminal, ownerAtTerminal } from "./open-terminal.ts";
import { createReloader, type Reloader } from "./reload.ts";
import { type ExitCode, type Runtime, untilSignalled } from "./runtime.ts";
import { startPlatforms } from "./start-platforms.ts";
import { createStatusPlace } from "./status-place.ts";
import { watchFileAt } from "./watch-file.ts";

const MAIN_SESSION = "agent:main:main";
/** Commands that run when Clutch is told to stop have this long to end by themselves, ms. */
const STOP_PATIENCE_MS = 20_000;
/** A store that is damaged again so soon, ms, is not mended by opening it anew. */
const MEND_AGAIN_MS = 60_000;

/** With a person's own gateway: serves until it is signalled, whatever its input does. */
export async function runService(
  config: Config,
  gateway: GatewayAddress,
  runtime: Runtime,
  secrets: string[],
): Promise<ExitCode> {
  const interactive = runtime.stdin.isTTY === true;
  const logger = createLogger({
    level: runtime.env["CLUTCH_LOG"] ?? (interactive ? "warn" : "info"),
    destination: runtime.stderr,
    secrets: () => secrets,
  });
  const say = (line: string): void => void runtime.stdout.write(`${hideSecrets(line, secrets)}\n`);
  const metrics = createMetrics();
  const state: { config: Config; mend: () => void; ready: () => Promise<Readiness> } = {
    config,
    // While it starts the store was just looked through.
    mend: () => undefined,
    ready: async () => notReady("clutch", "Clutch is starting."),
  };
  const status = createStatusPlace({ say, secrets, metrics, logger, ready: () => state.ready() });
  await status.open(config.http);

  const access = accessNow(() => state.config, interactive ? [ownerAtTerminal()] : []);
  let slot: AppSlot | undefined;
  const mended: MendedStore[] = [];
  const open = async (
    to: Opening,
    patience: { readonly interrupted: AbortSignal } | { readonly gatewayTimeoutMs: number },
  ): Promise<App> => {
    mended.push(...(await mendIfDamaged(to.config.store, { say, clock: runtime.clock, logger })));
    return createApp({
      ...{ ...to, secrets },
      stateDirectory: stateDirectory(runtime.env, runtime.home),
      ...("interrupted" in patience
        ? {
            onWaiting(problem) {
              say(`${problem.message} ${problem.hint} Waiting for it; Ctrl-C stops.`);
              if (slot === undefined) state.ready = async () => notReady("gateway", problem.message);
            },
            signal: AbortSignal.any([runtime.signal, patience.interrupted]),
          }
        : { ...patience, signal: runtime.signal }),
      access,
      metrics,
      onDamage: () => state.mend(),
      platforms: () => lookAtPlatforms(state.config, logger),
      logger,
      fetch: runtime.fetch,
      clock: runtime.clock,
    });
  };

  const adapters: ChatAdapter[] = [];
  const deliver = deliverNotices(adapters, MAIN_SESSION, logger);
  const post: typeof deliver = async (to, card) => {
    const posted = await deliver(to, card);
    if (to.conversation !== undefined) metrics.noticed(posted === true);
    return posted;
  };
  const tellOwners = async (card: Card): Promise<void> => {
    // Before there is an App there are no platforms either.
    if (slot === undefined) return;
    const { owners } = state.config.access;
    const places = await alertPlaces({ place: undefined }, { openclaw: slot.current().openclaw, owners });
    for (const conversation of [undefined, ...places]) await post({ sessionKey: "", conversation }, card);
  };
  const reader = createConfigReader({
    load: () => loadConfig(runtime),
    ...{ say, tellOwners, logger },
    onRefused: () => metrics.reloaded(false),
  });
  const openNewest = createOpenNewest({
    ...{ reader, runtime, secrets, say },
    open: (to, interrupted) => open(to, { interrupted }),
    async use(next, changed) {
      state.config = next;
      if (changed.some((key) => key.startsWith("http."))) await status.open(next.http);
    },
  });
  let reloader: Reloader | undefined;
  const changed = (why: ReadFor): void => {
    reader.changed(why);
    void reloader?.read(why);
  };
  const endings: (() => unknown)[] = [watchFileAt(configPath(runtime), () => changed("file"))];
  // Where nobody sits at a terminal there is none that could be closed.
  if (!interactive && runtime.stdout.isTTY !== true) runtime.onHangup?.(() => changed("signal"));
  try {
    const first = await openNewest({ config, gateway });
    slot = createAppSlot(first.app);
    const { current, dispatch, actions } = slot;
    await greet(first.app, first.config, say);
    if (interactive) {
      const terminal = await openTerminal({
        ...{ current, dispatch, runtime },
        sessionKey: MAIN_SESSION,
        input: runtime.stdin,
        historyFile: join(first.gateway.stateDir ?? runtime.home, "history"),
      });
      adapters.push(terminal);
      void terminal.done.then(() => {
        if (!runtime.signal.aborted) say("The terminal channel is closed; Clutch goes on. Ctrl-C stops it.");
      });
    }
    const platforms = await startPlatforms(first.config, {
      ...{ dispatch, actions, adapters, say, logger, clock: runtime.clock },
      onAcknowledged: metrics.acknowledged,
    });
    const watch = (opened: App): void => {
      opened.watch(post);
      for (const store of mended.splice(0)) {
        void tellOwners(mendedCard(store)).finally(() => forgetMended(store.file));
      }
    };
    watch(first.app);
    const serving = slot;
    state.ready = async () => {
      if (runtime.signal.aborted) return notReady("clutch", "Clutch is stopping.");
      if (serving.isExchanging) return notReady("clutch", "Clutch takes over a changed configuration.");
      return readReadiness([...current().checks, ...platforms.checks()]);
    };

    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => undefined);
    const reloads = createReloader({
      first: first.config,
      reader,
      apply: applyConfig({
        ...{ slot, platforms, runtime, secrets, gateway: first.gateway, status, watch },
        reach: (to, timeoutMs) => reachGateway(to, { timeoutMs, signal: runtime.signal, logger }),
        open: (to, gatewayTimeoutMs) => open(to, { gatewayTimeoutMs }),
        openNewest,
        use: (next) => {
          state.config = next;
        },
      }),
      say,
      onApplied: () => metrics.reloaded(true),
      onLost: lost.reject,
      signal: runtime.signal,
      logger,
    });
    reloader = reloads;
    state.mend = atMostEvery(MEND_AGAIN_MS, () => void reloads.again("store"));
    endings.push(reloads.stop);
    // It may have changed while the platforms started.
    void reloads.read("file");
    await Promise.race([untilSignalled(runtime.signal), lost.promise]);
    return 0;
  } finally {
    const finished = slot?.finish(STOP_PATIENCE_MS);
    for (const end of endings) await end();
    await Promise.all([finished, ...adapters.map((adapter) => adapter.stop())]);
    await slot?.current().close();
    await status.close();
  }
}

function atMostEvery(ms: number, act: () => void): () => void {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() - last < ms) return;
    last = performance.now();
    act();
  };
}

const notReady = (part: string, problem: string): Readiness => ({ ready: false, failing: [{ part, problem }] });

/** As they are configured now. */
const accessNow = (config: () => Config, alsoOwners: readonly string[]): AccessLists => ({
  get owners() {
    return [...config().access.owners, ...alsoOwners];
  },
  get operators() {
    return config().access.operators;
  },
  get viewers() {
    return config().access.viewers;
  },
});

async function greet(app: App, config: Config, say: (line: string) => void): Promise<void> {
  const { models } = await app.services.registry.current();
  const local = models.filter(({ locality }) => locality.kind === "local").length;
  say(`Attached: ${models.length} models, ${local} of them local.`);
  if (config.access.owners.length > 0) return;
  say("No owner is configured, so nobody may change anything from a chat (access.owners in clutch.config.json).");
}
