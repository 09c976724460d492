import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AuditOptions, audit } from "../../src/cli/audit.ts";
import { createAuditLog, type NewAuditEntry } from "../../src/store/audit-log.ts";
import { openStore } from "../../src/store/open-store.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const HOUR = 3_600_000;
let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "clutch-audit-"));
  await writeFile(join(cwd, "clutch.config.json"), JSON.stringify({ store: `sqlite:${join(cwd, "own.db")}` }));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const entry: NewAuditEntry = {
  actor: "discord:1",
  place: "agent:main:main",
  action: "model.switch",
  target: "agent:main:main",
  from: "default",
  to: "ollama/qwen3:8b",
  result: "ok",
};

/** Entries with their age in hours. */
async function write(...entries: readonly (Partial<NewAuditEntry> & { age: number })[]): Promise<void> {
  let now = NOW;
  const store = await openStore(`sqlite:${join(cwd, "own.db")}`, { clock: () => now });
  const log = createAuditLog(store.db, () => now);
  for (const { age, ...more } of entries) {
    now = NOW - age * HOUR;
    await log.append({ ...entry, ...more });
  }
  await store.close();
}

async function run(options: AuditOptions) {
  const stdout = Object.assign(new PassThrough(), { columns: 200 });
  const stderr = new PassThrough();
  const code = await audit(options, {
    env: {},
    cwd,
    home: cwd,
    stdin: new PassThrough(),
    stdout,
    stderr,
    fetch: () => Promise.reject(new Error("the audit log needs no network")),
    clock: () => NOW,
    signal: new AbortController().signal,
  });
  const out = String(stdout.read() ?? "");
  return { code, out, err: String(stderr.read() ?? ""), lines: out.split("\n").filter(Boolean) };
}
const ids = async (options: AuditOptions) =>
  (await run({ ...options, json: true })).lines.map((line) => (JSON.parse(line) as { id: number }).id);

describe("clutch audit", () => {
  it("prints every field on a line each, newest first", async () => {
    await write({ age: 2 }, { age: 1, result: "refused", code: "not_allowed", reason: "/model x" });
    const { code, lines } = await run({ json: true });
    expect(code).toBe(0);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { ...entry, id: 2, at: "2026-11-22T11:00:00.000Z", result: "refused", code: "not_allowed", reason: "/model x" },
      { ...entry, id: 1, at: "2026-11-22T10:00:00.000Z" },
    ]);
  });

  it("filters by who, where, what and when", async () => {
    await write(
      { age: 240, actor: "slack:U1" },
      { age: 100, place: "p", target: "t" },
      { age: 30, action: "model.undo" },
      { age: 1 },
    );
    expect(await ids({})).toEqual([4, 3, 2, 1]);
    expect(await ids({ actor: "slack:U1" })).toEqual([1]);
    expect(await ids({ place: "p" })).toEqual([2]);
    expect(await ids({ target: "t" })).toEqual([2]);
    expect(await ids({ action: "model.undo" })).toEqual([3]);
    expect(await ids({ since: "7d" })).toEqual([4, 3, 2]);
    expect(await ids({ since: "2w", until: "2d" })).toEqual([2, 1]);
    expect(await ids({ since: "2026-11-21" })).toEqual([4, 3]);
    expect(await ids({ since: "2026-11-22T11:00:00Z" })).toEqual([4]);
    expect(await ids({ since: "2026-11-22T12:00:00+01:00" })).toEqual([4]);
    expect(await ids({ until: "2026-11-22T11:00:00" })).toEqual([3, 2, 1]);
    expect(await ids({ limit: "2" })).toEqual([4, 3]);
    expect(await ids({ actor: "nobody" })).toEqual([]);
  });

  it("shows a table that people can read", async () => {
    await write({ age: 1, result: "failed", code: "not_verified" });
    const { code, out } = await run({});
    expect(code).toBe(0);
    for (const words of ["2026-11-22 11:00:00", "discord:1", "model.switch", "ollama/qwen3:8b", "failed: not_verified"])
      expect(out).toContain(words);
    expect((await run({ actor: "nobody" })).out).toContain("Nothing in the audit log fits");
  });

  it("makes no store by looking", async () => {
    expect(await run({ json: true })).toMatchObject({ code: 0, out: "" });
    expect(existsSync(join(cwd, "own.db"))).toBe(false);
  });

  it.each([
    { since: "yesterday" },
    { since: "7" },
    { until: "2026-13-01" },
    { until: "2026-11-22 12:00" },
    { since: "" },
    { limit: "0" },
    { limit: "many" },
    { limit: "1.5" },
    { limit: "-1" },
  ])("%j is the person's to correct", async (options) => {
    await write({ age: 1 });
    expect(await run(options)).toMatchObject({ code: 2, out: "", err: expect.stringContaining("✗ --") });
  });

  it("a store that is broken is a fault", async () => {
    await writeFile(join(cwd, "own.db"), "This is no database at all. ".repeat(40));
    expect(await run({})).toMatchObject({ code: 1, out: "", err: expect.stringContaining("is not a database") });
  });
});
