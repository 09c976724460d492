import Keyv from "keyv";
import type { Kysely } from "kysely";
import type { Schema } from "./schema.ts";

/**
 * A keyv over one namespace of the store, for JSON values that go by
 * themselves; `set(key, value, ttl)` takes the ttl in milliseconds, and without
 * one the value stays. What comes out is `unknown`: parse it. `delete` is true
 * for exactly one caller, in whichever process, and only while the value has
 * not expired: who gets true has claimed it. Failures of the store are thrown.
 */
export type ExpiringStore = Keyv<unknown>;

/** Two stores of the same namespace hold the same values; `clock` gives milliseconds since the epoch. */
export function createExpiringStore(db: Kysely<Schema>, clock: () => number, namespace: string): ExpiringStore {
  const isLive = (expires: number | null) => expires === null || expires > clock();
  const rows = () => db.selectFrom("expiring").select(["key", "value", "expires"]).where("namespace", "=", namespace);
  const find = async (key: string) => {
    const row = await rows().where("key", "=", key).executeTakeFirst();
    if (row === undefined || isLive(row.expires)) return row?.value;
    await sweepExpired(db, clock());
    return undefined;
  };

  const table = {
    // keyv offers `iterator` for the dialects it has heard of, and reads the name here.
    opts: { dialect: "sqlite", url: "" },
    get: find,
    has: async (key: string) => (await find(key)) !== undefined,
    async getMany(keys: readonly string[]) {
      const found = keys.length === 0 ? [] : await rows().where("key", "in", keys).execute();
      const values = new Map(found.filter((row) => isLive(row.expires)).map((row) => [row.key, row.value]));
      if (values.size < found.length) await sweepExpired(db, clock());
      return keys.map((key) => values.get(key));
    },
    async set(key: string, value: string, ttl?: number) {
      const expires = ttl === undefined ? null : Math.round(clock() + ttl);
      await db
        .insertInto("expiring")
        .values({ namespace, key, value, expires })
        .onConflict((conflict) => conflict.columns(["namespace", "key"]).doUpdateSet({ value, expires }))
        .execute();
    },
    async delete(key: string) {
      const row = await db
        .deleteFrom("expiring")
        .where("namespace", "=", namespace)
        .where("key", "=", key)
        .returning("expires")
        .executeTakeFirst();
      return row !== undefined && isLive(row.expires);
    },
    async clear() {
      await db.deleteFrom("expiring").where("namespace", "=", namespace).execute();
    },
    // Read at once, not as a stream: a stream would hold the connection while the caller uses the store.
    async *iterator() {
      for (const { key, value, expires } of await rows().orderBy("key").execute()) {
        if (isLive(expires)) yield [key, value];
      }
    },
  };

  return new Keyv<unknown>({
    store: table,
    namespace,
    // The namespace is a column of its own: keyv's prefixes take "a:x" for "x" in namespace "a".
    useKeyPrefix: false,
    throwOnErrors: true,
    // Only `clock` decides what has expired, so keyv's own expiry stays out of the value.
    serialize: ({ value }) => JSON.stringify({ value }),
    deserialize: (text) => JSON.parse(text),
  });
}

/** Deletes what has expired by `now`, in all namespaces. */
export async function sweepExpired(db: Kysely<Schema>, now: number): Promise<void> {
  await db.deleteFrom("expiring").where("expires", "<=", now).execute();
}
