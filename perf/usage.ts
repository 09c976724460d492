import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { usageCard } from "../commands/usage-card.ts";
import { USAGE_CAUSES, type UsageCall } from "../src/models/usage-call.ts";
import { openStore } from "../src/store/open-store.ts";
import { createUsageLedger, type UsageLedger } from "../src/store/usage-ledger.ts";
import type { UsageScope } from "../src/store/usage-totals.ts";
import { createCallPricer } from "../src/usage/call-pricer.ts";
import { createPriceBook } from "../src/usage/price-book.ts";
import { createUsage } from "../src/usage/usage.ts";
import type { UsageGroupName } from "../src/usage/usage-report.ts";
import { type PostgresServer, startPostgres } from "../test/store/postgres-server.ts";
import { type Measurement, percentile, timed } from "./measure.ts";

const sizes = (name: string, usual: string): number[] => (process.env[name] ?? usual).split(",").map(Number);
const SIZES = {
  SQLite: sizes("CLUTCH_PERF_CALLS", "10000,100000,1000000"),
  PostgreSQL: sizes("CLUTCH_PERF_POSTGRES_CALLS", "10000,100000"),
};
const CARD_MS = 10;
const TIMES = 40;
const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 22, 15);
const ZONE = "Europe/Berlin";
const SESSIONS = 100;
const AGENTS = 10;

/**
 * The usage ledger with calls of 100 sessions of 10 agents, three models each, all
 * within 30 days: what the whole card costs as they grow, how fast they are written and
 * what they take on the disk, on SQLite and on PostgreSQL (fsync off).
 */
export async function usageCosts(): Promise<Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), "clutch-perf-usage-"));
  const postgres = await startPostgres();
  try {
    const found: Measurement[] = [];
    for (const database of ["SQLite", "PostgreSQL"] as const) {
      const [small] = SIZES[database];
      let first: number | undefined;
      for (const size of SIZES[database]) {
        const url = database === "SQLite" ? `sqlite:${join(folder, `${size}.db`)}` : await postgres.newDatabase();
        const { cards, written, bytes, memory } = await measure(url, size, postgres);
        const whole = percentile(cards.system, 95);
        first ??= whole;
        const times = Object.entries(cards).map(
          ([name, ms]) => `${name} ${percentile(ms, 50).toFixed(1)}/${percentile(ms, 95).toFixed(1)}`,
        );
        found.push({
          name: `usage, ${size} calls, ${database}`,
          found: `card in ms, p50/p95: ${times.join(", ")}; p95 is ${(whole / first).toFixed(1)} times that with ${small}; ${Math.round(written)} calls/s written, ${(bytes / size).toFixed(0)} bytes each, process at ${memory} MB`,
          ratio: whole / CARD_MS,
          goal: `card of 30 days p95 < ${CARD_MS} ms, so < 1`,
        });
      }
    }
    return found;
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true });
  }
}

async function measure(url: string, size: number, postgres: PostgresServer) {
  const store = await openStore(url, { clock: () => NOW });
  const ledger = createUsageLedger(store.db, () => NOW);
  await ledger.keepDays(ZONE);
  const writing = await timed(async () => {
    for (let from = 0; from < size; from += 10_000) {
      const calls = Array.from({ length: Math.min(10_000, size - from) }, (_, index) => someCall(from + index, size));
      await ledger.record(calls);
    }
  });
  // The server's own upkeep does so within a minute of any such growth.
  if (!url.startsWith("sqlite:")) await postgres.administer("analyze", url);
  const cards = {
    system: await cardTimes(ledger, { period: "30d" }),
    "7 days": await cardTimes(ledger, { period: "7d" }),
    session: await cardTimes(ledger, { period: "30d", scope: { sessionKey: sessionOf(1) } }),
    agent: await cardTimes(ledger, { period: "30d", scope: { agentId: "agent-1" } }),
    "by agent": await cardTimes(ledger, { period: "30d", by: "agent" }),
  };
  const memory = Math.round(process.memoryUsage().rss / 1e6);
  await store.close();
  const bytes = url.startsWith("sqlite:")
    ? statSync(url.slice("sqlite:".length)).size
    : Number((await postgres.administer("select pg_database_size(current_database()) as size", url))[0]?.["size"]);
  return { cards, written: size / (writing / 1_000), bytes, memory };
}

interface CardAsked {
  readonly period: string;
  readonly scope?: UsageScope;
  readonly by?: UsageGroupName;
}

/** The whole card, from what was typed to its texts, with the conversation beside the system as an operator sees it; the picture is drawn elsewhere. */
async function cardTimes(ledger: UsageLedger, { period, scope, by }: CardAsked): Promise<number[]> {
  const usage = createUsage({
    ledger,
    electricity: { watts: 130, pricePerKWh: 0.15, currency: "USD" },
    unattributed: async () => [],
    countedUpTo: () => NOW,
    zone: ZONE,
    clock: () => NOW,
  });
  const times: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    times.push(
      await timed(async () => {
        const days = usage.period(period);
        const [report, here, rows] = await Promise.all([
          usage.report(days, scope ?? {}),
          scope === undefined ? usage.split(days, { sessionKey: sessionOf(2) }) : undefined,
          by === undefined ? undefined : usage.groups(days, scope ?? {}, by),
        ]);
        const groups = by === undefined || rows === undefined ? undefined : { by, rows };
        usageCard({ report, here, groups, isLocked: false });
      }),
    );
  }
  return times;
}

const sessionOf = (number: number): string => `agent:agent-${number % AGENTS}:discord:channel:12345678901234${number}`;

const { price } = createCallPricer({
  book: createPriceBook({ stated: () => new Map(), configuredCost: () => undefined, clock: () => NOW }),
  baselineOf: () => ({ provider: "anthropic", model: "claude-sonnet-5" }),
});

/** Calls spread evenly over 30 days; which is which follows from the number, so that every run has the same. */
function someCall(number: number, size: number): UsageCall {
  const mixed = (number * 2_654_435_761) % 4_294_967_296;
  const session = mixed % SESSIONS;
  const cloud = mixed % 3 === 0;
  const input = 500 + (mixed % 30_000);
  return price({
    id: `${mixed.toString(16).padStart(8, "0")}-4b1d-4e02-9a01-${number.toString(16).padStart(12, "0")}`,
    at: NOW - 30 * DAY_MS + Math.floor((number / size) * 30 * DAY_MS),
    sessionKey: sessionOf(session),
    agentId: `agent-${session % AGENTS}`,
    channel: session % 4 === 0 ? undefined : "discord",
    model: cloud
      ? { provider: "anthropic", model: "claude-sonnet-5" }
      : { provider: "ollama", model: mixed % 3 === 1 ? "qwen3:8b" : "llama3.3:70b" },
    locality: cloud ? "cloud" : "local",
    cause: mixed % 2 === 0 ? "chat" : (USAGE_CAUSES[mixed % USAGE_CAUSES.length] ?? "other"),
    tokens: mixed % 50 === 0 ? undefined : { input, output: mixed % 900, cacheRead: mixed % 9_000, cacheWrite: 0 },
    durationMs: mixed % 40_000,
    outcome: mixed % 70 === 0 ? "failed" : "answered",
    fallback: mixed % 90 === 0,
  });
}
