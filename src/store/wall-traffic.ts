import { type Kysely, sql } from "kysely";
import { z } from "zod";
import { inBatches } from "./in-batches.ts";
import { SLOT_MS } from "./local-days.ts";
import type { Schema } from "./schema.ts";

/** A look at the wall's counters, which begin anew with each of its processes. */
export interface WallLook {
  /** When the process began, epoch ms. */
  readonly startedAt: number;
  readonly hosts: readonly { readonly host: string; readonly passed: number }[];
}

/** What passed the wall, by host and time. */
export interface WallTraffic {
  /**
   * Writes down what passed since the last look. The first look of all only says from
   * when on is counted: what the wall let through before may be of any time.
   */
  add(look: WallLook): Promise<void>;
  /** Connections that were made within a period, each for sure; epoch ms. */
  between(period: {
    readonly from: number;
    readonly to: number;
  }): Promise<readonly { readonly host: string; readonly connections: number }[]>;
}

const SOURCE = "wall";
const former = z.object({ startedAt: z.number(), at: z.number(), passed: z.record(z.string(), z.number()) });

/** `clock` gives milliseconds since the epoch. */
export function createWallTraffic(db: Kysely<Schema>, clock: () => number): WallTraffic {
  return {
    add: ({ startedAt, hosts }) =>
      db.transaction().execute(async (transaction) => {
        const at = clock();
        const row = await transaction
          .selectFrom("usage_cursors")
          .select("cursor")
          .where("source", "=", SOURCE)
          .executeTakeFirst();
        const last = row === undefined ? undefined : former.safeParse(JSON.parse(row.cursor)).data;
        const passed = Object.fromEntries(hosts.map(({ host, passed: count }) => [host, count]));
        const cursor = JSON.stringify({ startedAt, at, passed } satisfies z.output<typeof former>);
        await transaction
          .insertInto("usage_cursors")
          .values({ source: SOURCE, cursor, at })
          .onConflict((conflict) => conflict.column("source").doUpdateSet({ cursor, at }))
          .execute();
        if (last === undefined) return;
        const before = last.startedAt === startedAt ? last.passed : {};
        const slots = { from_slot: Math.floor(last.at / SLOT_MS), to_slot: Math.floor(at / SLOT_MS) };
        const rows = hosts.flatMap(({ host, passed: count }) => {
          const known = before[host] ?? 0;
          // A host that the wall forgot is counted from 0 again.
          const connections = count < known ? count : count - known;
          return connections === 0 ? [] : [{ ...slots, host, connections }];
        });
        for (const some of inBatches(rows)) {
          await transaction
            .insertInto("wall_traffic")
            .values([...some])
            .onConflict((conflict) =>
              conflict.columns(["to_slot", "from_slot", "host"]).doUpdateSet({
                connections: sql`wall_traffic.connections + excluded.connections`,
              }),
            )
            .execute();
        }
      }),

    async between({ from, to }) {
      const rows = await db
        .selectFrom("wall_traffic")
        .select(["host", ({ fn }) => fn.sum<number | string>("connections").as("connections")])
        .where("from_slot", ">=", Math.ceil(from / SLOT_MS))
        .where("to_slot", "<", Math.floor(to / SLOT_MS))
        .groupBy("host")
        .execute();
      return rows.map(({ host, connections }) => ({ host, connections: Number(connections) }));
    },
  };
}
