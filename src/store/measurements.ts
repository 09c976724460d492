import type { Kysely } from "kysely";
import { z } from "zod";
import type { Schema } from "./schema.ts";
import { json, parseRow } from "./stored-row.ts";

/** What was found out about models on this machine: the newest of each kind, kept for good. */
export interface Measurements {
  /** Of all models, parsed by nobody yet: `value` is what was saved. */
  all(): Promise<readonly Measurement[]>;
  save(measurement: Omit<Measurement, "at">): Promise<void>;
}

export interface Measurement {
  readonly provider: string;
  readonly model: string;
  readonly kind: string;
  readonly value: unknown;
  /** What measured it, one plain phrase. */
  readonly source: string;
  /** Epoch ms. */
  readonly at: number;
}

/** `clock` gives milliseconds since the epoch. */
export function createMeasurements(db: Kysely<Schema>, clock: () => number): Measurements {
  return {
    async all() {
      const rows = await db.selectFrom("measurements").selectAll().execute();
      return rows.map((stored) => {
        const { value_json, ...row } = parseRow(Row, "measurements", stored);
        return { ...row, value: value_json };
      });
    },
    async save({ provider, model, kind, value, source }) {
      const row = { value_json: JSON.stringify(value), source, at: clock() };
      await db
        .insertInto("measurements")
        .values({ provider, model, kind, ...row })
        .onConflict((conflict) => conflict.columns(["provider", "model", "kind"]).doUpdateSet(row))
        .execute();
    },
  };
}

const Row = z.object({
  provider: z.string(),
  model: z.string(),
  kind: z.string(),
  value_json: json,
  source: z.string(),
  at: z.int(),
});
