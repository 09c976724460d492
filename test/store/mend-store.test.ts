import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { ClutchError } from "../../src/errors.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { backUp } from "../../src/store/backups.ts";
import { createChangeJournal } from "../../src/store/change-journal.ts";
import { checkStore } from "../../src/store/check-store.ts";
import { forgetMended, mendStore, restoreStore } from "../../src/store/mend-store.ts";
import { openStore } from "../../src/store/open-store.ts";
import { damageIn } from "../../src/store/sqlite-error.ts";
import { startStoreChild, tempFile } from "./temp-store.ts";

const NOON = Date.UTC(2026, 10, 28, 12);
const HOUR = 60 * 60_000;
const PAGE = 4096;
const clock = () => NOON;

async function write(file: string, entries: number): Promise<void> {
  const store = await openStore(`sqlite:${file}`, { clock });
  const audit = createAuditLog(store.db, clock);
  await store.db.transaction().execute(async (transaction) => {
    const into = createAuditLog(transaction, clock);
    for (let count = 0; count < entries; count++) {
      await into.append({ actor: "discord:1", action: "model.switch", reason: "x".repeat(200), result: "ok" });
    }
  });
  await audit.list({ limit: 1 });
  await store.close();
}
async function entriesIn(file: string): Promise<number> {
  const store = await openStore(`sqlite:${file}`, { clock });
  const found = await createAuditLog(store.db, clock).list({ limit: 100_000 });
  await store.close();
  return found.length;
}
/** 200 entries, a backup of them, then 100 more. */
async function storeWithBackup(): Promise<string> {
  const file = tempFile();
  await write(file, 200);
  await backUp(file, NOON - HOUR);
  await write(file, 100);
  return file;
}
function overwrite(file: string, at: number, bytes: Buffer): void {
  const handle = openSync(file, "r+");
  writeSync(handle, bytes, 0, bytes.length, at);
  closeSync(handle);
}
const zeros = (count: number): Buffer => Buffer.alloc(count);

const DAMAGES: readonly [what: string, damage: (file: string) => void][] = [
  ["its first page is zeros", (file) => overwrite(file, 0, zeros(PAGE))],
  ["pages in its middle are zeros", (file) => overwrite(file, 4 * PAGE, zeros(statSync(file).size - 8 * PAGE))],
  ["it was cut in half", (file) => truncateSync(file, Math.floor(statSync(file).size / 2 / PAGE) * PAGE)],
  ["it was cut within a page", (file) => truncateSync(file, 3 * PAGE + 100)],
  ["it is empty", (file) => truncateSync(file, 0)],
  ["something else is in it", (file) => writeFileSync(file, "What a nice day. ".repeat(1_000))],
  ["its pages are noise", (file) => overwrite(file, 2 * PAGE, Buffer.alloc(3 * PAGE, 0xa7))],
];

describe("a store is damaged:", () => {
  it.each(DAMAGES)("%s; it is set aside as it was, and the backup takes its place", async (_, damage) => {
    const file = await storeWithBackup();
    damage(file);
    const broken = readFileSync(file);
    const mended = await mendStore(file, NOON);
    expect(mended).toMatchObject({
      setAside: `${file}.damaged-20261128T120000Z`,
      restored: { path: `${file}.backup-20261128T110000Z`, at: NOON - HOUR },
    });
    expect(mended?.damage).toMatch(/\w/);
    expect(readFileSync(mended?.setAside ?? "").equals(broken)).toBe(true);
    expect(await entriesIn(file)).toBe(200);
    expect((statSync(file).mode & 0o777).toString(8)).toBe("600");
    // The next one is told as well, until somebody said that it was told.
    expect(await mendStore(file, NOON + HOUR)).toEqual(mended);
    forgetMended(file);
    expect(await mendStore(file, NOON + HOUR)).toBeUndefined();
  });

  it.each(DAMAGES.filter(([what]) => !/empty|else/.test(what)))(
    "%s, and there is no backup: a new one can be begun",
    async (_, damage) => {
      const file = tempFile();
      await write(file, 200);
      damage(file);
      expect(await mendStore(file, NOON)).toMatchObject({ restored: null });
      expect(existsSync(file)).toBe(false);
      expect(await entriesIn(file)).toBe(0);
    },
  );

  it("and so is the newest backup: the one before it is taken", async () => {
    const file = await storeWithBackup();
    const newest = await backUp(file, NOON - HOUR / 2);
    truncateSync(newest.path, 3 * PAGE);
    overwrite(file, 0, zeros(PAGE));
    expect((await mendStore(file, NOON))?.restored?.at).toBe(NOON - HOUR);
    expect(await entriesIn(file)).toBe(200);
  });

  it("with what a killed process had not put into the file yet: nothing of that is added to the backup", async () => {
    const file = await storeWithBackup();
    const child = startStoreChild("write-forever", `sqlite:${file}`);
    for (let count = 0; count < 50; count++) await child.line();
    child.process.kill("SIGKILL");
    await child.end();
    expect(existsSync(`${file}-wal`)).toBe(true);
    overwrite(file, 20 * PAGE, zeros(statSync(file).size - 24 * PAGE));
    const mended = await mendStore(file, NOON);
    expect(mended?.restored?.at).toBe(NOON - HOUR);
    expect(statSync(mended?.setAside ?? "").size).toBeGreaterThan(20 * PAGE);
    expect(await checkStore(`sqlite:${file}`, clock)).toEqual({ state: "sound" });
    const store = await openStore(`sqlite:${file}`, { clock });
    expect(await createChangeJournal(store.db, clock).latest("s")).toBeUndefined();
    await store.close();
    expect(await entriesIn(file)).toBe(200);
  });
});

