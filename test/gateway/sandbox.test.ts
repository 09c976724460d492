import { once } from "node:events";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { findOpenClaw } from "../../src/openclaw/find-openclaw.ts";
import { startGatewayProcess } from "../../src/openclaw/gateway-process.ts";
import { processesOf } from "../../src/openclaw/process-table.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { findRunningSandbox, openRuntimeDir } from "../../src/sandbox/sandbox-records.ts";
import { eventually, startParent, temporaryDir } from "../sandbox/support.ts";

const logger = pino({ level: "silent" });
const isReady = async (url: string): Promise<unknown> => (await fetch(`${url.replace(/^ws/, "http")}/readyz`)).json();

/** A person with an OpenClaw of their own, as far as the environment tells, and no real model server. */
const personIn = (home: string): NodeJS.ProcessEnv => ({
  ...process.env,
  HOME: home,
  OPENCLAW_STATE_DIR: join(home, ".openclaw"),
  OPENCLAW_CONFIG_PATH: join(home, ".openclaw", "openclaw.json"),
  OPENCLAW_GATEWAY_PORT: "18789",
  OLLAMA_HOST: "127.0.0.1:9",
  ANTHROPIC_API_KEY: "",
});

describe("the sandbox on a real OpenClaw", () => {
  it("ends with a Clutch that is killed, and the next one starts where nothing is left of it", async () => {
    const runtimeDir = await openRuntimeDir(await temporaryDir());
    const home = await temporaryDir();

    const { parent, said } = await startParent([runtimeDir, "sandbox"], personIn(home));
    const dir = join(runtimeDir, "sandbox-1");
    expect(await isReady(String(said["url"]))).toMatchObject({ ready: true });
    expect(await findRunningSandbox(runtimeDir)).toMatchObject({
      url: said["url"],
      demoProviders: ["ollama", "anthropic"],
    });
    // Keeper, gateway and at least the gateway's spawn broker, which leaves its session.
    expect((await processesOf(dir)).length).toBeGreaterThanOrEqual(3);
    parent.kill("SIGKILL");
    await once(parent, "exit");
    expect(
      await eventually(
        () => processesOf(dir),
        (pids) => pids.length === 0,
        15_000,
      ),
    ).toEqual([]);
    expect(await findRunningSandbox(runtimeDir)).toBeUndefined();
    expect(await readdir(runtimeDir)).toContain("sandbox-1");

    const phases: string[] = [];
    const sandbox = await startSandbox({
      runtimeDir,
      env: personIn(home),
      fetch,
      logger,
      onProgress: ({ phase }) => phases.push(phase),
    });
    expect(phases).toEqual([
      "starting OpenClaw",
      "reading its configuration",
      "setting up its token",
      "preparing its state",
      "loading its plugins",
      "opening its port",
      "starting its services",
      "almost there",
      "ready",
    ]);
    expect(sandbox.gateway.url).not.toBe(said["url"]);
    expect(await isReady(sandbox.gateway.url)).toMatchObject({ ready: true });
    expect((await stat(join(dir, "openclaw.log"))).size, "OpenClaw's own log is inside").toBeGreaterThan(0);
    expect(await readdir(runtimeDir)).toEqual(expect.arrayContaining(["compile-cache", "sandbox-1", "sandbox-1.json"]));

    await sandbox.stop();
    expect(await processesOf(dir)).toEqual([]);
    expect(await readdir(runtimeDir)).toEqual(["compile-cache"]);
    await expect(isReady(sandbox.gateway.url)).rejects.toThrow();
    expect(await readdir(home), "the person's home").toEqual([]);
  });

  it("passes on what OpenClaw says of a configuration that it does not accept", async () => {
    const dir = await temporaryDir();
    const { command } = await findOpenClaw({ env: process.env });
    const config = { models: { mode: "sideways" } };
    const failure = await startGatewayProcess({ command, dir, config, env: process.env, logger }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: "sandbox_failed", message: expect.stringContaining("models.mode") });
    expect(await processesOf(dir)).toEqual([]);
  });
});
