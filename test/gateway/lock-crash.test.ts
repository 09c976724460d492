import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LockStatus } from "../../src/local-only/lock-status.ts";
import type { AttachedClutch } from "./harness.ts";
import { interruptLock } from "./interrupt-lock.ts";
import { type LockedLab, startLockedLab } from "./locked-lab.ts";

/**
 * Kill -9 of Clutch at each step of turning the lock on and off, of the gateway and
 * of the wall amid it and while it is on. Afterwards it is on or off, all agree on
 * that, and nobody was told otherwise; nothing reached the cloud while it was on.
 */
const KEY = "agent:main:discord:channel:8101";
const ME = { actor: "discord:owner" };
const MINUTE = 60_000;
const WALL = join(import.meta.dirname, "../local-only/outside-child.ts");

let lab: LockedLab;
let store: string;
let stateDirectory: string;
let before: unknown;
let wall: ChildProcess | undefined;
/** Each Clutch is later than the one before it, so that the lease of a dead one has run out. */
let ahead = 0;

beforeAll(async () => {
  lab = await startLockedLab();
  stateDirectory = dirname(lab.guardDirectory);
  store = `sqlite:${join(lab.dir, "lock-crash.db")}`;
  // In a process of its own, so that it can be killed.
  wallPort = lab.wall.status().listen.split(":")[1] ?? "0";
  await lab.stopWall();
  await startWall();
  before = await configNow();
});
afterAll(async () => {
  await lab?.stop();
  await killWall();
});

let wallPort = "0";
async function startWall(): Promise<void> {
  wall = spawn(process.execPath, [WALL, "wall", stateDirectory, wallPort], { stdio: ["pipe", "pipe", "inherit"] });
  await once(wall.stdout ?? wall, "data");
}
async function killWall(): Promise<void> {
  if (wall === undefined) return;
  const gone = once(wall, "exit");
  wall.kill("SIGKILL");
  await gone;
  wall = undefined;
}
/** Kills the process that the guard says it is in. */
async function gatewayKiller(): Promise<() => Promise<void>> {
  const pid = await withClutch(async ({ app }) => (await app.guard.status())?.pid);
  if (pid === undefined) throw new Error("no guard");
  return async () => void process.kill(pid, "SIGKILL");
}

/** Without OpenClaw's own note of when it was written last. */
const configNow = () =>
  withClutch(async ({ app }) => {
    const { meta: _, ...config } = (await app.openclaw.readConfig()).authored as Record<string, unknown>;
    return config;
  });

async function withClutch<T>(work: (clutch: AttachedClutch) => Promise<T>): Promise<T> {
  ahead += MINUTE;
  const by = ahead;
  const clutch = await lab.attach({}, {}, { store, stateDirectory, clock: () => Date.now() + by });
  try {
    return await work(clutch);
  } finally {
    await clutch.close();
  }
}

/** Each is a minute later than the last. */
function interrupt(action: "on" | "off", stopAt: string | undefined, meanwhile: (() => Promise<void>) | "kill") {
  ahead += MINUTE;
  const { url, token } = lab.gateway;
  return interruptLock({ gateway: { url, token }, stateDirectory, store, ahead, action, stopAt }, meanwhile);
}

async function settled(step: string): Promise<LockStatus> {
  const status = await reconciled(step);
  if (!status.isOn) expect(await configNow(), step).toEqual(before);
  return status;
}

function reconciled(step: string): Promise<LockStatus> {
  return withClutch(async ({ app: { localOnly, guard } }) => {
    await localOnly.reconcile();
    expect(await localOnly.reconcile(), step).toEqual([]);
    const status = await localOnly.status();
    const { isOn } = status;
    const closed = [(await guard.status())?.state.on, (await lab.wallClient.status())?.closed];
    expect(closed, step).toEqual([isOn, isOn]);
    expect(status.enforcement, `${step} ${status.problems.join(" ")}`).toBe(isOn ? "enforced" : "off");
    if (isOn)
      expect(
        status.layers.map(({ state }) => state),
        step,
      ).toEqual(["closed", "closed", "closed"]);
    return status;
  });
}

/** A conversation goes where it is to go, before and after. */
async function answers(isOn: boolean): Promise<void> {
  await withClutch(async (clutch) => {
    const requests = lab.cloudRequests();
    const reply = await clutch.say(KEY, "Who answers?");
    if (isOn) {
      expect(reply).toMatch(/^(qwen2.5-coder:32b|llama3.1:70b) answers/);
      expect(lab.cloudRequests()).toBe(requests);
    } else expect(reply).toMatch(/^claude-sonnet-5 answers/);
  });
}

const turn = (wanted: "on" | "off") =>
  withClutch(async ({ app: { localOnly } }) => {
    await (wanted === "on" ? localOnly.turnOn(ME) : localOnly.turnOff({ ...ME, restore: "all" }));
  });
const other = (action: "on" | "off") => (action === "on" ? "off" : "on");

describe.each(["on", "off"] as const)("turning it %s", (action) => {
  let steps: readonly string[] = [];
  beforeAll(async () => {
    await turn(other(action));
    ({ steps } = await interrupt(action, undefined, "kill"));
  });

  it("Clutch is killed at each kind of step", { timeout: 3_600_000 }, async () => {
    expect(steps.join("\n")).toMatch(
      action === "on"
        ? /insert into leases[\s\S]*insert into locks[\s\S]*guard\.on[\s\S]*wall \/close[\s\S]*config\.patch[\s\S]*update locks/
        : /insert into leases[\s\S]*insert into locks[\s\S]*wall \/open[\s\S]*guard\.off[\s\S]*config\.patch[\s\S]*update locks/,
    );
    const outcomes = new Set<boolean>();
    // Each of all steps is taken in test/local-only/crash-matrix.test.ts.
    for (const step of new Set(steps)) {
      await turn(other(action));
      await interrupt(action, step, "kill");
      outcomes.add((await settled(step)).isOn);
    }
    expect(outcomes.size).toBe(2);
    await turn("off");
    await answers(false);
  });

  it.each([
    ["answered: clutch.guard", "the gateway"],
    ["before: config.patch", "the gateway"],
    ["before: wall", "the wall"],
    ["before: config.patch", "the wall"],
  ])("%s… %s is killed", { timeout: 600_000 }, async (where, victim) => {
    await turn(other(action));
    const { told } = await interrupt(action, where, victim === "the wall" ? killWall : await gatewayKiller());
    if (victim === "the wall") await startWall();
    else await lab.gateway.restart();
    const { isOn } = await settled(`${action}, ${where}, ${victim}`);
    if (told === "on" || told === "off") expect(isOn).toBe(told === "on");
    await answers(isOn);
    await turn("off");
  });
});

it("while it is on, gateway, wall and Clutch are killed: it is on again", { timeout: 600_000 }, async () => {
  await turn("on");
  const killGateway = await gatewayKiller();
  await killGateway();
  await killWall();
  await startWall();
  await lab.gateway.restart();
  // From the first turn on, before any Clutch has looked.
  await answers(true);
  expect((await settled("all killed")).isOn).toBe(true);
  await turn("off");
  await answers(false);
  expect(await configNow()).toEqual(before);
});
