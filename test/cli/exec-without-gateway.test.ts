import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { finished, type Machine, newMachine } from "./machine.ts";

describe("exec where there is no gateway to ask", () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await newMachine();
  });
  afterAll(() => machine?.clear());

  const AS = ["--as", "discord:1"];
  const IN = ["--in", "discord:123"];

  it("says which Clutch it is", async () => {
    const { code, stdout } = await finished(machine.clutch(["--version"]));
    expect([code, stdout]).toEqual([0, `${packageJson.version}\n`]);
  });

  it.each([
    { what: "no --as", args: [...IN, "/model"], says: "--as" },
    { what: "no --in", args: [...AS, "/model"], says: "--in" },
    { what: "no command line", args: [...AS, ...IN], says: "line" },
    { what: "an option that does not exist", args: [...AS, ...IN, "--now", "/model"], says: "--now" },
    { what: "--as without a platform", args: ["--as", "tom", ...IN, "/model"], says: "tom" },
    { what: "--as without a user", args: ["--as", "discord:", ...IN, "/model"], says: "discord:" },
    { what: "--in on no platform", args: [...AS, "--in", "nowhere", "/model"], says: "nowhere" },
    { what: "--in with a name for an id", args: [...AS, "--in", "discord:general", "/model"], says: "general" },
    { what: "--in with an empty session", args: [...AS, "--in", "session:", "/model"], says: "session:" },
  ])("$what: exit code 2 and what was wrong, as text and as JSON", async ({ args, says }) => {
    const [plain, json] = await Promise.all([
      finished(machine.clutch(["exec", ...args])),
      finished(machine.clutch(["exec", "--json", ...args])),
    ]);
    expect(plain.code).toBe(2);
    expect(plain.stdout + plain.stderr).toContain(says);
    expect(plain.stdout + plain.stderr).not.toMatch(/^\s+at |node:internal/m);
    expect(json.code).toBe(2);
    expect(json.stdout).toMatch(/^\{.*\}\n$/);
    const { ok, card, error } = JSON.parse(json.stdout);
    expect([ok, error.code, card.tone]).toEqual([false, "bad_option", "error"]);
    expect(error.message).toContain(says);
    expect(error.hint).not.toBe("");
  });

  it("no gateway is known: exit code 2 and three ways to one", async () => {
    const { code, stdout, stderr } = await finished(machine.clutch(["exec", "--json", ...AS, ...IN, "/model"]));
    expect([code, stderr]).toEqual([2, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: "no_gateway" } });
    expect(JSON.parse(stdout).error.hint).toMatch(/openclaw gateway.*gateway\.url.*--sandbox/);
    expect(await machine.files()).toEqual([]);
  });

  it("nothing listens where the gateway should be: exit code 1", async () => {
    const env = { OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1", OPENCLAW_GATEWAY_TOKEN: "a-token-of-mine" };
    const { code, stdout, stderr } = await finished(
      machine.clutch(["exec", "--json", ...AS, ...IN, "/model"], { env }),
    );
    expect([code, stderr]).toEqual([1, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: "gateway_unreachable" } });
    expect(JSON.parse(stdout).error.message).toBe("Nothing listens at 127.0.0.1:1.");
  });

  it("a configuration with a mistake is named before anything is done: exit code 2", async () => {
    await writeFile(join(machine.cwd, "clutch.config.json"), `{ "gatway": { "url": "ws://127.0.0.1:1" } }`);
    const { code, stdout } = await finished(machine.clutch(["exec", "--json", ...AS, ...IN, "/model"]));
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: "bad_config" } });
    expect(JSON.parse(stdout).error.message).toContain("gatway");
  });
});
