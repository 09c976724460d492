import type { ColumnType, GeneratedAlways } from "kysely";
import type { BenchTables } from "./bench-tables.ts";
import type { UsageSums } from "./usage-sums.ts";

/**
 * The tables as the newest migration leaves them. Times are milliseconds since
 * the epoch; text ending in `_json` is JSON and is parsed by a schema at reading.
 */
export interface Schema extends BenchTables {
  changes: ChangesTable;
  audit: AuditTable;
  audit_horizon: AuditHorizonTable;
  expiring: ExpiringTable;
  returns: ReturnsTable;
  watched: WatchedTable;
  souls: SoulsTable;
  measurements: MeasurementsTable;
  locks: LocksTable;
  leases: LeasesTable;
  usage_state: UsageStateTable;
  usage_cursors: UsageCursorsTable;
  usage_sessions: UsageSessionsTable;
  usage_kinds: UsageKindsTable;
  usage_rates: UsageRatesTable;
  usage_calls: UsageCallsTable;
  usage_slots: UsageSlotsTable;
  usage_zones: UsageZonesTable;
  usage_days: UsageDaysTable;
  wall_traffic: WallTrafficTable;
  budgets: BudgetsTable;
  budget_periods: BudgetPeriodsTable;
  usage_alerts: UsageAlertsTable;
}

/** A column that is written once, with the row. */
type Fixed<T> = ColumnType<T, T, never>;

/** Journal of model changes: a row is written before the change and settled after it. */
interface ChangesTable {
  id: GeneratedAlways<number>;
  at: Fixed<number>;
  state: "intended" | "done" | "failed";
  scope: Fixed<"session" | "agent" | "global" | "config">;
  /** Session key, agent id, `defaults`, or what the slots of OpenClaw's configuration are for. */
  target: Fixed<string>;
  /** OpenClaw's id of the session at the time: it changes with a reset, the key does not. */
  session_id: Fixed<string | null>;
  /** Session key of the conversation in which the change was typed. */
  place: Fixed<string | null>;
  actor: Fixed<string>;
  before_json: Fixed<string>;
  after_json: string;
  reason: Fixed<string | null>;
  failure: string | null;
  undoes: Fixed<number | null>;
  undone_by: number | null;
  /** Changes that one command made together. */
  batch: Fixed<string | null>;
}

/** Who did what, and what was refused. Triggers keep it append-only. */
interface AuditTable {
  id: GeneratedAlways<number>;
  at: Fixed<number>;
  actor: Fixed<string>;
  place: Fixed<string | null>;
  action: Fixed<string>;
  target: Fixed<string | null>;
  from_text: Fixed<string | null>;
  to_text: Fixed<string | null>;
  reason: Fixed<string | null>;
  result: Fixed<"ok" | "refused" | "failed">;
  code: Fixed<string | null>;
  correlation: Fixed<string | null>;
}

/** One row: audit entries older than this may be deleted, no others. */
interface AuditHorizonTable {
  before: number;
}

/** Small state that goes by itself: button payloads, caches. */
interface ExpiringTable {
  namespace: string;
  key: string;
  value: string;
  /** Null: never. */
  expires: number | null;
}

/** Switches that end by themselves: after one turn (no `due_at`) or at a time. */
interface ReturnsTable {
  id: GeneratedAlways<number>;
  at: Fixed<number>;
  state: "waiting" | "done" | "dropped";
  session_key: Fixed<string>;
  /** The pin to go back to; null where there was none. */
  back_to: Fixed<string | null>;
  /** The pin that must still stand when it is time: what a person chose in between stays. */
  expects: Fixed<string>;
  due_at: Fixed<number | null>;
  change_id: Fixed<number>;
  actor: Fixed<string>;
}

/** What the turn watch last saw of a session: its pin, and a wrong model that was already reported. */
interface WatchedTable {
  session_key: string;
  pin: string | null;
  stray: string | null;
  at: number;
}

/** What Clutch mirrored from an agent's SOUL.md into OpenClaw's configuration. */
interface SoulsTable {
  agent_id: string;
  /** SHA-256 of what is declared, hex; empty while the configuration is being written. */
  hash: string;
  mirrored_json: string;
  /** What stood there before; null where nothing did. */
  former_json: string;
  at: number;
}

/** What was found out about a model on this machine; the newest of each kind. */
interface MeasurementsTable {
  provider: string;
  model: string;
  /** Such as `tools` or `speed`. */
  kind: string;
  value_json: string;
  source: string;
  at: number;
}