it("one that turns out to be damaged while it is open is told as that, to whoever watches over it", async () => {
  const file = tempFile();
  await write(file, 3_000);
  // The last pages are rows of the audit log alone.
  overwrite(file, statSync(file).size - 100 * PAGE, zeros(98 * PAGE));
  const failures: ClutchError[] = [];
  const store = await openStore(`sqlite:${file}`, { clock, onFailure: (error) => void failures.push(error) });
  const listed = createAuditLog(store.db, clock).list({ limit: 100_000 });
  await expect(listed).rejects.toMatchObject({ code: "store_failed", message: expect.stringContaining("is damaged") });
  expect(failures.map(({ cause }) => damageIn(cause))).toEqual(["its pages do not fit together"]);
  await store.close();
});

describe("left as it is:", () => {
  it("a sound store, one that does not exist, and a new file that is empty", async () => {
    const sound = await storeWithBackup();
    expect(await mendStore(sound, NOON)).toBeUndefined();
    expect(await entriesIn(sound)).toBe(300);
    const none = tempFile();
    expect(await mendStore(none, NOON)).toBeUndefined();
    writeFileSync(none, "");
    expect(await mendStore(none, NOON)).toBeUndefined();
    expect(existsSync(none)).toBe(true);
  });

  it("a file of another kind that was named by mistake", async () => {
    const file = tempFile();
    writeFileSync(file, "My diary. ".repeat(1_000));
    expect(await mendStore(file, NOON)).toBeUndefined();
    expect(readdirSync(dirname(file))).toEqual([basename(file)]);
    await expect(openStore(`sqlite:${file}`, { clock })).rejects.toMatchObject({ code: "store_failed" });
  });
});

it("killed at any moment it leaves the damaged file or the backup, and the next one finishes", async () => {
  const file = await storeWithBackup();
  overwrite(file, 0, zeros(PAGE));
  const broken = readFileSync(file);
  let killed = 0;
  for (let round = 0; round < 16; round++) {
    writeFileSync(file, broken);
    const child = startStoreChild("mend", `sqlite:${file}`);
    expect(await child.line()).toBe("ready");
    await sleep(round * 10);
    child.process.kill("SIGKILL");
    if (!(await child.end()).includes("mended")) killed++;
    const health = await checkStore(`sqlite:${file}`, clock);
    if (health.state === "sound") expect(await entriesIn(file)).toBe(200);
    else expect(readFileSync(file).equals(broken)).toBe(true);
    await mendStore(file, NOON + round * 1_000);
    expect(await entriesIn(file)).toBe(200);
    expect(existsSync(`${file}.restoring`)).toBe(false);
  }
  expect(killed).toBeGreaterThan(0);
});

describe("a backup is restored", () => {
  it("in the place of a sound store, which is kept", async () => {
    const file = await storeWithBackup();
    const setAside = await restoreStore(file, `${file}.backup-20261128T110000Z`, NOON);
    expect([await entriesIn(file), await entriesIn(setAside ?? "")]).toEqual([200, 300]);
  });

  it("not while a process has the store open", async () => {
    const file = await storeWithBackup();
    const store = await openStore(`sqlite:${file}`, { clock });
    await expect(restoreStore(file, `${file}.backup-20261128T110000Z`, NOON)).rejects.toThrow(
      /in use by another process/,
    );
    await createAuditLog(store.db, clock).append({ actor: "a", action: "x", result: "ok" });
    await store.close();
    expect(await entriesIn(file)).toBe(301);
  });

  it("only where it is sound itself", async () => {
    const file = await storeWithBackup();
    const backup = `${file}.backup-20261128T110000Z`;
    truncateSync(backup, 2 * PAGE);
    for (const bad of [backup, `${file}.nowhere`]) {
      await expect(restoreStore(file, bad, NOON)).rejects.toThrow(/no sound backup/);
    }
    expect(await entriesIn(file)).toBe(300);
  });
});
