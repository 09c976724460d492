import { lookup } from "node:dns/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { Logger } from "pino";
import { type AccessLists, levelOf } from "../commands/access.ts";
import { type ActionStore, createActionStore } from "../commands/action-store.ts";
import { createDispatcher, type Dispatcher } from "../commands/dispatcher.ts";
import { allCommands } from "../commands/index.ts";
import type { Services } from "../commands/services.ts";
import { type ConfigChanges, createConfigChanges } from "./agents/config-changes.ts";
import { createConfiguredDefaults } from "./agents/configured-defaults.ts";
import { createHelperModels } from "./agents/helper-models.ts";
import { createJobModels } from "./agents/job-models.ts";
import { createSoulSync, type SoulSync } from "./agents/soul-sync.ts";
import { createBackground, type PostNotice } from "./background.ts";
import { openBench } from "./bench/open-bench.ts";
import type { Config } from "./config.ts";
import type { Attached, PlatformLook } from "./doctor/check.ts";
import { createDoctor } from "./doctor/doctor.ts";
import { measureMemoryBandwidth } from "./hardware/memory-bandwidth.ts";
import { systemAccess } from "./hardware/system-access.ts";
import { createThisMachine } from "./hardware/this-machine.ts";
import { askableServer } from "./local-only/askable-server.ts";
import type { LockCare } from "./local-only/create-local-only.ts";
import type { LocalOnly } from "./local-only/local-only.ts";
import { ollamaCloud } from "./local-only/ollama-cloud.ts";
import { openLocalOnly } from "./local-only/open-local-only.ts";
import { hideSecretsIn } from "./logger.ts";
import type { Resolve } from "./models/address.ts";
import { formatPlace } from "./models/place.ts";
import { createModelsSetup, type ModelsSetup } from "./models-setup/models-setup.ts";
import { createMetricSources } from "./observe/metric-sources.ts";
import type { Metrics } from "./observe/metrics.ts";
import type { ReadinessCheck } from "./observe/readiness.ts";
import { readinessChecks } from "./observe/readiness-checks.ts";
import { createAgentFiles } from "./openclaw/agent-files.ts";
import { type GatewayAddress, type GatewayConnection, openConnection } from "./openclaw/connection.ts";
import type { GuardClient } from "./openclaw/guard-client.ts";
import { createJobs } from "./openclaw/jobs.ts";
import { createOpenClaw, type OpenClaw } from "./openclaw/openclaw.ts";
import { followOnDemand } from "./openclaw/session-events.ts";
import { untilConnected, type Waiting } from "./openclaw/until-connected.ts";
import { measuredBandwidth } from "./registry/measured-bandwidth.ts";
import { createModelRegistry } from "./registry/model-registry.ts";
import { readProfileFile } from "./registry/profile-file.ts";
import type { ConfiguredServer } from "./registry/server-address.ts";
import { createServerMonitor } from "./registry/server-monitor.ts";
import { checkServerKind } from "./servers/drivers.ts";
import { createBulkSwitch } from "./sessions/bulk-switch.ts";
import { createSessionFinder } from "./sessions/session-finder.ts";
import { createSessionModels } from "./sessions/session-models.ts";
import { createSwitchPlanner } from "./sessions/switch-planner.ts";
import { createTemporarySwitches } from "./sessions/temporary-switches.ts";
import type { Watcher } from "./sessions/watcher.ts";
import { type AuditLog, createAuditLog } from "./store/audit-log.ts";
import { listBackups } from "./store/backups.ts";
import { createChangeJournal } from "./store/change-journal.ts";
import { createMeasurements } from "./store/measurements.ts";
import { openStore } from "./store/open-store.ts";
import { createReturns } from "./store/returns.ts";
import { createSouls } from "./store/souls.ts";
import { damageIn } from "./store/sqlite-error.ts";
import { storeFile } from "./store/store-file.ts";
import type { UsageLedger } from "./store/usage-ledger.ts";
import type { CallPricer } from "./usage/call-pricer.ts";
import { openBudget } from "./usage/open-budget.ts";
import { openUsage } from "./usage/open-usage.ts";
import type { UsageCollector } from "./usage/usage-collector.ts";

