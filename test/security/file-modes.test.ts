import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { MAIN } from "../cli/machine.ts";
import { COMPILE_CACHE } from "../compile-cache.ts";
import { openPermissions } from "./open-permissions.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A home and a working directory of their own, and `clutch` in them under an umask. */
async function place(umask: string) {
  const dir = await mkdtemp(join(tmpdir(), "clutch-modes-"));
  closing.push(() => rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
  const [home, cwd] = [join(dir, "home"), join(dir, "cwd")];
  for (const folder of [home, cwd]) await mkdir(folder, { mode: 0o700 });
  const clutch = (...args: readonly string[]) => {
    const child = spawn("/bin/sh", ["-c", `umask ${umask}; exec "$@"`, "sh", process.execPath, MAIN, ...args], {
      cwd,
      env: { PATH: "/usr/bin:/bin", HOME: home, NODE_COMPILE_CACHE: COMPILE_CACHE, OLLAMA_HOST: "127.0.0.1:1" },
      stdio: "ignore",
    });
    closing.push(() => child.kill("SIGKILL"));
    return { child, ended: once(child, "exit") };
  };
  return { dir, home, cwd, clutch };
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

describe.each(["000", "022"])("under umask %s", (umask) => {
  it("what Clutch writes without a gateway is its owner's alone", { timeout: 120_000 }, async () => {
    const { dir, home, cwd, clutch } = await place(umask);
    // Nothing listens there, and without a token Clutch makes a device key.
    await writeFile(
      join(cwd, "clutch.config.json"),
      '{ "gateway": { "url": "ws://127.0.0.1:1" }, "store": "sqlite:./deep/er/clutch.db" }',
      { mode: 0o600 },
    );
    await clutch("exec", "--as", "discord:1", "--in", "discord:123", "/model").ended;
    await clutch("localonly", "off", "--force", "--yes").ended;
    const wall = clutch("wall", "run", "--listen", "127.0.0.1:0");
    const socket = join(home, ".local/state/clutch/wall.sock");
    for (let tries = 0; tries < 600 && !(await exists(socket)); tries += 1) await sleep(50);

    // Looked at while it runs: the socket and the database's second file are there now.
    const found = await openPermissions(dir);
    expect(found.open).toEqual([]);
    const names = found.all.map(({ path }) => path.slice(dir.length + 1));
    expect(names).toEqual(expect.arrayContaining(["cwd/deep/er/clutch.db", "home/.local/state/clutch/wall.sock"]));
    wall.child.kill("SIGTERM");
    await wall.ended;
    expect((await openPermissions(dir)).open).toEqual([]);
    expect((await readdir(join(home, ".local/state/clutch"))).sort()).toEqual(
      expect.arrayContaining(["device.json", "forced-off.json"]),
    );
  });
});
