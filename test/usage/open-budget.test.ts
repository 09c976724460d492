import { afterEach, expect, it, vi } from "vitest";
import { formatPlace } from "../../src/models/place.ts";
import { createUsageLedger } from "../../src/store/usage-ledger.ts";
import { openBudget } from "../../src/usage/open-budget.ts";
import type { UsageKeeper } from "../../src/usage/usage-keeper.ts";
import { type LockLab, startLockLab } from "../local-only/lock-lab.ts";
import { usageCall } from "../store/usage-calls.ts";
import { logger, OWNER, ZONE } from "./budget-lab.ts";

const OWNERS = ["discord:1", "slack:U1", "discord:role:7", "terminal:root", "discord:somebody"];
const PATIENCE = { timeout: 60_000, interval: 50 };

let lab: LockLab | undefined;
let keeper: UsageKeeper | undefined;
afterEach(async () => {
  await keeper?.stop();
  await lab?.stop();
  [lab, keeper] = [undefined, undefined];
});

/** Spends the budget of a Clutch without guard and wall, and gives where that is told. */
async function told(place: string | undefined, owners = OWNERS): Promise<string[]> {
  lab = await startLockLab({ guard: false, wall: false });
  const now = lab.now;
  const { lock, store } = await lab.clutch();
  await lock.follow();
  const ledger = createUsageLedger(store.db, () => now);
  const session = { key: OWNER.place, raw: { key: OWNER.place } };
  const { budgets, keepBudget } = openBudget({
    ...{ db: store.db, ledger, zone: ZONE, localOnly: lock, owners: () => owners, logger, clock: () => now },
    openclaw: { readSession: async () => session } as unknown as Parameters<typeof openBudget>[0]["openclaw"],
    registry: { find: () => undefined },
    alerts: { place, idlePerDay: 1 },
  });
  await budgets.set({ period: "day", usdCents: 100 }, OWNER);
  const posted: string[] = [];
  keeper = keepBudget(async ({ conversation }, { kind }) => {
    posted.push(`${kind} ${conversation === undefined ? "terminal" : formatPlace(conversation)}`);
    return conversation === undefined ? false : undefined;
  });
  const call = usageCall(3, { at: now, usd: undefined, rate: undefined });
  await ledger.record([call, { ...call, id: "other", usd: 2 }]);
  keeper.recorded([call], true);
  // The last one.
  await vi.waitFor(() => expect(posted).toContain("open slack:dm:U1"), PATIENCE);
  return posted.sort();
}

it("goes to the channel that is configured; that nothing enforces it, to the owners as well", async () => {
  expect(await told("discord:77")).toEqual([
    "open discord:1",
    "open discord:77",
    "open discord:dm:1",
    "open slack:dm:U1",
    "open terminal",
    "uncounted discord:77",
    "uncounted terminal",
  ]);
});

it("goes to the owners where none is, each in a direct message, and where the budget was set", async () => {
  expect(await told(undefined)).toEqual([
    "open discord:1",
    "open discord:dm:1",
    "open slack:dm:U1",
    "open terminal",
    "uncounted discord:dm:1",
    "uncounted slack:dm:U1",
    "uncounted terminal",
  ]);
});

it.each(["nowhere", "session:main", "discord:abc"])("refuses the place %s when it starts", async (place) => {
  await expect(told(place)).rejects.toMatchObject({ code: "bad_config" });
});
