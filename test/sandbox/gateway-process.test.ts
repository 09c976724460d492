import { once } from "node:events";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { type GatewayProcessOptions, startGatewayProcess } from "../../src/openclaw/gateway-process.ts";
import { endProcessesOf, processesOf } from "../../src/openclaw/process-table.ts";
import { cleanUpStale } from "../../src/sandbox/sandbox-records.ts";
import { eventually, startParent, temporaryDir } from "./support.ts";

const logger = pino({ level: "silent" });
const fake = (mode: string) => ({
  program: process.execPath,
  args: [join(import.meta.dirname, "fake-gateway.ts"), mode],
});
const start = (dir: string, mode: string, more: Partial<GatewayProcessOptions> = {}) =>
  startGatewayProcess({ command: fake(mode), dir, config: {}, env: process.env, logger, ...more });
const isEmpty = (pids: readonly number[]): boolean => pids.length === 0;

describe("startGatewayProcess", () => {
  it("gives the gateway a directory, a loopback address and a token of its own", async () => {
    const dir = join(await temporaryDir(), "own");
    const phases: string[] = [];
    const config = {
      gateway: { bind: "lan", controlUi: { enabled: false } },
      agents: { a: 1 },
      logging: { level: "warn" },
    };
    const gateway = await start(dir, "", { config, onProgress: ({ phase }) => phases.push(phase) });
    const written = JSON.parse(await readFile(join(dir, "openclaw.json"), "utf8")) as Record<
      string,
      Record<string, unknown>
    >;
    expect(written).toEqual({
      agents: { a: 1 },
      gateway: {
        controlUi: { enabled: false },
        mode: "local",
        bind: "loopback",
        port: Number(new URL(gateway.url).port),
        auth: { mode: "token", token: gateway.token },
      },
      logging: { level: "warn", file: join(dir, "openclaw.log") },
    });
    expect(gateway.token).toMatch(/^[0-9a-f]{64}$/);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    expect((await stat(join(dir, "openclaw.json"))).mode & 0o777).toBe(0o600);
    expect((await stat(gateway.logFile)).mode & 0o777).toBe(0o600);
    expect(phases).toEqual(["starting OpenClaw", "reading its configuration", "ready"]);
    await gateway.stop();
    await expect(gateway.exited).resolves.toEqual({ code: null, signal: "SIGTERM" });
    expect(await processesOf(dir)).toEqual([]);
  });

  it("lets nothing of the person's environment through but what every program needs", async () => {
    const dir = await temporaryDir();
    const env = {
      PATH: process.env["PATH"],
      LANG: "C.UTF-8",
      HOME: "/home/someone",
      OPENCLAW_STATE_DIR: "/home/someone/.openclaw",
      OPENCLAW_GATEWAY_PORT: "18789",
      ANTHROPIC_API_KEY: "sk-not-for-you",
      NODE_OPTIONS: "--inspect",
    };
    const gateway = await start(dir, "", { env, extraEnv: { EXTRA_KEY: "extra-secret" } });
    await gateway.stop();
    const log = await readFile(gateway.logFile, "utf8");
    const seen = JSON.parse(/environment: (.*)/.exec(log)?.[1] ?? "{}") as Record<string, string>;
    const others = Object.keys(seen).filter((name) => !/^(OPENCLAW|CLUTCH)_/.test(name));
    expect(others.sort()).toEqual(["EXTRA_KEY", "HOME", "LANG", "NO_COLOR", "PATH", "TMPDIR"]);
    for (const name of ["HOME", "TMPDIR", "OPENCLAW_HOME", "OPENCLAW_STATE_DIR", "OPENCLAW_CONFIG_PATH"]) {
      expect(seen[name], name).toContain(`${dir}/`);
    }
    expect(seen["OPENCLAW_GATEWAY_PORT"]).toBeUndefined();
    expect(log).not.toContain("extra-secret");
    expect(log).not.toContain("sk-not-for-you");
  });

  it("says what a gateway said that ended early, without the token", async () => {
    const dir = await temporaryDir();
    const failure = await start(dir, "bad-config").catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "sandbox_failed", hint: expect.stringContaining(join(dir, "gateway.log")) });
    const { message } = failure as Error;
    expect(message).toContain("does not accept its configuration (exit code 78)");
    expect(message).toContain("token [hidden] is fine, but models.mode is not");
    expect(message).toContain("[gateway] loading configuration…");
    const { gateway } = JSON.parse(await readFile(join(dir, "openclaw.json"), "utf8")) as {
      gateway: { auth: { token: string } };
    };
    expect(message).not.toContain(gateway.auth.token);
    expect(await readFile(join(dir, "gateway.log"), "utf8")).not.toContain(gateway.auth.token);
  });

  it("ends a gateway that is not ready in time", async () => {
    const dir = await temporaryDir();
    await expect(start(dir, "never-ready", { timeoutMs: 1_500 })).rejects.toThrow(
      "not ready within 2 s and was stopped",
    );
    expect(await processesOf(dir)).toEqual([]);
  });

  it("ends with the caller's own reason when the start is called off", async () => {
    const dir = await temporaryDir();
    const caller = new AbortController();
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === "reading its configuration") caller.abort(new Error("never mind"));
    };
    await expect(start(dir, "never-ready", { signal: caller.signal, onProgress })).rejects.toThrow("never mind");
    expect(await processesOf(dir)).toEqual([]);
  });

  it("names a program that cannot be run", async () => {
    const dir = await temporaryDir();
    await expect(start(dir, "", { command: { program: "/nowhere/openclaw", args: [] } })).rejects.toThrow(
      /ended while it started \(exit code 127\)[\s\S]*\/nowhere\/openclaw/,
    );
  });

  it("starts again with the same address, token and state", async () => {
    const dir = await temporaryDir();
    const gateway = await start(dir, "brood");
    const { url, token, pid } = gateway;
    const before = await processesOf(dir);
    let ended = false;
    void gateway.exited.then(() => {
      ended = true;
    });
    await gateway.restart();
    expect({ url: gateway.url, token: gateway.token }).toEqual({ url, token });
    expect(gateway.pid).not.toBe(pid);
    expect((await processesOf(dir)).filter((one) => before.includes(one))).toEqual([]);
    expect(ended).toBe(false);
    await gateway.stop();
    await gateway.exited;
    expect(await processesOf(dir)).toEqual([]);
  });

  it("takes along a process that left the gateway's session", async () => {
    const dir = await temporaryDir();
    const gateway = await start(dir, "brood");
    expect(await processesOf(dir)).toHaveLength(3);
    await gateway.stop();
    expect(await processesOf(dir)).toEqual([]);
  });

  it("kills a gateway that does not stop when told", async () => {
    const dir = await temporaryDir();
    const gateway = await start(dir, "stubborn");
    await gateway.stop();
    await expect(gateway.exited).resolves.toEqual({ code: null, signal: "SIGKILL" });
    expect(await readFile(gateway.logFile, "utf8")).toMatch(/^no$/m);
    expect(await processesOf(dir)).toEqual([]);
  });

  it("clears up when the keeper is killed", async () => {
    const dir = await temporaryDir();
    const gateway = await start(dir, "brood");
    process.kill(gateway.pid, "SIGKILL");
    await expect(gateway.exited).resolves.toEqual({ code: null, signal: "SIGKILL" });
    expect(await processesOf(dir)).toEqual([]);
    await gateway.stop();
  });
});

