import { PassThrough } from "node:stream";
import { afterEach, expect, it } from "vitest";
import { type BudgetOptions, usageBudget } from "../../src/cli/usage-budget.ts";
import { type LockLab, startLockLab } from "../local-only/lock-lab.ts";
import { type BudgetClutch, openBudgetClutch } from "../usage/budget-lab.ts";

let lab: LockLab;
afterEach(() => lab.stop());

async function open(): Promise<BudgetClutch> {
  lab = await startLockLab();
  return openBudgetClutch(lab);
}

/** `typed` is what a person at a terminal answers; without it nobody is there. */
async function run({ budgets }: BudgetClutch, options: BudgetOptions, typed?: string) {
  const isTTY = typed !== undefined;
  const stdout = Object.assign(new PassThrough({ highWaterMark: 1e6 }), { columns: 80, isTTY });
  const stderr = new PassThrough({ highWaterMark: 1e6 });
  const stdin = Object.assign(new PassThrough(), { isTTY, setRawMode: () => undefined });
  if (typed !== undefined) stdin.write(typed);
  const runtime = {
    env: { LANG: "C.UTF-8", NO_COLOR: "1" },
    ...{ cwd: "/", home: "/", stdin, stdout, stderr },
    fetch: () => Promise.reject(new Error("nothing is asked of anybody")),
    clock: () => lab.now,
    signal: new AbortController().signal,
  };
  const code = await usageBudget(options, runtime, (_runtime, _secrets, work) => work(budgets));
  return { code, out: String(stdout.read() ?? ""), err: String(stderr.read() ?? "") };
}

it("shows, sets and takes away", async () => {
  const clutch = await open();
  expect(await run(clutch, {})).toMatchObject({ code: 0, out: expect.stringContaining("No cloud budget is set") });
  const set = await run(clutch, { week: "$20" });
  expect(set).toMatchObject({
    code: 0,
    err: "",
    out: expect.stringContaining("The cloud budget is $20.00 a week now."),
  });
  // Lines of a chat could not be typed here.
  expect(set.out).not.toContain("Take it away");
  const { out } = await run(clutch, { json: true });
  expect(JSON.parse(out)).toMatchObject({
    ...{ ok: true, error: null },
    budget: { spend: { period: "week", usdCents: 2_000, usd: 0 }, hold: "ready", why: null },
  });
  expect((await run(clutch, { off: true })).code).toBe(0);
  expect(JSON.parse((await run(clutch, { json: true })).out)).toEqual({ ok: true, budget: null, error: null });
});

it("needs a yes where local-only mode comes on at once, and takes one from a person", async () => {
  const clutch = await open();
  await clutch.spend(6);
  const asked = await run(clutch, { day: "5" });
  expect(asked).toMatchObject({ code: 2, err: expect.stringContaining("--yes") });
  expect(asked.out).toContain("which is used up already?");
  expect(JSON.parse((await run(clutch, { day: "5", json: true })).out)).toMatchObject({
    ...{ ok: false, budget: null },
    error: { code: "confirmation_required" },
  });
  expect(await clutch.book.current()).toBeUndefined();
  expect((await run(clutch, { day: "5" }, "n\r")).code).toBe(2);
  expect((await run(clutch, { day: "5" }, "y\r")).code).toBe(0);
  expect(await clutch.book.current()).toMatchObject({ usdCents: 500 });
  expect((await run(clutch, { day: "4", yes: true })).code).toBe(0);
});

it("refuses what is no amount, with exit code 2", async () => {
  const clutch = await open();
  expect(await run(clutch, { day: "5 EUR" })).toMatchObject({ code: 2, err: expect.stringContaining("US dollars") });
  expect(await run(clutch, { day: "5", off: true })).toMatchObject({ code: 2 });
  expect(await clutch.book.current()).toBeUndefined();
});
