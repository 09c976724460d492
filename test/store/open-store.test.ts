import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { openStore } from "../../src/store/open-store.ts";
import { DATABASES, emptyDatabase, newDatabase } from "./databases.ts";
import { PASSWORD } from "./postgres-server.ts";
import { openTemp, STORE_CHILD, startStoreChild, tempFile, tempFolder } from "./temp-store.ts";

const clock = () => 1_000;
const open = (path: string) => openStore(`sqlite:${path}`, { clock });
const permissions = (path: string) => (statSync(path).mode & 0o777).toString(8);
const hash = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

function raw(file: string, ...statements: string[]): void {
  const database = new DatabaseSync(file);
  for (const statement of statements) database.exec(statement);
  database.close();
}

describe("the form of the url", () => {
  it.each([
    "postgres:clutch:hunter2@db/clutch",
    "mysql://clutch:hunter2@db/clutch",
    "clutch.db",
    "sqlite:",
    "sqlite:~/clutch.db",
    "sqlite://clutch.db",
    "",
  ])("refuses %j, names the forms that exist and repeats no password", async (url) => {
    const failure = openStore(url, { clock });
    await expect(failure).rejects.toMatchObject({
      code: "bad_config",
      hint: expect.stringMatching(/sqlite:PATH.*postgres:/),
    });
    await expect(failure).rejects.toMatchObject({ message: expect.not.stringContaining("hunter2") });
  });

  it("takes a database in memory, each one its own", async () => {
    const [one, other] = [await open(":memory:"), await open(":memory:")];
    await createAuditLog(one.db, clock).append({ actor: "a", action: "x", result: "ok" });
    expect(await createAuditLog(one.db, clock).list()).toHaveLength(1);
    expect(await createAuditLog(other.db, clock).list()).toHaveLength(0);
    await one.close();
    await other.close();
    expect(existsSync(":memory:")).toBe(false);
  });
});

describe("the file", () => {
  it("is made for its owner only, in a folder for its owner only, and so are its companions", async () => {
    const folder = join(tempFolder(), "new", "deeper");
    const file = join(folder, "clutch.db");
    const { store } = await openTemp(`sqlite:${file}`);
    await createAuditLog(store.db, clock).append({ actor: "a", action: "x", result: "ok" });
    expect([folder, file, `${file}-wal`, `${file}-shm`].map(permissions)).toEqual(["700", "600", "600", "600"]);
  });

  it("that others could read is closed to them; a folder that exists stays as it is", async () => {
    const file = tempFile();
    writeFileSync(file, "", { mode: 0o644 });
    await (await open(file)).close();
    expect(permissions(file)).toBe("600");
    expect(permissions(join(file, ".."))).toBe("755");
  });

  it("keeps what was written, also through a symbolic link, and can be closed twice", async () => {
    const file = tempFile();
    const link = `${file}-link`;
    symlinkSync(file, link);
    const first = await open(file);
    await createAuditLog(first.db, clock).append({ actor: "a", action: "x", result: "ok" });
    await first.close();
    await first.close();
    const { store } = await openTemp(`sqlite:${link}`);
    expect(await createAuditLog(store.db, clock).list()).toMatchObject([{ actor: "a" }]);
  });

  it("is in WAL mode, checks foreign keys and lets REPLACE fire triggers", async () => {
    const { store } = await openTemp();
    const pragma = async (name: string) =>
      Object.values((await sql<object>`pragma ${sql.raw(name)}`.execute(store.db)).rows[0] ?? {})[0];
    expect(await pragma("journal_mode")).toBe("wal");
    expect(await pragma("synchronous")).toBe(1);
    expect(await pragma("foreign_keys")).toBe(1);
    expect(await pragma("recursive_triggers")).toBe(1);
  });
});

