import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import { type Config, guardFile } from "./gateway-stand-in.ts";
import { type ClutchInLab, type Gate, type LockLab, ME, QWEN, SONNET, startLockLab } from "./lock-lab.ts";

let lab: LockLab;
let clutch: ClutchInLab;
beforeEach(async () => {
  lab = await startLockLab();
  clutch = await lab.clutch();
});
afterEach(() => lab.stop());

const states = async (by = clutch) => {
  const status = await by.lock.status();
  return [status.enforcement, ...status.layers.map(({ state }) => state)];
};
const ON = ["enforced", "closed", "closed", "closed"];
const OFF = ["off", "open", "open", "open"];
const off = (by = clutch) => by.lock.turnOff({ ...ME, restore: "all" });
const fault = (code: string) => expect.objectContaining({ code });

describe("on and off", () => {
  it("closes guard, wall and helper calls, proves it, and puts everything back", async () => {
    const before = lab.gateway.config();
    expect(await states()).toEqual(OFF);
    const on = await clutch.lock.turnOn({ ...ME, reason: "the audit" });
    expect(on).toMatchObject({ changed: true, notes: [], status: { enforcement: "enforced", isOn: true } });
    expect(on.status).toMatchObject({ last: { ...ME, reason: "the audit", at: lab.now }, problems: [] });
    expect(await states()).toEqual(ON);
    expect(clutch.lock.isOn()).toBe(true);
    expect(lab.gateway.config()).not.toEqual(before);
    expect(await off()).toMatchObject({ changed: true, notes: [], status: { enforcement: "off", isOn: false } });
    expect(await states()).toEqual(OFF);
    expect(clutch.lock.isOn()).toBe(false);
    expect(lab.gateway.config()).toEqual(before);
  });

  it("says so where it was so already, and changes nothing", async () => {
    expect(await off()).toMatchObject({ changed: false, status: { enforcement: "off" } });
    await clutch.lock.turnOn(ME);
    const config = lab.gateway.config();
    expect(await clutch.lock.turnOn(ME)).toMatchObject({ changed: false, status: { enforcement: "enforced" } });
    expect(lab.gateway.config()).toBe(config);
    await off();
    expect(await off()).toMatchObject({ changed: false });
    expect((await clutch.journal.turnedOn()).length).toBe(1);
  });

  it("writes each step down before it is taken", async () => {
    const seen: string[] = [];
    let steps: string[] = [];
    const gate: Gate = async (step) => {
      steps.push(step);
      if (!/^before: (clutch\.guard|wall|config)/.test(step)) return;
      const entry = await clutch.journal.latest();
      seen.push(`${entry?.wanted}, ${entry?.step}: ${step.slice(8)}`);
    };
    const watched = await lab.clutch({ gate });
    await watched.lock.turnOn(ME);
    expect(steps[0]).toBe("before: locks begin");
    steps = [];
    await off(watched);
    expect(steps[0]).toBe("before: locks begin");
    expect([...new Set(seen)]).toEqual([
      "on, closing guard and wall: clutch.guard.on",
      "on, closing guard and wall: wall close",
      "on, telling guard and wall what is local: clutch.guard.on",
      "on, telling guard and wall what is local: wall close",
      "on, helper calls: config.patch",
      "off, opening the wall: wall open",
      "off, opening the guard: clutch.guard.off",
      "off, helper calls: config.patch",
    ]);
  });

  it("keeps the audit log", async () => {
    await clutch.lock.turnOn({ ...ME, place: "agent:main:main", reason: "the audit" });
    await off();
    const rows = await clutch.store.db.selectFrom("audit").selectAll().orderBy("id").execute();
    expect(
      rows.filter(({ action }) => action.startsWith("localonly.")).map(({ action, result }) => [action, result]),
    ).toEqual([
      ["localonly.on", "ok"],
      ["localonly.off", "ok"],
    ]);
    expect(rows.find(({ action }) => action === "localonly.on")).toMatchObject({
      actor: ME.actor,
      place: "agent:main:main",
      reason: "the audit",
    });
  });
});

