import { type ChildProcessWithoutNullStreams, execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, it } from "vitest";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { mendStore } from "../../src/store/mend-store.ts";
import { openStore } from "../../src/store/open-store.ts";
import { STORE_CHILD, startStoreChild, tempFile, tempFolder } from "./temp-store.ts";

const clock = () => Date.UTC(2026, 10, 28, 12);
const children: ChildProcessWithoutNullStreams[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** Runs the child that fills its store, by a shell that first makes its disk small. */
function fill(shell: readonly string[], script: string) {
  const [program = "sh", ...args] = shell;
  const child = spawn(program, [...args, script], { cwd: "/" });
  children.push(child);
  child.stderr.pipe(process.stderr);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, line: async () => (await lines.next()).value as string | undefined };
}
const command = (...args: string[]): string => ["exec", process.execPath, STORE_CHILD, ...args].join(" ");

it("a file that may not grow: what was written stays, and it goes on when it may", async () => {
  const file = tempFile();
  const { child, line } = fill(["bash", "-c"], `ulimit -S -f 512; ${command("fill", `sqlite:${file}`)}`);
  expect(JSON.parse((await line()) ?? "")).toMatchObject({
    code: "store_failed",
    message: expect.stringContaining(file),
    hint: expect.stringMatching(/disk|space|limit/),
  });
  expect(await line()).toBe("reads true");
  execFileSync("prlimit", [`--pid=${child.pid}`, "--fsize=unlimited:"]);
  child.stdin.write("go on\n");
  expect(await line()).toBe("went on true");
});

/** A file system of its own needs a namespace of its own, which not every machine gives to everybody. */
const mounts = spawnSync("unshare", ["-Urm", "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /mnt"]).status === 0;
it.skipIf(!mounts)("a disk that is full: what was written stays, and it goes on when there is space", async () => {
  const folder = tempFolder();
  const small = `mount -t tmpfs -o size=1m tmpfs ${folder} && head -c 200000 /dev/zero > ${folder}/ballast`;
  const { child, line } = fill(
    ["unshare", "-Urm", "sh", "-c"],
    `${small} && ${command("fill", `sqlite:${folder}/clutch.db`, `${folder}/ballast`)}`,
  );
  expect(JSON.parse((await line()) ?? "")).toMatchObject({
    code: "store_failed",
    message: expect.stringMatching(/disk is full/),
    hint: expect.stringMatching(/Free some space/),
  });
  expect(await line()).toBe("reads true");
  child.stdin.write("go on\n");
  expect(await line()).toBe("went on true");
});

it("a backup for which there is no space leaves no part of a copy", async () => {
  const file = tempFile();
  const store = await openStore(`sqlite:${file}`, { clock });
  const audit = createAuditLog(store.db, clock);
  for (let count = 0; count < 60; count++) {
    await audit.append({ actor: "a", action: "x", reason: "x".repeat(20_000), result: "ok" });
  }
  await store.close();
  const { line } = fill(["bash", "-c"], `ulimit -f 400; ${command("back-up", `sqlite:${file}`)}`);
  expect(JSON.parse((await line()) ?? "")).toMatchObject({ code: "store_failed" });
  expect(readdirSync(dirname(file))).toEqual(["clutch.db"]);
});

it("a folder that cannot be written: said so, and nothing is set aside", async () => {
  const folder = join(tempFolder(), "store");
  mkdirSync(folder);
  const file = join(folder, "clutch.db");
  const store = await openStore(`sqlite:${file}`, { clock });
  await store.close();
  chmodSync(file, 0o444);
  chmodSync(folder, 0o555);
  // Root may write everywhere, so somebody else looks.
  const uid = process.getuid?.() === 0 ? { uid: 65_534 } : {};
  for (const task of ["open-once", "mend"]) {
    const line = (await startStoreChild(task, `sqlite:${file}`, uid).end()).at(-1);
    expect(JSON.parse(line ?? "")).toMatchObject({ code: "store_failed", message: expect.stringMatching(/cannot be/) });
  }
  expect(await mendStore(file, clock())).toBeUndefined();
  chmodSync(folder, 0o755);
  expect(readdirSync(folder)).toEqual(["clutch.db"]);
});
