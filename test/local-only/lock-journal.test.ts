import { afterEach, beforeEach, expect, it } from "vitest";
import { createLeases } from "../../src/store/leases.ts";
import {
  createLockJournal,
  type LockJournal,
  type LockNotes,
  type NewLockEntry,
} from "../../src/store/lock-journal.ts";
import { openStore, type Store } from "../../src/store/open-store.ts";

let now = 1_000;
let store: Store;
let journal: LockJournal;
let notes: LockNotes;
beforeEach(async () => {
  now = 1_000;
  store = await openStore("sqlite::memory:", { clock: () => now });
  journal = createLockJournal(store.db, () => now);
  notes = journal.heldBy({ within: (write) => write(store.db) });
});
afterEach(() => store.close());

const entry = (wanted: "on" | "off", lockId: string): NewLockEntry => ({
  ...{ wanted, lockId, actor: "discord:owner", place: "agent:main:main", reason: "the audit" },
  details: { layers: ["wall"] },
});

it("knows nothing at first", async () => {
  expect(await journal.latest()).toBeUndefined();
  expect(await journal.turnedOn()).toEqual([]);
});

it("has what was begun, what is being done and how it ended", async () => {
  const begun = await notes.begin(entry("on", "L"));
  expect(begun).toEqual({ ...entry("on", "L"), id: expect.any(Number), at: 1_000, state: "working", step: "begun" });
  now = 2_000;
  await notes.step(begun.id, "closing");
  expect(await journal.latest()).toEqual({ ...begun, step: "closing" });
  await notes.step(begun.id, "verifying", { layers: [] });
  expect(await journal.latest()).toMatchObject({ at: 1_000, step: "verifying", details: { layers: [] } });
  await notes.settle(begun.id, "done");
  expect(await journal.latest()).toMatchObject({ state: "done", step: "done", details: { layers: [] } });
  await journal.note(begun.id, { layers: ["guard"] });
  expect(await journal.latest()).toMatchObject({ state: "done", details: { layers: ["guard"] } });
});

it("passes over what failed", async () => {
  const first = await notes.begin(entry("on", "L"));
  await notes.settle(first.id, "done");
  const second = await notes.begin(entry("off", "L"));
  expect((await journal.latest())?.id).toBe(second.id);
  await notes.settle(second.id, "failed");
  expect((await journal.latest())?.id).toBe(first.id);
});

it("has every time that it was turned on, newest first", async () => {
  for (const [wanted, id] of [
    ["on", "a"],
    ["off", "a"],
    ["on", "b"],
    ["on", "c"],
  ] as const) {
    await notes.begin(entry(wanted, id));
  }
  expect((await journal.turnedOn()).map(({ lockId }) => lockId)).toEqual(["c", "b", "a"]);
});

it("takes nothing from who lost the lease", async () => {
  const leases = createLeases(store.db, () => now);
  await leases.hold("lock", async (lease) => {
    const late = journal.heldBy(lease);
    const begun = await late.begin(entry("on", "L"));
    now += 25_000;
    await leases.hold("lock", async () => undefined);
    const lost = expect.objectContaining({ code: "lock_in_progress" });
    await expect(late.begin(entry("off", "L"))).rejects.toThrow(lost);
    await expect(late.step(begun.id, "late", {})).rejects.toThrow(lost);
    await expect(late.settle(begun.id, "failed")).rejects.toThrow(lost);
    await expect(late.note(begun.id, {})).rejects.toThrow(lost);
    expect(await journal.latest()).toEqual(begun);
  });
});

it("refuses what is no entry", async () => {
  await notes.begin(entry("on", "L"));
  await store.db.updateTable("locks").set({ details_json: "[" }).execute();
  await expect(journal.latest()).rejects.toThrow();
});
