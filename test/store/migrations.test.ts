import { Kysely, sql } from "kysely";
import { expect, it } from "vitest";
import { createChangeJournal } from "../../src/store/change-journal.ts";
import { migrate } from "../../src/store/migrations.ts";
import { createReturns } from "../../src/store/returns.ts";
import type { Schema } from "../../src/store/schema.ts";
import { openSqlite } from "../../src/store/sqlite-backend.ts";
import { tempFile } from "./temp-store.ts";

const change = { scope: "session", target: "agent:main:main", actor: "discord:1", before: null } as const;

it("a store of an older version keeps its journal, its numbers and what waits to be switched back", async () => {
  const file = tempFile();
  const backend = await openSqlite(file);
  const db = new Kysely<Schema>({ dialect: backend.dialect });
  await migrate(db, backend, { upTo: "0002_returns_watched_batches" });
  const journal = createChangeJournal(db, () => 1_000);
  const first = await journal.intend({ ...change, after: "ollama/a" });
  await journal.done(first);
  const undo = await journal.intend({ ...change, before: "ollama/a", after: null, undoes: first });
  await journal.done(undo);
  const open = await journal.intend({ ...change, after: "ollama/b", batch: "lot" });
  const returns = createReturns(db);
  await sql`insert into returns (at, state, session_key, back_to, expects, due_at, change_id, actor)
    values (1, 'waiting', 'agent:main:main', null, 'ollama/b', 5, ${open}, 'discord:1')`.execute(db);
  const before = await sql`select * from changes order by id`.execute(db);

  await migrate(db, backend);
  expect((await sql`select * from changes order by id`.execute(db)).rows).toEqual(before.rows);
  expect((await returns.waiting("agent:main:main")).map(({ changeId }) => changeId)).toEqual([open]);
  expect((await journal.latest("agent:main:main"))?.id).toBe(open);
  expect((await sql`pragma foreign_key_check`.execute(db)).rows).toEqual([]);

  // Numbers go on, the new scope is allowed, and what points at a change still has to exist.
  const next = await journal.intend({ ...change, scope: "config", target: "helpers", after: { slots: [] } });
  expect(next).toBe(open + 1);
  await expect(sql`update changes set undoes = 999 where id = ${next}`.execute(db)).rejects.toThrow(/foreign key/i);
  await db.destroy();
});
