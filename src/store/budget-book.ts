import type { Kysely } from "kysely";
import { z } from "zod";
import type { Schema } from "./schema.ts";
import { nullable, parseRow } from "./stored-row.ts";

export const BUDGET_PERIODS = ["day", "week", "month"] as const;
export type BudgetPeriod = (typeof BUDGET_PERIODS)[number];

/** What may be spent in the cloud. */
export interface BudgetLimit {
  readonly period: BudgetPeriod;
  /** Whole cents, so that it is what was typed. */
  readonly usdCents: number;
}

export interface Budget extends BudgetLimit {
  readonly id: number;
  /** When it was set, epoch ms. */
  readonly at: number;
  /** `platform:user`. */
  readonly actor: string;
  /** Session key of the conversation in which it was set. */
  readonly place: string | undefined;
}

/**
 * What became of a budget that was exceeded. `exceeded`: nothing yet. `open`:
 * nothing enforces it. `locked`: local-only mode was turned on for it. `held`: that
 * was on already. `overruled`: somebody turned it off. `over`: it is past.
 */
export type BudgetState = "exceeded" | "open" | "locked" | "held" | "overruled" | "over";

/** A period in which a budget was exceeded. */
export interface ExceededPeriod {
  readonly budgetId: number;
  /** Epoch ms. */
  readonly starts: number;
  /** Number of the newest entry in the lock's journal when it was found out: what follows it came after. */
  readonly afterLock: number;
  readonly state: BudgetState;
}

/** The budget as people set it, one at a time, and the periods in which it was exceeded. */
export interface BudgetBook {
  current(): Promise<Budget | undefined>;
  set(limit: BudgetLimit, by: Pick<Budget, "actor" | "place">): Promise<Budget>;
  clear(by: Pick<Budget, "actor" | "place">): Promise<void>;
  period(budgetId: number, starts: number): Promise<ExceededPeriod | undefined>;
  /** Those that are not over. */
  openPeriods(): Promise<readonly ExceededPeriod[]>;
  /** Writes down how a period stands; `afterLock` stays as it was written first. */
  note(period: ExceededPeriod): Promise<void>;
}

/** `clock` gives epoch ms. */
export function createBudgetBook(db: Kysely<Schema>, clock: () => number): BudgetBook {
  const insert = async (limit: BudgetLimit | undefined, { actor, place }: Pick<Budget, "actor" | "place">) => {
    const row = await db
      .insertInto("budgets")
      .values({
        ...{ at: clock(), actor, place: place ?? null },
        ...{ period: limit?.period ?? null, usd_cents: limit?.usdCents ?? null },
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return row;
  };
  const periods = () => db.selectFrom("budget_periods").selectAll();
  return {
    async current() {
      const row = await db.selectFrom("budgets").selectAll().orderBy("id", "desc").limit(1).executeTakeFirst();
      return row === undefined ? undefined : toBudget(row);
    },
    async set(limit, by) {
      const row = await insert(limit, by);
      return { ...limit, id: row.id, at: row.at, actor: by.actor, place: by.place };
    },
    async clear(by) {
      await insert(undefined, by);
    },
    async period(budgetId, starts) {
      const row = await periods().where("budget_id", "=", budgetId).where("starts", "=", starts).executeTakeFirst();
      return row === undefined ? undefined : toPeriod(row);
    },
    async openPeriods() {
      return (await periods().where("state", "<>", "over").orderBy("budget_id").execute()).map(toPeriod);
    },
    async note({ budgetId, starts, afterLock, state }) {
      await db
        .insertInto("budget_periods")
        .values({ budget_id: budgetId, starts, after_lock: afterLock, state })
        .onConflict((conflict) => conflict.columns(["budget_id", "starts"]).doUpdateSet({ state }))
        .execute();
    },
  };
}

const BudgetRow = z.object({
  id: z.int(),
  at: z.int(),
  actor: z.string(),
  place: nullable(z.string()),
  period: nullable(z.enum(BUDGET_PERIODS)),
  usd_cents: nullable(z.int().positive()),
});

/** An entry without an amount took the budget away. */
function toBudget(stored: unknown): Budget | undefined {
  const { usd_cents: usdCents, period, ...row } = parseRow(BudgetRow, "budgets", stored);
  return usdCents === undefined || period === undefined ? undefined : { ...row, period, usdCents };
}

const PeriodRow = z.object({
  budget_id: z.int(),
  starts: z.int(),
  after_lock: z.int(),
  state: z.enum(["exceeded", "open", "locked", "held", "overruled", "over"]),
});

function toPeriod(stored: unknown): ExceededPeriod {
  const { budget_id, after_lock, ...row } = parseRow(PeriodRow, "budget_periods", stored);
  return { ...row, budgetId: budget_id, afterLock: after_lock };
}
