import type { Kysely } from "kysely";
import { z } from "zod";
import type { ModelRef } from "../models/model-ref.ts";
import type { Lease } from "./leases.ts";
import type { Schema } from "./schema.ts";
import { json, nullable, parseRow } from "./stored-row.ts";

export interface NewBenchRun {
  /** `platform:user`. */
  readonly actor: string;
  /** Where it was asked for, as `formatPlace` writes it. */
  readonly place?: string | undefined;
  readonly plan: unknown;
}

/** A run as it is kept; plan and conditions are parsed by who knows them. */
export interface StoredBenchRun extends NewBenchRun {
  readonly id: number;
  /** When it was asked for, epoch ms. */
  readonly at: number;
  /** `open` until the last item is answered or somebody cancels it, whether or not a process is at it. */
  readonly state: "open" | "done" | "cancelled";
  /** How machine and servers were when it was first worked on. */
  readonly conditions: unknown;
  /** What a person is to know of it, one plain sentence or more. */
  readonly note: string | undefined;
  /** The last time that something was written to it, epoch ms. */
  readonly heardAt: number;
}

export interface AnswerKey {
  readonly model: ModelRef;
  readonly itemId: string;
  readonly repeat: number;
}

export interface SpeedKey {
  readonly model: ModelRef;
  /** What was aimed at. */
  readonly promptTokens: number;
  readonly cold: boolean;
  /** From 0. */
  readonly sample: number;
}

/** What the process that works on a run writes down; `id` is the run's. */
export interface BenchNotes {
  /** Where nothing is known yet: what holds is how it was at the beginning. */
  conditions(id: number, conditions: unknown): Promise<void>;
  /**
   * Keeps an answer and what was said. The first of its key stays, so that what is
   * asked again after a crash is one answer. False where the run is not open any
   * more: then nothing is kept.
   */
  answer(id: number, key: AnswerKey, answer: unknown, said: unknown): Promise<boolean>;
  /** The same for a sample of the speed. */
  speed(id: number, key: SpeedKey, sample: unknown): Promise<boolean>;
  /** Undefined takes it away. */
  note(id: number, note: string | undefined): Promise<void>;
  /** Ends an open run; false where it was not open. */
  end(id: number, state: "done" | "cancelled"): Promise<boolean>;
}

/** The runs of `/bench`, kept for good. */
export interface BenchRuns extends Pick<BenchNotes, "end" | "note"> {
  begin(run: NewBenchRun): Promise<StoredBenchRun>;
  /** Writes only while the lease is held; throws its codes. */
  heldBy(lease: Pick<Lease, "within">): BenchNotes;
  read(id: number): Promise<StoredBenchRun | undefined>;
  /** Newest first, at most `limit`. */
  list(which: { readonly state?: StoredBenchRun["state"]; readonly limit: number }): Promise<readonly StoredBenchRun[]>;
  /** Those that are done since `at` (epoch ms) and whose results nobody was told, oldest first. */
  untold(at: number): Promise<readonly StoredBenchRun[]>;
  /** Whoever asked has the result. */
  told(id: number): Promise<void>;
  /** Of all models, in the order in which they were given, as they were kept. */
  answers(id: number): Promise<readonly unknown[]>;
  /** What a model said to an item; undefined where it was not asked. */
  said(id: number, key: AnswerKey): Promise<unknown>;
  answered(id: number): Promise<readonly AnswerKey[]>;
  speeds(id: number): Promise<readonly unknown[]>;
  timed(id: number): Promise<readonly SpeedKey[]>;
}

