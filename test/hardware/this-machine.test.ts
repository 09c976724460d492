import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createThisMachine } from "../../src/hardware/this-machine.ts";
import { fakeSystem } from "./fake-system.ts";
import { evoX2, GIB, k8Plus } from "./machines.ts";

/** A system that counts how often it was looked at and may change in between. */
function lab() {
  const state = { now: 0, reads: 0, system: k8Plus, broken: false };
  const warnings: string[] = [];
  const logger = pino({ level: "warn" }, { write: (line: string) => void warnings.push(line) });
  const machine = createThisMachine({
    system: {
      ...fakeSystem(k8Plus),
      read: (path) => {
        if (path.endsWith("sys_vendor")) state.reads++;
        return fakeSystem(state.system).read(path);
      },
      node: () => {
        if (state.broken) throw new Error("no such luck");
        return state.system.node;
      },
    },
    platform: "linux",
    env: {},
    home: "/home/ann",
    clock: () => state.now,
    logger,
  });
  const available = (): number | undefined => machine.known()?.memory.availableBytes;
  return { machine, state, warnings, available };
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

describe("the machine that Clutch runs on", () => {
  it("is known from the first look on, without waiting", async () => {
    const { machine, state } = lab();
    expect(machine.known()).toBeUndefined();
    await machine.look();
    expect(machine.known()?.processor.cores).toBe(16);
    state.now = 20_000;
    expect(machine.known()?.memory.availableBytes).toBe(57_000_000 * 1024);
    await settled();
    expect(state.reads).toBe(1);
  });

  it("is looked at once by many who ask at the same time", async () => {
    const { machine, state } = lab();
    machine.known();
    const looks = await Promise.all([machine.look(), machine.look()]);
    machine.known();
    expect(state.reads).toBe(1);
    expect(looks[0]).toBe(looks[1]);
  });

  it("is looked at again in the background where the last look is older than 20 s", async () => {
    const { machine, state, available } = lab();
    await machine.look();
    state.system = evoX2;
    state.now = 20_001;
    expect(available()).toBe(57_000_000 * 1024);
    await machine.look();
    expect(available()).toBe(123_731_968 * 1024);
    expect(available()).toBeGreaterThan(100 * GIB);
    expect(state.reads).toBe(2);
  });

  it("stays as it was last seen where a look fails, and is looked at again", async () => {
    const { machine, state, warnings, available } = lab();
    await machine.look();
    state.broken = true;
    state.now = 30_000;
    expect(available()).toBe(57_000_000 * 1024);
    await settled();
    expect(available()).toBe(57_000_000 * 1024);
    await settled();
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain("could not be looked at");
  });
});
