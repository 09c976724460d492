import type { Kysely } from "kysely";
import type { Logger } from "pino";
import { ClutchError, toClutchError } from "../errors.ts";
import type { LocalOnly } from "../local-only/local-only.ts";
import { detailsOf } from "../local-only/lock-details.ts";
import { createAlertBox } from "../store/alert-box.ts";
import { createAuditLog, type NewAuditEntry } from "../store/audit-log.ts";
import { type Budget, type BudgetState, createBudgetBook, type ExceededPeriod } from "../store/budget-book.ts";
import type { Lease } from "../store/leases.ts";
import { createLockJournal, type LockEntry } from "../store/lock-journal.ts";
import type { Schema } from "../store/schema.ts";
import { type BudgetSpend, type ReadSpend, shareOf } from "./budget-spend.ts";
import type { UsageAlert } from "./usage-alert.ts";

/** Who turns local-only mode on for the budget. */
export const BUDGET_ACTOR = "clutch:budget";

/** From this share of the budget on a notice is given, once a period. */
export const NEAR_SHARE = 0.8;

export interface BudgetCheck {
  /** When it is to be looked at again, whatever happens; epoch ms. */
  readonly next: number;
  /** There may be something to tell. */
  readonly news: boolean;
}

/** Brings local-only mode in line with the budget; for the process that stays. */
export interface BudgetCare {
  /**
   * Looks at what was spent, at the lock's journal and at what was noted of this
   * period, and does the one thing that is missing, so that it may be done again at
   * any time. Local-only mode ends through its own schedule, by the end that it was
   * turned on with. With the lease held.
   */
  check(lease: Lease): Promise<BudgetCheck>;
}

const SOON_MS = 2_000;
/** Turning it on takes a minute at most where all is well, ms. */
const STUCK_MS = 3 * 60_000;
const AGAIN_MS = 30_000;
const SELDOM_MS = 10 * 60_000;
/** Its end is a little late where the lock had to be waited for, ms. */
const SLACK_MS = 2 * 60_000;

