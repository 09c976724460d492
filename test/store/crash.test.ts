import { once } from "node:events";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { createChangeJournal } from "../../src/store/change-journal.ts";
import { DATABASES, newDatabase } from "./databases.ts";
import { openTemp, startStoreChild } from "./temp-store.ts";

async function reopen(url: string) {
  const { store } = await openTemp(url);
  if (url.startsWith("sqlite:")) {
    expect((await sql`pragma integrity_check`.execute(store.db)).rows).toEqual([{ integrity_check: "ok" }]);
  }
  return store;
}

describe.each(DATABASES)("on %s", (database) => {
  it.each([1, 25, 80])(
    "kill -9 of a writer after %d reports: what it had reported is there, whole",
    async (reports) => {
      const url = await newDatabase(database);
      const child = startStoreChild("write-forever", url);
      const reported: (string | undefined)[] = [];
      while (reported.length < reports) reported.push(await child.line());
      // Busy as a machine may be: nobody reads meanwhile, until no more reports fit into the pipe.
      const until = performance.now() + 300;
      while (performance.now() < until);
      child.process.kill("SIGKILL");
      reported.push(...(await child.end()));

      const store = await reopen(url);
      const rows = await store.db.selectFrom("changes").select(["id", "state", "after_json"]).orderBy("id").execute();
      // One that was written may not have been reported any more; none may be missing, half or out of order.
      const done = reported.filter((line) => line?.startsWith("done")).length;
      const intended = reported.length - done;
      expect([intended, intended + 1]).toContain(rows.length);
      expect(intended).toBeGreaterThan(0);
      rows.forEach((row, index) => {
        const id = index + 1;
        const finished = { id, state: "done", after_json: `"model/${id}"` };
        const begun = { id, state: "intended", after_json: '"a/b"' };
        expect(id <= done ? [finished] : [finished, begun]).toContainEqual(row);
      });

      const journal = createChangeJournal(store.db, Date.now);
      const unfinished = await journal.unfinished();
      expect(unfinished.length).toBeLessThanOrEqual(1);
      for (const { id } of unfinished) expect(await journal.failed(id, "found after a crash")).toBe(true);
      expect(
        await journal.done(
          await journal.intend({ scope: "global", target: "defaults", actor: "a", before: null, after: null }),
        ),
      ).toBe(true);
    },
  );

  it("kill -9 inside a transaction: nothing of it is there, and the lock is free", async () => {
    const url = await newDatabase(database);
    const child = startStoreChild("hang-in-transaction", url);
    expect(await child.line()).toBe("inside");
    child.process.kill("SIGKILL");
    await once(child.process, "exit");
    const log = createAuditLog((await reopen(url)).db, Date.now);
    expect(await log.list()).toEqual([]);
    await log.append({ actor: "a", action: "x", result: "ok" });
    expect(await log.list()).toHaveLength(1);
  });
});
