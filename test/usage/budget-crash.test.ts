import { expect, it } from "vitest";
import { type Gate, type LockLab, startLockLab } from "../local-only/lock-lab.ts";
import { type BudgetClutch, openBudgetClutch } from "./budget-lab.ts";

const MIDNIGHT = Date.parse("2026-11-23T00:00+01:00");

/** Freezes at the nth write, as a process that was killed. */
function mortal(diesAt: number) {
  let count = 0;
  const died = Promise.withResolvers<"died">();
  const gate: Gate = async () => {
    count += 1;
    if (count < diesAt) return;
    died.resolve("died");
    await new Promise(() => undefined);
  };
  return { gate, death: died.promise };
}

async function usedUp(lab: LockLab): Promise<void> {
  const clutch = await openBudgetClutch(lab);
  await clutch.set({ period: "day", usdCents: 500 });
  await clutch.spend(6);
}

/** Does it as a Clutch that dies at each of its writes in turn, and gives how many there were. */
async function dieAtEach(
  prepare: (lab: LockLab) => Promise<void>,
  work: (clutch: BudgetClutch, lab: LockLab) => Promise<void>,
  verify: (next: BudgetClutch, lab: LockLab) => Promise<void>,
): Promise<number> {
  for (let at = 1; ; at += 1) {
    const lab = await startLockLab();
    try {
      await prepare(lab);
      const { gate, death } = mortal(at);
      const doomed = await openBudgetClutch(lab, { gate });
      const outcome = await Promise.race([work(doomed, lab), death]);
      lab.now += 25_000;
      const next = await openBudgetClutch(lab);
      // As at every start.
      await next.lock.applySchedule();
      await next.lock.reconcile();
      await next.settle();
      await next.deliver();
      await verify(next, lab);
      expect(await next.lock.reconcile()).toEqual([]);
      if (outcome !== "died") return at - 1;
    } finally {
      await lab.stop();
    }
  }
}

it("a Clutch that dies while the budget is enforced leaves it to the next one, which does it once", async () => {
  const writes = await dieAtEach(
    usedUp,
    async (clutch) => {
      await clutch.settle();
      await clutch.deliver();
    },
    async (next) => {
      expect((await next.lock.status()).enforcement).toBe("enforced");
      expect(await next.alerts()).toEqual(["locked"]);
      expect(await next.box.waiting()).toEqual([]);
      expect((await next.audited()).slice(1)).toEqual(["budget.trip clutch:budget ok"]);
      expect((await next.journal.after(0)).filter(({ wanted }) => wanted === "on")).toHaveLength(1);
      expect(await next.budgets.status()).toMatchObject({ hold: "locked" });
    },
  );
  expect(writes).toBeGreaterThan(15);
});

it("a Clutch that dies while the period ends leaves local-only mode off, and that is written down once", async () => {
  const writes = await dieAtEach(
    async (lab) => {
      await usedUp(lab);
      await (await openBudgetClutch(lab)).settle();
    },
    async (clutch, lab) => {
      lab.now = MIDNIGHT + 1_000;
      await clutch.settle();
    },
    async (next) => {
      expect((await next.lock.status()).enforcement).toBe("off");
      expect((await next.audited()).slice(2)).toEqual(["budget.recover clutch:budget ok"]);
      expect(await next.book.openPeriods()).toEqual([]);
    },
  );
  expect(writes).toBeGreaterThan(8);
});
