import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { LockAlert } from "../../src/local-only/lock-alerts.ts";
import type { LockStatus } from "../../src/local-only/lock-status.ts";
import { type Config, guardFile } from "./gateway-stand-in.ts";
import { type ClutchInLab, type Gate, type LockLab, ME, startLockLab } from "./lock-lab.ts";

const A = "agent:main:discord:channel:1";
const B = "agent:main:slack:channel:c2";

/** What people and the world do to it. */
type Act =
  | { readonly kind: "on"; readonly forMs: number | undefined }
  | { readonly kind: "off"; readonly restore: "all" | "others" }
  | { readonly kind: "release" }
  | { readonly kind: "here"; readonly key: string }
  | { readonly kind: "says"; readonly key: string }
  | { readonly kind: "opened"; readonly layer: "guard" | "wall" }
  | { readonly kind: "restarted"; readonly layer: "guard" | "wall"; readonly file: "whole" | "deleted" | "damaged" }
  | { readonly kind: "set"; readonly setting: "utility" | "compaction" | "agent"; readonly value: string }
  | { readonly kind: "passes"; readonly ms: number }
  | { readonly kind: "store lost" };

interface Step {
  readonly act: Act;
  /** The write at which Clutch dies, counted from 1; beyond the last one it lives. */
  readonly diesAt: number | undefined;
}

