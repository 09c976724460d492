import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createVirtualScreen } from "../adapters/terminal/virtual-screen.ts";
import { eventually, finished, type Machine, newMachine, type Run, START_MS, WITH_START_MS } from "./machine.ts";

const present = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") === true;
/** The beginning of a sequence that sets colours. */
const CSI = "\u001b[";
const KEY = { enter: "\r", tab: "\t", ctrlC: "\x03" } as const;

/** What a person sees now, drawn anew from all that was written. */
function screenOf(run: Run): string {
  const screen = createVirtualScreen(100);
  screen.write(run.stdout());
  return screen.text();
}
const seen = (run: Run, what: string | RegExp, timeout = 60_000): Promise<void> =>
  vi.waitFor(
    () => (typeof what === "string" ? expect(screenOf(run)).toContain(what) : expect(screenOf(run)).toMatch(what)),
    { timeout, interval: 50 },
  );

describe.skipIf(!present)(
  `start in a real pseudo-terminal${present ? "" : " (left out: there is no `script` of util-linux)"}`,
  () => {
    let machine: Machine;
    beforeAll(async () => {
      machine = await newMachine();
    });
    afterAll(() => machine?.clear());

    it("Ctrl-C while the gateway starts: says so and leaves nothing", async () => {
      const run = machine.clutchInTerminal(["start"]);
      await seen(run, /Starting a private OpenClaw gateway … \d+ s {2}\S+/);
      run.type(KEY.ctrlC);
      expect(await run.ended).toBe(0);
      expect(screenOf(run)).toMatch(/\nStopped\.$/);
      expect([await machine.processes(), await machine.files()]).toEqual([[], []]);
    });

    it(
      "shows progress, completes with Tab, switches, and Ctrl-C leaves",
      async () => {
        const run = machine.clutchInTerminal(["start", "--sandbox"]);
        const progress = /Starting a private OpenClaw gateway … (\d+) s/;
        await seen(run, progress);
        await seen(run, /^Talk to the agent[\s\S]*\n›$/m, START_MS);
        const shown = run.stdout().match(new RegExp(progress, "g")) ?? [];
        expect(new Set(shown).size).toBeGreaterThan(3);
        // The display is gone: its line was rewritten.
        expect(screenOf(run)).not.toMatch(progress);
        expect(run.stdout()).toContain(`${CSI}36m`);

        run.type(`Hello, I keep bees.${KEY.enter}`);
        await seen(run, /— anthropic\/claude-sonnet-5 · cloud · demo\n\n›$/);

        run.type("/mo");
        await seen(run, /› \/mo$/);
        run.type(KEY.tab);
        await seen(run, /› \/model$/);
        run.type("qw");
        await seen(run, /› \/model qw$/);
        run.type(KEY.tab);
        await seen(run, /› \/model ollama\/qwen2\.5-coder:32b$/);
        run.type(KEY.enter);
        await seen(run, /✓ Switched to Qwen2\.5 Coder 32B \(demo\)[\s\S]*\n›$/);

        // Its many words are quoted one by one, which leaves time to interrupt.
        run.type(`How many hives? ${"1 ".repeat(32)}${KEY.enter}`);
        await seen(run, "[demo] qwen2.5-coder:32b here.");
        run.type(KEY.ctrlC);
        await seen(run, /Stopped waiting for this reply[^\n]*\n\n›$/);
        expect(screenOf(run)).not.toContain("— ollama/");
        // The agent is still at work on it.
        const state = async () =>
          (await finished(machine.clutch(["exec", "--as", "discord:1", "--in", "session:agent:main:main", "/model"])))
            .stdout;
        expect(await eventually(state, (card) => !card.includes("A turn is running"))).toContain(
          "Answered last  ollama/",
        );
        run.type(`Are you there?${KEY.enter}`);
        await seen(
          run,
          /Your first was “Hello, I\s+keep\s+bees\.”[\s\S]*\n— ollama\/qwen2\.5-coder:32b · local · demo\n\n›$/,
        );

        run.type(KEY.ctrlC);
        expect(await run.ended).toBe(0);
        expect([await machine.processes(), await machine.files()]).toEqual([[], []]);
      },
      WITH_START_MS,
    );
  },
);