/** `clock` gives milliseconds since the epoch. */
export function createBenchRuns(db: Kysely<Schema>, clock: () => number): BenchRuns {
  const { end, note } = notes(db, clock);
  return {
    end,
    note,
    heldBy: ({ within }) => ({
      conditions: (...what) => within((held) => notes(held, clock).conditions(...what)),
      answer: (...what) => within((held) => notes(held, clock).answer(...what)),
      speed: (...what) => within((held) => notes(held, clock).speed(...what)),
      note: (...what) => within((held) => notes(held, clock).note(...what)),
      end: (...what) => within((held) => notes(held, clock).end(...what)),
    }),
    async begin({ actor, place, plan }) {
      const at = clock();
      const row = await db
        .insertInto("bench_runs")
        .values({
          at,
          state: "open",
          actor,
          place: place ?? null,
          plan_json: JSON.stringify(plan),
          conditions_json: null,
          note: null,
          heard_at: at,
          told_at: null,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      return toRun(row);
    },
    async read(id) {
      const row = await db.selectFrom("bench_runs").selectAll().where("id", "=", id).executeTakeFirst();
      return row === undefined ? undefined : toRun(row);
    },
    async list({ state, limit }) {
      let query = db.selectFrom("bench_runs").selectAll();
      if (state !== undefined) query = query.where("state", "=", state);
      return (await query.orderBy("id", "desc").limit(limit).execute()).map(toRun);
    },
    async untold(at) {
      const rows = await db
        .selectFrom("bench_runs")
        .selectAll()
        .where("state", "=", "done")
        .where("told_at", "is", null)
        .where("heard_at", ">=", at)
        .orderBy("id")
        .execute();
      return rows.map(toRun);
    },
    async told(id) {
      await db.updateTable("bench_runs").set({ told_at: clock() }).where("id", "=", id).execute();
    },
    async answers(id) {
      const rows = await db
        .selectFrom("bench_answers")
        .select("answer_json")
        .where("run_id", "=", id)
        .orderBy("at")
        .orderBy("item")
        .execute();
      return rows.map((row) => parseRow(AnswerRow, "bench_answers", row).answer_json);
    },
    async said(id, { model, itemId, repeat }) {
      const row = await db
        .selectFrom("bench_answers")
        .select("said_json")
        .where("run_id", "=", id)
        .where("provider", "=", model.provider)
        .where("model", "=", model.model)
        .where("item", "=", itemId)
        .where("repeat", "=", repeat)
        .executeTakeFirst();
      return row === undefined ? undefined : parseRow(SaidRow, "bench_answers", row).said_json;
    },
    async answered(id) {
      const rows = await db
        .selectFrom("bench_answers")
        .select(["provider", "model", "item", "repeat"])
        .where("run_id", "=", id)
        .execute();
      return rows.map(({ provider, model, item, repeat }) => ({ model: { provider, model }, itemId: item, repeat }));
    },
    async speeds(id) {
      const rows = await db
        .selectFrom("bench_speeds")
        .select("sample_json")
        .where("run_id", "=", id)
        .orderBy("at")
        .execute();
      return rows.map((row) => parseRow(SpeedRow, "bench_speeds", row).sample_json);
    },
    async timed(id) {
      const rows = await db
        .selectFrom("bench_speeds")
        .select(["provider", "model", "prompt_tokens", "cold", "sample"])
        .where("run_id", "=", id)
        .execute();
      return rows.map(({ provider, model, prompt_tokens, cold, sample }) => ({
        model: { provider, model },
        promptTokens: prompt_tokens,
        cold: cold === 1,
        sample,
      }));
    },
  };
}

function notes(db: Kysely<Schema>, clock: () => number): BenchNotes {
  /** Its own row first: whoever ends the run at this moment comes before or after, not between. */
  const touch = async (by: Kysely<Schema>, id: number): Promise<boolean> => {
    const { numUpdatedRows } = await by
      .updateTable("bench_runs")
      .set({ heard_at: clock() })
      .where("id", "=", id)
      .where("state", "=", "open")
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  };
  return {
    async conditions(id, conditions) {
      await db
        .updateTable("bench_runs")
        .set({ conditions_json: JSON.stringify(conditions), heard_at: clock() })
        .where("id", "=", id)
        .where("conditions_json", "is", null)
        .execute();
    },
    async answer(id, { model, itemId, repeat }, answer, said) {
      if (!(await touch(db, id))) return false;
      await db
        .insertInto("bench_answers")
        .values({
          run_id: id,
          ...model,
          item: itemId,
          repeat,
          at: clock(),
          answer_json: JSON.stringify(answer),
          said_json: JSON.stringify(said),
        })
        .onConflict((conflict) => conflict.columns(["run_id", "provider", "model", "item", "repeat"]).doNothing())
        .execute();
      return true;
    },
    async speed(id, { model, promptTokens, cold, sample }, measured) {
      if (!(await touch(db, id))) return false;
      await db
        .insertInto("bench_speeds")
        .values({
          run_id: id,
          ...model,
          prompt_tokens: promptTokens,
          cold: cold ? 1 : 0,
          sample,
          at: clock(),
          sample_json: JSON.stringify(measured),
        })
        .onConflict((conflict) =>
          conflict.columns(["run_id", "provider", "model", "prompt_tokens", "cold", "sample"]).doNothing(),
        )
        .execute();
      return true;
    },
    async note(id, note) {
      await db
        .updateTable("bench_runs")
        .set({ note: note ?? null, heard_at: clock() })
        .where("id", "=", id)
        .execute();
    },
    async end(id, state) {
      const { numUpdatedRows } = await db
        .updateTable("bench_runs")
        .set({ state, heard_at: clock() })
        .where("id", "=", id)
        .where("state", "=", "open")
        .executeTakeFirst();
      return numUpdatedRows === 1n;
    },
  };
}

const Row = z.object({
  id: z.int(),
  at: z.int(),
  state: z.enum(["open", "done", "cancelled"]),
  actor: z.string(),
  place: nullable(z.string()),
  plan_json: json,
  conditions_json: nullable(json),
  note: nullable(z.string()),
  heard_at: z.int(),
});
const AnswerRow = z.object({ answer_json: json });
const SaidRow = z.object({ said_json: json });
const SpeedRow = z.object({ sample_json: json });

function toRun(stored: unknown): StoredBenchRun {
  const { plan_json, conditions_json, heard_at, ...run } = parseRow(Row, "bench_runs", stored);
  return { ...run, plan: plan_json, conditions: conditions_json, heardAt: heard_at };
}
