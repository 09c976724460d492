import { closeSync, existsSync, openSync, readdirSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import { backupsCheck, isStoreReady, storeCheck, storeSpaceCheck } from "../../src/doctor/store-checks.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { backUp } from "../../src/store/backups.ts";
import { openStore } from "../../src/store/open-store.ts";
import { fakeSystem } from "../hardware/fake-system.ts";
import { emptyDatabase } from "../store/databases.ts";
import { PASSWORD } from "../store/postgres-server.ts";
import { tempFile } from "../store/temp-store.ts";
import { findings, NODE, testWorld } from "./test-world.ts";

const look = (path: string) =>
  findings(storeCheck, testWorld({ config: { ...defaultConfig, store: `sqlite:${path}` } })).then(([found]) => found);

/** A store with some hundred kilobytes in it, closed again. */
async function filledStore(): Promise<string> {
  const path = tempFile();
  const store = await openStore(`sqlite:${path}`, { clock: () => 1_000 });
  const audit = createAuditLog(store.db, () => 1_000);
  for (let count = 0; count < 200; count++) {
    await audit.append({ actor: "discord:1", action: "test", result: "ok", reason: "x".repeat(1_000) });
  }
  await store.close();
  return path;
}

it("a sound store is up to date, and looking at it leaves it as it is", async () => {
  const path = await filledStore();
  const before = statSync(path);
  expect(await look(path)).toMatchObject({ state: "ok", found: expect.stringContaining("without damage") });
  expect(statSync(path)).toMatchObject({ size: before.size, mtimeMs: before.mtimeMs });
  expect(await isStoreReady(`sqlite:${path}`)).toBe("ready");
});

it("backups are none yet, fresh, or old", async () => {
  const path = await filledStore();
  const store = `sqlite:${path}`;
  const at = (now: string) =>
    findings(backupsCheck, testWorld({ config: { ...defaultConfig, store }, clock: () => Date.parse(now) }));
  expect(await at("2026-11-28T12:00:00Z")).toMatchObject([{ state: "skipped" }]);
  await backUp(path, Date.parse("2026-11-27T12:00:00Z"));
  expect(await at("2026-11-28T12:00:00Z")).toMatchObject([
    { state: "ok", found: expect.stringContaining("2026-11-27") },
  ]);
  expect(await at("2026-12-28T12:00:00Z")).toMatchObject([{ state: "warning", remedy: "clutch store backup" }]);
});

it("a store that another process has open can be looked at", async () => {
  const path = await filledStore();
  const store = await openStore(`sqlite:${path}`, { clock: () => 1_000 });
  expect(await look(path)).toMatchObject({ state: "ok" });
  await store.close();
});

it("none yet is no problem, and none is made", async () => {
  const path = tempFile();
  expect(await look(path)).toMatchObject({ state: "ok", found: expect.stringContaining("none yet") });
  expect(existsSync(path)).toBe(false);
  expect(await isStoreReady(`sqlite:${path}`)).toBe("missing");
});

it("one that is gone while its backups are there is broken, and none is made in its place", async () => {
  const path = await filledStore();
  await backUp(path, Date.parse("2026-11-27T12:00:00Z"));
  rmSync(path);
  const found = await look(path);
  expect(found).toMatchObject({
    state: "broken",
    found: expect.stringContaining("is gone, and backups of it are there"),
  });
  expect(found?.remedy).toContain("clutch store restore");
  expect(existsSync(path)).toBe(false);
  expect(await isStoreReady(`sqlite:${path}`)).toBe("unusable");
});

it("a damaged page is found, in the middle of the file", async () => {
  const path = await filledStore();
  const file = openSync(path, "r+");
  const { size } = statSync(path);
  for (let at = 4_096 * 10; at < size; at += 4_096) writeSync(file, Buffer.alloc(512, 0xa5), 0, 512, at);
  closeSync(file);
  const found = await look(path);
  expect(found).toMatchObject({ state: "broken", found: expect.stringContaining("damaged") });
  expect(found?.remedy).toContain("clutch store restore");
  expect(await isStoreReady(`sqlite:${path}`)).toBe("unusable");
});

it("what is no database is broken", async () => {
  const path = tempFile();
  writeFileSync(path, "Dear diary, ".repeat(1_000));
  expect(await look(path)).toMatchObject({
    state: "broken",
    found: expect.stringContaining("does not begin as a database does"),
  });
});

it("the database of another program is broken, and stays as it is", async () => {
  const path = tempFile();
  const other = new DatabaseSync(path);
  other.exec("create table theirs (a text)");
  other.close();
  expect(await look(path)).toMatchObject({ state: "broken", found: expect.stringContaining("another program") });
  expect(readdirSync(dirname(path))).toEqual(["clutch.db"]);
});

it("what a newer Clutch wrote is broken for this one", async () => {
  const path = await filledStore();
  const database = new DatabaseSync(path);
  database.exec("insert into kysely_migration (name, timestamp) values ('9999_later', '2027-01-01')");
  database.close();
  expect(await look(path)).toMatchObject({ state: "broken", found: expect.stringContaining("newer version") });
});

it("what an older Clutch wrote is brought up to date by the next start, not by looking", async () => {
  const path = await filledStore();
  const database = new DatabaseSync(path);
  database.exec("delete from kysely_migration where name = (select max(name) from kysely_migration)");
  database.close();
  expect(await look(path)).toMatchObject({ state: "ok", found: expect.stringContaining("next start") });
  expect(await isStoreReady(`sqlite:${path}`)).toBe("unusable");
});

it("an address that is none is told without what may be a password in it", async () => {
  const [found] = await findings(
    storeCheck,
    testWorld({ config: { ...defaultConfig, store: "mysql://me:p4ss@host/db" } }),
  );
  expect(found).toMatchObject({ state: "broken" });
  expect(JSON.stringify(found)).not.toContain("p4ss");
});

it.each([
  { freeBytes: 50e9, state: "ok" },
  { freeBytes: 500e6, state: "warning" },
  { freeBytes: 20e6, state: "broken" },
  { freeBytes: undefined, state: "skipped" },
])("$freeBytes bytes free where the store is: $state", async ({ freeBytes, state }) => {
  const path = tempFile();
  const folders = [dirname(path)];
  const system = fakeSystem({ node: NODE, folders, ...(freeBytes === undefined ? {} : { freeBytes }) });
  const config = { ...defaultConfig, store: `sqlite:${join(dirname(path), "deep", "down.db")}` };
  expect(await findings(storeSpaceCheck, testWorld({ config, system }))).toMatchObject([{ state }]);
});

describe("PostgreSQL", () => {
  const at = (store: string) => findings(storeCheck, testWorld({ config: { ...defaultConfig, store } }));

  it("answers, and is brought up to date by a start, not by looking", async () => {
    const url = await emptyDatabase("PostgreSQL");
    expect(await at(url)).toMatchObject([{ state: "ok", found: expect.stringContaining("next start") }]);
    expect(await isStoreReady(url)).toBe("unusable");
    await openStore(url, { clock: () => 0 }).then((store) => store.close());
    const found = await at(url);
    expect(found).toMatchObject([
      { state: "ok", found: expect.stringMatching(/^PostgreSQL at .*up to date and reachable/) },
    ]);
    expect(JSON.stringify(found)).not.toContain(PASSWORD);
  });

  it("that is not there, or refuses the password, is broken, and the password is not shown", async () => {
    const url = new URL(await emptyDatabase("PostgreSQL"));
    url.password = "not-the-p4ss";
    for (const address of [url.href, "postgres://me:p4ss@127.0.0.1:1/clutch"]) {
      const found = await at(address);
      expect(found).toMatchObject([{ state: "broken" }]);
      expect(JSON.stringify(found)).not.toContain("p4ss");
    }
  });
});
