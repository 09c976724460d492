import { inspect } from "node:util";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { openStore, type Store } from "../../src/store/open-store.ts";
import { emptyDatabase, newDatabase, postgres } from "./databases.ts";
import { PASSWORD, ROLE } from "./postgres-server.ts";
import { openTemp } from "./temp-store.ts";

const clock = () => 1_000;
const open = (url: string) => openStore(url, { clock });
const entry = { actor: "discord:1", action: "x", result: "ok" } as const;

/** The URL of a new database, with some of its parts changed. */
async function urlWith(change: (url: URL) => void): Promise<string> {
  const url = new URL(await newDatabase("PostgreSQL"));
  change(url);
  return url.href;
}

async function refusal(url: string): Promise<unknown> {
  const store = await open(url).catch((thrown: unknown) => thrown);
  // All of it, the causes as well: what a log may print.
  expect(inspect(store, { depth: 10, showHidden: true })).not.toContain(PASSWORD);
  return store;
}

describe("the address", () => {
  it.each([
    `postgres://clutch:${PASSWORD}#1@db/clutch`,
    `postgres://clutch:1/${PASSWORD}@db/clutch`,
    `postgres://clutch:1?${PASSWORD}@db/clutch`,
    `postgres://clutch:${PASSWORD}%@db/clutch`,
    `postgresql://clutch:${PASSWORD}@db:port/clutch`,
  ])("that can't be read as it was meant is refused: %s", async (url) => {
    expect(await refusal(url)).toMatchObject({ code: "bad_config", hint: expect.stringContaining("%23") });
  });

  it("may begin with postgresql:, and name role and password as settings", async () => {
    const url = await urlWith((address) => {
      address.username = address.password = "";
      address.search = `?user=${ROLE}&password=${PASSWORD}`;
    });
    await (await open(url.replace(/^postgres:/u, "postgresql:"))).close();
  });
});

describe("a database that can't be used", () => {
  it.each<[string, (url: URL) => void, RegExp]>([
    ["wrong password", (url) => Object.assign(url, { password: `${PASSWORD}4` }), /refuses the role or its password/],
    ["no password", (url) => Object.assign(url, { password: "" }), /refuses the role or its password/],
    ["no such role", (url) => Object.assign(url, { username: "nobody" }), /refuses the role or its password/],
    ["no such database", (url) => Object.assign(url, { pathname: "/elsewhere" }), /does not exist on that server/],
    ["nothing listens there", (url) => Object.assign(url, { port: "1" }), /cannot be reached/],
    ["no such host", (url) => Object.assign(url, { hostname: "no-such-host.invalid" }), /cannot be reached/],
    ["TLS that the server has not", (url) => Object.assign(url, { search: "?sslmode=verify-full" }), /over TLS/],
    [
      "a certificate that is not there",
      (url) => Object.assign(url, { search: "?sslmode=verify-full&sslrootcert=/nowhere/ca.pem" }),
      /names a file that is not there/,
    ],
  ])("%s: says so, with the place and what to do", async (_, change, says) => {
    const url = await urlWith(change);
    expect(await refusal(url)).toMatchObject({
      code: "store_failed",
      message: expect.stringMatching(says),
      hint: expect.stringMatching(/./),
    });
    expect(await refusal(url)).toMatchObject({ message: expect.stringContaining(new URL(url).host) });
  });

  it("tables of another program: leaves them as they are", async () => {
    const { administer } = await postgres();
    const url = await emptyDatabase("PostgreSQL");
    await administer("create table changes (theirs text)", url);
    expect(await refusal(url)).toMatchObject({
      code: "store_failed",
      message: expect.stringMatching(/another program/),
    });
    const tables = "select tablename from pg_tables where schemaname = 'public'";
    expect(await administer(tables, url)).toEqual([{ tablename: "changes" }]);
  });

  it("a role that may not make tables", async () => {
    const { administer } = await postgres();
    const url = await emptyDatabase("PostgreSQL");
    await administer("drop role if exists guest", url);
    await administer(`create role guest login password '${PASSWORD}'`, url);
    const guest = Object.assign(new URL(url), { username: "guest" }).href;
    expect(await refusal(guest)).toMatchObject({
      code: "store_failed",
      message: expect.stringMatching(/does not let the role/),
      hint: expect.stringMatching(/owner/),
    });
  });

  it("an encoding that can't hold every text", async () => {
    const { administer } = await postgres();
    await administer("create database latin encoding 'LATIN1' template template0 locale 'C'");
    const url = await urlWith((address) => Object.assign(address, { pathname: "/latin" }));
    expect(await refusal(url)).toMatchObject({ code: "store_failed", message: expect.stringMatching(/LATIN1/) });
  });
});

