import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { createAuditLog, type NewAuditEntry } from "../../src/store/audit-log.ts";
import { DATABASES, type Database, newDatabase } from "./databases.ts";
import { openTemp } from "./temp-store.ts";

describe.each(DATABASES)("on %s", (database) => {
  const ENTRY = "audit (id, at, actor, action, result) values (1, 1, 'x', 'x', 'ok')";
  const entry: NewAuditEntry = { actor: "discord:1", action: "model.use", result: "ok" };

  async function openLog() {
    const { store, time } = await openTemp(await newDatabase(database));
    return { log: createAuditLog(store.db, () => time.now), db: store.db, time };
  }

  it("keeps all that is said of an entry, and leaves out what was not said", async () => {
    const { log, time } = await openLog();
    const full: NewAuditEntry = {
      actor: "slack:U1",
      place: "agent:main:slack:channel:c1",
      action: "model.use",
      target: "agent:main:slack:channel:c1",
      from: "a/b",
      to: "c/d",
      reason: "too slow",
      result: "refused",
      code: "not_allowed",
      correlation: "7f3",
    };
    await log.append(full);
    time.now = 2_000;
    await log.append(entry);
    expect(await log.list()).toEqual([
      { ...entry, id: 2, at: 2_000 },
      { ...full, id: 1, at: 1_000 },
    ]);
  });

  describe("list", () => {
    it("finds by each field, by time and by several at once, newest first", async () => {
      const { log, time } = await openLog();
      const who = ["discord:1", "slack:2"];
      for (let n = 0; n < 8; n++) {
        time.now = n * 10;
        await log.append({
          ...entry,
          actor: who[n % 2] ?? "",
          place: n < 4 ? "p1" : "p2",
          target: `t${n % 3}`,
          action: n === 5 ? "localonly.on" : "model.use",
        });
      }
      const times = async (filter: Parameters<typeof log.list>[0]) => (await log.list(filter)).map(({ at }) => at / 10);
      expect(await times({ actor: "slack:2" })).toEqual([7, 5, 3, 1]);
      expect(await times({ place: "p1" })).toEqual([3, 2, 1, 0]);
      expect(await times({ target: "t2" })).toEqual([5, 2]);
      expect(await times({ action: "localonly.on" })).toEqual([5]);
      expect(await times({ since: 30, until: 60 })).toEqual([5, 4, 3]);
      expect(await times({ limit: 2 })).toEqual([7, 6]);
      expect(await times({ actor: "discord:1", place: "p2", since: 50 })).toEqual([6]);
      expect(await times({ actor: "' or 1=1 --" })).toEqual([]);
    });

    it("gives the newest 100 unless told otherwise", async () => {
      const { log } = await openLog();
      for (let n = 0; n < 103; n++) await log.append(entry);
      expect((await log.list()).map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, n) => 103 - n));
      expect(await log.list({ limit: 1_000 })).toHaveLength(103);
    });
  });

  describe("append-only", () => {
    const replacements: Record<Database, [string, string][]> = {
      SQLite: [
        ["a replacement", `insert or replace into ${ENTRY}`],
        ["an upsert", `insert into ${ENTRY} on conflict (id) do update set actor = 'x'`],
      ],
      PostgreSQL: [
        ["an emptying", "truncate audit"],
        [
          "an upsert",
          `insert into ${ENTRY.replace("values", "overriding system value values")} on conflict (id) do update set actor = 'x'`,
        ],
      ],
    };
    it.each<[string, string]>([
      ["an update", "update audit set actor = 'someone else'"],
      ["an update of nothing but the same", "update audit set at = at"],
      ["a deletion of one", "delete from audit where id = 1"],
      ["a deletion of all", "delete from audit"],
      ...replacements[database],
    ])("refuses %s", async (_, statement) => {
      const { log, db } = await openLog();
      await log.append(entry);
      const before = await log.list();
      await expect(sql.raw(statement).execute(db)).rejects.toThrow("audit is append-only");
      expect(await log.list()).toEqual(before);
    });

    it("lets retention delete what is older, and nothing else", async () => {
      const { log, db, time } = await openLog();
      for (time.now = 100; time.now <= 500; time.now += 100) await log.append(entry);
      expect(await log.prune(300)).toBe(2);
      expect(await log.prune(300)).toBe(0);
      expect((await log.list()).map(({ at }) => at)).toEqual([500, 400, 300]);
      await expect(sql`delete from audit where at = 300`.execute(db)).rejects.toThrow("append-only");
      await log.append(entry);
      expect((await log.list())[0]?.id).toBe(6);
    });

    it("keeps what comes after the retention, even where that was set to a moment ahead", async () => {
      const { log, db, time } = await openLog();
      await log.append(entry);
      time.now = 2_000;
      expect(await log.prune(Number.MAX_SAFE_INTEGER)).toBe(1);
      await log.append(entry);
      await expect(sql`delete from audit`.execute(db)).rejects.toThrow("append-only");
    });
  });
});
