import { type Kysely, sql } from "kysely";
import type { Backend } from "./backend.ts";

/** The tables of the budget and of what the people in charge are told about usage. */
export async function addBudgets(db: Kysely<unknown>, { idColumn }: Backend): Promise<void> {
  await db.schema
    .createTable("budgets")
    .addColumn("id", idColumn)
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("actor", "text", (column) => column.notNull())
    .addColumn("place", "text")
    .addColumn("period", "text", (column) => column.check(sql`period in ('day', 'week', 'month')`))
    .addColumn("usd_cents", "bigint")
    .execute();
  await db.schema
    .createTable("budget_periods")
    .addColumn("budget_id", "bigint", (column) => column.notNull())
    .addColumn("starts", "bigint", (column) => column.notNull())
    .addColumn("after_lock", "bigint", (column) => column.notNull())
    .addColumn("state", "text", (column) =>
      column.notNull().check(sql`state in ('exceeded', 'open', 'locked', 'held', 'overruled', 'over')`),
    )
    .addPrimaryKeyConstraint("budget_periods_key", ["budget_id", "starts"])
    .execute();
  await db.schema
    .createTable("usage_alerts")
    .addColumn("key", "text", (column) => column.primaryKey())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull().check(sql`state in ('waiting', 'told', 'dropped')`))
    .addColumn("alert_json", "text", (column) => column.notNull())
    .addColumn("reached_json", "text", (column) => column.notNull())
    .execute();
}
