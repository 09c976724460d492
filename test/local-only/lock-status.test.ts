import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ClutchInLab, type Gate, type LockLab, ME, startLockLab } from "./lock-lab.ts";

let lab: LockLab;
let clutch: ClutchInLab;
beforeEach(async () => {
  lab = await startLockLab();
  clutch = await lab.clutch();
});
afterEach(() => lab.stop());

const off = (by = clutch) => by.lock.turnOff({ ...ME, restore: "all" });

/** What status says at each step of something. */
async function alongside(work: (by: ClutchInLab) => Promise<unknown>): Promise<string[]> {
  const seen: string[] = [];
  const gate: Gate = async (step) => {
    const { enforcement, layers } = await clutch.lock.status();
    const closed = layers.filter(({ name, state }) => name !== "helpers" && state === "closed").length;
    seen.push(`${enforcement} with ${closed} closed`);
    void step;
  };
  await work(await lab.clutch({ gate }));
  return [...new Set(seen)];
}

it("says of each moment of a lock what is so", async () => {
  expect(await alongside(({ lock }) => lock.turnOn(ME))).toEqual([
    "off with 0 closed",
    "changing with 0 closed",
    "changing with 1 closed",
    "changing with 2 closed",
    "enforced with 2 closed",
  ]);
  expect(await alongside(off)).toEqual([
    "enforced with 2 closed",
    "changing with 2 closed",
    "changing with 1 closed",
    "changing with 0 closed",
    "off with 0 closed",
  ]);
});

it("claims nothing while it is mended, and for proofs of before", async () => {
  await clutch.lock.turnOn(ME);
  await clutch.wall.open((await clutch.wall.status())?.id ?? "");
  const seen = await alongside(({ lock }) => lock.reconcile());
  expect(seen[0]).toBe("broken with 1 closed");
  expect(seen.at(-1)).toBe("enforced with 2 closed");
  // Closed again and not proved yet.
  expect(seen).toContain("partly with 2 closed");
});

it("has no proofs of an earlier lock", async () => {
  await clutch.lock.turnOn(ME);
  await off();
  expect((await clutch.lock.status()).verification).toBeUndefined();
  let isDead = false;
  const unlucky = await lab.clutch({
    async gate(step) {
      if (step !== "after: locks step" || (await clutch.journal.latest())?.step !== "verifying") return;
      isDead = true;
      await new Promise(() => undefined);
    },
  });
  void unlucky.lock.turnOn(ME);
  await expect.poll(() => isDead).toBe(true);
  expect(await clutch.lock.status()).toMatchObject({ enforcement: "changing", verification: undefined });
});

describe("an interrupted lock", () => {
  it("is said to be one as soon as nobody is at it", async () => {
    let isDead = false;
    const unlucky = await lab.clutch({
      async gate(step) {
        if (step !== "after: wall close") return;
        isDead = true;
        await new Promise(() => undefined);
      },
    });
    void unlucky.lock.turnOn(ME);
    await expect.poll(() => isDead).toBe(true);
    expect((await clutch.lock.status()).problems).toEqual([]);
    lab.now += 21_000;
    expect((await clutch.lock.status()).problems).toEqual([
      "It was interrupted; a running Clutch finishes it within moments.",
    ]);
  });
});

it("says whether somebody watches", async () => {
  expect((await clutch.lock.status()).isWatched).toBe(false);
  await clutch.lock.watching(20_000);
  expect((await clutch.lock.status()).isWatched).toBe(true);
  lab.now += 20_001;
  expect((await clutch.lock.status()).isWatched).toBe(false);
});

it("is strict until it knows better, and knows from the first moment what the guard knows", async () => {
  await clutch.guard.on("theirs", { models: [], order: {}, tools: [] });
  expect((await lab.clutch()).lock.isOn()).toBe(true);
});

it("verify proves again what is on, and leaves no proof where it is off", async () => {
  await clutch.lock.verify();
  expect(await clutch.journal.latest()).toBeUndefined();
  await clutch.lock.turnOn(ME);
  lab.now += 5_000;
  const { at } = await clutch.lock.verify();
  expect(at).toBe(lab.now);
  expect((await clutch.lock.status()).verification?.at).toBe(lab.now);
  await off();
  await clutch.lock.verify();
  expect((await clutch.lock.status()).verification).toBeUndefined();
});
