import { pino } from "pino";
import type { UsageCall } from "../../src/models/usage-call.ts";
import { createAlertBox } from "../../src/store/alert-box.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { type BudgetLimit, createBudgetBook } from "../../src/store/budget-book.ts";
import { deliverAlerts } from "../../src/store/deliver-alerts.ts";
import { createLeases, type Lease } from "../../src/store/leases.ts";
import type { Store } from "../../src/store/open-store.ts";
import { createUsageLedger } from "../../src/store/usage-ledger.ts";
import { createBudgetCare } from "../../src/usage/budget-care.ts";
import { createSpendReader } from "../../src/usage/budget-spend.ts";
import { createBudgets } from "../../src/usage/budgets.ts";
import { type UsageAlert, usageAlert } from "../../src/usage/usage-alert.ts";
import type { Gate, LockLab } from "../local-only/lock-lab.ts";
import { usageCall } from "../store/usage-calls.ts";

export const ZONE = "Europe/Berlin";
export const OWNER = { actor: "discord:owner", place: "agent:main:discord:channel:1" };
export const logger = pino({ level: process.env["CLUTCH_TEST_LOG"] ?? "silent" }, pino.destination(2));

export interface BudgetClutchOptions {
  readonly store?: Store;
  /** Called before and after each write of the lock and of the budget. */
  readonly gate?: Gate;
  /** Where an alert is posted; false where that is not possible now. */
  readonly post?: (alert: UsageAlert) => Promise<boolean>;
}

/** A Clutch on a lab of the lock, with its budget: the lock, the ledger and the store are real. */
export async function openBudgetClutch(lab: LockLab, options: BudgetClutchOptions = {}) {
  const { gate = async () => undefined, post = async () => true } = options;
  const clock = (): number => lab.now;
  const { lock, journal, store } = await lab.clutch({
    ...(options.store === undefined ? {} : { store: options.store }),
    ...(options.gate === undefined ? {} : { gate: options.gate }),
  });
  const { db } = store;
  const ledger = createUsageLedger(db, clock);
  const spend = createSpendReader(ledger, ZONE, clock);
  const care = createBudgetCare({ db, spend, localOnly: lock, clock, logger });
  const box = createAlertBox(db, clock);
  const leases = createLeases(db, clock);
  const seen = ({ within, ...lease }: Lease): Lease => ({
    ...lease,
    async within(write) {
      await gate("before: budget");
      const done = await within(write);
      await gate("after: budget");
      return done;
    },
  });
  let calls = 0;

  return {
    ...{ lock, journal, store, ledger, box, clock },
    book: createBudgetBook(db, clock),
    audit: createAuditLog(db, clock),
    budgets: createBudgets({ db, spend, zone: ZONE, localOnly: lock, clock }),
    set: (limit: BudgetLimit) => createBudgets({ db, spend, zone: ZONE, localOnly: lock, clock }).set(limit, OWNER),
    /** One look, as the keeper has it; the lock's keeper has its own after it. */
    async check() {
      return leases.hold("budget", (lease) => care.check(seen(lease)), { patienceMs: 0 });
    },
    deliver: () =>
      leases.hold(
        "budget",
        (lease) => {
          const targets = async (alert: UsageAlert) => [
            {
              name: "here",
              async post() {
                await gate("before: post");
                const done = await post(alert);
                await gate("after: post");
                return done;
              },
            },
          ];
          return deliverAlerts({ box, schema: usageAlert, targets, clock, logger }, lease);
        },
        { patienceMs: 0 },
      ),
    /** Looks until there is nothing to be done now: budget, the lock's schedule, and budget again. */
    async settle(): Promise<void> {
      for (let round = 0; round < 12; round += 1) {
        const { next } = await this.check();
        const told = await lock.applySchedule();
        if (next > clock() + 2_000 && told.length === 0) return;
        if (next > clock()) lab.now += 2_000;
      }
      throw new Error("the budget does not come to rest");
    },
    /** A cloud call now. */
    async spend(usd: number | undefined, more: Partial<UsageCall> = {}): Promise<UsageCall> {
      calls += 1;
      const call = usageCall(3, { id: `call-${lab.now}-${calls}-${Math.random()}`, at: lab.now, usd, ...more });
      await ledger.record([call]);
      return call;
    },
    /** Kinds of the alerts that were put down, oldest first. */
    async alerts(): Promise<readonly UsageAlert["kind"][]> {
      const rows = await db
        .selectFrom("usage_alerts")
        .select("alert_json")
        .where("key", "not like", "lock %")
        .orderBy("at")
        .execute();
      return rows.map(({ alert_json }) => (JSON.parse(alert_json) as UsageAlert).kind);
    },
    async audited(): Promise<readonly string[]> {
      const entries = await createAuditLog(db, clock).list();
      return entries
        .filter(({ action }) => action.startsWith("budget."))
        .map(({ action, actor, result }) => `${action} ${actor} ${result}`)
        .reverse();
    },
  };
}

export type BudgetClutch = Awaited<ReturnType<typeof openBudgetClutch>>;
