import { expect, it } from "vitest";
import { createKeptNotices } from "../../src/local-only/kept-notices.ts";
import { openStore } from "../../src/store/open-store.ts";

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
      tell: async (key) => void told.push(key),
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
