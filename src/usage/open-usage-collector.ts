import type { Kysely } from "kysely";
import type { Logger } from "pino";
import { createAllSessions } from "../openclaw/all-sessions.ts";
import type { GatewayConnection } from "../openclaw/connection.ts";
import type { GuardClient } from "../openclaw/guard-client.ts";
import { createJobRuns } from "../openclaw/job-runs.ts";
import { createModelMessages } from "../openclaw/model-messages.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import { createLeases } from "../store/leases.ts";
import type { Schema } from "../store/schema.ts";
import type { UsageLedger } from "../store/usage-ledger.ts";
import type { CallPricer } from "./call-pricer.ts";
import { createCallWriter } from "./call-writer.ts";
import { createGuardReader } from "./guard-reader.ts";
import { createHistoryReader } from "./history-reader.ts";
import { createMessageObserver } from "./observe-messages.ts";
import { createTranscriptReader } from "./transcript-reader.ts";
import { createUsageCollector, type UsageCollector } from "./usage-collector.ts";

/** The collector with its sources put together. Throws `store_failed`. */
export function openUsageCollector(parts: {
  readonly connection: GatewayConnection;
  readonly openclaw: Pick<OpenClaw, "readSession">;
  readonly registry: Pick<ModelRegistry, "current" | "find">;
  readonly guard: Pick<GuardClient, "calls">;
  readonly isKeptLocal: (sessionKey: string) => boolean;
  readonly ledger: UsageLedger;
  readonly pricer: CallPricer;
  readonly db: Kysely<Schema>;
  readonly clock: () => number;
  readonly logger: Logger;
}): Promise<UsageCollector> {
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
  const leases = createLeases(db, clock);
  const alongside = () => async () => undefined;
  return createUsageCollector({
    ...{ ...parts, messages, transcripts, guard, observer, writer },
    ...{ readHistory, leases, alongside },
  });
}
