import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ClutchInLab, type Gate, type LockLab, ME, startLockLab } from "./lock-lab.ts";

let lab: LockLab;
beforeEach(async () => {
  lab = await startLockLab();
});
afterEach(() => lab.stop());

const YOU = { actor: "slack:other" };
const off = (clutch: ClutchInLab, who = ME) => clutch.lock.turnOff({ ...who, restore: "all" });
/** All steps take their time; a third of them shows whether something broke. */
const STRIDE = process.env["CLUTCH_LONG"] === undefined ? 3 : 1;
const busy = expect.objectContaining({ code: "lock_in_progress" });

describe("at the same moment", () => {
  it.each([
    ["on and on", "on", "on"],
    ["off and off", "off", "off"],
    ["on and off", "on", "off"],
    ["off and on", "off", "on"],
  ] as const)("%s: both are told what is so", async (_, mine, yours) => {
    const [a, b] = [await lab.clutch(), await lab.clutch()];
    const before = lab.gateway.config();
    // What they begin with is what the first one does not want.
    if (mine === "off") await a.lock.turnOn({ actor: "discord:before" });
    const turn = (clutch: ClutchInLab, wanted: "on" | "off", who: typeof ME) =>
      wanted === "on" ? clutch.lock.turnOn(who) : off(clutch, who);
    const [first, second] = await Promise.all([turn(a, mine, ME), turn(b, yours, YOU)]);
    expect(first).toMatchObject({ changed: true, status: { isOn: mine === "on", last: ME } });
    expect(second.changed).toBe(mine !== yours);
    expect(second.status).toMatchObject({ isOn: yours === "on", last: mine === yours ? ME : YOU });
    for (const clutch of [a, b]) {
      expect(await clutch.lock.reconcile()).toEqual([]);
      expect((await clutch.lock.status()).enforcement).toBe(yours === "on" ? "enforced" : "off");
    }
    if (yours === "off") expect(lab.gateway.config()).toEqual(before);
  });

  it("both hear of it from memory, too", async () => {
    const [a, b] = [await lab.clutch(), await lab.clutch()];
    await a.lock.turnOn(ME);
    expect([a.lock.isOn(), b.lock.isOn()]).toEqual([true, false]);
    await b.lock.follow();
    expect(b.lock.isOn()).toBe(true);
    await off(a);
    await b.lock.follow();
    expect(b.lock.isOn()).toBe(false);
  });

  it("one that would have to wait for long is told so", async () => {
    const [a, b] = [await lab.clutch(), await lab.clutch()];
    const held = a.store;
    await held.db
      .insertInto("leases")
      .values({ name: "local-only", holder: "x", until: lab.now + 15_000 })
      .execute();
    await expect(b.lock.reconcile()).rejects.toThrow(busy);
    expect(await b.lock.applySchedule()).toEqual([]);
  });
});

/** Stops a Clutch at the nth step, as SIGSTOP would, until it is let go on. */
function stoppable(nth: number) {
  let count = 0;
  let reached: (step: string | undefined) => void = () => undefined;
  let goOn: () => void = () => undefined;
  const stopped = new Promise<string | undefined>((resolve) => {
    reached = resolve;
  });
  const waits = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const gate: Gate = async (step) => {
    if (++count !== nth) return;
    reached(step);
    await waits;
  };
  return { gate, stopped, goOn, ended: () => reached(undefined) };
}

/** What the other one does while the first one sleeps, and how it is to be after both. */
const OTHERS = [
  { name: "reconciles", wanted: undefined, act: async (b: ClutchInLab) => void (await b.lock.reconcile()) },
  { name: "turns it off", wanted: false, act: async (b: ClutchInLab) => void (await off(b, YOU)) },
  { name: "turns it on", wanted: true, act: async (b: ClutchInLab) => void (await b.lock.turnOn(YOU)) },
  {
    name: "turns it on and off",
    wanted: false,
    act: async (b: ClutchInLab) => {
      await b.lock.turnOn(YOU);
      await off(b, YOU);
    },
  },
  {
    name: "turns it off and on",
    wanted: true,
    act: async (b: ClutchInLab) => {
      await off(b, YOU);
      await b.lock.turnOn(YOU);
    },
  },
];

describe.each(["on", "off"] as const)("turning it %s, one sleeps for 25 s at any step, and the other", (mine) => {
  it.each(OTHERS)("$name: nothing of that is undone", { timeout: 300_000 }, async ({ wanted, act }) => {
    const before = lab.gateway.config();
    const outcomes = new Set<string>();
    for (let nth = 1; ; nth += STRIDE) {
      const { gate, stopped, goOn, ended } = stoppable(nth);
      const b = await lab.clutch();
      if (mine === "off") await b.lock.turnOn({ actor: "discord:before" });
      const a = await lab.clutch({ gate });
      const work = (mine === "on" ? a.lock.turnOn(ME) : off(a)).then(
        ({ status }): boolean | string => {
          ended();
          return status.isOn;
        },
        (thrown: unknown) => {
          ended();
          return (thrown as { code: string }).code;
        },
      );
      const step = await stopped;
      if (step === undefined) break;
      lab.now += 25_000;
      await act(b);
      const isOn = (await b.lock.status()).isOn;
      if (wanted !== undefined) expect(isOn, step).toBe(wanted);
      goOn();
      const told = await work;
      outcomes.add(String(told));
      // It is told how it is, or that somebody else was at it.
      if (typeof told === "boolean") expect(told, step).toBe(isOn);
      else expect(["lock_in_progress", "changed_meanwhile"], step).toContain(told);
      const late = await b.lock.reconcile();
      const after = await b.lock.status();
      expect({ step, isOn: after.isOn, enforcement: after.enforcement, late }).toEqual({
        ...{ step, isOn, late: [] },
        enforcement: isOn ? "enforced" : "off",
      });
      lab.now += 25_000;
      await off(b, YOU);
      expect(lab.gateway.config(), step).toEqual(before);
    }
    expect(outcomes).toContain("lock_in_progress");
  });
});