describe("a Clutch that is killed", () => {
  it("takes its gateway with it", async () => {
    const runtimeDir = await temporaryDir();
    const { parent, said } = await startParent([runtimeDir, "fake", "brood"]);
    const dir = String(said["dir"]);
    expect(await processesOf(dir)).toHaveLength(3);
    parent.kill("SIGKILL");
    expect(await eventually(() => processesOf(dir), isEmpty, 10_000)).toEqual([]);
  });

  it("leaves to the next start what was killed with its keeper", async () => {
    const runtimeDir = await temporaryDir();
    const { parent, said } = await startParent([runtimeDir, "fake", "brood"]);
    const dir = String(said["dir"]);
    await cleanUpStale(runtimeDir, logger);
    expect(await processesOf(dir), "the owner still runs").toHaveLength(3);

    process.kill(Number(said["keeper"]), "SIGSTOP");
    parent.kill("SIGKILL");
    await once(parent, "exit");
    process.kill(Number(said["keeper"]), "SIGKILL");
    const isKeeperGone = (pids: readonly number[]): boolean => pids.length === 2;
    expect(await eventually(() => processesOf(dir), isKeeperGone, 5_000), "gateway and brood remain").toHaveLength(2);

    const other = join(runtimeDir, "mine");
    await mkdir(other);
    await cleanUpStale(runtimeDir, logger);
    expect(await processesOf(dir)).toEqual([]);
    expect(await readdir(runtimeDir)).toEqual(["mine"]);
  });
});

describe("endProcessesOf", () => {
  it("touches nothing that only resembles the directory", async () => {
    const base = await temporaryDir();
    const gateway = await start(join(base, "one-more"), "");
    expect(await endProcessesOf(join(base, "one"))).toEqual([]);
    expect(await processesOf(join(base, "one-more"))).toHaveLength(2);
    await gateway.stop();
  });
});