describe("a database that several programs share", () => {
  it("gives each its schema, also where the other uses Kysely too", async () => {
    const { administer } = await postgres();
    const url = await emptyDatabase("PostgreSQL");
    const inSchema = (name: string) => `${url}?options=-c%20search_path%3D${name}`;
    await administer("create schema one; create schema two", url);
    await administer("create table kysely_migration (name text, theirs int); create table changes (theirs int)", url);
    const [one, two] = [(await openTemp(inSchema("one"))).store, (await openTemp(inSchema("two"))).store];
    await createAuditLog(one.db, clock).append(entry);
    expect(await createAuditLog(one.db, clock).list()).toHaveLength(1);
    expect(await createAuditLog(two.db, clock).list()).toHaveLength(0);
    expect(await refusal(inSchema("three"))).toMatchObject({ message: expect.stringMatching(/has no schema/) });
  });
});

describe("values", () => {
  it("are numbers where they fit, and an error where they would lose digits", async () => {
    const { store } = await openTemp(await newDatabase("PostgreSQL"));
    const read = async (text: string) =>
      (await sql<{ n: unknown }>`select ${sql.raw(text)} as n`.execute(store.db)).rows;
    expect(await read("9007199254740991::bigint")).toEqual([{ n: Number.MAX_SAFE_INTEGER }]);
    await expect(read("9007199254740992::bigint")).rejects.toThrow(/too large/);
    expect(await read("1::bigint")).toEqual([{ n: 1 }]);
  });

  it("hold any text, but that a NUL becomes the sign for what can't be shown", async () => {
    const { store } = await openTemp(await newDatabase("PostgreSQL"));
    const log = createAuditLog(store.db, clock);
    await log.append({ ...entry, reason: "模型 🦞 \ud800 '\"\\" });
    await log.append({ ...entry, reason: "a\0b" });
    expect((await log.list()).map(({ reason }) => reason)).toEqual(["a\ufffdb", "模型 🦞 \ufffd '\"\\"]);
  });
});

describe("a connection that breaks", () => {
  const kill = async (url: string) => {
    const others =
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    await (await postgres()).administer(others, url);
  };
  const append = (store: Store) => createAuditLog(store.db, clock).append(entry);

  it("while nobody uses it is replaced, and nobody notices", async () => {
    const { store, url } = await openTemp(await newDatabase("PostgreSQL"));
    await append(store);
    await kill(url);
    await expect.poll(() => append(store).then(() => "ok"), { timeout: 5_000 }).toBe("ok");
  });

  it("in the middle of a statement fails that one alone", async () => {
    const { store, url } = await openTemp(await newDatabase("PostgreSQL"));
    const asleep = sql`select pg_sleep(30)`.execute(store.db).catch((thrown: unknown) => thrown);
    const sleeping = "select pid from pg_stat_activity where query like 'select pg_sleep%'";
    await expect.poll(async () => (await (await postgres()).administer(sleeping, url)).length).toBe(1);
    await kill(url);
    expect(await asleep).toMatchObject({ code: "store_failed", message: expect.stringMatching(/broken off/) });
    await append(store);
    expect(await createAuditLog(store.db, clock).list()).toHaveLength(1);
  });

  it("in the middle of a transaction takes back all of it", async () => {
    const { store, url } = await openTemp(await newDatabase("PostgreSQL"));
    const transaction = store.db.transaction().execute(async (inside) => {
      await createAuditLog(inside, clock).append(entry);
      await kill(url);
      await createAuditLog(inside, clock).append(entry);
    });
    await expect(transaction).rejects.toMatchObject({ code: "store_failed" });
    await append(store);
    expect(await createAuditLog(store.db, clock).list()).toHaveLength(1);
  });

  it("because the server was stopped is back when the server is", async () => {
    const { store } = await openTemp(await newDatabase("PostgreSQL"));
    await append(store);
    const server = await postgres();
    await server.pause();
    await expect(append(store)).rejects.toMatchObject({ code: "store_failed" });
    await expect(append(store)).rejects.toMatchObject({ message: expect.stringMatching(/cannot be reached/) });
    await server.resume();
    await append(store);
    expect((await createAuditLog(store.db, clock).list()).length).toBe(2);
  });
});

it("a closed store can be closed again, and answers no more", async () => {
  const store = await open(await newDatabase("PostgreSQL"));
  await store.close();
  await store.close();
  await expect(createAuditLog(store.db, clock).list()).rejects.toThrow();
});
