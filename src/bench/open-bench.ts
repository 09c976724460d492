import { availableParallelism, loadavg } from "node:os";
import { dirname } from "node:path";
import type { Kysely } from "kysely";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { createEnergyMeter } from "../hardware/energy-meter.ts";
import type { SystemAccess } from "../hardware/system-access.ts";
import type { Resolve } from "../models/address.ts";
import type { SpeedMachine } from "../models/speed.ts";
import type { GatewayConnection } from "../openclaw/connection.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import type { SessionEvents } from "../openclaw/session-events.ts";
import { createTimedTurns } from "../openclaw/timed-turns.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { ServerMonitor } from "../registry/server-monitor.ts";
import { createPatientFetch } from "../servers/patient-fetch.ts";
import { redirectionBy } from "../sessions/models-in-use.ts";
import type { AuditLog } from "../store/audit-log.ts";
import { createBenchRuns } from "../store/bench-runs.ts";
import { createExpiringStore } from "../store/expiring-store.ts";
import { createLeases } from "../store/leases.ts";
import type { Measurements } from "../store/measurements.ts";
import type { Schema } from "../store/schema.ts";
import { createBaselines } from "../usage/baselines.ts";
import type { PriceBook } from "../usage/price-book.ts";
import { createAgentAsker } from "./ask-agent.ts";
import { type Bench, createBench } from "./bench.ts";
import { createBenchTargets } from "./bench-targets.ts";
import { gradeAnswer } from "./grade-answer.ts";
import { keepMeasured } from "./keep-measured.ts";
import { createPeople } from "./people.ts";
import { createRunPreparer } from "./prepare-run.ts";
import { readAnswers, readSpeeds } from "./run-log.ts";
import { createBenchRunner } from "./runner.ts";
import { createShownRuns } from "./shown-runs.ts";
import { createSuiteFiles } from "./suite-files.ts";

export interface OpenBenchParts {
  readonly db: Kysely<Schema>;
  readonly config: Pick<Config, "bench" | "usage" | "path">;
  readonly registry: ModelRegistry;
  readonly monitor: ServerMonitor;
  readonly connection: Pick<GatewayConnection, "request" | "onEvent">;
  readonly openclaw: Pick<OpenClaw, "activeSessions">;
  readonly events: Pick<SessionEvents, "on">;
  readonly measurements: Measurements;
  readonly rateFor: PriceBook["rateFor"];
  readonly system: SystemAccess;
  readonly machine: () => SpeedMachine | undefined;
  readonly resolve: Resolve;
  readonly isLocalOnly: () => boolean;
  /** Whether a session's turns go to local models now, whatever it is set to. */
  readonly isKeptLocal: (sessionKey: string) => boolean;
  readonly isWatched: () => Promise<boolean>;
  readonly audit: Pick<AuditLog, "append">;
  /** Node's own is not asked: it gives up on a long prompt. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}

/** Benches with all that they need. Where this Clutch came without its suites, each bench says so. */
export function openBench(parts: OpenBenchParts): Bench {
  const { db, config, registry, openclaw, events, measurements, isLocalOnly, machine, clock, logger } = parts;
  const fetch = parts.fetch === undefined || parts.fetch === globalThis.fetch ? createPatientFetch() : parts.fetch;
  const runs = createBenchRuns(db, clock);
  const isRedirected = redirectionBy(registry, parts.isKeptLocal);
  const targets = createBenchTargets({ ...parts, isRedirected, fetch });
  const suiteFiles = createSuiteFiles(
    config.bench.suites,
    config.path === undefined ? process.cwd() : dirname(config.path),
  );
  const rate: Parameters<typeof createRunPreparer>[0]["rate"] = (model, promptTokens) =>
    parts.rateFor(model, clock(), promptTokens);
  const runner = createBenchRunner({
    runs,
    leases: createLeases(db, clock),
    suites: async () => (await suiteFiles.load()).suites,
    targets,
    grade: gradeAnswer,
    people: createPeople({ openclaw, events, isRedirected, hostOf: targets.hostOf }),
    isLocalOnly,
    rate,
    askAgent: createAgentAsker(createTimedTurns(parts.connection, logger)),
    energy: createEnergyMeter(parts.system),
    load: () => (loadavg()[0] ?? 0) / availableParallelism(),
    async onDone(run) {
      await keepMeasured(measurements, run, await readAnswers(runs, run.id), await readSpeeds(runs, run.id));
      registry.invalidate();
    },
    clock,
    logger,
  });
  return createBench({
    runs,
    runner,
    preparer: createRunPreparer({ targets, registry, rate, machine, askAboveUsd: config.bench.askAbove }),
    shown: createShownRuns(createExpiringStore(db, clock, "bench")),
    suiteFiles,
    registry,
    machine,
    cloudDefault: createBaselines(config.usage.baseline, registry),
    isLocalOnly,
    isWatched: parts.isWatched,
    audit: parts.audit,
    clock,
    logger,
  });
}