describe("a place that can't be used", () => {
  const places: Record<string, (folder: string) => { path: string; says: RegExp }> = {
    "a folder": (folder) => ({ path: folder, says: /is a folder/ }),
    "a file that is no database": (folder) => {
      const path = join(folder, "notes.txt");
      writeFileSync(path, "Not a database, only some text. ".repeat(50));
      return { path, says: /is not a database/ };
    },
    "a file in the place of the folder": (folder) => {
      writeFileSync(join(folder, "file"), "");
      return { path: join(folder, "file", "clutch.db"), says: /cannot be opened there/ };
    },
    "the database of another program": (folder) => {
      const path = join(folder, "other.db");
      raw(path, "create table theirs (a)");
      return { path, says: /another program/ };
    },
  };

  it.each(Object.entries(places))("%s: says so with the path and leaves it as it was", async (_, make) => {
    const { path, says } = make(tempFolder());
    const before = statSync(path, { throwIfNoEntry: false })?.isFile() ? [hash(path), permissions(path)] : [];
    const failure = await open(path).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({
      code: "store_failed",
      message: expect.stringMatching(says),
      hint: expect.stringMatching(/store/),
    });
    expect(failure).toMatchObject({ message: expect.stringContaining(path) });
    if (before.length > 0) expect([hash(path), permissions(path)]).toEqual(before);
  });

  // Root may write anywhere, so the opening is left to a process without its rights.
  const uid = process.getuid?.() === 0 ? { uid: 65_534 } : {};
  const readable = spawnSync(process.execPath, ["-e", `require("fs").accessSync(${JSON.stringify(STORE_CHILD)})`], {
    ...uid,
    cwd: "/",
  });

  it.skipIf(readable.status !== 0).each([
    ["a folder that can't be written, no file yet", (folder: string) => chmodSync(folder, 0o555)],
    [
      "a file that may only be read",
      (folder: string) => {
        writeFileSync(join(folder, "clutch.db"), "");
        chmodSync(join(folder, "clutch.db"), 0o444);
      },
    ],
    [
      "a whole store that may only be read",
      async (folder: string) => {
        await (await open(join(folder, "clutch.db"))).close();
        chmodSync(join(folder, "clutch.db"), 0o444);
        chmodSync(folder, 0o555);
      },
    ],
  ])("%s", async (_, prepare) => {
    const folder = tempFolder();
    await prepare(folder);
    const [line] = await startStoreChild("open-once", `sqlite:${join(folder, "clutch.db")}`, uid).end();
    expect(JSON.parse(line ?? "null")).toMatchObject({
      code: "store_failed",
      message: expect.stringContaining(`${folder}/clutch.db cannot be`),
      hint: expect.stringMatching(/store/),
    });
    chmodSync(folder, 0o755);
  });

  it("leaves no handle open behind a failure", async () => {
    const file = tempFile();
    raw(file, "create table theirs (a)");
    await expect(open(file)).rejects.toThrow("another program");
    if (process.platform !== "linux") return;
    const handles = spawnSync("ls", ["-l", `/proc/${process.pid}/fd`], { encoding: "utf8" }).stdout;
    expect(handles).not.toContain(file);
  });
});

describe("the tables in a file", () => {
  it("of a newer version are refused without a byte changed", async () => {
    const file = tempFile();
    await (await open(file)).close();
    raw(file, "insert into kysely_migration (name, timestamp) values ('0999_from_the_future', '2099-01-01T00:00:00Z')");
    const before = hash(file);
    await expect(open(file)).rejects.toMatchObject({ code: "store_failed" });
    expect(hash(file)).toBe(before);
  });

  it("are made once, and opening again changes nothing", async () => {
    const file = tempFile();
    await (await open(file)).close();
    const before = hash(file);
    await (await open(file)).close();
    expect(hash(file)).toBe(before);
  });

  it("wait for another process that holds a file which is not in WAL mode yet", async () => {
    const file = tempFile();
    const holder = new DatabaseSync(file);
    holder.exec("begin immediate");
    const opening = open(file);
    setTimeout(() => holder.exec("rollback"), 250);
    await (await opening).close();
    holder.close();
  });
});

describe.each(DATABASES)("the tables on %s", (database) => {
  it("of a newer version are refused, and nothing is touched", async () => {
    const { store, url } = await openTemp(await emptyDatabase(database));
    await store.expiring("n").set("gone", 1, 5);
    await sql`insert into kysely_migration (name, timestamp)
      values ('0999_from_the_future', '2099-01-01T00:00:00Z')`.execute(store.db);
    const failure = openStore(url, { clock: () => 9_999 });
    await expect(failure).rejects.toMatchObject({
      code: "store_failed",
      message: expect.stringMatching(/newer version.*0999_from_the_future/),
    });
    await expect(failure).rejects.toMatchObject({ message: expect.not.stringContaining(PASSWORD) });
    expect(await store.db.selectFrom("expiring").select("key").execute()).toEqual([{ key: "gone" }]);
  });

  it("are made by one of several processes that open a new store in the same moment", async () => {
    const url =
      database === "SQLite"
        ? `sqlite:${join(tempFolder(), "made-by-whoever-is-first", "clutch.db")}`
        : await emptyDatabase(database);
    const children = Array.from({ length: 6 }, () => startStoreChild("open-together", url));
    for (const child of children) expect(await child.line()).toBe("ready");
    for (const child of children) child.process.stdin.write("go\n");
    for (const child of children) expect(await child.end()).toEqual(["closed"]);

    const { store } = await openTemp(url);
    const entries = await createAuditLog(store.db, clock).list();
    expect(new Set(entries.map(({ actor }) => actor)).size).toBe(6);
    const changes = await store.db.selectFrom("changes").select(["id", "state"]).orderBy("id").execute();
    expect(changes).toEqual([1, 2, 3, 4, 5, 6].map((id) => ({ id, state: "done" })));
    const migrations = (db: typeof store.db) => sql`select name from kysely_migration order by name`.execute(db);
    const alone = await openTemp(await emptyDatabase(database));
    expect((await migrations(store.db)).rows).toEqual((await migrations(alone.store.db)).rows);
  });

  it("are swept of what has expired at each opening", async () => {
    const { store, url, time } = await openTemp(await newDatabase(database));
    await store.expiring("n").set("short", 1, 10);
    await store.expiring("n").set("long", 1, 10_000);
    await store.close();
    const later = await openStore(url, { clock: () => time.now + 10 });
    expect(await later.db.selectFrom("expiring").select("key").execute()).toEqual([{ key: "long" }]);
    await later.close();
  });
});
