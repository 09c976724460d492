import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LockStatus } from "../../src/local-only/lock-status.ts";
import { openStore } from "../../src/store/open-store.ts";
import { type Config, connectGateway, createGatewayStandIn } from "./gateway-stand-in.ts";
import { type ClutchInLab, firstConfig, labDirectory, ME, openClutch } from "./lock-lab.ts";

/**
 * Kill -9 at each step of turning it on and off: of Clutch, of the wall, of both, of
 * the guard's process. Afterwards, everybody having been started again, it is on or
 * off and everything agrees on that, and nobody was told otherwise.
 */
const IS_LONG = process.env["CLUTCH_LONG"] !== undefined;
const MINUTE = 60_000;

let directory: string;
let port: number;
let store: string;
let before: Config;
/** Each Clutch is later than the one before it, so that the lease of a dead one has run out. */
let ahead = 0;
const children = new Map<"wall" | "gateway", ChildProcess>();

beforeAll(async () => {
  directory = labDirectory();
  port = await freePort();
  store = `sqlite:${join(directory, "clutch.db")}`;
  before = firstConfig(`127.0.0.1:${port}`);
  createGatewayStandIn(directory, before).stop();
  await Promise.all([start("wall"), start("gateway")]);
});
afterAll(async () => {
  await Promise.all([...children.keys()].map(kill));
  rmSync(directory, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

const run = (file: string, ...words: string[]): ChildProcess =>
  spawn(process.execPath, [join(import.meta.dirname, file), ...words], { stdio: ["pipe", "pipe", "inherit"] });

async function start(name: "wall" | "gateway"): Promise<void> {
  if (name === "gateway") rmSync(join(directory, "gateway.sock"), { force: true });
  const child = run("outside-child.ts", name, directory, String(port));
  children.set(name, child);
  await once(child.stdout ?? child, "data");
}

async function kill(name: "wall" | "gateway"): Promise<void> {
  const child = children.get(name);
  if (child === undefined) return;
  children.delete(name);
  await killed(child);
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

/** A Clutch of this process, as it starts again later. */
async function withClutch<T>(work: (clutch: ClutchInLab) => Promise<T>): Promise<T> {
  ahead += MINUTE;
  const clock = () => Date.now() + ahead;
  const opened = await openStore(store, { clock });
  try {
    return await work(await openClutch({ store: opened, clock, directory, request: connectGateway(directory) }));
  } finally {
    await opened.close();
  }
}

interface Outcome {
  /** All that it reached. */
  readonly steps: readonly string[];
  /** What the person was told; undefined where Clutch was killed. */
  readonly told: string | undefined;
}

type Victim = "clutch" | "wall" | "gateway";

async function interrupt(action: "on" | "off", stopAt: number, victims: readonly Victim[]): Promise<Outcome> {
  ahead += MINUTE;
  const child = run("lock-child.ts", JSON.stringify({ directory, store, ahead, action, stopAt }));
  const lines: string[] = [];
  let rest = "";
  let reached: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    reached = resolve;
  });
  child.stdout?.on("data", (chunk: Buffer) => {
    rest += chunk.toString();
    const parts = rest.split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
    if (stopAt > 0 && lines.length >= stopAt) reached();
  });
  const closed = once(child, "close");
  await Promise.race([stopped, closed]);
  if (child.exitCode === null) {
    for (const victim of victims) if (victim !== "clutch") await kill(victim);
    if (victims.includes("clutch")) await killed(child);
    else child.stdin?.write("\n");
  }
  await closed;
  const told = lines.find((line) => line.startsWith("told: "));
  return { steps: lines.filter((line) => line !== told), told: told?.slice(6) };
}

/** As everybody is to see it, whatever happened. */
async function settled(step: string): Promise<LockStatus> {
  return withClutch(async ({ lock, guard, wall, journal }) => {
    await lock.reconcile();
    expect(await lock.reconcile(), step).toEqual([]);
    const status = await lock.status();
    const [guarding, standing] = [await guard.status(), await wall.status()];
    const { isOn } = status;
    expect({ step, state: (await journal.latest())?.state ?? "done" }).toEqual({ step, state: "done" });
    expect([guarding?.state.on, standing?.closed], step).toEqual([isOn, isOn]);
    expect([status.enforcement, ...status.layers.map(({ state }) => state)], step).toEqual(
      isOn ? ["enforced", "closed", "closed", "closed"] : ["off", "open", "open", "open"],
    );
    if (!isOn) expect(await configNow(), step).toEqual(before);
    expect(status.problems, step).toEqual([]);
    return status;
  });
}

const configNow = async (): Promise<Config> =>
  ((await connectGateway(directory)("config.get", {})) as { config: Config }).config;

const turn = (wanted: "on" | "off") =>
  withClutch(
    async ({ lock }) => void (await (wanted === "on" ? lock.turnOn(ME) : lock.turnOff({ ...ME, restore: "all" }))),
  );

/** All steps take minutes. One is amid the layers, one amid the helper calls. */
const SAMPLE = [6, 19];
const VICTIMS: readonly (readonly Victim[])[] = [
  ["clutch"],
  ["wall"],
  ["clutch", "wall"],
  ["gateway"],
  ["clutch", "wall", "gateway"],
];

describe.each(["on", "off"] as const)("turning it %s, kill -9 at each step of", (action) => {
  const other = action === "on" ? "off" : "on";
  const kinds = IS_LONG ? VICTIMS : VICTIMS.filter(({ length }) => length !== 2).slice(action === "on" ? 1 : 0);

  it.each(kinds.map((victims) => [victims.join(", "), victims] as const))(
    "%s",
    { timeout: 900_000 },
    async (_, victims) => {
      const outcomes = new Set<string>();
      for (const nth of IS_LONG ? await allSteps() : SAMPLE) {
        await turn(other);
        const { steps, told } = await interrupt(action, nth, victims);
        const step = `${action}, ${victims.join(" and ")} killed at ${nth} (${steps[nth - 1]})`;
        for (const victim of victims) if (victim !== "clutch") await start(victim);
        const { isOn } = await settled(step);
        if (told === "on" || told === "off") expect(isOn ? "on" : "off", step).toBe(told);
        outcomes.add(isOn ? "on" : "off");
      }
      if (IS_LONG && victims.includes("clutch")) expect([...outcomes].sort()).toEqual(["off", "on"]);
      await turn("off");
      expect(await configNow()).toEqual(before);
    },
  );

  async function allSteps(): Promise<number[]> {
    await turn(other);
    const { steps } = await interrupt(action, 0, []);
    expect(steps.length).toBeGreaterThan(20);
    return steps.map((_step, index) => index + 1);
  }
});
