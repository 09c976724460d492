import { Kysely } from "kysely";
import { ClutchError } from "../errors.ts";
import type { Backend } from "./backend.ts";
import { backUp } from "./backups.ts";
import { createExpiringStore, type ExpiringStore, sweepExpired } from "./expiring-store.ts";
import { migrate } from "./migrations.ts";
import type { Schema } from "./schema.ts";
import { openSqlite } from "./sqlite-backend.ts";
import { sqlitePath, storeFile } from "./store-file.ts";

/** All that Clutch remembers. Inside a transaction use its own handle: `db` may wait until the transaction is over. */
export interface Store {
  readonly db: Kysely<Schema>;
  /** Values under one name that go by themselves. */
  expiring(namespace: string): ExpiringStore;
  /** Closes the database; may be called again. */
  close(): Promise<void>;
}

export interface StoreOptions {
  /** Epoch ms. */
  readonly clock: () => number;
  /** Told of every statement that the database did not carry out, beside whoever asked for it. */
  readonly onFailure?: ((error: ClutchError) => void) | undefined;
  /** Told before the tables of an older version are changed; `backup` is the copy that was made of a SQLite file. */
  readonly onMigrating?: ((about: { readonly place: string; readonly backup: string | undefined }) => void) | undefined;
}

/**
 * Opens the store at `url` (`sqlite:PATH`, `sqlite::memory:` or
 * `postgres://…`), brings its tables up to date and deletes what has expired.
 * Several processes may have the same store open; one process opens a file
 * once, since a second connection beside the first would block the process
 * while it waits for the lock.
 *
 * Fails with `bad_config` for a form that is not known, with `store_failed`
 * where the database can't be used; nothing is left open then.
 */
export async function openStore(url: string, options: StoreOptions): Promise<Store> {
  const { clock, onFailure } = options;
  const backend = await openBackend(url);
  const db = new Kysely<Schema>({
    dialect: backend.dialect,
    log(event) {
      if (event.level === "error" && event.error instanceof ClutchError) onFailure?.(event.error);
    },
  });
  try {
    await migrate(db, backend, {
      async beforeChange() {
        const file = storeFile(url);
        const made = file === undefined ? undefined : await backUp(file, clock());
        options.onMigrating?.({ place: backend.place, backup: made?.path });
      },
    });
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

/** The database that `url` names, open, with whatever tables it has. Fails as `openStore` does. */
export async function openBackend(url: string): Promise<Backend> {
  const path = sqlitePath(url);
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
