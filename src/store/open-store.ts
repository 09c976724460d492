import { Kysely } from "kysely";
import { ClutchError } from "../errors.ts";
import type { Backend } from "./backend.ts";
import { createExpiringStore, type ExpiringStore, sweepExpired } from "./expiring-store.ts";
import { migrate } from "./migrations.ts";
import type { Schema } from "./schema.ts";
import { openSqlite } from "./sqlite-backend.ts";

/** All that Clutch remembers. Inside a transaction use its own handle: `db` may wait until the transaction is over. */
export interface Store {
  readonly db: Kysely<Schema>;
  /** Values under one name that go by themselves. */
  expiring(namespace: string): ExpiringStore;
  /** Closes the database; may be called again. */
  close(): Promise<void>;
}

/**
 * Opens the store at `url` (`sqlite:PATH`, `sqlite::memory:` or
 * `postgres://…`), brings its tables up to date and deletes what has expired.
 * Several processes may have the same store open; one process opens a file
 * once, since a second connection beside the first would block the process
 * while it waits for the lock. `clock` gives milliseconds since the epoch.
 *
 * Fails with `bad_config` for a form that is not known, with `store_failed`
 * where the database can't be used; nothing is left open then.
 */
export async function openStore(url: string, options: { readonly clock: () => number }): Promise<Store> {
  const { clock } = options;
  const backend = await openBackend(url);
  const db = new Kysely<Schema>({ dialect: backend.dialect });
  try {
    await migrate(db, backend);
    await sweepExpired(db, clock());
  } catch (thrown) {
    await db.destroy();
    throw thrown;
  }
  return {
    db,
    expiring: (namespace) => createExpiringStore(db, clock, namespace),
    close: () => db.destroy(),
  };
}

async function openBackend(url: string): Promise<Backend> {
  const path = /^sqlite:(?!\/\/[^/])(?!~)(.+)$/u.exec(url)?.[1];
  if (path !== undefined) return openSqlite(path);
  if (/^postgres(ql)?:\/\//iu.test(url)) {
    // Its driver is loaded where it is needed only.
    const { openPostgres } = await import("./postgres-backend.ts");
    return openPostgres(url);
  }
  // Only the scheme is repeated: the rest may hold a password.
  const scheme = /^[a-z+]+:/iu.exec(url)?.[0];
  throw new ClutchError(
    "bad_config",
    `"store" names no database that Clutch can use${scheme === undefined ? "" : ` ("${scheme}…")`}.`,
    {
      hint: "Write sqlite:PATH, such as sqlite:./clutch.db or sqlite:/var/lib/clutch/clutch.db, or postgres://ROLE@HOST/DATABASE.",
    },
  );
}
