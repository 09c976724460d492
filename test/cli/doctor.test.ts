import { chmod, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Checked } from "../../src/doctor/doctor.ts";
import { finished, type Machine, newMachine } from "./machine.ts";

interface Report {
  readonly ok: boolean;
  readonly checks: readonly Checked[];
  readonly error: { readonly code: string; readonly message: string; readonly hint: string } | null;
}

describe("clutch doctor where there is no gateway to ask", () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await newMachine();
  });
  afterAll(() => machine?.clear());

  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await finished(machine.clutch(["doctor", "--json", ...args]));
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^\{.*\}\n$/);
    const report: Report = JSON.parse(stdout);
    return { code, report, find: (name: string) => report.checks.find((one) => `${one.part}: ${one.name}` === name) };
  };
  const configFile = () => join(machine.cwd, "clutch.config.json");

  it("with nothing configured: exit code 1, what there is to do, and nothing is written", async () => {
    const { code, report, find } = await json();
    expect(code).toBe(1);
    expect(report).toMatchObject({ ok: false, error: { code: "not_verified" } });
    expect(find("gateway: Reachable")).toMatchObject({ state: "broken", remedy: expect.stringContaining("--sandbox") });
    expect(find("configuration: File")).toMatchObject({ state: "ok" });
    expect(find("guard: Installed")).toMatchObject({ state: "skipped", remedy: null });
    expect(find("Clutch: Node")).toMatchObject({ state: "ok" });
    for (const one of report.checks) expect(Object.keys(one)).toEqual(["part", "name", "state", "found", "remedy"]);
    expect(await machine.files()).toEqual([]);
  });

  it("as text: by part, with marks, the remedy below each problem, and the verdict last", async () => {
    const { code, stdout, stderr } = await finished(machine.clutch(["doctor"]));
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toContain("Gateway");
    expect(stdout).toMatch(/✗ Reachable +No OpenClaw gateway was found[\s\S]*› Start it with `openclaw gateway`/);
    expect(stdout).toMatch(/✓ Node/);
    expect(lines.at(-1)).toMatch(/^✗ 1 thing is broken\./);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(110);
  });

  it("a broken configuration: exit code 2, what is wrong with it, and the rest all the same", async () => {
    await writeFile(configFile(), `{ "stroe": "sqlite:./x.db" }`);
    const { code, report, find } = await json();
    await rm(configFile());
    expect(code).toBe(2);
    expect(report.error).toMatchObject({ code: "bad_config", message: expect.stringContaining("stroe") });
    expect(find("configuration: File")).toMatchObject({ state: "broken" });
    expect(find("store: Database")).toMatchObject({ state: "skipped" });
    expect(find("gateway: Reachable")).toMatchObject({ state: "skipped" });
    expect(find("prices: Age")).toMatchObject({ state: "ok" });
  });

  it("a secret that is not there, a file that others may read, a gateway that is down: each is told, no secret is", async () => {
    const gateway = { url: "ws://127.0.0.1:1", token: "env:NOT_SET" };
    await writeFile(configFile(), JSON.stringify({ gateway }));
    expect((await json()).report.error).toMatchObject({
      code: "bad_config",
      message: expect.stringContaining("NOT_SET"),
    });
    await writeFile(configFile(), JSON.stringify({ gateway: { ...gateway, token: "the-very-token" } }));
    await chmod(configFile(), 0o644);
    const { code, report, find } = await json();
    await rm(configFile());
    expect(code).toBe(1);
    expect(find("configuration: File")).toMatchObject({
      state: "warning",
      remedy: expect.stringContaining("chmod 600"),
    });
    expect(find("gateway: Reachable")).toMatchObject({ state: "broken", found: "Nothing listens at 127.0.0.1:1." });
    expect(JSON.stringify(report)).not.toContain("the-very-token");
  });

  it("a damaged store: exit code 1, and the file stays as it is", async () => {
    const store = join(machine.cwd, "clutch.db");
    await writeFile(store, "no database at all ".repeat(300));
    const { code, find } = await json();
    await rm(store);
    expect(code).toBe(1);
    expect(find("store: Database")).toMatchObject({ state: "broken", found: expect.stringContaining(store) });
  });

  it("its subcommands take --json for themselves, and a word that it does not know is refused", async () => {
    const hardware = await finished(machine.clutch(["doctor", "hardware", "--json"]));
    expect(hardware.code).toBe(0);
    expect(JSON.parse(hardware.stdout)).toHaveProperty("machine");
    expect((await finished(machine.clutch(["doctor", "nurse"]))).code).toBe(2);
  });
});