/** Clutch put together: everything above a gateway and below the adapters. */
export interface App {
  readonly dispatcher: Dispatcher<Services>;
  readonly services: Services;
  readonly connection: GatewayConnection;
  readonly openclaw: OpenClaw;
  readonly ledger: UsageLedger;
  readonly pricer: CallPricer;
  readonly usageCollector: UsageCollector;
  /** Models that agents declare in their SOUL.md. */
  readonly souls: SoulSync;
  readonly changes: ConfigChanges;
  readonly guard: GuardClient;
  readonly localOnly: LocalOnly & LockCare;
  /** What `clutch doctor` looks at. */
  readonly attached: Attached;
  /** Gets local models: needs a server on this machine or network. */
  readonly modelsSetup: ModelsSetup;
  /** What the buttons of every platform stand for. */
  readonly actions: ActionStore;
  /** Whether the gateway is there and the store can be written. */
  readonly checks: readonly ReadinessCheck[];
  /** Starts what Clutch does by itself, in the one process a gateway that stays; notices go to `post`. */
  watch(post: PostNotice): Watcher;
  close(): Promise<void>;
}

/** A switch that another process has begun is given this long to end by itself, ms. */
const UNFINISHED_AFTER_MS = 60_000;

export interface AppParts extends Waiting {
  /** The wall is a process of its own. */
  readonly config: Omit<Config, "wall">;
  readonly gateway: GatewayAddress;
  /** Read anew for each command, so that it may change meanwhile. */
  readonly access: AccessLists;
  /** Where the wall's state and socket are, and the guard's where the gateway is on this machine. */
  readonly stateDirectory: string;
  /** Servers and demo providers of the sandbox, where Clutch runs in it. */
  readonly sandboxServers?: Readonly<Record<string, ConfiguredServer>>;
  readonly demoProviders?: readonly string[];
  /** Counts what happens, in a process that stays. */
  readonly metrics?: Metrics;
  /** Told each time that the store turns out to be damaged: it has to be closed and mended. */
  readonly onDamage?: () => void;
  /** How the configured platforms are looked at, for `/clutch doctor`. */
  readonly platforms?: () => Promise<readonly PlatformLook[]>;
  readonly logger: Logger;
  /** What must never be shown beside the configuration's secrets; more may come. */
  readonly secrets?: readonly string[];
  readonly clock?: () => number;
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * The composition root, and the only place that sees all parts. Returns once the
 * gateway answered; throws the codes of `GatewayConnection.ready`, of the store
 * and of the configuration.
 */
export async function createApp(parts: AppParts): Promise<App> {
  const { config, logger, metrics } = parts;
  const hide = <T>(value: T): T =>
    hideSecretsIn(value, [...config.secrets, parts.gateway.token ?? "", ...(parts.secrets ?? [])]);
  const clock = parts.clock ?? Date.now;
  const servers = { ...parts.sandboxServers, ...configuredServers(config) };
  const store = await openStore(config.store, {
    clock,
    onFailure(error) {
      metrics?.storeFailed();
      if (damageIn(error.cause) !== undefined) parts.onDamage?.();
    },
    onMigrating: ({ place, backup = "none; pg_dump makes one of PostgreSQL" }) =>
      logger.warn({ store: place, backup }, "the store is of an older version; its tables are brought up to date"),
  });
  const connection = openConnection(parts.gateway, logger);
  const ended = new AbortController();
  try {
    const measurements = createMeasurements(store.db, clock);
    const system = systemAccess(ended.signal);
    const machine = createThisMachine({
      system,
      platform: process.platform,
      env: process.env,
      home: homedir(),
      measure: () => measuredBandwidth(measurements),
      clock,
      logger,
    });
    await Promise.all([untilConnected(connection, parts), machine.look()]);
    const openclaw = createOpenClaw(connection);
    const journal = createChangeJournal(store.db, clock);
    const audit = countedAudit(createAuditLog(store.db, clock, hide), metrics);
    const stated = () => readProfileFile(profileFileBeside(config));
    let isLocked = (): boolean => false;
    const monitor = createServerMonitor({
      fetch: parts.fetch ?? globalThis.fetch,
      mayAsk: askableServer({ isLocked: () => isLocked(), trustedLocal: config.trustedLocal, resolve }),
      clock,
      logger,
    });
    const registry = createModelRegistry({
      openclaw,
      servers,
      trustedLocal: config.trustedLocal,
      demoProviders: parts.demoProviders ?? [],
      monitor,
      measurements,
      stated,
      machine: machine.known,
      resolve,
      clock,
      logger,
    });
    const finder = createSessionFinder({ openclaw, registry });
    const returns = createReturns(store.db);
    const sessions = createSessionModels({ openclaw, finder, registry, journal, returns, audit, clock, logger });
    const temporary = createTemporarySwitches({
      openclaw,
      sessions,
      journal,
      returns,
      audit,
      presence: store.expiring("presence"),
      clock,
      logger,
    });
    const bulk = createBulkSwitch({ openclaw, sessions, temporary, journal, registry });
    const defaults = createConfiguredDefaults({ openclaw, registry, journal, audit, clock });
    const souls = createSoulSync({
      files: createAgentFiles(connection),
      openclaw,
      defaults,
      registry,
      audit,
      souls: createSouls(store.db, clock),
      logger,
    });
    const changes = createConfigChanges({ openclaw, registry, journal, audit, clock });
    const jobs = createJobs(connection);
    const jobModels = createJobModels({ jobs, journal, audit, clock });
    const helpers = createHelperModels({ openclaw, jobs, changes, jobModels, registry, journal });
    const { localOnly, guard } = await openLocalOnly({
      connection,
      openclaw,
      registry,
      changes,
      journal,
      audit,
      db: store.db,
      expiring: store.expiring,
      stateDirectory: parts.stateDirectory,
      machine: machine.known,
      localOnlyModel: souls.localOnlyModel,
      trustedLocal: config.trustedLocal,
      resolve,
      ollamaCloud: () => ollamaCloud(system, homedir()),
      onLeaks: (count) => metrics?.leaked(count),
      clock,
      logger,
    });
    isLocked = localOnly.isOn;
    const planner = createSwitchPlanner({
      ...{ openclaw, registry, monitor, machine: machine.known, resolve, logger },
      isKeptLocal: localOnly.isKeptLocal,
    });
    const modelsSetup = createModelsSetup({
      openclaw,
      registry,
      monitor,
      measurements,
      changes,
      thisMachine: machine,
      measureBandwidth: (availableBytes) => measureMemoryBandwidth(availableBytes, { signal: ended.signal, clock }),
      servers,
      stated,
      isKeptLocal: localOnly.isKeptLocal,
      ollamaHost: process.env["OLLAMA_HOST"],
      fetch: parts.fetch ?? globalThis.fetch,
      clock,
    });
    const { usage, ledger, pricer, usageCollector, book, zone } = await openUsage({
      ...{ connection, openclaw, registry, guard, servers, clock, logger },
      isKeptLocal: localOnly.isKeptLocal,
      stateDirectory: parts.stateDirectory,
      db: store.db,
      config: config.usage,
    });
    const { budgets, keepBudget } = openBudget({
      ...{ db: store.db, ledger, zone, localOnly, openclaw, registry, clock, logger },
      alerts: config.usage.alerts,
      owners: () => parts.access.owners,
    });
    const events = followOnDemand(connection, logger);
    const bench = openBench({
      ...{ db: store.db, config, connection, openclaw, registry, monitor, measurements, events },
      ...{ audit, system, resolve, clock, logger, rateFor: book.rateFor, fetch: parts.fetch },
      machine: machine.known,
      isLocalOnly: localOnly.isOn,
      isKeptLocal: localOnly.isKeptLocal,
      isWatched: temporary.isWatched,
    });
    const attached: Attached = {
      ...{ connection, openclaw, registry, measurements, helpers, localOnly, guard, rateFor: book.rateFor },
      hasStore: true,
    };
    const doctor = createDoctor({
      ...{ config, system, resolve, clock, env: process.env, home: homedir(), gateway: attached },
      stateDirectory: parts.stateDirectory,
      fetch: parts.fetch ?? globalThis.fetch,
      platforms: parts.platforms ?? (async () => []),
      secrets: [...config.secrets, ...(parts.gateway.token === undefined ? [] : [parts.gateway.token])],
    });
    const services: Services = {
      registry,
      sessions,
      planner,
      openclaw,
      temporary,
      bulk,
      defaults,
      helpers,
      souls,
      localOnly,
      budgets,
      machine: machine.known,
      journal,
      finder,
      usage,
      bench,
      doctor,
      clock,
    };
    await registry.refresh();
    const settleUnfinished = async (): Promise<void> => {
      for (const changed of [sessions, defaults, changes, jobModels])
        await changed.settleUnfinished(UNFINISHED_AFTER_MS);
    };
    await settleUnfinished();
    const background = createBackground({
      ...{ services, openclaw, souls, events, audit, ledger, usageCollector, keepBudget, zone },
      ...{ guard, localOnly, monitor, store, config, clock, logger },
      owners: () => parts.access.owners,
      settleUnfinished,
    });
    if (metrics !== undefined) {
      const file = storeFile(config.store);
      const backedUpAt = () => (file === undefined ? undefined : listBackups(file)[0]?.at);
      countReconnects(connection, metrics);
      metrics.follow(createMetricSources({ connection, localOnly, ledger, zone, backedUpAt, clock }));
    }
    return {
      services,
      ledger,
      pricer,
      usageCollector,
      connection,
      openclaw,
      souls,
      modelsSetup,
      changes,
      guard,
      localOnly,
      attached,
      actions: createActionStore(store.expiring("actions")),
      checks: readinessChecks({ connection, presence: store.expiring("presence"), clock }),
      dispatcher: createDispatcher({
        commands: allCommands,
        services,
        levelOf: (person) => levelOf(person, parts.access),
        onRefused: ({ command, line, person, conversation, error }) =>
          audit.append({
            actor: `${person.platform}:${person.id}`,
            place: formatPlace(conversation),
            action: command,
            reason: line,
            result: "refused",
            code: error.code,
          }),
        onAnswered: (answered) => metrics?.commandAnswered(answered),
        hide,
        logger,
      }),
      watch: (post) => background.start((to, card) => post(to, hide(card))),
      async close() {
        await background.stop();
        events.close();
        ended.abort();
        await connection.close();
        await store.close();
      },
    };
  } catch (error) {
    ended.abort();
    await connection.close();
    await store.close();
    throw error;
  }
}

const countedAudit = (audit: AuditLog, metrics: Metrics | undefined): AuditLog => ({
  ...audit,
  async append(entry) {
    await audit.append(entry);
    metrics?.audited(entry);
  },
});

/** It is connected by now. */
function countReconnects(connection: GatewayConnection, metrics: Metrics): void {
  connection.onState(({ phase }) => {
    if (phase === "ready") metrics.reconnected();
  });
}

const configuredServers = ({ servers }: Pick<Config, "servers">): Record<string, ConfiguredServer> =>
  Object.fromEntries(
    Object.entries(servers).map(([id, { kind, baseUrl, apiKey }]) => {
      checkServerKind(kind, id);
      return [id, { kind, baseUrl, ...(apiKey === undefined ? {} : { apiKey }) }];
    }),
  );

const resolve: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/** `clutch.models.json` lies beside the configuration, or where it would be. */
const profileFileBeside = ({ path }: Pick<Config, "path">): string =>
  join(path === undefined ? process.cwd() : dirname(path), "clutch.models.json");
