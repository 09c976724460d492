import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shellBlocks } from "../docs/shell-lines.ts";
import { MAIN, type Machine, newMachine, type Run, START_MS } from "./machine.ts";

const blocks = (await shellBlocks()).filter(({ words }) => words === "run");

describe("shell blocks of the documentation, run beside a sandbox", () => {
  let machine: Machine;
  let sandbox: Run;
  let bin: string;

  beforeAll(async () => {
    machine = await newMachine();
    bin = join(machine.dir, "bin");
    await mkdir(bin);
    // As from a checkout, and as it is installed.
    const clutch = `exec "${process.execPath}" "${MAIN}" "$@"`;
    await writeFile(join(bin, "clutch"), `#!/bin/sh\n${clutch}\n`);
    await writeFile(
      join(bin, "npm"),
      `#!/bin/sh\n[ "$1 $2 $3 $4" = "run -s clutch --" ] || exit 64\nshift 4\n${clutch}\n`,
    );
    for (const name of ["clutch", "npm"]) await chmod(join(bin, name), 0o755);
    sandbox = machine.clutch(["start", "--sandbox"], { input: "open" });
    await sandbox.sees("Talk to the agent", START_MS);
  }, 2 * START_MS);
  afterAll(async () => {
    sandbox?.kill("SIGINT");
    await sandbox?.ended;
    await machine?.clear();
  });

  it("there are some", () => expect(blocks.length).toBeGreaterThan(4));

  it.each(blocks.map((block) => [`${block.page}:${block.line}`, block.text] as const))("%s", async (_, text) => {
    const script = join(machine.dir, "block.sh");
    await writeFile(script, `set -eu\n${text}`);
    const run = machine.program("/bin/sh", [script], { env: { PATH: `${bin}:/usr/bin:/bin` } });
    expect({ code: await run.ended, stderr: run.stderr() }).toEqual({ code: 0, stderr: "" });
    expect(run.stdout().length).toBeGreaterThan(20);
  });
});
