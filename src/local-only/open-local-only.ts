import type { Kysely } from "kysely";
import type { Logger } from "pino";
import type { ConfigChanges } from "../agents/config-changes.ts";
import type { Resolve } from "../models/address.ts";
import type { ModelRef } from "../models/model-ref.ts";
import type { SpeedMachine } from "../models/speed.ts";
import { createCanaryCalls } from "../openclaw/canary-calls.ts";
import type { GatewayConnection } from "../openclaw/connection.ts";
import { createGuardClient, type GuardClient } from "../openclaw/guard-client.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import { withScratchSession } from "../openclaw/scratch-session.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import { createAlertBox } from "../store/alert-box.ts";
import type { AuditLog } from "../store/audit-log.ts";
import type { ChangeJournal } from "../store/change-journal.ts";
import type { ExpiringStore } from "../store/expiring-store.ts";
import { createLeases } from "../store/leases.ts";
import { createLockJournal } from "../store/lock-journal.ts";
import type { Schema } from "../store/schema.ts";
import { createWallClient } from "../wall/wall-client.ts";
import { createCloudTurns } from "./cloud-turns.ts";
import { createLocalOnly, type LockCare } from "./create-local-only.ts";
import { createForcedOff } from "./forced-off.ts";
import { createHelperLock } from "./helper-lock.ts";
import { createHelperTurns } from "./helper-turns.ts";
import { createKeptConversations } from "./kept-conversations.ts";
import type { LocalOnly } from "./local-only.ts";
import { guardLayer, wallLayer } from "./lock-layers.ts";
import { createLockMachine } from "./lock-machine.ts";
import { createLockSchedule } from "./lock-schedule.ts";
import type { OllamaCloud } from "./ollama-cloud.ts";
import { createRulesSource } from "./rules-source.ts";
import { usedProxy } from "./used-proxy.ts";
import { createVerifier, type Verifier } from "./verifier.ts";

/** Local-only mode put together: its layers, its journal, its rules and its canaries. */
export async function openLocalOnly(parts: {
  readonly connection: GatewayConnection;
  readonly openclaw: OpenClaw;
  readonly registry: ModelRegistry;
  readonly changes: ConfigChanges;
  readonly journal: ChangeJournal;
  readonly audit: AuditLog;
  readonly db: Kysely<Schema>;
  readonly expiring: (namespace: string) => ExpiringStore;
  /** Where the wall's state and socket are. */
  readonly stateDirectory: string;
  readonly machine: () => SpeedMachine | undefined;
  readonly localOnlyModel: (agentId: string) => ModelRef | undefined;
  readonly trustedLocal: readonly string[];
  readonly resolve: Resolve;
  readonly ollamaCloud: () => Promise<OllamaCloud>;
  /** Told how many canaries of a verification got out. */
  readonly onLeaks: (count: number) => void;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}): Promise<{ readonly localOnly: LocalOnly & LockCare; readonly guard: GuardClient }> {
  const { connection, openclaw, registry, db, expiring, stateDirectory, clock, logger } = parts;
  const guard = createGuardClient(connection);
  const wall = createWallClient({ directory: stateDirectory });
  const proxy = () => usedProxy({ guard, openclaw });
  const layers = [guardLayer(guard), wallLayer(wall, proxy)];
  const helpers = createHelperLock({
    ...parts,
    localModels: () => rules.best(),
    readSchema: () => openclaw.readConfigSchema(),
  });
  const rules = createRulesSource({ ...parts, helpers, guard });
  const cloudTurns = createCloudTurns({ openclaw, registry });
  const canaries = createVerifier({
    guard,
    wall,
    calls: createCanaryCalls(connection),
    withScratchSession: (request, work) => withScratchSession(connection, request, work),
    helpers,
    registry,
    usedProxy: proxy,
    ollamaCloud: parts.ollamaCloud,
    clock,
    logger,
  });
  const verifier: Verifier = {
    ...canaries,
    async verify(...asked) {
      const found = await canaries.verify(...asked);
      parts.onLeaks(found.paths.filter(({ result }) => result === "leaks").length);
      return found;
    },
  };
  const journal = createLockJournal(db, clock);
  const kept = createKeptConversations({ guard, store: expiring("local-only"), clock });
  const helperTurns = createHelperTurns({ helpers, journal, kept, target: async () => (await rules.fresh()).best });
  const localOnly = createLocalOnly({
    layers,
    guard,
    machine: createLockMachine({
      layers,
      kept,
      helpers: helperTurns,
      journal,
      quickRules: rules.quick,
      freshRules: rules.fresh,
      cutTurns: cloudTurns.cut,
      verify: verifier.verify,
      logger,
    }),
    verifier,
    helperTurns,
    helpers,
    rules,
    schedule: createLockSchedule(expiring("local-only"), clock),
    kept,
    forced: createForcedOff(stateDirectory),
    journal,
    leases: createLeases(db, clock),
    audit: parts.audit,
    presence: expiring("presence"),
    alertBox: createAlertBox(db, clock, "lock"),
    writtenSince: cloudTurns.writtenSince,
    cutTurns: cloudTurns.cut,
    clock,
    logger,
  });
  await localOnly.follow();
  return { localOnly, guard };
}
