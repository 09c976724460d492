import { describe, expect, it } from "vitest";
import { createLeases } from "../../src/store/leases.ts";
import { createLockJournal } from "../../src/store/lock-journal.ts";
import { createSouls } from "../../src/store/souls.ts";
import { createWatchedSessions } from "../../src/store/watched-sessions.ts";
import { DATABASES, newDatabase } from "./databases.ts";
import { openTemp } from "./temp-store.ts";

/** Parts whose behaviour is tested where they are used, on SQLite: here, that they do the same on each database. */
describe.each(DATABASES)("on %s", (database) => {
  async function open() {
    const { store, time } = await openTemp(await newDatabase(database));
    return { db: store.db, time, clock: () => time.now };
  }

  it("of many who want a lease at once one gets it; it runs out, and writing by who lost it is refused", async () => {
    const { db, clock, time } = await open();
    const leases = createLeases(db, clock);
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let refused = 0;
    const attempts = Array.from({ length: 8 }, () =>
      leases.hold("lock", () => released, { patienceMs: 0 }).catch(() => void refused++),
    );
    await expect.poll(() => refused).toBe(7);
    expect(await leases.isHeld("lock")).toBe(true);
    release();
    await Promise.all(attempts);
    expect(await leases.isHeld("lock")).toBe(false);

    const journal = createLockJournal(db, clock);
    const entry = { wanted: "on", lockId: "l1", actor: "discord:1", details: { why: ["模型"] } } as const;
    await leases.hold("lock", async (lease) => {
      const notes = journal.heldBy(lease);
      const { id } = await notes.begin(entry);
      await notes.step(id, "guard", { deeper: { n: 1 } });
      expect(await journal.latest()).toMatchObject({
        id,
        state: "working",
        step: "guard",
        details: { deeper: { n: 1 } },
      });
      time.now += 21_000;
      await leases.hold("lock", async () => "taken over");
      await expect(notes.settle(id, "done")).rejects.toMatchObject({ code: "lock_in_progress" });
    });
    expect(await journal.turnedOn()).toMatchObject([{ ...entry, details: { deeper: { n: 1 } }, state: "working" }]);
  });

  it("souls are saved, saved again, and forgotten", async () => {
    const { db, clock } = await open();
    const souls = createSouls(db, clock);
    await souls.save("main", { hash: "", mirrored: "a/b", former: null });
    await souls.save("main", { hash: "h", mirrored: { primary: "a/b" }, former: "c/d" });
    expect(await souls.get("main")).toEqual({ hash: "h", mirrored: { primary: "a/b" }, former: "c/d" });
    await souls.forget("main");
    expect(await souls.get("main")).toBeUndefined();
  });

  it("watched sessions are saved, saved again, and forgotten with nothing to keep", async () => {
    const { db, clock } = await open();
    const watched = createWatchedSessions(db, clock);
    await watched.save({ key: "s1", pin: "a/b", stray: null });
    await watched.save({ key: "s1", pin: "a/b", stray: "c/d" });
    await watched.save({ key: "s2", pin: "a/b", stray: null });
    await watched.save({ key: "s2", pin: null, stray: null });
    expect(await watched.all()).toEqual([{ key: "s1", pin: "a/b", stray: "c/d" }]);
  });
});
