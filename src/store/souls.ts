import type { Kysely } from "kysely";
import { z } from "zod";
import { type ChangeState, changeState } from "./change-journal.ts";
import type { Schema } from "./schema.ts";
import { parseRow } from "./stored-row.ts";

/** What Clutch has to know of an agent whose SOUL.md declares its model. */
export interface MirroredSoul {
  /** Of what was declared when it was mirrored. Empty while the configuration is being written. */
  readonly hash: string;
  /** What Clutch wrote as the agent's default. */
  readonly mirrored: ChangeState;
  /** What stood there before it. */
  readonly former: ChangeState;
}

export interface Souls {
  get(agentId: string): Promise<MirroredSoul | undefined>;
  save(agentId: string, soul: MirroredSoul): Promise<void>;
  forget(agentId: string): Promise<void>;
}

/** `clock` gives milliseconds since the epoch. */
export function createSouls(db: Kysely<Schema>, clock: () => number): Souls {
  return {
    async get(agentId) {
      const row = await db.selectFrom("souls").selectAll().where("agent_id", "=", agentId).executeTakeFirst();
      if (row === undefined) return undefined;
      const { hash, mirrored_json, former_json } = parseRow(Row, "souls", row);
      return { hash, mirrored: mirrored_json, former: former_json };
    },
    async save(agentId, { hash, mirrored, former }) {
      const row = {
        hash,
        mirrored_json: JSON.stringify(mirrored),
        former_json: JSON.stringify(former),
        at: clock(),
      };
      await db
        .insertInto("souls")
        .values({ agent_id: agentId, ...row })
        .onConflict((conflict) => conflict.column("agent_id").doUpdateSet(row))
        .execute();
    },
    async forget(agentId) {
      await db.deleteFrom("souls").where("agent_id", "=", agentId).execute();
    },
  };
}

const Row = z.object({ hash: z.string(), mirrored_json: changeState, former_json: changeState });
