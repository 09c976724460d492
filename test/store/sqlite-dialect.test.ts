import { DatabaseSync } from "node:sqlite";
import { Kysely, sql } from "kysely";
import { Migrator } from "kysely/migration";
import { describe, expect, it } from "vitest";
import { createSqliteDialect } from "../../src/store/sqlite-dialect.ts";
import { tempFile } from "./temp-store.ts";

interface Tables {
  t: { id: number; text: string | null };
}

const LOCK_WAIT_MS = 2_000;

function connect(file = ":memory:"): { db: Kysely<Tables>; database: DatabaseSync } {
  const database = new DatabaseSync(file);
  database.exec("pragma journal_mode = wal");
  database.exec("create table if not exists t (id integer primary key, text text)");
  return { db: new Kysely<Tables>({ dialect: createSqliteDialect(database, file, LOCK_WAIT_MS) }), database };
}

describe("queries", () => {
  it("insert, return, read, stream, update and delete", async () => {
    const { db } = connect();
    const inserted = await db
      .insertInto("t")
      .values([1, 2, 3].map((id) => ({ id, text: `row ${id}` })))
      .executeTakeFirst();
    expect(inserted).toMatchObject({ insertId: 3n, numInsertedOrUpdatedRows: 3n });
    expect(await db.insertInto("t").values({ id: 4, text: null }).returning("id").execute()).toEqual([{ id: 4 }]);
    const streamed: number[] = [];
    for await (const row of db.selectFrom("t").select("id").orderBy("id").stream()) streamed.push(row.id);
    expect(streamed).toEqual([1, 2, 3, 4]);
    const updated = await db.updateTable("t").set({ text: "x" }).where("id", ">", 2).executeTakeFirst();
    expect(updated.numUpdatedRows).toBe(2n);
    const deleted = await db.deleteFrom("t").where("text", "=", "x").executeTakeFirst();
    expect(deleted.numDeletedRows).toBe(2n);
    await db.destroy();
  });
});

describe("a lock", () => {
  it("is waited for while everything else goes on, who holds it in this process included", async () => {
    const file = tempFile();
    const [one, other] = [connect(file), connect(file)];
    let writing: Promise<unknown> = Promise.resolve();
    await one.db.transaction().execute(async (transaction) => {
      await transaction.insertInto("t").values({ id: 1, text: "first" }).execute();
      writing = other.db.insertInto("t").values({ id: 2, text: "second" }).execute();
      await new Promise((resolve) => setTimeout(resolve, 100));
      await transaction.insertInto("t").values({ id: 3, text: "third" }).execute();
    });
    await writing;
    expect(await one.db.selectFrom("t").select("id").orderBy("id").execute()).toEqual([
      { id: 1 },
      { id: 2 },
      { id: 3 },
    ]);
    await Promise.all([one.db.destroy(), other.db.destroy()]);
  });
});

describe("transactions", () => {
  it("are kept, or rolled back as a whole", async () => {
    const { db } = connect();
    await db.transaction().execute((inside) => inside.insertInto("t").values({ id: 1, text: "kept" }).execute());
    const failing = db.transaction().execute(async (inside) => {
      await inside.insertInto("t").values({ id: 2, text: "lost" }).execute();
      throw new Error("changed my mind");
    });
    await expect(failing).rejects.toThrow("changed my mind");
    expect(await db.selectFrom("t").select("id").execute()).toEqual([{ id: 1 }]);
    await db.destroy();
  });

  it("take the write lock at their start, so that reading first and writing later can't fail", async () => {
    const file = tempFile();
    const { db } = connect(file);
    const other = new DatabaseSync(file, { timeout: 0 });
    await db.transaction().execute(async (inside) => {
      await inside.selectFrom("t").selectAll().execute();
      expect(() => other.exec("insert into t values (9, 'between')")).toThrow("locked");
      await inside.insertInto("t").values({ id: 1, text: "in one piece" }).execute();
    });
    other.exec("insert into t values (9, 'after')");
    expect(await db.selectFrom("t").select("id").execute()).toEqual([{ id: 1 }, { id: 9 }]);
    other.close();
    await db.destroy();
  });

  it("hold migrations together: one that fails takes back those before it", async () => {
    const { db } = connect();
    const migrations = {
      "1": { up: (inside: Kysely<unknown>) => inside.schema.createTable("first").addColumn("a", "text").execute() },
      "2": { up: () => Promise.reject(new Error("no")) },
    };
    const { error } = await new Migrator({
      db,
      provider: { getMigrations: async () => migrations },
    }).migrateToLatest();
    expect(error).toMatchObject({ message: "no" });
    expect((await db.introspection.getTables()).map(({ name }) => name)).toEqual(["t"]);
    await db.destroy();
  });
});

describe("failures", () => {
  it("of the world are told in words, with the path and a remedy", async () => {
    const file = tempFile();
    const { db, database } = connect(file);
    const other = new DatabaseSync(file);
    other.exec("begin immediate");
    const insert = (text: string) => db.insertInto("t").values({ id: 1, text }).execute();
    await expect(insert("x")).rejects.toMatchObject({
      code: "store_failed",
      message: `The store ${file} is locked by another process.`,
      hint: expect.stringMatching(/try again/),
    });
    other.close();

    database.exec("pragma max_page_count = 3");
    await expect(insert("x".repeat(1_000_000))).rejects.toMatchObject({
      code: "store_failed",
      message: expect.stringMatching(/disk is full/),
    });

    database.exec("pragma query_only = on");
    await expect(insert("x")).rejects.toMatchObject({
      code: "store_failed",
      message: expect.stringMatching(/cannot be written/),
    });
    await db.destroy();
  });

  it("of the program stay what they are", async () => {
    const { db } = connect();
    await db.insertInto("t").values({ id: 1, text: null }).execute();
    await expect(db.insertInto("t").values({ id: 1, text: null }).execute()).rejects.toMatchObject({
      code: "ERR_SQLITE_ERROR",
    });
    await expect(sql`select no_such_column from t`.execute(db)).rejects.toMatchObject({ code: "ERR_SQLITE_ERROR" });
    await db.destroy();
  });
});
