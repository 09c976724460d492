import { spawn } from "node:child_process";
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";

const MAIN = join(import.meta.dirname, "../../src/main.ts");

let dir: string;
let port: number;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "clutch-waiting-"));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
  await new Promise((resolve) => server.close(resolve));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const configure = (url: string): void => {
  const gateway = { url, token: "some-token" };
  writeFileSync(join(dir, "clutch.config.json"), JSON.stringify({ gateway, http: { listen: `127.0.0.1:${port}` } }));
};

/** `clutch start` for a gateway that is not there. */
function start(output: "ignore" | "pipe" | number) {
  configure("ws://127.0.0.1:9");
  const env = { PATH: "/usr/bin:/bin", HOME: dir, TMPDIR: dir, OLLAMA_HOST: "127.0.0.1:1", CLUTCH_LOG: "debug" };
  const child = spawn(process.execPath, [MAIN, "start"], { cwd: dir, env, stdio: ["ignore", output, output] });
  const ended = new Promise<number | string | null>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? signal));
  });
  return { child, ended };
}

async function readiness(
  says = "Nothing listens",
): Promise<{ status: number; failing: { part: string; problem: string }[] }> {
  for (let tries = 0; ; tries++) {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    const body = response === undefined ? undefined : ((await response.json()) as { failing: never[] });
    const said = JSON.stringify(body ?? "");
    if (response !== undefined && said.includes(says)) return { status: response.status, ...body } as never;
    if (tries > 200) throw new Error(`not said: ${said}`);
    await sleep(50);
  }
}

it.each([
  ["", "ignore"],
  [", and goes on although its log cannot be written,", "full"],
] as const)("waits for its gateway%s: alive, not ready, and says why", async (_, output) => {
  const { child, ended } = start(output === "full" ? openSync("/dev/full", "w") : "ignore");
  try {
    const { status, failing } = await readiness();
    expect([status, failing.map(({ part }) => part)]).toEqual([503, ["gateway"]]);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).not.toMatch(/^clutch_gateway_attached /m);
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  } finally {
    child.kill("SIGKILL");
  }
});

it("takes a corrected configuration while it waits, and reads it again for a hang-up", async () => {
  const { child, ended } = start("pipe");
  let said = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const says = async (text: string) => {
    for (let tries = 0; tries < 400 && !said.includes(text); tries++) await sleep(50);
    expect(said).toContain(text);
  };
  try {
    await readiness("Nothing listens at 127.0.0.1:9");
    configure("ws://127.0.0.1:11");
    expect((await readiness("Nothing listens at 127.0.0.1:11")).status).toBe(503);
    expect(said).toContain("The configuration was read again. Changed: gateway.url. Gateway 127.0.0.1:11, as");

    child.kill("SIGHUP");
    await says("The configuration was read again; nothing in it has changed.");
    writeFileSync(join(dir, "clutch.config.json"), "{ gateway: ");
    child.kill("SIGHUP");
    await says("Nothing was changed: what was read before stays in force.");
    expect(child.exitCode).toBeNull();

    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  } finally {
    child.kill("SIGKILL");
  }
});

it("says that another one has the port, and goes on without it", async () => {
  const first = start("ignore");
  let second: ReturnType<typeof start> | undefined;
  try {
    await readiness();
    second = start("pipe");
    let said = "";
    second.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    for (let tries = 0; tries < 400 && !said.includes("Waiting for it"); tries++) await sleep(50);
    expect(said).toContain(`Nothing can listen at 127.0.0.1:${port}: another program uses it, perhaps another Clutch.`);
    expect(said).toContain("Clutch goes on without /healthz, /readyz and /metrics.");
    second.child.kill("SIGTERM");
    expect(await second.ended).toBe(0);
    expect((await readiness()).status).toBe(503);
  } finally {
    for (const { child } of [first, ...(second === undefined ? [] : [second])]) child.kill("SIGKILL");
  }
});