export function createBudgetCare(parts: {
  readonly db: Kysely<Schema>;
  readonly spend: ReadSpend;
  readonly localOnly: Pick<LocalOnly, "status" | "turnOn">;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}): BudgetCare {
  const { db, localOnly, clock, logger } = parts;
  const book = createBudgetBook(db, clock);
  const box = createAlertBox(db, clock);
  const journal = createLockJournal(db, clock);
  /** After it could not be turned on for a budget: when to try again, epoch ms, and how often that was in vain. */
  let retry = { budgetId: 0, at: 0, times: 0 };

  interface Change {
    readonly period?: ExceededPeriod;
    readonly audit?: NewAuditEntry;
    readonly alert?: readonly [key: string, alert: UsageAlert];
  }
  /** All of it or nothing, and only while the lease is held. */
  const write = (lease: Lease, { period, audit, alert }: Change): Promise<void> =>
    lease.within(async (held) => {
      if (period !== undefined) await createBudgetBook(held, clock).note(period);
      if (audit !== undefined) await createAuditLog(held, clock).append(audit);
      if (alert !== undefined) await createAlertBox(held, clock).add(...alert);
    });

  /** Ends what the budget turned on, by the lock's own schedule, which knows of the daily times. */
  const release = async (reason: string): Promise<void> => {
    await localOnly.turnOn({ actor: BUDGET_ACTOR, reason, forMs: 0, mayChange: isByBudget });
  };

  /** Ends periods that are past, and those in which it is not exceeded any more. True while one waits for the lock. */
  const closePast = async (past: readonly ExceededPeriod[], isExceeded: boolean, lease: Lease): Promise<boolean> => {
    const last = await journal.latest();
    if (!isExceeded && isByBudget(last)) {
      const { until } = detailsOf(last);
      if (until !== undefined && until.at > clock() + SLACK_MS) await release("the budget does not want it any more");
      return true;
    }
    if (!isExceeded && past.length > 0 && last?.state === "working") return true;
    for (const period of past) {
      const wasLocked = (await journal.after(period.afterLock)).some(
        ({ wanted, actor }) => wanted === "on" && actor === BUDGET_ACTOR,
      );
      await write(lease, {
        period: { ...period, state: "over" },
        ...(wasLocked && !isExceeded ? { audit: recovered(last) } : {}),
      });
    }
    return false;
  };

  const turnOn = async (
    budget: Budget,
    spend: BudgetSpend,
    last: LockEntry | undefined,
  ): Promise<ClutchError | undefined> => {
    try {
      const { layers } = await localOnly.status();
      const teeth = layers.filter(({ name }) => name !== "helpers");
      if (teeth.every(({ state }) => state === "absent")) return notThere(teeth.map(({ text }) => text));
      await localOnly.turnOn({
        ...{ actor: BUDGET_ACTOR, reason: "budget", place: budget.place },
        forMs: spend.to - clock(),
        mayChange: (now) => now?.id === last?.id && isOff(now),
      });
      return undefined;
    } catch (thrown) {
      return toClutchError(thrown);
    }
  };

  /** It is exceeded, and local-only mode is off without anybody wanting that. */
  const lock = async (facts: Exceeded, last: LockEntry | undefined, lease: Lease): Promise<BudgetCheck> => {
    const { budget, spend } = facts;
    const before = retry.budgetId === budget.id ? retry : { budgetId: budget.id, at: 0, times: 0 };
    if (clock() < before.at) return { next: Math.min(before.at, spend.to), news: false };
    const failure = await turnOn(budget, spend, last);
    if (failure?.code === "lock_in_progress") return { next: clock() + SOON_MS, news: false };
    if (failure === undefined) {
      retry = { ...before, times: 0 };
      return { next: clock(), news: false };
    }
    const pause = failure.code === "not_installed" ? AGAIN_MS : Math.min(AGAIN_MS * 2 ** before.times, SELDOM_MS);
    retry = { ...before, at: clock() + pause, times: before.times + 1 };
    return notEnforced(facts, failure, Math.min(retry.at, spend.to), lease);
  };

  const notEnforced = async (
    { budget, spend, period }: Exceeded,
    why: ClutchError,
    next: number,
    lease: Lease,
  ): Promise<BudgetCheck> => {
    if (period.state === "open") return { next, news: false };
    logger.error({ err: why, spent: spend.usd }, "the budget is exceeded, and nothing enforces it");
    await write(lease, {
      period: { ...period, state: "open" },
      audit: { ...tripped(spend), result: "failed", code: why.code },
      alert: [
        keyOf("open", { budget, spend }),
        { kind: "open", spend, place: budget.place, why: why.message, hint: why.hint },
      ],
    });
    return { next, news: true };
  };

  /** Local-only mode is on: whose is it? */
  const settle = async (facts: Exceeded, last: LockEntry, lease: Lease): Promise<BudgetCheck> => {
    const { budget, spend, period } = facts;
    const { until } = detailsOf(last);
    if (isByBudget(last) && until !== undefined && Math.abs(until.at - spend.to) > SLACK_MS) {
      const forMs = spend.to - clock();
      await localOnly.turnOn({ actor: BUDGET_ACTOR, reason: "budget", forMs, mayChange: isByBudget });
      return { next: clock() + SOON_MS, news: false };
    }
    const state: BudgetState = isByBudget(last) ? "locked" : "held";
    if (period.state === state) return { next: spend.to, news: false };
    if (state === "held") {
      // Whoever took over what the budget had turned on knows of it.
      const news: Change = {
        audit: { ...tripped(spend), to: "local-only mode was on already" },
        alert: [keyOf("held", facts), { kind: "held", spend, place: budget.place }],
      };
      await write(lease, { period: { ...period, state }, ...(period.state === "locked" ? {} : news) });
      return { next: spend.to, news: true };
    }
    const { enforcement, problems } = await localOnly.status();
    await write(lease, {
      period: { ...period, state },
      audit: tripped(spend),
      alert: [
        `${keyOf("locked", facts)} ${last.id}`,
        { kind: "locked", spend, place: budget.place, enforcement, problems: [...problems] },
      ],
    });
    return { next: spend.to, news: true };
  };

  const overruled = async (facts: Exceeded, by: LockEntry, lease: Lease): Promise<BudgetCheck> => {
    const { budget, spend, period } = facts;
    if (period.state === "overruled") return { next: spend.to, news: false };
    await write(lease, {
      period: { ...period, state: "overruled" },
      audit: { actor: by.actor, place: by.place, action: "budget.overrule", target: spend.period, result: "ok" },
      alert: [keyOf("overruled", facts), { kind: "overruled", spend, place: budget.place, by: by.actor }],
    });
    return { next: spend.to, news: true };
  };

  const exceeded = async (budget: Budget, spend: BudgetSpend, lease: Lease): Promise<BudgetCheck> => {
    const last = await journal.latest();
    const known = await book.period(budget.id, spend.from);
    const period: ExceededPeriod =
      known === undefined
        ? { budgetId: budget.id, starts: spend.from, afterLock: last?.id ?? 0, state: "exceeded" }
        : known.state === "over"
          ? { ...known, state: "exceeded" }
          : known;
    if (period !== known) await write(lease, { period });
    const facts = { budget, spend, period };
    const since = await journal.after(period.afterLock);
    const overruling = since.find(({ wanted, actor }) => wanted === "off" && isPerson(actor));
    if (overruling !== undefined) return overruled(facts, overruling, lease);
    if (last?.state === "working") {
      const next = Math.min(clock() + SOON_MS, spend.to);
      return clock() - last.at < STUCK_MS ? { next, news: false } : notEnforced(facts, notFinished(last), next, lease);
    }
    return last?.wanted === "on" ? settle(facts, last, lease) : lock(facts, last, lease);
  };

  const check = async (lease: Lease): Promise<BudgetCheck> => {
    const budget = await book.current();
    const spend = budget === undefined ? undefined : await parts.spend(budget);
    const isExceeded = spend !== undefined && shareOf(spend) >= 1;
    const past = (await book.openPeriods()).filter(
      ({ budgetId, starts }) => !(isExceeded && budgetId === budget?.id && starts === spend.from),
    );
    const waits = await closePast(past, isExceeded, lease);
    if (budget === undefined || spend === undefined) return { next: waits ? clock() + SOON_MS : Infinity, news: false };
    if (isExceeded) return exceeded(budget, spend, lease);
    const next = waits ? Math.min(clock() + SOON_MS, spend.to) : spend.to;
    const key = keyOf("near", { budget, spend });
    if (shareOf(spend) < NEAR_SHARE || (await box.has(key))) return { next, news: false };
    await write(lease, { alert: [key, { kind: "near", spend, place: budget.place }] });
    return { next, news: true };
  };

  return { check };
}

