import type { Kysely } from "kysely";
import { z } from "zod";
import type { Lease } from "./leases.ts";
import type { Schema } from "./schema.ts";
import { json, nullable, parseRow } from "./stored-row.ts";

export interface NewLockEntry {
  readonly wanted: "on" | "off";
  /** Names the lock from its beginning to its end; both of its entries bear it. */
  readonly lockId: string;
  /** `platform:user`, or `clutch`. */
  readonly actor: string;
  /** Where it was typed, as `formatPlace` writes it. */
  readonly place?: string | undefined;
  readonly reason?: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface LockEntry extends NewLockEntry {
  readonly id: number;
  /** When it was begun, epoch ms. */
  readonly at: number;
  readonly state: "working" | "done" | "failed";
  /** What was being done when it was last heard of. */
  readonly step: string;
}

/** What is written down; `id` is an entry's. */
export interface LockNotes {
  begin(entry: NewLockEntry): Promise<LockEntry>;
  /** Writes down the next step, and what is known by now. */
  step(id: number, step: string, details?: Readonly<Record<string, unknown>>): Promise<void>;
  settle(id: number, state: "done" | "failed", details?: Readonly<Record<string, unknown>>): Promise<void>;
  /** Writes down what was found out about an entry later. */
  note(id: number, details: Readonly<Record<string, unknown>>): Promise<void>;
}

/**
 * The journal of local-only mode. An entry is `working` from before the first
 * step until after the last; each step is written down before it is taken, so a
 * process that finds an entry working, and holds the lease, knows where to go on.
 */
export interface LockJournal extends Pick<LockNotes, "note"> {
  /** Writes only while the lease is held; throws its codes. */
  heldBy(lease: Pick<Lease, "within">): LockNotes;
  /** Without those that failed: they left everything as it was. */
  latest(): Promise<LockEntry | undefined>;
  /** Every time that it was turned on, or that this was tried, newest first. */
  turnedOn(): Promise<readonly LockEntry[]>;
  /** Those that follow an entry (0: all), oldest first, without those that failed. */
  after(id: number): Promise<readonly LockEntry[]>;
}

/** `clock` gives milliseconds since the epoch. */
export function createLockJournal(db: Kysely<Schema>, clock: () => number): LockJournal {
  return {
    note: notes(db, clock).note,
    heldBy: ({ within }) => ({
      begin: (entry) => within((held) => notes(held, clock).begin(entry)),
      step: (...step) => within((held) => notes(held, clock).step(...step)),
      settle: (...end) => within((held) => notes(held, clock).settle(...end)),
      note: (...note) => within((held) => notes(held, clock).note(...note)),
    }),
    async latest() {
      const row = await db
        .selectFrom("locks")
        .selectAll()
        .where("state", "<>", "failed")
        .orderBy("id", "desc")
        .limit(1)
        .executeTakeFirst();
      return row === undefined ? undefined : toEntry(row);
    },
    async turnedOn() {
      const rows = await db.selectFrom("locks").selectAll().where("wanted", "=", "on").orderBy("id", "desc").execute();
      return rows.map(toEntry);
    },
    async after(id) {
      const rows = await db
        .selectFrom("locks")
        .selectAll()
        .where("id", ">", id)
        .where("state", "<>", "failed")
        .orderBy("id")
        .execute();
      return rows.map(toEntry);
    },
  };
}

function notes(db: Kysely<Schema>, clock: () => number): LockNotes {
  const update = async (
    id: number,
    change: { readonly step?: string; readonly state?: "done" | "failed" },
    details: Readonly<Record<string, unknown>> | undefined,
  ): Promise<void> => {
    const more = details === undefined ? {} : { details_json: JSON.stringify(details) };
    await db
      .updateTable("locks")
      .set({ ...change, ...more })
      .where("id", "=", id)
      .execute();
  };
  return {
    async begin(entry) {
      const row = await db
        .insertInto("locks")
        .values({
          at: clock(),
          wanted: entry.wanted,
          state: "working",
          step: "begun",
          lock_id: entry.lockId,
          actor: entry.actor,
          place: entry.place ?? null,
          reason: entry.reason ?? null,
          details_json: JSON.stringify(entry.details),
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      return toEntry(row);
    },
    step: (id, step, details) => update(id, { step }, details),
    settle: (id, state, details) => update(id, { state, step: state }, details),
    note: (id, details) => update(id, {}, details),
  };
}

const Row = z.object({
  id: z.int(),
  at: z.int(),
  wanted: z.enum(["on", "off"]),
  state: z.enum(["working", "done", "failed"]),
  step: z.string(),
  lock_id: z.string(),
  actor: z.string(),
  place: nullable(z.string()),
  reason: nullable(z.string()),
  details_json: json.pipe(z.record(z.string(), z.unknown())),
});

function toEntry(stored: unknown): LockEntry {
  const { lock_id, details_json, ...row } = parseRow(Row, "locks", stored);
  return { ...row, lockId: lock_id, details: details_json };
}
