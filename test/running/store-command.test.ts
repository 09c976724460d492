import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mendedCard, mendIfDamaged } from "../../src/cli/mended-store.ts";
import type { ExitCode, Runtime } from "../../src/cli/runtime.ts";
import { type StoreOptions, storeCommand } from "../../src/cli/store.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { openStore } from "../../src/store/open-store.ts";

let dir: string;
let file: string;
let now: number;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "clutch-store-command-"));
  file = join(dir, "clutch.db");
  now = Date.UTC(2026, 10, 28, 12);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function clutchStore(
  action: StoreOptions["action"],
  { json = false, backup }: { json?: boolean; backup?: string } = {},
): Promise<{ code: ExitCode; out: string; err: string }> {
  const said = { out: "", err: "" };
  const into = (name: keyof typeof said) =>
    new Writable({
      write(chunk, _, done) {
        said[name] += String(chunk);
        done();
      },
    });
  const runtime: Runtime = {
    ...{ env: {}, cwd: dir, home: dir, stdin: Readable.from([]), stdout: into("out"), stderr: into("err") },
    ...{ fetch: globalThis.fetch, clock: () => now, signal: new AbortController().signal },
  };
  const code = await storeCommand({ action, json, file: backup }, runtime);
  return { code, ...said };
}

async function write(entries: number): Promise<number> {
  const store = await openStore(`sqlite:${file}`, { clock: () => now });
  const audit = createAuditLog(store.db, () => now);
  for (let count = 0; count < entries; count++) await audit.append({ actor: "a", action: "x", result: "ok" });
  const { length } = await audit.list({ limit: 10_000 });
  await store.close();
  return length;
}

it("a store that nobody made yet: nothing is made by looking, and nothing can be copied", async () => {
  expect(await clutchStore("check")).toMatchObject({ code: 0, out: expect.stringContaining("does not exist yet") });
  expect(await clutchStore("backup")).toMatchObject({ code: 2, err: expect.stringContaining("no store at") });
  expect(await clutchStore("restore")).toMatchObject({ code: 2, err: expect.stringContaining("no good backup") });
  expect(readdirSync(dir)).toEqual([]);
});

it("is looked through, copied and put back", async () => {
  await write(3);
  expect(await clutchStore("check")).toEqual({ code: 0, out: `✓ ${file} is sound.\n`, err: "" });
  const made = await clutchStore("backup");
  expect(made).toMatchObject({ code: 0, out: expect.stringContaining("clutch.db.backup-20261128T120000Z") });
  expect(await clutchStore("check")).toMatchObject({
    out: expect.stringContaining("backup of 2026-11-28 12:00:00 UTC"),
  });
  await write(2);
  now += 1_000;
  const restored = await clutchStore("restore", { json: true });
  expect([restored.code, JSON.parse(restored.out)]).toEqual([
    0,
    {
      ok: true,
      restored: `${file}.backup-20261128T120000Z`,
      setAside: `${file}.before-restore-20261128T120001Z`,
    },
  ]);
  expect(await write(0)).toBe(3);
  expect((await clutchStore("restore", { backup: "clutch.db.before-restore-20261128T120001Z" })).code).toBe(0);
  expect(await write(0)).toBe(5);
});

it("is restored from the newest backup that is whole, where none is named", async () => {
  await write(3);
  await clutchStore("backup");
  await write(2);
  now += 3_600_000;
  await clutchStore("backup");
  truncateSync(`${file}.backup-20261128T130000Z`, 3 * 4096);
  const { code, out } = await clutchStore("restore", { json: true });
  expect([code, JSON.parse(out)]).toMatchObject([0, { restored: `${file}.backup-20261128T120000Z` }]);
  expect(await write(0)).toBe(3);

  truncateSync(`${file}.backup-20261128T120000Z`, 3 * 4096);
  expect(await clutchStore("restore")).toMatchObject({ code: 2, err: expect.stringContaining("no good backup") });
  expect(await write(0)).toBe(3);
});

describe("a damaged one", () => {
  const damage = async (): Promise<void> => {
    await write(300);
    truncateSync(file, 3 * 4096);
  };

  it("is told, with what to do, and never copied", async () => {
    await damage();
    expect(await clutchStore("check")).toMatchObject({
      code: 1,
      out: expect.stringMatching(/is damaged: .*\n.*restore/),
    });
    const { code, out } = await clutchStore("check", { json: true });
    expect([code, JSON.parse(out)]).toMatchObject([1, { ok: false, state: "damaged", backups: [] }]);
    expect((await clutchStore("backup")).code).toBe(1);
    expect(readdirSync(dir).filter((name) => name.includes("backup"))).toEqual([]);
  });

  it("is mended when Clutch starts, which says since when something is missing", async () => {
    await write(1);
    await clutchStore("backup");
    now += 90_000;
    await damage();
    const said: string[] = [];
    const logged: unknown[] = [];
    const logger = { error: (about: unknown) => void logged.push(about) } as never;
    const [mended] = await mendIfDamaged(`sqlite:${file}`, {
      say: (line) => void said.push(line),
      clock: () => now,
      logger,
    });
    if (mended === undefined) throw new Error("nothing was mended");
    expect(said).toEqual([expect.stringContaining("put back as it was at 2026-11-28 12:00:00 UTC")]);
    expect(said[0]).toContain(`kept as ${file}.damaged-20261128T120130Z`);
    expect(logged).toHaveLength(1);
    expect(mendedCard(mended)).toMatchObject({ tone: "error", title: "Clutch's store was damaged" });
    expect(await write(0)).toBe(1);
  });
});

it("PostgreSQL has its own tools, and the password is nobody's to see", async () => {
  writeFileSync(join(dir, "clutch.config.json"), `{ "store": "postgres://clutch:hunter2@db/clutch" }`);
  for (const action of ["backup", "restore"] as const) {
    const { code, err } = await clutchStore(action);
    expect([code, err]).toEqual([2, expect.stringContaining("pg_dump")]);
    expect(err).not.toContain("hunter2");
  }
});
