import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { USAGE_CAUSES, type UsageCall } from "../src/models/usage-call.ts";
import { createLocalDays } from "../src/store/local-days.ts";
import { openStore } from "../src/store/open-store.ts";
import { createUsageLedger, type UsageLedger } from "../src/store/usage-ledger.ts";
import type { UsageScope } from "../src/store/usage-totals.ts";
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
 * within 30 days: what a card costs as they grow, how fast they are written and
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
        const { cards, written, bytes } = await measure(url, size, postgres);
        const whole = percentile(cards.system, 95);
        first ??= whole;
        const times = Object.entries(cards).map(
          ([name, ms]) => `${name} ${percentile(ms, 50).toFixed(1)}/${percentile(ms, 95).toFixed(1)}`,
        );
        found.push({
          name: `usage, ${size} calls, ${database}`,
          found: `card in ms, p50/p95: ${times.join(", ")}; p95 is ${(whole / first).toFixed(1)} times that with ${small}; ${Math.round(written)} calls/s written, ${(bytes / size).toFixed(0)} bytes each`,
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
    system: await cardTimes(ledger, 30, undefined),
    "7 days": await cardTimes(ledger, 7, undefined),
    session: await cardTimes(ledger, 30, { sessionKey: sessionOf(1) }),
    agent: await cardTimes(ledger, 30, { agentId: "agent-1" }),
  };
  await store.close();
  const bytes = url.startsWith("sqlite:")
    ? statSync(url.slice("sqlite:".length)).size
    : Number((await postgres.administer("select pg_database_size(current_database()) as size", url))[0]?.["size"]);
  return { cards, written: size / (writing / 1_000), bytes };
}

/** What a card asks: the trend, the models and the causes, told apart by where they run. */
async function cardTimes(ledger: UsageLedger, days: number, scope: UsageScope | undefined): Promise<number[]> {
  const period = { from: createLocalDays(ZONE).at(NOW - (days - 1) * DAY_MS).from, to: NOW };
  const times: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    times.push(
      await timed(async () => {
        for (const what of ["day", "model", "cause"] as const) {
          await ledger.totals({ ...period, by: [what, "locality"], zone: ZONE, scope });
        }
      }),
    );
  }
  return times;
}

const sessionOf = (number: number): string => `agent:agent-${number % AGENTS}:discord:channel:12345678901234${number}`;

/** Calls spread evenly over 30 days; which is which follows from the number, so that every run has the same. */
function someCall(number: number, size: number): UsageCall {
  const mixed = (number * 2_654_435_761) % 4_294_967_296;
  const session = mixed % SESSIONS;
  const cloud = mixed % 3 === 0;
  const input = 500 + (mixed % 30_000);
  return {
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
    rate: cloud
      ? { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75, source: "override", date: "2026-01-01" }
      : undefined,
    baseline: undefined,
    usd: cloud && mixed % 50 !== 0 ? (3e6 * input + 15e6 * (mixed % 900)) / 1e12 : undefined,
  };
}
