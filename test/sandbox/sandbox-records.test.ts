import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { identityOf } from "../../src/openclaw/process-table.ts";
import { cleanUpStale, createRecord, findRunningSandbox, openRuntimeDir } from "../../src/sandbox/sandbox-records.ts";
import { temporaryDir } from "./support.ts";

const logger = pino({ level: "silent" });
const access = {
  url: "ws://127.0.0.1:4711",
  token: "secret-token",
  servers: { ollama: { kind: "ollama" as const, baseUrl: "http://127.0.0.1:1" } },
  stateDirectory: "/state",
  demoProviders: ["ollama"],
  store: "sqlite:/somewhere/clutch.db",
};

/** A record as a process that is gone would have left it. */
async function leave(runtimeDir: string, name: string, owner: unknown, how: unknown = access): Promise<void> {
  await mkdir(join(runtimeDir, name));
  await writeFile(join(runtimeDir, name, "state.db"), "x");
  await writeFile(join(runtimeDir, `${name}.json`), JSON.stringify({ owner, access: how }));
}

describe("a sandbox's record", () => {
  it("is found by others from when it is published until it is removed", async () => {
    const runtimeDir = await openRuntimeDir(await temporaryDir());
    const record = await createRecord(runtimeDir);
    expect(await findRunningSandbox(runtimeDir)).toBeUndefined();
    await record.publish(access);
    expect(await findRunningSandbox(runtimeDir)).toEqual(access);
    expect((await stat(`${record.dir}.json`)).mode & 0o777).toBe(0o600);
    expect((await stat(record.dir)).mode & 0o777).toBe(0o700);
    await record.remove();
    expect(await findRunningSandbox(runtimeDir)).toBeUndefined();
    expect(await readdir(runtimeDir)).toEqual([]);
  });

  it("keeps no key of a real model server", async () => {
    const runtimeDir = await openRuntimeDir(await temporaryDir());
    const record = await createRecord(runtimeDir);
    const server = { kind: "anthropic" as const, baseUrl: "https://api.anthropic.com", apiKey: "sk-very-secret" };
    await record.publish({ ...access, servers: { anthropic: server } });
    expect(await readFile(`${record.dir}.json`, "utf8")).not.toContain("sk-very-secret");
  });

  it("gives sandboxes that run side by side a directory each, and uses a free one again", async () => {
    const runtimeDir = await openRuntimeDir(await temporaryDir());
    const records = await Promise.all(Array.from({ length: 9 }, () => createRecord(runtimeDir)));
    const dirs = records.map(({ dir }) => dir).sort();
    expect(dirs).toEqual(records.map((_, at) => join(runtimeDir, `sandbox-${at + 1}`)));
    await Promise.all(records.map((record) => record.remove()));
    expect((await createRecord(runtimeDir)).dir).toBe(dirs[0]);
  });
});

describe("cleanUpStale", () => {
  it.each([
    ["a process that is gone", async () => ({ pid: 2 ** 22 + 1, startTime: "1" })],
    ["a number that another process has now", async () => ({ pid: process.pid, startTime: "1" })],
    ["nobody", async () => "?"],
  ])("removes a sandbox of %s", async (_, owner) => {
    const runtimeDir = await openRuntimeDir(await temporaryDir());
    await leave(runtimeDir, "sandbox-1", await owner());
    expect(await findRunningSandbox(runtimeDir)).toBeUndefined();
    await cleanUpStale(runtimeDir, logger);
    expect(await readdir(runtimeDir)).toEqual([]);
  });

  it("leaves alone the sandbox of a process that runs, and what is no sandbox", async () => {
    const runtimeDir = await openRuntimeDir(await temporaryDir());
    await leave(runtimeDir, "sandbox-1", await identityOf(process.pid));
    await mkdir(join(runtimeDir, "compile-cache"));
    await writeFile(join(runtimeDir, "notes.json"), "{}");
    await cleanUpStale(runtimeDir, logger);
    expect((await readdir(runtimeDir)).sort()).toEqual(["compile-cache", "notes.json", "sandbox-1", "sandbox-1.json"]);
    expect(await findRunningSandbox(runtimeDir)).toEqual(access);
  });
});

describe("a record of another version", () => {
  it("cannot be joined, but its sandbox is left alone", async () => {
    const runtimeDir = await openRuntimeDir(await temporaryDir());
    await leave(runtimeDir, "sandbox-1", await identityOf(process.pid), { address: "somewhere" });
    await cleanUpStale(runtimeDir, logger);
    expect(await readdir(runtimeDir)).toContain("sandbox-1");
    expect(await findRunningSandbox(runtimeDir)).toBeUndefined();
  });
});

describe("openRuntimeDir", () => {
  it("refuses a directory that others can open, and believes nothing in it", async () => {
    const runtimeDir = await temporaryDir();
    await leave(runtimeDir, "sandbox-1", await identityOf(process.pid));
    await chmod(runtimeDir, 0o755);
    await expect(openRuntimeDir(runtimeDir)).rejects.toMatchObject({ code: "sandbox_failed" });
    expect(await findRunningSandbox(runtimeDir)).toBeUndefined();
  });

  it("refuses a link, which somebody else may have put there", async () => {
    const base = await temporaryDir();
    await mkdir(join(base, "real"), { mode: 0o700 });
    await symlink(join(base, "real"), join(base, "link"));
    await expect(openRuntimeDir(join(base, "link"))).rejects.toMatchObject({ code: "sandbox_failed" });
  });
});

describe("findRunningSandbox", () => {
  it("finds nothing where there never was a sandbox", async () => {
    expect(await findRunningSandbox(join(await temporaryDir(), "none"))).toBeUndefined();
  });
});
