import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLeases, type Lease, type Leases } from "../../src/store/leases.ts";
import { openStore, type Store } from "../../src/store/open-store.ts";
import { labDirectory } from "./lock-lab.ts";

const START = Date.UTC(2026, 10, 22);
const S = 1_000;
const busy = expect.objectContaining({ code: "lock_in_progress" });

let now: number;
let store: Store;
let leases: Leases;
beforeEach(async () => {
  now = START;
  store = await openStore("sqlite::memory:", { clock: () => now });
  leases = createLeases(store.db, () => now);
});
afterEach(() => store.close());

/** Holds it until told; `by` is another process's clock. */
function holding(by: Leases = leases) {
  let end: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    end = resolve;
  });
  let begun: (lease: Lease) => void = () => undefined;
  const lease = new Promise<Lease>((resolve) => {
    begun = resolve;
  });
  const finished = by.hold("lock", async (held) => {
    begun(held);
    await done;
    return "done";
  });
  return { lease, end, finished };
}
const now0 = (): Promise<string> => leases.hold("lock", async () => "mine", { patienceMs: 0 });

it("is held by one at a time, and let go with what was made of it", async () => {
  const first = holding();
  await first.lease;
  expect(await leases.isHeld("lock")).toBe(true);
  expect(await leases.isHeld("other")).toBe(false);
  await expect(now0()).rejects.toThrow(busy);
  expect(await leases.hold("other", async () => 7, { patienceMs: 0 })).toBe(7);
  first.end();
  expect(await first.finished).toBe("done");
  expect(await leases.isHeld("lock")).toBe(false);
  expect(await now0()).toBe("mine");
});

it("is let go by work that fails", async () => {
  await expect(leases.hold("lock", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await now0()).toBe("mine");
});

it("waits for its turn", async () => {
  const first = holding();
  await first.lease;
  const second = leases.hold("lock", async () => "after it", { patienceMs: 5_000 });
  first.end();
  expect(await second).toBe("after it");
});

describe("of somebody who is silent", () => {
  it.each([
    [0, false],
    [19 * S, false],
    [20 * S, false],
    [20 * S + 1, true],
    [3_600 * S, true],
  ])("after %i ms: taken over is %s", async (silence, isTaken) => {
    const first = holding();
    await first.lease;
    now += silence;
    expect(await leases.isHeld("lock")).toBe(!isTaken);
    if (isTaken) expect(await now0()).toBe("mine");
    else await expect(now0()).rejects.toThrow(busy);
    first.end();
    await first.finished;
  });

  it("is renewed by every check", async () => {
    const first = holding();
    const lease = await first.lease;
    for (let nth = 0; nth < 5; nth++) {
      now += 15 * S;
      await lease.check();
    }
    await expect(now0()).rejects.toThrow(busy);
    first.end();
    await first.finished;
  });

  it("goes on where nobody took over meanwhile", async () => {
    const first = holding();
    const lease = await first.lease;
    now += 60 * S;
    await lease.check();
    await expect(now0()).rejects.toThrow(busy);
    first.end();
    expect(await first.finished).toBe("done");
  });

  it("does not go on while another one is at it", async () => {
    const first = holding();
    const lease = await first.lease;
    now += 21 * S;
    const second = holding();
    const other = await second.lease;
    await expect(lease.check()).rejects.toThrow(busy);
    await other.check();
    first.end();
    await first.finished;
    // It let go of nothing that is the other's.
    await expect(now0()).rejects.toThrow(busy);
    second.end();
    await second.finished;
  });

  it("does not go on after another one came and went", async () => {
    const first = holding();
    const lease = await first.lease;
    now += 21 * S;
    expect(await now0()).toBe("mine");
    await expect(lease.check()).rejects.toThrow(busy);
    await expect(lease.check()).rejects.toThrow(busy);
    first.end();
    await first.finished;
  });
});

describe("a clock that is set back", () => {
  it.each([
    [2 * S, false],
    [39 * S, false],
    [3_600 * S, true],
  ])("by %i ms: a dead one's is taken over at once is %s", async (back, isTaken) => {
    const dead = holding();
    await dead.lease;
    now -= back;
    expect(await leases.isHeld("lock")).toBe(!isTaken);
    if (isTaken) expect(await now0()).toBe("mine");
    else await expect(now0()).rejects.toThrow(busy);
    dead.end();
    await dead.finished;
  });
});

it("holds between stores on one file", async () => {
  const directory = labDirectory();
  const url = `sqlite:${join(directory, "clutch.db")}`;
  const clock = () => now;
  // One after the other: two connections of one process would wait for each other.
  const one = await openStore(url, { clock });
  const dead = holding(createLeases(one.db, clock));
  const lease = await dead.lease;
  const two = await openStore(url, { clock });
  const other = createLeases(two.db, clock);
  await expect(other.hold("lock", async () => 1, { patienceMs: 0 })).rejects.toThrow(busy);
  now += 20 * S + 1;
  expect(await other.hold("lock", async () => 1, { patienceMs: 0 })).toBe(1);
  await expect(lease.check()).rejects.toThrow(busy);
  dead.end();
  await dead.finished;
  await two.close();
  await one.close();
  rmSync(directory, { recursive: true });
});
