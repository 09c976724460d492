import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import { alertPlaces, alertTargets } from "../../src/local-only/alert-places.ts";
import { createLockAlertPosts } from "../../src/local-only/lock-alert-posts.ts";
import { formatPlace } from "../../src/models/place.ts";
import type { SessionRow } from "../../src/openclaw/wire.ts";
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

it("what is put down while another one is posted does not wait for its turn", async () => {
  const box = createAlertBox(clutch.store.db, () => lab.now, "lock");
  const put = (what: string) => box.add(what, { kind: "told", what: [what] });
  const told: string[] = [];
  const { news, post } = createLockAlertPosts({
    db: clutch.store.db,
    targets: async ({ what: [what = ""] }) => [
      {
        name: "owner",
        async post() {
          told.push(what);
          if (what === "first") await put("second");
          news();
          return true;
        },
      },
    ],
    clock: () => lab.now,
    logger,
  });
  await put("first");
  await post();
  await post();
  expect(told).toEqual(["first", "second"]);
});

it("where it was turned on is told once OpenClaw can say where that is, the others at once", async () => {
  const key = "agent:main:discord:channel:42";
  let isAway = true;
  const readSession = async (): Promise<SessionRow> => {
    if (isAway) throw new ClutchError("gateway_unreachable", "The gateway cannot be reached.");
    return { key, raw: { key } } as unknown as SessionRow;
  };
  const told: string[] = [];
  const { news, post } = createLockAlertPosts({
    db: clutch.store.db,
    targets: async (alert, at) => {
      const places = await alertPlaces(alert, { openclaw: { readSession }, owners: ["discord:7"] });
      return alertTargets(places, async (conversation) => {
        const where = conversation === undefined ? "terminal" : formatPlace(conversation);
        told.push(`${where}, ${(lab.now - at) / 1_000} s late`);
        return true;
      });
    },
    clock: () => lab.now,
    logger,
  });
  const box = createAlertBox(clutch.store.db, () => lab.now, "lock");
  await box.add("1", { kind: "broken", what: ["The guard is gone."], place: key });
  await post();
  expect(told).toEqual(["terminal, 0 s late", "discord:dm:7, 0 s late"]);
  isAway = false;
  lab.now += 60_000;
  news();
  await post();
  expect(told.slice(2)).toEqual(["discord:42, 60 s late"]);
  expect(await box.waiting()).toEqual([]);
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
