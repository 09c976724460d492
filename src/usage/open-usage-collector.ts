import type { Kysely } from "kysely";
import type { Logger } from "pino";
import { createAllSessions } from "../openclaw/all-sessions.ts";
import type { GatewayConnection } from "../openclaw/connection.ts";
import type { GuardClient } from "../openclaw/guard-client.ts";
import { createJobRuns } from "../openclaw/job-runs.ts";
import { createModelMessages } from "../openclaw/model-messages.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { ConfiguredServer } from "../registry/server-address.ts";
import { createLeases } from "../store/leases.ts";
import type { Schema } from "../store/schema.ts";
import type { UsageLedger } from "../store/usage-ledger.ts";
import { createWallTraffic } from "../store/wall-traffic.ts";
import { createWallClient } from "../wall/wall-client.ts";
import type { CallPricer } from "./call-pricer.ts";
import { createCallWriter } from "./call-writer.ts";
import { createGuardReader } from "./guard-reader.ts";
import { createHistoryReader } from "./history-reader.ts";
import { createMessageObserver } from "./observe-messages.ts";
import { createTranscriptReader } from "./transcript-reader.ts";
import { createUnattributed, type UnattributedTraffic } from "./unattributed.ts";
import { createUsageCollector, type UsageCollector } from "./usage-collector.ts";

/** Where calls are known from. */
export interface CollectorSources {
  readonly connection: GatewayConnection;
  readonly openclaw: Pick<OpenClaw, "readSession">;
  readonly registry: Pick<ModelRegistry, "known" | "current" | "find">;
  readonly guard: Pick<GuardClient, "calls">;
  /** Whether a session's turns go to local models now, whatever it is set to. */
  readonly isKeptLocal: (sessionKey: string) => boolean;
  readonly db: Kysely<Schema>;
  /** Where the wall's socket is. */
  readonly stateDirectory: string;
  /** Clutch's own `servers`. */
  readonly servers: Readonly<Record<string, ConfiguredServer>>;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}

/** The collector with its sources put together. Throws `store_failed`. */
export async function openUsageCollector(
  parts: CollectorSources & { readonly ledger: UsageLedger; readonly pricer: CallPricer },
): Promise<{
  readonly collector: UsageCollector;
  readonly unattributed: UnattributedTraffic["between"];
}> {
  const { connection, db, clock, logger } = parts;
  const messages = createModelMessages(connection, logger);
  const transcripts = createTranscriptReader({ ...parts, messages });
  const guard = createGuardReader(parts);
  const observer = createMessageObserver({ ...parts, guard });
  const writer = createCallWriter(parts);
  const readHistory = createHistoryReader({
    ...parts,
    sessions: createAllSessions(connection),
    jobRuns: createJobRuns(connection),
    transcripts,
    guard,
    observer,
    writer,
  });
  const outside = createUnattributed({
    ...parts,
    wall: createWallClient({ directory: parts.stateDirectory }),
    traffic: createWallTraffic(db, clock),
  });
  const collector = await createUsageCollector({
    ...{ ...parts, messages, transcripts, guard, observer, writer, readHistory },
    ...{ leases: createLeases(db, clock), alongside: outside.follow },
  });
  return { collector, unattributed: outside.between };
}
