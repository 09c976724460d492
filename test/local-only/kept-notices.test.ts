import { expect, it } from "vitest";
import { createKeptNotices } from "../../src/local-only/kept-notices.ts";
import { openStore } from "../../src/store/open-store.ts";
import { openTemp } from "../store/temp-store.ts";

it("tells each conversation once that it is kept, also over restarts, and none while the lock is on", async () => {
  const store = await openStore("sqlite::memory:", { clock: Date.now });
  const told: string[] = [];
  let isOn = true;
  let kept: Record<string, { why: "here" | "unreleased"; at: number }> = {
    one: { why: "unreleased", at: 1 },
    here: { why: "here", at: 1 },
  };
  const start = () =>
    createKeptNotices({
      // biome-ignore lint/suspicious/noExplicitAny: of a guard's status only this part is read
      guard: { status: async () => ({ state: { kept } }) as any },
      isOn: () => isOn,
      told: store.expiring("presence"),
      tell: async (key) => told.push(key) > 0,
    });
  const first = start();
  await first();
  expect(told).toEqual([]);
  isOn = false;
  await first();
  await first();
  await start()();
  expect(told).toEqual(["one"]);
  // Released, and kept again by another lock.
  kept = { one: { why: "unreleased", at: 2 }, two: { why: "unreleased", at: 2 } };
  await first();
  expect(told).toEqual(["one", "one", "two"]);
  await store.close();
});

it("tries again, less and less often, what could not be told, and tells the others meanwhile", async () => {
  const { store, time } = await openTemp();
  const tried: string[] = [];
  const kept = { one: { why: "unreleased", at: 1 }, two: { why: "unreleased", at: 1 } };
  const fails = new Set(["one"]);
  const round = createKeptNotices({
    // biome-ignore lint/suspicious/noExplicitAny: of a guard's status only this part is read
    guard: { status: async () => ({ state: { kept } }) as any },
    isOn: () => false,
    told: store.expiring("presence"),
    async tell(key) {
      tried.push(key);
      if (key === "one" && tried.length === 1) throw new Error("the gateway is away");
      return !fails.has(key);
    },
  });
  await expect(round()).rejects.toThrow("the gateway is away");
  await round();
  await round();
  expect(tried).toEqual(["one", "two"]);
  time.now += 5 * 60_000;
  await round();
  time.now += 5 * 60_000;
  await round();
  expect(tried).toEqual(["one", "two", "one"]);
  fails.clear();
  time.now += 5 * 60_000;
  await round();
  expect(tried).toEqual(["one", "two", "one", "one"]);
  time.now += 30 * 24 * 60 * 60_000;
  await round();
  expect(tried).toHaveLength(4);
});
