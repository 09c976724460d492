import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createLockAlertPosts } from "../../src/local-only/lock-alert-posts.ts";
import { createAlertBox } from "../../src/store/alert-box.ts";
import { type ClutchInLab, type LockLab, ME, startLockLab } from "./lock-lab.ts";

const logger = pino({ level: "silent" });
let lab: LockLab;
let clutch: ClutchInLab;
beforeEach(async () => {
  lab = await startLockLab();
  clutch = await lab.clutch();
});
afterEach(() => lab.stop());

/** One Clutch's posts to two owners; who is down takes nothing. */
function posts(down: ReadonlySet<string> = new Set()) {
  const told: string[] = [];
  const target = (name: string, text: string) => ({
    name,
    async post() {
      if (down.has(name)) return false;
      told.push(`${name}: ${text}`);
      return true;
    },
  });
  const { news, post } = createLockAlertPosts({
    db: clutch.store.db,
    targets: async ({ kind, what }) => ["discord", "slack"].map((name) => target(name, `${kind}, ${what[0]}`)),
    clock: () => lab.now,
    logger,
  });
  return { told, news, post };
}

it("an alert that could not be posted is posted again, to whom it was not, by another Clutch as well", async () => {
  await clutch.lock.turnOn(ME);
  await lab.stopWall();
  await clutch.lock.reconcile();
  const down = new Set(["discord"]);
  const { told, post } = posts(down);
  await post();
  expect(told).toEqual([expect.stringMatching(/^slack: broken, The wall is gone/)]);
  // Known by now, so nobody puts it down once more.
  expect(await clutch.lock.reconcile()).toEqual([]);
  lab.now += 29_000;
  await post();
  expect(told).toHaveLength(1);
  down.clear();
  const after = posts();
  await after.post();
  expect(after.told).toEqual([expect.stringMatching(/^discord: broken, The wall is gone/)]);
  lab.now += 60_000;
  await post();
  expect([told.length, after.told.length]).toEqual([1, 1]);
});

it("what a Clutch put down that died before it posted anything is posted by the next one, in order", async () => {
  await clutch.lock.turnOn({ ...ME, forMs: 1_000 });
  await lab.stopWall();
  await clutch.lock.reconcile();
  await lab.startWall();
  await clutch.lock.reconcile();
  lab.now += 1_000;
  await clutch.lock.applySchedule();
  clutch = await lab.clutch();
  const { told, post } = posts(new Set(["slack"]));
  await post();
  expect(told).toEqual([
    expect.stringMatching(/^discord: broken, The wall is gone/),
    "discord: mended, What was broken holds again.",
    expect.stringMatching(/^discord: told, Local-only mode is off now/),
  ]);
});

it("alerts of usage lie beside them, and neither finds the other's", async () => {
  const usage = createAlertBox(clutch.store.db, () => lab.now);
  const lock = createAlertBox(clutch.store.db, () => lab.now, "lock");
  await usage.add("idle 2026-11-22", { kind: "idle" });
  await lock.add("1", { kind: "told" });
  expect((await usage.waiting()).map(({ key }) => key)).toEqual(["idle 2026-11-22"]);
  expect((await lock.waiting()).map(({ key }) => key)).toEqual(["1"]);
  expect([await lock.has("1"), await usage.has("1"), await lock.has("idle 2026-11-22")]).toEqual([true, false, false]);
  await lock.reached("1", ["terminal"]);
  expect(await lock.waiting()).toMatchObject([{ reached: ["terminal"] }]);
  await lock.settle("1", "told");
  expect([await lock.waiting(), (await usage.waiting()).length]).toEqual([[], 1]);
});
