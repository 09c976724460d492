import type { Kysely } from "kysely";
import type { LocalOnly } from "../local-only/local-only.ts";
import { createAuditLog } from "../store/audit-log.ts";
import { type Budget, type BudgetLimit, createBudgetBook } from "../store/budget-book.ts";
import { createLockJournal } from "../store/lock-journal.ts";
import type { Schema } from "../store/schema.ts";
import { isByBudget, isPerson } from "./budget-care.ts";
import { type BudgetSpend, type ReadSpend, shareOf } from "./budget-spend.ts";

/**
 * What stands between the budget and a further cloud call. `ready`: local-only mode
 * comes on when it is used up. The others, where it is: `locked`: it came on for the
 * budget. `held`: it was on already. `coming`: it is about to. `overruled`: somebody
 * turned it off all the same. And `open`, exceeded or not: nothing here could enforce it.
 */
export type BudgetHold = "ready" | "coming" | "locked" | "held" | "overruled" | "open";

export interface BudgetStatus {
  readonly spend: BudgetSpend;
  /** Of the amount, at least; 1 where all of it is spent. */
  readonly share: number;
  readonly hold: BudgetHold;
  /** Why nothing enforces it, or who overruled it. */
  readonly why: string | undefined;
  /** IANA name of the zone whose days, weeks and months are counted. */
  readonly zone: string;
  /** Whether a running Clutch sees to it. */
  readonly isWatched: boolean;
  /** Local-only mode is on because of the budget that is set now. */
  readonly isLocked: boolean;
}

/** Who sets it. */
export interface BudgetRequest {
  /** `platform:user`. */
  readonly actor: string;
  /** Session key of the conversation in which it was typed. */
  readonly place?: string | undefined;
}

/** How much may be spent in the cloud, one limit at a time for the whole system. */
export interface Budgets {
  /** What is spent of it, from the store alone; undefined where none is set. */
  spend(): Promise<BudgetSpend | undefined>;
  /** The same with what stands behind it. */
  status(): Promise<BudgetStatus | undefined>;
  /** How it would be with another limit; nothing is changed. */
  preview(limit: BudgetLimit): Promise<BudgetStatus>;
  /** In the place of the one that is set; a running Clutch goes by it within seconds. */
  set(limit: BudgetLimit, request: BudgetRequest): Promise<BudgetStatus>;
  /** False where none is set. */
  clear(request: BudgetRequest): Promise<boolean>;
}

export function createBudgets(parts: {
  readonly db: Kysely<Schema>;
  readonly spend: ReadSpend;
  readonly zone: string;
  readonly localOnly: Pick<LocalOnly, "status">;
  /** Epoch ms. */
  readonly clock: () => number;
}): Budgets {
  const { db, localOnly, zone, clock } = parts;
  const book = createBudgetBook(db, clock);
  const journal = createLockJournal(db, clock);

  const overruler = async ({ id }: Budget, { from }: BudgetSpend): Promise<string | undefined> => {
    const period = await book.period(id, from);
    if (period === undefined) return undefined;
    const since = await journal.after(period.afterLock);
    return since.find(({ wanted, actor }) => wanted === "off" && isPerson(actor))?.actor;
  };

  /** `budget` is undefined where it is not set yet. */
  const read = async (limit: BudgetLimit, budget: Budget | undefined): Promise<BudgetStatus> => {
    const [spend, lock, last] = await Promise.all([parts.spend(limit), localOnly.status(), journal.latest()]);
    const share = shareOf(spend);
    const by = share >= 1 && budget !== undefined ? await overruler(budget, spend) : undefined;
    const teeth = lock.layers.filter(({ name }) => name !== "helpers");
    const isBare = teeth.every(({ state }) => state === "absent");
    const isLocked = isByBudget(last);
    const reached = (): BudgetHold => {
      if (by !== undefined) return "overruled";
      if (lock.isOn && lock.enforcement !== "changing") return isLocked ? "locked" : "held";
      return isBare ? "open" : "coming";
    };
    const hold = share >= 1 ? reached() : isBare ? "open" : "ready";
    return {
      ...{ spend, share, hold, zone, isLocked },
      isWatched: lock.isWatched,
      why: hold === "overruled" ? by : hold === "open" ? teeth.map(({ text }) => text).join(" ") : undefined,
    };
  };

  /** With what stood there before, in one go with its entry in the audit log. */
  const write = (limit: BudgetLimit | undefined, { actor, place }: BudgetRequest): Promise<Budget | undefined> =>
    db.transaction().execute(async (held) => {
      const own = createBudgetBook(held, clock);
      const before = await own.current();
      if (limit === undefined && before === undefined) return undefined;
      const by = { actor, place };
      const set = limit === undefined ? undefined : await own.set(limit, by);
      if (limit === undefined) await own.clear(by);
      await createAuditLog(held, clock).append({
        ...{ actor, place, action: limit === undefined ? "budget.clear" : "budget.set", result: "ok" },
        ...{ from: before && words(before), to: limit && words(limit) },
      });
      return set ?? before;
    });

  return {
    async spend() {
      const budget = await book.current();
      return budget && parts.spend(budget);
    },
    async status() {
      const budget = await book.current();
      return budget && read(budget, budget);
    },
    preview: (limit) => read(limit, undefined),
    async set(limit, request) {
      return read(limit, await write(limit, request));
    },
    clear: async (request) => (await write(undefined, request)) !== undefined,
  };
}

const words = ({ period, usdCents }: BudgetLimit): string => `$${(usdCents / 100).toFixed(2)} a ${period}`;