describe.each([
  ["guard", { wall: false }, ["partly", "closed", "absent", "closed"]],
  ["wall", { guard: false }, ["partly", "absent", "closed", "closed"]],
] as const)("with the %s alone", (_, what, wanted) => {
  it("is partly enforced, and comes off", async () => {
    await lab.stop();
    lab = await startLockLab(what);
    clutch = await lab.clutch();
    const before = lab.gateway.config();
    await clutch.lock.turnOn(ME);
    expect(await states()).toEqual(wanted);
    expect(await clutch.lock.reconcile()).toEqual([]);
    expect(await off()).toMatchObject({ changed: true, status: { enforcement: "off", problems: [] } });
    expect(lab.gateway.config()).toEqual(before);
  });

  it("stops what runs in the cloud, also where that stands in for a local model", async () => {
    await lab.stop();
    lab = await startLockLab(what);
    const running = new Map([
      ["agent:main:pinned", SONNET],
      ["agent:main:fell-back", `${QWEN} -> ${SONNET}`],
      ["agent:main:local", QWEN],
    ]);
    clutch = await lab.clutch({ running });
    await clutch.lock.turnOn(ME);
    expect([...running.keys()]).toEqual(["agent:main:local"]);
  });

  it("comes off also where the store was lost and nobody watched", async () => {
    await lab.stop();
    lab = await startLockLab(what);
    await (await lab.clutch()).lock.turnOn(ME);
    await lab.loseStore();
    clutch = await lab.clutch();
    expect((await clutch.lock.status()).isOn).toBe(true);
    expect(await off()).toMatchObject({ changed: true, status: { enforcement: "off" } });
  });
});

describe("with nothing to enforce it", () => {
  it("refuses, and leaves it off", async () => {
    await lab.stop();
    lab = await startLockLab({ guard: false, wall: false });
    clutch = await lab.clutch();
    await expect(clutch.lock.turnOn(ME)).rejects.toThrow(fault("not_installed"));
    expect(await states()).toEqual(["off", "absent", "absent", "open"]);
    expect(await clutch.lock.reconcile()).toEqual([]);
    expect(clutch.lock.isOn()).toBe(false);
  });

  it("refuses while neither can be asked, and does not come on later by itself", async () => {
    lab.gateway.stop();
    await lab.stopWall();
    await expect(clutch.lock.turnOn(ME)).rejects.toThrow(fault("not_installed"));
    lab.gateway.start();
    await lab.startWall();
    expect(await clutch.lock.reconcile()).toEqual([]);
    expect(await states()).toEqual(OFF);
  });
});

/** Something happens right before or after a step is taken. */
const at = (wanted: string, work: () => void | Promise<void>): Gate => {
  let isDone = false;
  return async (step) => {
    if (isDone || step !== wanted) return;
    isDone = true;
    await work();
  };
};

describe("turning on, while", () => {
  it("the gateway is away: the wall closes at once, the rest follows", async () => {
    lab.gateway.stop();
    await expect(clutch.lock.turnOn(ME)).rejects.toThrow(fault("gateway_unreachable"));
    expect(lab.wall()?.status().closed).toBe(true);
    expect(await clutch.lock.status()).toMatchObject({ isOn: true, enforcement: "changing", wanted: "on" });
    lab.gateway.start();
    expect(await clutch.lock.reconcile()).toMatchObject([
      { kind: "told", what: ["Turning local-only mode on was interrupted, and is finished now."] },
    ]);
    expect(await states()).toEqual(ON);
  });

  it.each(["before: clutch.guard.on", "after: clutch.guard.on"])("the gateway dies (%s)", async (step) => {
    await lab.stop();
    lab = await startLockLab({ wall: false });
    const unlucky = await lab.clutch({ gate: at(step, () => lab.gateway.stop()) });
    // The guard may have closed: then it is on as soon as it is back, and "it stays off" would be a lie.
    await expect(unlucky.lock.turnOn(ME)).rejects.toThrow(/is not on yet: the guard cannot be asked/);
    await expect(unlucky.lock.reconcile()).rejects.toThrow(/is not on yet/);
    lab.gateway.start();
    await unlucky.lock.reconcile();
    expect(await unlucky.lock.status()).toMatchObject({ isOn: true, enforcement: "partly", last: ME });
  });

  it("no layer does what it is told: it is off, and said so", async () => {
    await lab.stop();
    lab = await startLockLab({ wall: false });
    const request = lab.gateway.request;
    const deaf: typeof request = async (method, params) => {
      if (method === "clutch.guard.on") throw new TypeError("deaf");
      return request(method, params);
    };
    Object.assign(lab.gateway, { request: deaf });
    clutch = await lab.clutch();
    await expect(clutch.lock.turnOn(ME)).rejects.toThrow(/is not on: The guard did not close/);
    expect(await states()).toEqual(["off", "open", "absent", "open"]);
    expect(await clutch.lock.reconcile()).toEqual([]);
  });
});

