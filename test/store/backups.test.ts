import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { Kysely } from "kysely";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { backUp, listBackups } from "../../src/store/backups.ts";
import { checkStore } from "../../src/store/check-store.ts";
import { startDailyBackup } from "../../src/store/daily-backup.ts";
import { migrate } from "../../src/store/migrations.ts";
import { openStore } from "../../src/store/open-store.ts";
import { openPostgres } from "../../src/store/postgres-backend.ts";
import type { Schema } from "../../src/store/schema.ts";
import { openSqlite } from "../../src/store/sqlite-backend.ts";
import { emptyDatabase } from "./databases.ts";
import { openTemp, startStoreChild, tempFile } from "./temp-store.ts";

const NOON = Date.UTC(2026, 10, 28, 12);
const HOUR = 60 * 60_000;
const SECOND = 1_000;
const entry = { actor: "discord:1", action: "model.switch", result: "ok" } as const;
const logger = pino({ level: "silent" });

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const beside = (file: string): string[] =>
  readdirSync(dirname(file))
    .filter((name) => !/^clutch\.db(-wal|-shm)?$/.test(name))
    .sort();
const audited = async (path: string): Promise<number> => {
  const store = await openStore(`sqlite:${path}`, { clock: () => NOON });
  const { length } = await createAuditLog(store.db, () => NOON).list({ limit: 100_000 });
  await store.close();
  return length;
};

async function storeWith(entries: number) {
  const file = tempFile();
  const { store } = await openTemp(`sqlite:${file}`);
  const audit = createAuditLog(store.db, () => NOON);
  for (let count = 0; count < entries; count++) await audit.append(entry);
  return { file, store, audit };
}

describe("a backup", () => {
  it("has what was written, is its owner's alone, and leaves the store in use", async () => {
    const { file, audit } = await storeWith(3);
    const { path, at } = await backUp(file, NOON + 300);
    expect([basename(path), at, mode(path)]).toEqual(["clutch.db.backup-20261128T120000Z", NOON, "600"]);
    await audit.append(entry);
    expect([await audited(path), await audited(file)]).toEqual([3, 4]);
    expect(beside(file)).toEqual([basename(path)]);
  });

  it("is whole while another process writes all the time", async () => {
    const { file } = await storeWith(0);
    const child = startStoreChild("write-forever", `sqlite:${file}`);
    await child.line();
    for (let count = 0; count < 5; count++) {
      const { path } = await backUp(file, NOON + count * SECOND);
      expect(await checkStore(`sqlite:${path}`, () => NOON)).toEqual({ state: "sound" });
    }
    child.process.kill("SIGKILL");
    expect(listBackups(file)).toHaveLength(3);
  });

  it("takes the place of the oldest of three, and of drafts of processes that died", async () => {
    const { file } = await storeWith(1);
    const [old, young] = [`${file}.backup-draft-0000aaaa`, `${file}.backup-draft-0000bbbb`];
    for (const draft of [old, young]) writeFileSync(draft, "half a copy");
    utimesSync(old, (NOON - 2 * HOUR) / 1000, (NOON - 2 * HOUR) / 1000);
    utimesSync(young, NOON / 1000, NOON / 1000);
    for (let count = 0; count < 5; count++) await backUp(file, NOON + count * SECOND);
    expect(listBackups(file).map(({ at }) => (at - NOON) / SECOND)).toEqual([4, 3, 2]);
    expect([existsSync(old), existsSync(young)]).toEqual([false, true]);
  });

  it("takes the place of one that lies ahead, from before the clock was set back, and not its own", async () => {
    const { file } = await storeWith(1);
    for (const day of [400, 401, 402, 0, 1, 2]) await backUp(file, NOON + day * 24 * HOUR);
    expect(listBackups(file).map(({ at }) => (at - NOON) / (24 * HOUR))).toEqual([2, 1, 0]);
    await backUp(file, NOON - 24 * HOUR);
    expect(listBackups(file).map(({ at }) => (at - NOON) / (24 * HOUR))).toEqual([2, 1, -1]);
  });

  it.each([
    ["cut short", (file: string) => truncateSync(file, 3 * 4096)],
    [
      "without some of its pages",
      (file: string) => {
        const bytes = readFileSync(file);
        writeFileSync(file, bytes.fill(0, 8 * 4096, bytes.length - 4096));
      },
    ],
  ])("is not made of a store that is %s: the good ones stay", async (_, damage) => {
    const { file, store } = await storeWith(500);
    const good = await backUp(file, NOON);
    await store.close();
    damage(file);
    for (let count = 1; count < 5; count++) {
      await expect(backUp(file, NOON + count * SECOND)).rejects.toMatchObject({
        code: "store_failed",
        message: expect.stringContaining("damaged"),
      });
    }
    expect(beside(file)).toEqual([basename(good.path)]);
  });
});

