import { chmod, cp, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { finished, type Machine, newMachine, START_MS, WITH_START_MS } from "./machine.ts";
import { accountIn, transcript } from "./transcript.ts";

const ROOT = join(import.meta.dirname, "../..");

/** Clutch as it is installed where the `openclaw` package is not: everything else is there. */
async function installWithoutOpenClaw(dir: string): Promise<string> {
  for (const part of ["src", "commands", "adapters", "guard", "suites", "package.json"]) {
    await cp(join(ROOT, part), join(dir, part), { recursive: true });
  }
  await mkdir(join(dir, "node_modules"));
  for (const name of await readdir(join(ROOT, "node_modules"))) {
    if (name === "openclaw" || name.startsWith(".")) continue;
    await symlink(join(ROOT, "node_modules", name), join(dir, "node_modules", name));
  }
  return join(dir, "src", "main.ts");
}

describe("where the openclaw package is not installed", () => {
  let machine: Machine;
  let main: string;
  let bin: string;
  const putOnPath = async (script: string): Promise<{ PATH: string }> => {
    await writeFile(join(bin, "openclaw"), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, "openclaw"), 0o755);
    return { PATH: `${bin}:/usr/bin:/bin` };
  };

  beforeAll(async () => {
    machine = await newMachine();
    main = await installWithoutOpenClaw(join(machine.dir, "clutch"));
    bin = join(machine.dir, "bin");
    await mkdir(bin);
  });
  afterAll(() => machine?.clear());

  it("and none is on the PATH: exit code 2 with the line that installs it", async () => {
    const { code, stdout, stderr } = await finished(machine.clutch(["start"], { main, env: { PATH: bin } }));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^✗ OpenClaw is not installed on this machine/);
    expect(stderr).toContain("npm install -g openclaw@latest");
    expect(stdout + stderr).not.toMatch(/^\s+at /m);
    expect([await machine.processes(), await machine.files()]).toEqual([[], []]);
  });

  it("and the one on the PATH does not run: exit code 2 with what it said", async () => {
    const env = await putOnPath(`echo "openclaw needs another Node" >&2; exit 1`);
    const { code, stderr } = await finished(machine.clutch(["start", "--tour"], { main, env }));
    expect(code).toBe(2);
    expect(stderr).toContain(`${join(bin, "openclaw")}, but it does not run: openclaw needs another Node`);
    expect(await machine.files()).toEqual([]);
  });

  it(
    "the one on the PATH is used; after SIGINT the reply is finished, no further line taken, everything ended",
    async () => {
      const openclaw = join(ROOT, "node_modules/openclaw/openclaw.mjs");
      const env = await putOnPath(`exec "${process.execPath}" "${openclaw}" "$@"`);
      const run = machine.clutch(["start", "--sandbox"], { main, env, input: "open" });
      await run.sees("Talk to the agent", START_MS);
      run.type("Hello, I keep bees.\nHow many hives?\n");
      await run.sees("[demo] claude-sonnet-5 here.");
      run.kill("SIGINT");
      expect(await run.ended).toBe(0);
      expect([await machine.processes(), await machine.files()]).toEqual([[], []]);
      expect(run.stderr()).toBe("");
      const exchanges = transcript(run.stdout());
      expect(exchanges.map(({ line }) => line)).toEqual(["Hello, I keep bees."]);
      expect(accountIn(exchanges[0]?.answer ?? "").label).toBe("anthropic/claude-sonnet-5 · cloud · demo");
    },
    WITH_START_MS,
  );
});
