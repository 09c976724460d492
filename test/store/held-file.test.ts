import { existsSync, readdirSync, renameSync, rmSync, statSync, truncateSync, unlinkSync } from "node:fs";
import { basename, dirname } from "node:path";
import { expect, it } from "vitest";
import type { ClutchError } from "../../src/errors.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { backUp } from "../../src/store/backups.ts";
import { checkStore } from "../../src/store/check-store.ts";
import { mendStore, refuseGone } from "../../src/store/mend-store.ts";
import { openStore } from "../../src/store/open-store.ts";
import { damageIn } from "../../src/store/sqlite-error.ts";
import { tempFile } from "./temp-store.ts";

const NOON = Date.UTC(2026, 10, 28, 12);
const HOUR = 60 * 60_000;
const clock = () => NOON;

async function opened(file: string) {
  const failures: ClutchError[] = [];
  const store = await openStore(`sqlite:${file}`, { clock, onFailure: (error) => void failures.push(error) });
  const audit = createAuditLog(store.db, clock);
  const write = async (count: number) => {
    for (let done = 0; done < count; done++) await audit.append({ actor: "a", action: "x", result: "ok" });
  };
  const read = async () => (await audit.list({ limit: 100_000 })).length;
  return { store, write, read, failures };
}
const entriesIn = async (file: string): Promise<number> => {
  const { store, read } = await opened(file);
  const found = await read();
  await store.close();
  return found;
};
const filesBeside = (file: string): string[] =>
  readdirSync(dirname(file)).map((name) => name.slice(basename(file).length));

it("a file that is deleted while it is open takes nothing more, and is written anew with all that was in it", async () => {
  const file = tempFile();
  const { store, write, read, failures } = await opened(file);
  await write(30);
  unlinkSync(file);
  for (const use of [() => write(1), read, () => store.db.transaction().execute(async () => write(1))]) {
    await expect(use()).rejects.toMatchObject({
      code: "store_failed",
      message: expect.stringContaining("was deleted"),
    });
  }
  expect(failures.map(({ cause }) => damageIn(cause))).toContain("it is not the file that was opened");
  await store.close();
  expect(await entriesIn(file)).toBe(30);
  expect((statSync(file).mode & 0o777).toString(8)).toBe("600");
  const told = await mendStore(file, NOON);
  expect(told).toEqual({ file, damage: null, setAside: null, restored: null, found: "deleted" });
});

it("one that is replaced while it is open is kept beside the other, whose pages are not mixed with its log", async () => {
  const file = tempFile();
  const other = await opened(`${file}-other`);
  await other.write(7);
  await other.store.close();
  const { store, write } = await opened(file);
  await write(30);
  renameSync(`${file}-other`, file);
  await expect(write(1)).rejects.toMatchObject({ code: "store_failed", message: expect.stringContaining("replaced") });
  await store.close();
  expect(await checkStore(`sqlite:${file}`, clock)).toEqual({ state: "sound" });
  const told = await mendStore(file, NOON);
  expect(told).toMatchObject({ damage: null, found: "replaced", setAside: expect.stringContaining(".replaced-") });
  expect([await entriesIn(file), await entriesIn(told?.setAside ?? "")]).toEqual([7, 30]);
});

it("one that is cut while it is open takes nothing more, and is mended", async () => {
  const file = tempFile();
  const first = await opened(file);
  await first.write(300);
  await first.store.close();
  await backUp(file, NOON - HOUR);
  const { store, write, failures } = await opened(file);
  await write(1);
  truncateSync(file, 3 * 4096);
  await expect(write(1)).rejects.toMatchObject({ code: "store_failed", message: expect.stringContaining("was cut") });
  expect(failures.map(({ cause }) => damageIn(cause))).toEqual(["it is shorter than it was"]);
  await store.close();
  expect(await mendStore(file, NOON)).toMatchObject({ restored: { at: NOON - HOUR } });
  expect(await entriesIn(file)).toBe(300);
});

it("a transaction that loses its file is given up, and none of it is kept", async () => {
  const file = tempFile();
  const { store, write } = await opened(file);
  await write(2);
  const lost = store.db.transaction().execute(async (transaction) => {
    await createAuditLog(transaction, clock).append({ actor: "a", action: "half", result: "ok" });
    unlinkSync(file);
  });
  await expect(lost).rejects.toMatchObject({ code: "store_failed" });
  await store.close();
  expect(await entriesIn(file)).toBe(2);
});

it("a file that is gone when Clutch starts comes from its newest good backup, and nobody else begins a new one", async () => {
  const file = tempFile();
  const { store, write } = await opened(file);
  await write(5);
  await backUp(file, NOON - HOUR);
  await write(5);
  await store.close();
  rmSync(file);
  expect(() => refuseGone(`sqlite:${file}`)).toThrow(/is gone, and backups of it are there/);
  expect(await checkStore(`sqlite:${file}`, clock)).toMatchObject({ state: "damaged" });
  expect(existsSync(file)).toBe(false);
  expect(await mendStore(file, NOON)).toMatchObject({ damage: null, setAside: null, restored: { at: NOON - HOUR } });
  expect(() => refuseGone(`sqlite:${file}`)).not.toThrow();
  expect(await entriesIn(file)).toBe(5);
});

it("where no backup is good a new one is begun, as at the first start", async () => {
  const file = tempFile();
  const { store } = await opened(file);
  const { path } = await backUp(file, NOON - HOUR);
  await store.close();
  truncateSync(path, 100);
  rmSync(file);
  expect(await mendStore(file, NOON)).toBeUndefined();
  expect(await entriesIn(file)).toBe(0);
});

it("a close that finds its folder gone ends all the same, and leaves nothing", async () => {
  const file = tempFile();
  const { store, write } = await opened(file);
  await write(1);
  rmSync(dirname(file), { recursive: true });
  await store.close();
  expect(existsSync(dirname(file))).toBe(false);
});

it("a sound one leaves nothing beside it", async () => {
  const file = tempFile();
  const { store, write } = await opened(file);
  await write(50);
  await store.close();
  expect(filesBeside(file)).toEqual([""]);
  expect(await mendStore(file, NOON)).toBeUndefined();
});
