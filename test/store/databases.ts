import { afterAll, afterEach } from "vitest";
import { openStore } from "../../src/store/open-store.ts";
import { type PostgresServer, startPostgres } from "./postgres-server.ts";
import { tempFile } from "./temp-store.ts";

/** Every suite of the store runs on each of them: `describe.each(DATABASES)("on %s", …)`. */
export const DATABASES = ["SQLite", "PostgreSQL"] as const;
export type Database = (typeof DATABASES)[number];

let server: Promise<PostgresServer> | undefined;
/** Databases of tests that are over: emptying one takes a fraction of the time that making one takes. */
const left: string[] = [];
const inUse: string[] = [];

/** The PostgreSQL of this test file. Where it can't be started the tests fail: none is left out quietly. */
export function postgres(): Promise<PostgresServer> {
  server ??= startPostgres();
  return server;
}

afterEach(() => void left.push(...inUse.splice(0)));
afterAll(async () => (await server)?.stop());

/** The URL of a store that does not exist yet. */
export async function emptyDatabase(database: Database): Promise<string> {
  return database === "SQLite" ? `sqlite:${tempFile()}` : (await postgres()).newDatabase();
}

/** The URL of a store with nothing in it, which may have its tables already. */
export async function newDatabase(database: Database): Promise<string> {
  if (database === "SQLite") return emptyDatabase(database);
  const url = left.pop() ?? (await makeTables());
  await (await postgres()).administer(EMPTY, url);
  inUse.push(url);
  return url;
}

async function makeTables(): Promise<string> {
  const url = await emptyDatabase("PostgreSQL");
  const store = await openStore(url, { clock: () => 0 });
  await store.close();
  return url;
}

/** Deletes past the triggers, and lets the numbers begin again. */
const EMPTY = `do $$ declare name text; begin
  perform set_config('session_replication_role', 'replica', true);
  for name in select tablename from pg_tables where schemaname = 'public'
    and tablename !~ '^kysely_|^audit_horizon$|^usage_state$' loop execute format('delete from %I', name); end loop;
  for name in select sequencename from pg_sequences loop perform setval(name, 1, false); end loop;
  update audit_horizon set before = 0;
  update usage_state set turn = 0, horizon = 0;
end $$`;
