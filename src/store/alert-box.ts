import type { Kysely } from "kysely";
import { z } from "zod";
import type { Schema } from "./schema.ts";
import { json, parseRow } from "./stored-row.ts";

/** Something that people are to be told, as it was put down. */
export interface BoxedAlert {
  readonly key: string;
  /** When it was put down, epoch ms. */
  readonly at: number;
  /** What was put down: parse it. */
  readonly alert: unknown;
  /** The places where it was posted already. */
  readonly reached: readonly string[];
}

/**
 * What people are to be told once: an alert waits here until it is posted, however
 * often Clutch is started meanwhile, and stays as the mark that it was.
 */
export interface AlertBox {
  /** False where one with this key was put down before. */
  add(key: string, alert: unknown): Promise<boolean>;
  has(key: string): Promise<boolean>;
  /** Oldest first. */
  waiting(): Promise<readonly BoxedAlert[]>;
  /** It was posted there. */
  reached(key: string, places: readonly string[]): Promise<void>;
  /** Nobody waits for it any more: it was told, or never can be. */
  settle(key: string, state: "told" | "dropped"): Promise<void>;
  /** Forgets those put down before a moment (epoch ms), whatever they are about; what happens again is told again. */
  forget(before: number): Promise<void>;
}

/** Alerts of the lock lie in the same table as those of usage, under names of their own. */
const OF_LOCK = "lock ";

/** `clock` gives epoch ms. Two boxes about the same hold the same alerts. */
export function createAlertBox(db: Kysely<Schema>, clock: () => number, about: "usage" | "lock" = "usage"): AlertBox {
  const named = (key: string): string => (about === "lock" ? `${OF_LOCK}${key}` : key);
  return {
    async add(key, alert) {
      const { numInsertedOrUpdatedRows = 0n } = await db
        .insertInto("usage_alerts")
        .values({
          key: named(key),
          at: clock(),
          state: "waiting",
          alert_json: JSON.stringify(alert),
          reached_json: "[]",
        })
        .onConflict((conflict) => conflict.column("key").doNothing())
        .executeTakeFirst();
      return numInsertedOrUpdatedRows > 0n;
    },
    async has(key) {
      return (
        (await db.selectFrom("usage_alerts").select("key").where("key", "=", named(key)).executeTakeFirst()) !==
        undefined
      );
    },
    async waiting() {
      const rows = await db
        .selectFrom("usage_alerts")
        .select(["key", "at", "alert_json", "reached_json"])
        .where("state", "=", "waiting")
        .where("key", about === "lock" ? "like" : "not like", `${OF_LOCK}%`)
        .orderBy("at")
        .orderBy("key")
        .execute();
      return rows.map((stored) => {
        const { key, at, alert_json, reached_json } = parseRow(Row, "usage_alerts", stored);
        return { key: key.slice(named("").length), at, alert: alert_json, reached: reached_json };
      });
    },
    async reached(key, places) {
      await db
        .updateTable("usage_alerts")
        .set({ reached_json: JSON.stringify(places) })
        .where("key", "=", named(key))
        .execute();
    },
    async settle(key, state) {
      await db.updateTable("usage_alerts").set({ state }).where("key", "=", named(key)).execute();
    },
    async forget(before) {
      await db.deleteFrom("usage_alerts").where("at", "<", before).execute();
    },
  };
}

const Row = z.object({
  key: z.string(),
  at: z.int(),
  alert_json: json,
  reached_json: json.pipe(z.array(z.string())),
});
