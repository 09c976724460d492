import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually, type Machine, newMachine } from "./machine.ts";

describe("a start that is cut short", () => {
  let machine: Machine;
  beforeEach(async () => {
    machine = await newMachine();
  });
  afterEach(() => machine.clear());

  const gatewayRuns = async (): Promise<boolean> =>
    (await machine.processes()).some(({ command }) => !/gateway-keeper|main\.ts/.test(command));

  it.each([
    { signal: "SIGINT", when: "while the gateway starts" },
    { signal: "SIGTERM", when: "while the gateway starts" },
    { signal: "SIGHUP", when: "right away" },
  ] as const)("$signal $when: ends with 0 and leaves nothing", async ({ signal, when }) => {
    const run = machine.clutch(["start"], { input: "open" });
    await run.sees("Starting a private OpenClaw gateway");
    if (when === "while the gateway starts") expect(await eventually(gatewayRuns, (runs) => runs)).toBe(true);
    run.kill(signal);
    expect(await run.ended).toBe(0);
    expect([await machine.processes(), await machine.files()]).toEqual([[], []]);
    expect(run.stdout()).toMatch(/Stopped\.\n$/);
    expect(run.stderr()).toBe("");
  });

  it("a second Ctrl-C does not wait, and the gateway ends all the same", async () => {
    const run = machine.clutch(["start"], { input: "open" });
    await run.sees("Starting a private OpenClaw gateway");
    expect(await eventually(gatewayRuns, (runs) => runs)).toBe(true);
    run.kill("SIGINT");
    run.kill("SIGINT");
    expect([0, "SIGINT"]).toContain(await run.ended);
    expect(await eventually(machine.processes, (left) => left.length === 0)).toEqual([]);
  });

  it("kill -9: the gateway ends by itself", async () => {
    const run = machine.clutch(["start"], { input: "open" });
    await run.sees("Starting a private OpenClaw gateway");
    expect(await eventually(gatewayRuns, (runs) => runs)).toBe(true);
    run.kill("SIGKILL");
    await run.ended;
    expect(await eventually(machine.processes, (left) => left.length === 0)).toEqual([]);
  });

  it("an OpenClaw that is configured and does not run is named, and left as it is", async () => {
    await mkdir(join(machine.home, ".openclaw"));
    const config = join(machine.home, ".openclaw", "openclaw.json");
    await writeFile(config, `{ gateway: { port: 9, auth: { token: "mine-mine-mine" } } }`);
    const run = machine.clutch(["start"], { input: "open" });
    await run.sees("Starting a private OpenClaw gateway");
    expect(run.stdout()).toContain(`OpenClaw is configured in ${config}, but no gateway answers at 127.0.0.1:9.`);
    run.kill("SIGINT");
    expect(await run.ended).toBe(0);
    expect(await machine.files()).toEqual(["home/.openclaw/openclaw.json"]);
    expect(run.stdout() + run.stderr()).not.toContain("mine-mine-mine");
  });
});
