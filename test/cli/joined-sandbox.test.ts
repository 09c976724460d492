import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, finished, type Machine, newMachine, type Run, START_MS, WITH_START_MS } from "./machine.ts";
import { accountIn, transcript } from "./transcript.ts";

const HERE = ["--in", "session:agent:main:main"];
const ME = ["--as", `terminal:${userInfo().username}`];

describe("a sandbox that another process has open", () => {
  let machine: Machine;
  let terminal: Run;
  const say = async (line: string): Promise<string> => {
    terminal.type(`${line}\n`);
    let answer = "";
    await terminal.sees((stdout) => {
      const last = transcript(stdout).at(-1);
      answer = last?.line === line && /^— .*$/m.test(last.answer) ? last.answer : "";
      return answer !== "";
    });
    return answer;
  };

  beforeAll(async () => {
    machine = await newMachine();
    terminal = machine.clutch(["start"], { input: "open" });
    await terminal.sees("Talk to the agent", START_MS);
    await say("Hello, I keep bees.");
  });
  afterAll(() => machine?.clear());

  it("exec finds it without being told where", async () => {
    const { code, stdout } = await finished(machine.clutch(["exec", ...ME, ...HERE, "--json", "/model"]));
    const { ok, card, error } = JSON.parse(stdout);
    expect([code, ok, error]).toEqual([0, true, null]);
    expect(card).toMatchObject({ title: "Claude Sonnet 5 (demo)", footer: expect.stringContaining("agent:main:main") });
    expect(JSON.stringify(card)).toContain("local · demo");
  });

  it("what exec switches, the conversation in the terminal goes on with", async () => {
    const there = await finished(machine.clutch(["exec", ...ME, ...HERE, "/model", "qwen"]));
    expect(there).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringMatching(/^✓ Switched to Qwen2\.5 Coder/),
    });
    expect(accountIn(await say("How many hives?"))).toMatchObject({
      model: "qwen2.5-coder:32b",
      earlier: 1,
      replies: 1,
      first: "Hello, I keep bees.",
      label: "ollama/qwen2.5-coder:32b · local · demo",
    });
  });

  it("somebody else may look, and not switch", async () => {
    const stranger = ["--as", "discord:1", ...HERE, "--json"];
    const look = await finished(machine.clutch(["exec", ...stranger, "/model"]));
    expect(look.code).toBe(0);
    const change = await finished(machine.clutch(["exec", ...stranger, "/model default"]));
    expect(change.code).toBe(2);
    expect(JSON.parse(change.stdout)).toMatchObject({ ok: false, error: { code: "not_allowed" } });
    expect(accountIn(await say("Still there?"))).toMatchObject({ model: "qwen2.5-coder:32b", earlier: 2 });
  });

  it("the doctor looks at it from outside, and its owner asks for the same in it", async () => {
    const { code, stdout, stderr } = await finished(machine.clutch(["doctor", "--json"]));
    const { ok, checks } = JSON.parse(stdout);
    expect({ code, ok, stderr }).toEqual({ code: 0, ok: true, stderr: "" });
    const states = new Map(
      checks.map((one: Record<string, string>) => [`${one["part"]}: ${one["name"]}`, one["state"]]),
    );
    for (const name of ["gateway: Reachable", "store: Database", "guard: Asked about turns", "wall: Proxy"]) {
      expect([name, states.get(name)]).toEqual([name, "ok"]);
    }
    const asked = await finished(machine.clutch(["exec", ...ME, ...HERE, "/clutch doctor"]));
    expect(asked).toMatchObject({ code: 0, stdout: expect.stringMatching(/^(✓ All is well|! It works)/) });
  });

  it(
    "after kill -9 the next start ends and removes all of it, even a gateway that hangs",
    async () => {
      const before = await machine.processes();
      const keeper = before.find(({ command }) => command.includes("gateway-keeper"));
      const gateway = before.filter(({ pid }) => pid !== terminal.pid && pid !== keeper?.pid);
      expect(gateway.length).toBeGreaterThan(0);
      for (const { pid } of gateway) process.kill(pid, "SIGSTOP");
      for (const pid of [keeper?.pid ?? 0, terminal.pid]) process.kill(pid, "SIGKILL");
      expect(await terminal.ended).toBe("SIGKILL");
      const orphans = await eventually(machine.processes, (left) => left.length === gateway.length);
      expect(orphans).toEqual(gateway);
      const [sandbox = ""] = (await machine.files()).filter((file) => /^tmp\/[^/]+\/[^/]+\.json$/.test(file));
      const leftBehind = join(machine.dir, sandbox.replace(/\.json$/, ""), "left-behind");
      await writeFile(leftBehind, "");

      const next = machine.clutch(["start"], { input: "open" });
      await next.sees("Starting a private OpenClaw gateway");
      const pids = new Set(gateway.map(({ pid }) => pid));
      const old = async () => (await machine.processes()).filter(({ pid }) => pids.has(pid));
      expect(await eventually(old, (left) => left.length === 0)).toEqual([]);
      expect(
        await eventually(
          async () => existsSync(leftBehind),
          (there) => !there,
        ),
      ).toBe(false);

      next.kill("SIGTERM");
      expect(await next.ended).toBe(0);
      expect([await machine.processes(), await machine.files()]).toEqual([[], []]);
    },
    WITH_START_MS,
  );
});