const layer = fc.constantFrom("guard" as const, "wall" as const);
const key = fc.constantFrom(A, B);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("on" as const), forMs: fc.constantFrom(undefined, undefined, 60_000) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("off" as const),
      restore: fc.constantFrom("all" as const, "others" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("release" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("here" as const), key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("says" as const), key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("opened" as const), layer }) },
  {
    weight: 2,
    arbitrary: fc.record({
      ...{ kind: fc.constant("restarted" as const), layer },
      file: fc.constantFrom("whole" as const, "deleted" as const, "damaged" as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("set" as const),
      setting: fc.constantFrom("utility" as const, "compaction" as const, "agent" as const),
      value: fc.constantFrom("openai/gpt-7", "ollama/phi4", "anthropic/claude-opus-5"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("passes" as const), ms: fc.constantFrom(30_000, 90_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("store lost" as const) }) },
);
const step: fc.Arbitrary<Step> = fc.record({
  act,
  diesAt: fc.option(fc.integer({ min: 1, max: 45 }), { nil: undefined, freq: 2 }),
});

const SETTINGS = {
  utility: ["agents", "defaults", "utilityModel"],
  compaction: ["agents", "defaults", "compaction", "model"],
  agent: ["agents", "entries", "main", "utilityModel"],
} as const;

function withSetting(config: Config, path: readonly string[], value: unknown): Config {
  const [first = "", ...rest] = path;
  const inner = rest.length === 0 ? value : withSetting((config[first] ?? {}) as Config, rest, value);
  return { ...config, [first]: inner };
}

/** Freezes at the nth write, as a process that was killed: what it began is never finished. */
function mortal(diesAt: number | undefined) {
  let count = 0;
  let isSafe = false;
  let die: () => void = () => undefined;
  const death = new Promise<"died">((resolve) => {
    die = () => resolve("died");
  });
  const gate: Gate = async () => {
    count += 1;
    if (isSafe || diesAt === undefined || count < diesAt) return;
    die();
    await new Promise(() => undefined);
  };
  return {
    gate,
    death,
    survive() {
      isSafe = true;
    },
  };
}

interface World {
  readonly lab: LockLab;
  /** What people want OpenClaw's configuration to be. */
  wanted: Config;
  said: { readonly key: string; readonly at: number }[];
  /** Conversations with text of the lock that is on now. */
  readonly locked: Set<string>;
  hasLostStore: boolean;
  /** How it was after the last step. */
  status: Pick<LockStatus, "isOn" | "kept">;
}

const openIn = (world: World, gate?: Gate): Promise<ClutchInLab> =>
  world.lab.clutch({
    ...(gate === undefined ? {} : { gate }),
    writtenSince: async (since) => [
      ...new Set(world.said.filter(({ at }) => at >= since).map(({ key: said }) => said)),
    ],
  });

async function restartLayer({ lab }: World, name: "guard" | "wall", file: "whole" | "deleted" | "damaged") {
  const path = name === "guard" ? guardFile(lab.directory) : join(lab.directory, "wall.json");
  if (name === "guard") lab.gateway.stop();
  else await lab.stopWall();
  if (file === "deleted") rmSync(path, { force: true });
  if (file === "damaged") writeFileSync(path, "{");
  if (name === "guard") lab.gateway.start();
  else await lab.startWall();
}

async function perform(world: World, { lock, guard, wall }: ClutchInLab, done: Act): Promise<void> {
  const { lab } = world;
  switch (done.kind) {
    case "on":
      return void (await lock.turnOn({ ...ME, forMs: done.forMs }));
    case "off":
      return void (await lock.turnOff({ ...ME, restore: done.restore }));
    case "release":
      return void (await lock.release(undefined, ME));
    case "here":
      return void (await lock.keepLocal(done.key, ME));
    case "says":
      world.said.push({ key: done.key, at: lab.now });
      if (world.status.isOn) world.locked.add(done.key);
      return;
    case "opened":
      if (done.layer === "guard") await guard.off((await guard.status())?.state.id || "nobody");
      else await wall.open((await wall.status())?.id || "nobody");
      return;
    case "restarted":
      return restartLayer(world, done.layer, done.file);
    case "set": {
      const path = SETTINGS[done.setting];
      world.wanted = withSetting(world.wanted, path, done.value);
      return lab.gateway.setConfig(withSetting(lab.gateway.config(), path, done.value));
    }
    case "passes":
      lab.now += done.ms;
      return void (await lock.applySchedule());
    case "store lost":
      await lab.loseStore();
      world.hasLostStore = true;
      return;
  }
}

const isClutchs = ({ kind }: Act): boolean => ["on", "off", "release", "here", "passes"].includes(kind);

async function take(world: World, { act: done, diesAt }: Step): Promise<void> {
  const { lab } = world;
  lab.now += 1_000;
  const before = world.status;
  const { gate, death, survive } = mortal(diesAt);
  const clutch = await openIn(world, gate);
  const whole = async (): Promise<readonly LockAlert[]> => {
    await perform(world, clutch, done);
    return (done.kind === "store lost" ? await openIn(world) : clutch).lock.reconcile();
  };
  const outcome = await Promise.race([whole(), death]);
  if (outcome !== "died") survive();
  const next = outcome === "died" || done.kind === "store lost" ? await openIn(world) : clutch;
  if (outcome === "died") lab.now += 25_000;
  // Whatever was left, the first look puts it right and the second one finds nothing.
  await next.lock.applySchedule();
  if (outcome === "died" || done.kind === "passes") await next.lock.reconcile();
  expect(await next.lock.reconcile()).toEqual([]);

  const after = await next.lock.status();
  const [guarding, standing] = [await next.guard.status(), await next.wall.status()];
  const shut = [guarding?.state.on, standing?.closed];
  expect(after.enforcement).toBe(after.isOn ? "enforced" : "off");
  expect(shut).toEqual([after.isOn, after.isOn]);
  expect((await next.journal.latest())?.state ?? "done").toBe("done");
  expect(after.problems).toEqual([]);
  if (after.isOn) expect(after.layers.map(({ state }) => state)).toEqual(["closed", "closed", "closed"]);

  const keys = after.kept.map(({ sessionKey }) => sessionKey);
  if (done.kind !== "release" && !world.hasLostStore) {
    for (const { sessionKey } of before.kept) expect(keys).toContain(sessionKey);
  }
  if (outcome !== "died") {
    if (done.kind === "on") expect(after.isOn).toBe(true);
    if (done.kind === "off") expect(after.isOn).toBe(false);
    if (done.kind === "off" && done.restore === "others") for (const said of world.locked) expect(keys).toContain(said);
    const broke = done.kind === "opened" || (done.kind === "restarted" && done.file !== "whole");
    // Whoever opens or takes away what is closed is told of; so is what came closed by itself.
    if (broke && before.isOn) expect(outcome.length, done.kind).toBeGreaterThan(0);
    if (!before.isOn && after.isOn && !isClutchs(done)) expect(outcome.length).toBeGreaterThan(0);
  }
  if (!after.isOn) world.locked.clear();
  world.status = after;
}

it("is on or off after anything, tells what happened, and leaves nothing behind", { timeout: 1_800_000 }, async () => {
  const numRuns = process.env["CLUTCH_LONG"] === undefined ? 200 : 1_500;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 7 }), async (steps) => {
      const lab = await startLockLab();
      const world: World = {
        ...{ lab, wanted: lab.gateway.config(), said: [], locked: new Set(), hasLostStore: false },
        status: { isOn: false, kept: [] },
      };
      try {
        for (const one of steps) await take(world, one);
        const last = await openIn(world);
        await last.lock.turnOff({ ...ME, restore: "all" });
        for (const released of [undefined, A, B]) await last.lock.release(released, ME);
        expect(await last.lock.reconcile()).toEqual([]);
        expect(await last.lock.status()).toMatchObject({ enforcement: "off", kept: [], problems: [] });
        if (!world.hasLostStore) expect(lab.gateway.config()).toEqual(world.wanted);
      } finally {
        await lab.stop();
      }
    }),
    { numRuns },
  );
});
