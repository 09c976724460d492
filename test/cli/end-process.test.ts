import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { finished, MAIN, type Machine, newMachine, type Run } from "./machine.ts";

/** To be run before `clutch` itself, in the same process. */
const preloaded = (code: string): Record<string, string> => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}`,
});
const MANIFEST = ["slack", "manifest"];
/** An end that nothing leads to. */
const HANGS = "process.on('exit', () => { process.stderr.write('hangs'); for (;;); });";
/** As with a command that does not see that it is to stop, and a library that listens as well. */
const DEAF =
  "AbortSignal.prototype.addEventListener = () => undefined; process.on('SIGTERM', () => process.stderr.write('heard'));";

describe("the end of the binary", () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await newMachine();
    await writeFile(join(machine.cwd, "clutch.config.json"), `{ "gateway": { "url": "ws://127.0.0.1:1" } }`);
  });
  afterAll(() => machine?.clear());

  /** How it ends; `SIGKILL` where it does not end by itself. */
  const endOf = async (run: Run) => {
    const enough = setTimeout(() => run.kill("SIGKILL"), 60_000);
    const end = await finished(run);
    clearTimeout(enough);
    return end;
  };
  const prints = async (run: Run, what: string): Promise<void> => {
    for (const since = performance.now(); performance.now() - since < 60_000 && !run.stderr().includes(what); ) {
      await sleep(20);
    }
    expect(run.stderr()).toContain(what);
  };

  it("comes although a handle was left open, and the log names it", async () => {
    const env = { CLUTCH_LOG: "debug", ...preloaded("setInterval(() => undefined, 1_000)") };
    const { code, stdout, stderr } = await endOf(machine.clutch(MANIFEST, { env }));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^display_information:/);
    expect(stderr).toMatch(/"held":\[[^\]]*"Timeout"[^\]]*\]/);
  });

  it("comes by itself where nothing is open", async () => {
    const { code, stderr } = await endOf(machine.clutch(MANIFEST, { env: { CLUTCH_LOG: "debug" } }));
    expect([code, stderr]).toEqual([0, ""]);
  });

  it.each(["", "setInterval(() => undefined, 1_000);"])(
    "keeps nothing from a reader that is slower than it: %s",
    async (held) => {
      const large = `${held} process.stdout.write('x'.repeat(1_000_000));`;
      const child = spawn(process.execPath, [MAIN, ...MANIFEST], { cwd: machine.cwd, env: preloaded(large) });
      const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)));
      await sleep(3_000);
      let printed = "";
      for await (const text of child.stdout.setEncoding("utf8")) printed += text;
      expect(await ended).toBe(0);
      expect(printed).toMatch(/^x{1000000}display_information:[\s\S]*\n$/);
    },
  );

  it("does not wait for a reader that went away", async () => {
    const env = preloaded("process.stdout.write('x'.repeat(1_000_000));");
    const child = spawn(process.execPath, [MAIN, ...MANIFEST], { cwd: machine.cwd, env });
    const enough = setTimeout(() => child.kill("SIGKILL"), 60_000);
    child.stdout.destroy();
    expect(await new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)))).toBe(0);
    clearTimeout(enough);
  });

  it.each([
    { what: "a command that is over", args: MANIFEST, code: HANGS },
    { what: "a crash", args: ["start"], code: `${HANGS} setTimeout(() => { throw new Error("broken"); }, 2_000);` },
  ])("is a signal's where Node hangs after $what", async ({ args, code }) => {
    const run = machine.clutch(args, { env: preloaded(code) });
    await prints(run, "hangs");
    run.kill("SIGTERM");
    expect((await endOf(run)).code).toBe("SIGTERM");
  });

  it.each([
    { args: ["start"], ready: "Waiting for it" },
    { args: ["wall", "run", "--listen", "127.0.0.1:0"], ready: "The wall stands" },
  ])("is the second signal's where $args does not stop", async ({ args, ready }) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      const run = machine.clutch(args, { env: preloaded(DEAF) });
      await run.sees(ready);
      run.kill("SIGTERM");
      await prints(run, "heard");
      run.kill(signal);
      expect((await endOf(run)).code).toBe(signal);
    }
  });
});
