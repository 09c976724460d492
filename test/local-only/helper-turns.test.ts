import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Config } from "./gateway-stand-in.ts";
import { type ClutchInLab, type Gate, type LockLab, ME, QWEN, SONNET, startLockLab } from "./lock-lab.ts";

let lab: LockLab;
let clutch: ClutchInLab;
let before: Config;
beforeEach(async () => {
  lab = await startLockLab();
  clutch = await lab.clutch();
  before = lab.gateway.config();
});
afterEach(() => lab.stop());

const on = (by = clutch) => by.lock.turnOn(ME);
const off = (by = clutch) => by.lock.turnOff({ ...ME, restore: "all" });

/** As a person writes it; null takes it away. */
function withSetting(config: Config, path: readonly string[], value: unknown): Config {
  const next = structuredClone(config);
  let at = next;
  for (const key of path.slice(0, -1)) {
    at[key] ??= {};
    at = at[key] as Config;
  }
  const last = path.at(-1) ?? "";
  if (value === null) delete at[last];
  else at[last] = value;
  return next;
}
const set = (path: readonly string[], value: unknown): void =>
  lab.gateway.setConfig(withSetting(lab.gateway.config(), path, value));

const UTILITY = ["agents", "defaults", "utilityModel"];
const COMPACTION = ["agents", "defaults", "compaction", "model"];

describe("what a person sets meanwhile", () => {
  it.each([
    ["another local model", UTILITY, "ollama/phi4"],
    ["nothing", UTILITY, null],
    ["what stood there before", COMPACTION, SONNET],
    ["what has nothing to do with it", ["tools", "alsoAllow"], ["browser"]],
    ["an agent of his own", ["agents", "entries", "other"], { model: "ollama/phi4" }],
  ])("stays: %s", async (_, path, value) => {
    await on();
    set(path, value);
    const { notes } = await off();
    expect(lab.gateway.config()).toEqual(withSetting(before, path, value));
    const isTouched = path === UTILITY;
    expect(notes).toEqual(isTouched ? [expect.stringMatching(/utilityModel/)] : []);
  });

  it("in the cloud is local while it is on, and stays after it", async () => {
    await on();
    set(UTILITY, "openai/gpt-7");
    expect(await clutch.lock.reconcile()).toMatchObject([{ kind: "mended" }]);
    expect((await clutch.lock.status()).layers[2]?.state).toBe("closed");
    await off();
    expect(lab.gateway.config()).toEqual(withSetting(before, UTILITY, "openai/gpt-7"));
  });

  it("stays over further locks", async () => {
    await on();
    set(UTILITY, QWEN);
    set(COMPACTION, "openai/gpt-7");
    await off();
    await on();
    await off();
    // What he set to the very model that stood there anyway cannot be told from it.
    expect(lab.gateway.config()).toEqual(withSetting(before, COMPACTION, "openai/gpt-7"));
  });
});

it("on, off, on, off: as before each time", async () => {
  for (let nth = 0; nth < 3; nth++) {
    await on();
    await on();
    await off();
    expect(lab.gateway.config()).toEqual(before);
  }
});

describe("a Clutch that dies", () => {
  const dies = (at: string): { gate: Gate; dead: Promise<void> } => {
    let died: () => void = () => undefined;
    const dead = new Promise<void>((resolve) => {
      died = resolve;
    });
    return {
      dead,
      async gate(step) {
        if (step !== at) return;
        died();
        await new Promise(() => undefined);
      },
    };
  };

  it.each([
    ["before the patch, on", "before: config.patch", "on"],
    ["between the patch and its journal, on", "after: config.patch", "on"],
    ["right after its journal, on", "after: changes done", "on"],
    ["before the patch, off", "before: config.patch", "off"],
    ["between the patch and its journal, off", "after: config.patch", "off"],
    ["right after its journal, off", "after: changes done", "off"],
  ] as const)("%s: everything is back in the end, and what a person set stays", async (_, at, turning) => {
    const { gate, dead } = dies(at);
    if (turning === "off") await on();
    const unlucky = await lab.clutch({ gate });
    void (turning === "on" ? on(unlucky) : off(unlucky));
    await dead;
    set(COMPACTION, "openai/gpt-7");
    lab.now += 25_000;
    await clutch.lock.reconcile();
    expect(await clutch.lock.reconcile()).toEqual([]);
    expect((await clutch.lock.status()).enforcement).toBe(turning === "on" ? "enforced" : "off");
    await off();
    expect(lab.gateway.config()).toEqual(withSetting(before, COMPACTION, "openai/gpt-7"));
  });
});
