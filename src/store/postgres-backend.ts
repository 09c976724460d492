import { PostgresDialect, type PostgresPool, type PostgresPoolClient, type PostgresQueryResult, sql } from "kysely";
import { DEFAULT_MIGRATION_TABLE } from "kysely/migration";
import { Pool, type PoolClient, type QueryResult, types } from "pg";
import { ClutchError } from "../errors.ts";
import type { Backend } from "./backend.ts";
import { isConnectionLost, postgresError } from "./postgres-error.ts";
import { postgresPlace } from "./postgres-place.ts";

/** All in ms. How long to wait for the server to answer a new connection. */
const CONNECT = 10_000;
/** How long to wait for a row or table that another process holds. */
const LOCK_WAIT = 10_000;
/** After this a server that is silent counts as lost: a broken network says nothing. */
const SILENCE = 120_000;
/** After this the server ends a transaction whose process has stopped in the middle of it. */
const IDLE_IN_TRANSACTION = 60_000;
const CONNECTIONS = 4;
const INT8 = 20;

/**
 * Connects to the PostgreSQL database that `url` names (`postgres://…`), as
 * libpq's settings in the URL and the environment say: `sslmode`, `PGPASSWORD`,
 * `~/.pgpass` and the rest. The tables go into the first schema of the role's
 * `search_path`. A connection that breaks is replaced by the next statement;
 * the one that was under way fails.
 *
 * Fails with `bad_config` where the URL can't be read, and with `store_failed`
 * (place and remedy in it, never the password) where the database can't be
 * reached or used; nothing is left open then.
 */
export async function openPostgres(url: string): Promise<Backend> {
  const place = postgresPlace(url);
  const pool = new Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT,
    lock_timeout: LOCK_WAIT,
    query_timeout: SILENCE,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION,
    keepAlive: true,
    fallback_application_name: "clutch",
    // An open store keeps no process alive, as a file does not.
    allowExitOnIdle: true,
    types: { getTypeParser: (id, format) => (id === INT8 ? wholeNumber : types.getTypeParser(id, format)) },
  });
  // A connection that breaks while nobody uses it is told to nobody else; unheard, it would end the process.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  const guarded = asKyselyExpects(pool, place);
  try {
    return {
      dialect: new PostgresDialect({ pool: guarded }),
      place,
      schema: await findSchema(guarded, place),
      idColumn: sql`bigint generated always as identity primary key`,
      inKeyOrder: sql``,
      makeAppendOnly,
    };
  } catch (thrown) {
    await pool.end();
    throw thrown;
  }
}

const makeAppendOnly: Backend["makeAppendOnly"] = (table, horizon) => {
  const refuse = sql.id(`${table}_append_only`);
  const trigger = (event: "update" | "delete" | "truncate", each: "row" | "statement") =>
    sql`create trigger ${sql.id(`${table}_no_${event}`)} before ${sql.raw(event)} on ${sql.table(table)}
        for each ${sql.raw(each)} execute function ${refuse}()`;
  return [
    sql`create function ${refuse}() returns trigger language plpgsql as $body$ begin
          if tg_op = 'DELETE' then
            if old.at < (select before from ${sql.table(horizon)}) then return old; end if;
          end if;
          raise exception ${sql.lit(`${table} is append-only`)};
        end $body$`,
    trigger("update", "row"),
    trigger("delete", "row"),
    trigger("truncate", "statement"),
  ];
};

/** The part of pg's interface that Kysely uses, with errors in words. */
function asKyselyExpects(pool: Pool, place: string): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      try {
        return guardedClient(await pool.connect(), place);
      } catch (thrown) {
        throw postgresError(thrown, place);
      }
    },
  };
}

function guardedClient(client: PoolClient, place: string): PostgresPoolClient {
  let lost = false;
  const query = async (text: string, values: readonly unknown[]): Promise<QueryResult> => {
    try {
      return await client.query(text, values.map(storable));
    } catch (thrown) {
      lost ||= isConnectionLost(thrown);
      throw postgresError(thrown, place);
    }
  };
  return {
    // Of Kysely's two forms only this one occurs: without a cursor class it offers no streams.
    query: query as <R>(text: string, values: readonly unknown[]) => Promise<PostgresQueryResult<R>> as never,
    release: (destroy) => client.release(destroy === true || lost),
  };
}

/** PostgreSQL's text holds every character but one. */
const storable = (value: unknown): unknown => (typeof value === "string" ? value.replaceAll("\0", "\ufffd") : value);

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new RangeError("The store holds a number that is too large to be exact.");
}

async function findSchema(pool: PostgresPool, place: string): Promise<string> {
  const client = await pool.connect();
  try {
    const { rows } = await client.query<{ schema: string | null; encoding: string; tables: readonly string[] }>(
      `select current_schema() as schema, current_setting('server_encoding') as encoding,
        array(select relname::text from pg_class as found
          where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
            and not exists (select from pg_depend where objid = found.oid and deptype = 'e')) as tables`,
      [],
    );
    const { schema, encoding, tables } = rows[0] ?? { schema: null, encoding: "", tables: [] };
    if (schema === null) {
      throw new ClutchError("store_failed", `The store ${place} has no schema in which the role may keep its tables.`, {
        hint: "Create one that the role's search_path names, such as with: create schema authorization ROLE.",
      });
    }
    if (encoding !== "UTF8") {
      throw new ClutchError("store_failed", `The store ${place} can't hold every text: its encoding is ${encoding}.`, {
        hint: "Create a database with the encoding UTF8: createdb --encoding UTF8 --template template0 clutch.",
      });
    }
    if (tables.length > 0 && !tables.includes(DEFAULT_MIGRATION_TABLE)) {
      throw new ClutchError(
        "store_failed",
        `The store ${place} has tables of another program in its schema "${schema}"; it was left as it is.`,
        {
          hint: 'Name a database of its own under "store" in clutch.config.json, or give the role a schema of its own.',
        },
      );
    }
    return schema;
  } finally {
    client.release();
  }
}