describe("turning off, while", () => {
  beforeEach(() => clutch.lock.turnOn(ME));

  it.each([
    ["the gateway is away", () => lab.gateway.stop(), () => lab.gateway.start(), "guard"],
    ["the wall's process is dead", () => lab.stopWall(), () => lab.startWall(), "wall"],
  ])("%s: it is told, and finished when it is back", async (_, stop, start, name) => {
    await stop();
    await expect(off()).rejects.toThrow(`Local-only mode is not off yet: the ${name} cannot be asked.`);
    expect(await clutch.lock.status()).toMatchObject({ enforcement: "changing", wanted: "off", isOn: true });
    await expect(clutch.lock.reconcile()).rejects.toThrow("not off yet");
    await start();
    expect(await clutch.lock.reconcile()).toMatchObject([
      { kind: "told", what: [expect.stringMatching(/off was interrupted, and is finished/)] },
    ]);
    expect(await states()).toEqual(OFF);
    expect(await clutch.lock.reconcile()).toEqual([]);
  });

  it("the guard does not answer: as if it were away", async () => {
    const { request } = lab.gateway;
    let isDeaf = true;
    Object.assign(lab.gateway, {
      request: async (method: string, params: unknown) => {
        if (isDeaf && method.startsWith("clutch.guard"))
          throw new ClutchError("deadline", "The gateway did not answer.");
        return request(method, params);
      },
    });
    clutch = await lab.clutch();
    await expect(off()).rejects.toThrow("not off yet: the guard cannot be asked");
    isDeaf = false;
    await clutch.lock.reconcile();
    expect(await states()).toEqual(OFF);
  });

  it("the guard was taken out of OpenClaw: it is off, and its file does not lock again", async () => {
    const before = lab.gateway.config();
    lab.gateway.setConfig({ ...before, plugins: { entries: {} } });
    lab.gateway.stop();
    lab.gateway.start();
    expect(await off()).toMatchObject({ changed: true, status: { enforcement: "off" } });
    lab.gateway.setConfig({ ...(lab.gateway.config() as Config), plugins: before["plugins"] });
    lab.gateway.stop();
    lab.gateway.start();
    expect((await clutch.guard.status())?.state.on).toBe(true);
    expect(await clutch.lock.reconcile()).toMatchObject([
      { kind: "told", what: [expect.stringMatching(/guard came back closed/)] },
    ]);
    expect(await states()).toEqual(OFF);
  });

  it.each([
    ["hears nothing any more", "plugins", { entries: { "clutch-guard": { hooks: {} } } }],
    ["has nothing to do any more", "proxy", { enabled: false }],
  ])("a layer that %s is opened all the same", async (_, key, value) => {
    const before = lab.gateway.config();
    lab.gateway.setConfig({ ...before, [key]: value });
    expect(await clutch.lock.status()).toMatchObject({ enforcement: "broken" });
    expect(await off()).toMatchObject({ changed: true, status: { enforcement: "off" } });
    lab.gateway.setConfig({ ...lab.gateway.config(), [key]: before[key] });
    expect(await states()).toEqual(OFF);
  });

  it("somebody wants it on again: what is closed stays closed", async () => {
    await lab.stopWall();
    await expect(off()).rejects.toThrow("not off yet");
    await lab.startWall();
    expect(await clutch.lock.turnOn(ME)).toMatchObject({ changed: true, status: { enforcement: "enforced" } });
    await off();
    expect(await states()).toEqual(OFF);
  });

  it("somebody wants it on again although the wall is still away", async () => {
    await lab.stopWall();
    await expect(off()).rejects.toThrow("not off yet");
    const { status } = await clutch.lock.turnOn(ME);
    expect(status).toMatchObject({ isOn: true, enforcement: "partly" });
    await lab.startWall();
    expect(await clutch.lock.reconcile()).toEqual([]);
    expect(await states()).toEqual(ON);
  });

  it("helper calls cannot be put back: it is off, that is said, and they are put back later", async () => {
    const { request } = lab.gateway;
    let isRefused = true;
    Object.assign(lab.gateway, {
      request: async (method: string, params: unknown) => {
        if (isRefused && method === "config.patch") throw new ClutchError("gateway_refused", "refused");
        return request(method, params);
      },
    });
    clutch = await lab.clutch();
    const result = await off();
    expect(result).toMatchObject({ changed: true, status: { enforcement: "off" } });
    expect(result.notes).toEqual([expect.stringMatching(/settings of helper calls are not put back yet/)]);
    await expect(clutch.lock.reconcile()).rejects.toThrow("refused");
    isRefused = false;
    await clutch.lock.reconcile();
    expect(await states()).toEqual(OFF);
    expect((lab.gateway.config()["agents"] as Config)["defaults"]).toMatchObject({ utilityModel: "openai/gpt-6" });
  });
});

it("turns off what was on before its store was lost", async () => {
  await clutch.lock.turnOn(ME);
  await lab.loseStore();
  rmSync(guardFile(lab.directory), { force: true });
  clutch = await lab.clutch();
  expect(await off()).toMatchObject({ changed: true, status: { enforcement: "off" } });
});