/** Journal of local-only mode: a row for each time that it was turned on or off. */
interface LocksTable {
  id: GeneratedAlways<number>;
  at: Fixed<number>;
  wanted: Fixed<"on" | "off">;
  state: "working" | "done" | "failed";
  /** What is being done now; written before it is done. */
  step: string;
  /** Names the lock, from its beginning to its end. */
  lock_id: Fixed<string>;
  actor: Fixed<string>;
  place: Fixed<string | null>;
  reason: Fixed<string | null>;
  details_json: string;
}

/** Who may work on something that only one process may work on, and for how long without a word. */
interface LeasesTable {
  name: string;
  holder: string;
  until: number;
}

/** One row. */
interface UsageStateTable {
  /** Counts the writers of the ledger: who has written it is the only one until the end of its transaction. */
  turn: number;
  /** Calls before this moment were deleted from `usage_calls`, and are counted in the rollups. */
  horizon: number;
}

/** How far a source of calls was read, in the source's own words. */
interface UsageCursorsTable {
  source: string;
  cursor: string;
  at: number;
}

interface UsageSessionsTable {
  id: GeneratedAlways<number>;
  session_key: Fixed<string>;
  /** Its newest call. */
  last_at: number;
}

/**
 * What calls are told apart by. A broad kind stands for all agents and channels:
 * the days of the whole system are added up by those, since they are few.
 */
interface UsageKindsTable {
  id: GeneratedAlways<number>;
  /** Null in a broad kind. */
  broad_id: Fixed<number | null>;
  /** Null in a broad kind. */
  agent: Fixed<string | null>;
  /** Null in a broad kind; empty where nobody talks there. */
  channel: Fixed<string | null>;
  provider: Fixed<string>;
  model: Fixed<string>;
  locality: Fixed<string>;
  cause: Fixed<string>;
  /** Who states the price, and of when; empty where it is unpriced. */
  prices: Fixed<string>;
  /** What a local call is compared with, `provider/model`, and who states that price; both empty where nothing is. */
  base: Fixed<string>;
  base_prices: Fixed<string>;
}

interface UsageRatesTable {
  id: GeneratedAlways<number>;
  rate_json: Fixed<string>;
}

/** One model call. */
interface UsageCallsTable {
  number: GeneratedAlways<number>;
  call_id: Fixed<string>;
  at: number;
  session_id: number;
  kind_id: number;
  /** Null: unpriced. */
  rate_id: number | null;
  /** The four are null where nobody reports them. */
  input: number | null;
  output: number | null;
  cache_read: number | null;
  cache_write: number | null;
  /** Picodollars, 1e-12 USD. */
  usd_pico: number | null;
  /** What it would have cost at the baseline, picodollars; null where nothing is compared. */
  base_low_pico: number | null;
  base_high_pico: number | null;
  duration_ms: number | null;
  outcome: string;
  /** 0 or 1. */
  fallback: number;
}

/** Rollup by quarter of an hour, which every day of every zone is made of. */
interface UsageSlotsTable extends UsageSums {
  session_id: number;
  /** Quarters of an hour since the epoch. */
  slot: number;
  kind_id: number;
}

/** Zones whose days are kept in `usage_days`. */
interface UsageZonesTable {
  id: GeneratedAlways<number>;
  name: Fixed<string>;
  /** Version of the zone data by which the days were cut. */
  rules: string;
}

/**
 * Rollup by the days of a zone. Each call is in it three times: in its session by
 * its kind, and in all sessions together by its kind and by its broad kind.
 */
interface UsageDaysTable extends UsageSums {
  zone_id: number;
  /** 0: all sessions together. */
  session_id: number;
  kind_id: number;
  /** Days of the zone's calendar since 1970-01-01. */
  day: number;
}

/** Connections that the wall let through between two looks at it. */
interface WallTrafficTable {
  /** Quarters of an hour since the epoch, of the later and the earlier look. */
  to_slot: Fixed<number>;
  from_slot: Fixed<number>;
  host: Fixed<string>;
  connections: number;
}

/** What people set: the newest row holds. */
interface BudgetsTable {
  id: GeneratedAlways<number>;
  at: Fixed<number>;
  actor: Fixed<string>;
  place: Fixed<string | null>;
  /** `day`, `week` or `month`; null, like the amount, where the budget was taken away. */
  period: Fixed<string | null>;
  usd_cents: Fixed<number | null>;
}

/** A period in which a budget was exceeded. */
interface BudgetPeriodsTable {
  budget_id: number;
  starts: number;
  /** Number of the newest entry of `locks` when that was found out. */
  after_lock: number;
  state: "exceeded" | "open" | "locked" | "held" | "overruled" | "over";
}

/** What people are told once about usage; kept as the mark that they were. */
interface UsageAlertsTable {
  key: string;
  at: Fixed<number>;
  state: "waiting" | "told" | "dropped";
  alert_json: Fixed<string>;
  /** Where it was posted so far. */
  reached_json: string;
}
