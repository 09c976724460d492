import type { Kysely } from "kysely";
import type { UsageCall } from "../models/usage-call.ts";
import type { Calendars } from "./local-days.ts";
import type { Schema } from "./schema.ts";
import { changeRollups, type RollupChange } from "./usage-rollups.ts";
import {
  broadKindOf,
  KIND_COLUMNS,
  kindOf,
  learnFrom,
  type PriceOf,
  rateText,
  toCall,
  toRow,
  type UsageKind,
  type UsageRow,
} from "./usage-row.ts";

/**
 * Makes the transaction the only one that writes to the ledger until its end, in
 * whichever process: SQLite lets one writer in anyway, PostgreSQL holds back
 * whoever comes to this row second. So the rollups can be changed by what was
 * read of the rows. Gives the moment (epoch ms) before which rows were deleted.
 */
export async function takeTurn(transaction: Kysely<Schema>): Promise<{ readonly horizon: number }> {
  return transaction
    .updateTable("usage_state")
    .set((column) => ({ turn: column("turn", "+", 1) }))
    .returning("horizon")
    .executeTakeFirstOrThrow();
}

/** Stored rows with all that makes them calls again. */
export const selectCalls = (db: Kysely<Schema>) =>
  db
    .selectFrom("usage_calls")
    .innerJoin("usage_sessions", "usage_sessions.id", "usage_calls.session_id")
    .innerJoin("usage_kinds", "usage_kinds.id", "usage_calls.kind_id")
    .leftJoin("usage_rates", "usage_rates.id", "usage_calls.rate_id")
    .selectAll("usage_calls")
    .select(["session_key", "rate_json", ...KIND_COLUMNS]);

interface WrittenCalls {
  readonly added: number;
  readonly completed: number;
  /** As they are in the ledger now, those that it knew with what was learnt of them. */
  readonly written: readonly UsageCall[];
}

const NOTHING_WRITTEN: WrittenCalls = { added: 0, completed: 0, written: [] };

/** Writes calls of different ids, a few hundred at most, in a transaction that has its turn. */
export async function writeCalls(
  transaction: Kysely<Schema>,
  calendars: Calendars,
  calls: readonly UsageCall[],
  priceOf: PriceOf,
): Promise<WrittenCalls> {
  if (calls.length === 0) return NOTHING_WRITTEN;
  const stored = await findStored(transaction, calls);
  const added = calls.filter(({ id }) => !stored.has(id));
  const learnt = calls.flatMap((report) => {
    const before = stored.get(report.id);
    const call = before && learnFrom(toCall(before), report, priceOf);
    return before === undefined || call === undefined ? [] : [{ before, call }];
  });
  const written = [...added, ...learnt.map(({ call }) => call)];
  if (written.length === 0) return NOTHING_WRITTEN;

  const sessions = await internSessions(transaction, written);
  const kinds = await internKinds(transaction, written);
  const rates = await internRates(transaction, written);
  const rowOf = (call: UsageCall): UsageRow =>
    toRow(call, {
      session: idIn(sessions, call.sessionKey),
      kind: idIn(kinds, kindText(kindOf(call))),
      rate: call.rate === undefined ? null : idIn(rates, rateText(call.rate)),
    });

  const changes: RollupChange[] = added.map((call) => ({ row: rowOf(call), sign: 1n }));
  if (changes.length > 0) {
    await transaction
      .insertInto("usage_calls")
      .values(changes.map(({ row }) => row))
      .execute();
  }
  for (const { before, call } of learnt) {
    const { call_id: _, ...row } = rowOf(call);
    await transaction.updateTable("usage_calls").set(row).where("number", "=", before.number).execute();
    changes.push({ row: before, sign: -1n }, { row: rowOf(call), sign: 1n });
  }
  await changeRollups(transaction, calendars, changes);
  const completed = learnt.filter(({ before, call }) => before.input === null && call.tokens).length;
  return { added: added.length, completed, written };
}

async function findStored(transaction: Kysely<Schema>, calls: readonly UsageCall[]) {
  const ids = calls.map(({ id }) => id);
  const rows = await selectCalls(transaction).where("call_id", "in", ids).execute();
  return new Map(rows.map((row) => [row.call_id, row]));
}

async function internSessions(transaction: Kysely<Schema>, calls: readonly UsageCall[]): Promise<Ids> {
  const newest = new Map<string, number>();
  for (const { sessionKey, at } of calls) {
    newest.set(sessionKey, Math.max(newest.get(sessionKey) ?? 0, Math.round(at)));
  }
  const rows = await transaction
    .insertInto("usage_sessions")
    .values([...newest].map(([session_key, last_at]) => ({ session_key, last_at })))
    .onConflict((conflict) =>
      conflict.column("session_key").doUpdateSet((column) => ({
        last_at: column
          .case()
          .when("excluded.last_at", ">", column.ref("usage_sessions.last_at"))
          .then(column.ref("excluded.last_at"))
          .else(column.ref("usage_sessions.last_at"))
          .end(),
      })),
    )
    .returning(["id", "session_key"])
    .execute();
  return new Map(rows.map(({ id, session_key }) => [session_key, id]));
}

export const kindText = (kind: UsageKind): string => JSON.stringify(KIND_COLUMNS.map((column) => kind[column]));

/** The numbers of kinds, by `kindText`. */
export async function internKinds(transaction: Kysely<Schema>, calls: readonly UsageCall[]): Promise<Ids> {
  const agents = [...new Set(calls.map(({ agentId }) => agentId))];
  const known = await transaction
    .selectFrom("usage_kinds")
    .selectAll()
    .where((kind) => kind.or([kind("agent", "is", null), kind("agent", "in", agents)]))
    .execute();
  const ids = new Map(known.map((kind) => [kindText(kind), kind.id]));
  const add = async (kinds: readonly (UsageKind & { readonly broad_id: number | null })[]): Promise<void> => {
    const missing = new Map(kinds.map((kind) => [kindText(kind), kind] as const).filter(([text]) => !ids.has(text)));
    if (missing.size === 0) return;
    const made = await transaction
      .insertInto("usage_kinds")
      .values([...missing.values()])
      .returningAll()
      .execute();
    for (const kind of made) ids.set(kindText(kind), kind.id);
  };
  await add(calls.map((call) => ({ ...broadKindOf(call), broad_id: null })));
  await add(calls.map((call) => ({ ...kindOf(call), broad_id: idIn(ids, kindText(broadKindOf(call))) })));
  return ids;
}

/** The numbers of rates, by their text. */
export async function internRates(
  transaction: Kysely<Schema>,
  calls: readonly Pick<UsageCall, "rate">[],
): Promise<Ids> {
  const wanted = [...new Set(calls.flatMap(({ rate }) => (rate === undefined ? [] : [rateText(rate)])))];
  if (wanted.length === 0) return new Map();
  const known = await transaction.selectFrom("usage_rates").selectAll().where("rate_json", "in", wanted).execute();
  const ids = new Map(known.map(({ rate_json, id }) => [rate_json, id]));
  const missing = wanted.filter((text) => !ids.has(text)).map((rate_json) => ({ rate_json }));
  if (missing.length === 0) return ids;
  const made = await transaction.insertInto("usage_rates").values(missing).returningAll().execute();
  for (const { rate_json, id } of made) ids.set(rate_json, id);
  return ids;
}

type Ids = ReadonlyMap<string, number>;

export function idIn(ids: Ids, text: string): number {
  const id = ids.get(text);
  if (id === undefined) throw new Error("A text that was just written has no number.");
  return id;
}