describe("before the tables of an older version are changed", () => {
  /** A store as an older version left it. */
  async function oldStore(): Promise<string> {
    const file = tempFile();
    const backend = await openSqlite(file);
    const db = new Kysely<Schema>({ dialect: backend.dialect });
    await migrate(db, backend, { upTo: "0003_config_changes_souls_measurements" });
    await db.destroy();
    return file;
  }
  const tables = (path: string): unknown[] => {
    const database = new DatabaseSync(path);
    const rows = database.prepare("select name from sqlite_schema where type = 'table'").all();
    database.close();
    return rows.map(({ name }) => name);
  };

  it("it is copied, and whoever opens it is told", async () => {
    const file = await oldStore();
    const told: unknown[] = [];
    const open = () =>
      openStore(`sqlite:${file}`, { clock: () => NOON, onMigrating: (about) => void told.push(about) });
    await (await open()).close();
    const [made] = listBackups(file);
    expect(told).toEqual([{ place: file, backup: made?.path }]);
    expect(tables(made?.path ?? "")).not.toContain("usage_calls");
    expect(tables(file)).toContain("usage_calls");

    await (await open()).close();
    expect([told.length, listBackups(file).length]).toEqual([1, 1]);
  });

  it("where it cannot be copied nothing is changed", async () => {
    const file = await oldStore();
    const before = tables(file);
    // Where the copy would go there is something that no file can be put over.
    const { mkdirSync } = await import("node:fs");
    mkdirSync(`${file}.backup-20261128T120000Z`);
    await expect(openStore(`sqlite:${file}`, { clock: () => NOON })).rejects.toThrow();
    expect(tables(file)).toEqual(before);
  });

  it("PostgreSQL's is told, since its copy is somebody else's to make", async () => {
    const url = await emptyDatabase("PostgreSQL");
    const backend = await openPostgres(url);
    const db = new Kysely<Schema>({ dialect: backend.dialect });
    await migrate(db, backend, { upTo: "0003_config_changes_souls_measurements" });
    await db.destroy();
    const told: unknown[] = [];
    const store = await openStore(url, { clock: () => NOON, onMigrating: (about) => void told.push(about) });
    await store.close();
    expect(told).toEqual([{ place: backend.place, backup: undefined }]);
  });

  it("nothing is copied of a store that is new", async () => {
    const { file } = await storeWith(0);
    expect(beside(file)).toEqual([]);
  });
});

describe("once a day", () => {
  /** Looks once at this moment. */
  async function lookAt(file: string, now: number): Promise<void> {
    const before = listBackups(file).length;
    const end = startDailyBackup({ file, clock: () => now, logger, firstLookMs: 0 });
    const deadline = performance.now() + 1_500;
    while (listBackups(file).length === before && performance.now() < deadline) await sleep(20);
    await end();
  }

  it("a copy is made, and none while the last one is younger", async () => {
    const { file } = await storeWith(1);
    await lookAt(file, NOON);
    await lookAt(file, NOON + 23 * HOUR);
    expect(listBackups(file).map(({ at }) => at)).toEqual([NOON]);
    await lookAt(file, NOON + 25 * HOUR);
    expect(listBackups(file)).toHaveLength(2);
  });

  it("one that lies ahead is from before the clock was set back, and does not count", async () => {
    const { file } = await storeWith(1);
    await lookAt(file, NOON + 400 * 24 * HOUR);
    await lookAt(file, NOON);
    expect(listBackups(file)).toHaveLength(2);
  });

  it("what goes wrong is logged and ends nothing", async () => {
    const { file, store } = await storeWith(1);
    await store.close();
    copyFileSync(file, `${file}.kept`);
    writeFileSync(file, "no database at all, but long enough to be looked at ".repeat(100));
    await lookAt(file, NOON);
    expect(listBackups(file)).toEqual([]);
    expect(readFileSync(file, "latin1")).toContain("no database at all");
  });
});
