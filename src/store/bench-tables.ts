import { type ColumnType, type GeneratedAlways, type Kysely, sql } from "kysely";
import type { Backend } from "./backend.ts";

/** The tables of `/bench`, as the newest migration leaves them. */
export interface BenchTables {
  bench_runs: BenchRunsTable;
  bench_answers: BenchAnswersTable;
  bench_speeds: BenchSpeedsTable;
}

type Fixed<T> = ColumnType<T, T, never>;

/** What was asked of which models. */
interface BenchRunsTable {
  id: GeneratedAlways<number>;
  at: Fixed<number>;
  state: "open" | "done" | "cancelled";
  actor: Fixed<string>;
  place: Fixed<string | null>;
  plan_json: Fixed<string>;
  /** How machine and servers were when it was first worked on; null before. */
  conditions_json: string | null;
  /** What a person is to know of it. */
  note: string | null;
  /** The last time that something was written to it. */
  heard_at: number;
  /** When its result was given to whoever asked; null until then. */
  told_at: number | null;
}

interface BenchAnswersTable {
  run_id: Fixed<number>;
  provider: Fixed<string>;
  model: Fixed<string>;
  item: Fixed<string>;
  repeat: Fixed<number>;
  at: Fixed<number>;
  answer_json: Fixed<string>;
  said_json: Fixed<string>;
}

interface BenchSpeedsTable {
  run_id: Fixed<number>;
  provider: Fixed<string>;
  model: Fixed<string>;
  prompt_tokens: Fixed<number>;
  /** 0 or 1. */
  cold: Fixed<number>;
  sample: Fixed<number>;
  at: Fixed<number>;
  sample_json: Fixed<string>;
}

/** An answer's key is what was asked, so that what is asked twice after a crash is one row. */
export async function addBench(db: Kysely<unknown>, { idColumn, inKeyOrder }: Backend): Promise<void> {
  await db.schema
    .createTable("bench_runs")
    .addColumn("id", idColumn)
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull().check(sql`state in ('open', 'done', 'cancelled')`))
    .addColumn("actor", "text", (column) => column.notNull())
    .addColumn("place", "text")
    .addColumn("plan_json", "text", (column) => column.notNull())
    .addColumn("conditions_json", "text")
    .addColumn("note", "text")
    .addColumn("heard_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("bench_runs_state").on("bench_runs").column("state").execute();

  await db.schema
    .createTable("bench_answers")
    .addColumn("run_id", "bigint", (column) => column.notNull().references("bench_runs.id"))
    .addColumn("provider", "text", (column) => column.notNull())
    .addColumn("model", "text", (column) => column.notNull())
    .addColumn("item", "text", (column) => column.notNull())
    .addColumn("repeat", "bigint", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("answer_json", "text", (column) => column.notNull())
    .addColumn("said_json", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("bench_answers_key", ["run_id", "provider", "model", "item", "repeat"])
    .modifyEnd(inKeyOrder)
    .execute();

  await db.schema
    .createTable("bench_speeds")
    .addColumn("run_id", "bigint", (column) => column.notNull().references("bench_runs.id"))
    .addColumn("provider", "text", (column) => column.notNull())
    .addColumn("model", "text", (column) => column.notNull())
    .addColumn("prompt_tokens", "bigint", (column) => column.notNull())
    .addColumn("cold", "integer", (column) => column.notNull())
    .addColumn("sample", "bigint", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("sample_json", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("bench_speeds_key", ["run_id", "provider", "model", "prompt_tokens", "cold", "sample"])
    .modifyEnd(inKeyOrder)
    .execute();
}

/** What ended before this was told as well as it could be. */
export async function addBenchTold(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("bench_runs").addColumn("told_at", "bigint").execute();
  await sql`update bench_runs set told_at = heard_at where state <> 'open'`.execute(db);
}