interface Exceeded {
  readonly budget: Budget;
  readonly spend: BudgetSpend;
  readonly period: ExceededPeriod;
}

/** Each is told once a period. */
const keyOf = (kind: UsageAlert["kind"], { budget, spend }: Pick<Exceeded, "budget" | "spend">): string =>
  `budget ${budget.id} ${spend.from} ${kind}`;

/** Whoever changes a lock of the budget gives it another end, or none. */
export const isByBudget = (last: LockEntry | undefined): last is LockEntry =>
  last?.wanted === "on" && detailsOf(last).until?.actor === BUDGET_ACTOR;

const isOff = (last: LockEntry | undefined): boolean =>
  last === undefined || (last.wanted === "off" && last.state === "done");

/** What comes by itself does Clutch: the daily times, or the end of a time that somebody named. */
export const isPerson = (actor: string): boolean => actor !== "clutch" && !actor.startsWith("clutch:");

const tripped = ({ usd, usdCents, period }: BudgetSpend): NewAuditEntry => ({
  actor: BUDGET_ACTOR,
  action: "budget.trip",
  target: period,
  reason: `at least $${usd.toFixed(2)} of $${(usdCents / 100).toFixed(2)} is spent`,
  result: "ok",
});

const recovered = (last: LockEntry | undefined): NewAuditEntry => ({
  actor: BUDGET_ACTOR,
  action: "budget.recover",
  reason:
    last?.wanted === "on" ? "local-only mode stays on: somebody else wants it by now" : "local-only mode is off again",
  result: "ok",
});

const notFinished = ({ wanted }: LockEntry): ClutchError =>
  new ClutchError("not_verified", `Turning local-only mode ${wanted} was begun, and is not finished yet.`, {
    hint: "Clutch finishes it as soon as it can; /localonly says what is in the way.",
  });

const notThere = (why: readonly string[]): ClutchError =>
  new ClutchError("not_installed", `Nothing here could enforce local-only mode. ${why.join(" ")}`, {
    hint: "clutch guard install --yes and clutch wall install --yes put it there; Clutch turns it on as soon as it can.",
  });
