import { afterEach, describe, expect, it } from "vitest";
import type { OptionValues } from "../../commands/command.ts";
import { parseCommandLine } from "../../commands/command-line.ts";
import { BUDGET_FORMS, BUDGET_OPTIONS, budgetAccess, runBudget } from "../../commands/usage-budget.ts";
import { type LockLab, startLockLab } from "../local-only/lock-lab.ts";
import { type BudgetClutch, OWNER, openBudgetClutch } from "../usage/budget-lab.ts";

let lab: LockLab;
afterEach(() => lab.stop());

/** An owner who asks, with the budget and the lock as they are. */
async function room(layers: { guard?: boolean; wall?: boolean } = {}) {
  lab = await startLockLab(layers);
  const clutch = await openBudgetClutch(lab);
  await clutch.lock.watching(60_000);
  const say = (options: OptionValues, more: { confirmed?: boolean; level?: "owner" | "operator" } = {}) =>
    runBudget({
      ...{ budgets: clutch.budgets, options: { budget: "true", ...options }, ...OWNER },
      level: more.level ?? "owner",
      confirmed: more.confirmed ?? false,
    });
  return { clutch, say };
}

const limit = async (clutch: BudgetClutch) => {
  const budget = await clutch.book.current();
  return budget && `${budget.usdCents} ${budget.period}`;
};

describe("/usage budget", () => {
  it("says that none is set, and to owners how to", async () => {
    const { say } = await room();
    expect((await say({})).card).toMatchObject({
      title: "No cloud budget is set",
      body: [expect.stringContaining("/usage budget day:$5")],
    });
    expect((await say({}, { level: "operator" })).card.body?.[0]).toBe("An owner can set one.");
  });

  it("shows what is spent with a meter, what happens then, and what is not in it", async () => {
    const { clutch, say } = await room();
    await clutch.set({ period: "week", usdCents: 2_000 });
    await clutch.spend(5.5);
    await clutch.spend(undefined, { rate: undefined });
    await clutch.spend(undefined, { tokens: undefined });
    const { card, visibility } = await say({}, { level: "operator" });
    expect(visibility).toBe("private");
    expect(card).toMatchObject({
      tone: "warning",
      title: "Cloud budget: at least $5.50 of $20.00 a week spent",
      meter: { value: 5.5, max: 20, text: "at least $5.50 of $20.00 (27 %)" },
    });
    const fields = Object.fromEntries((card.fields ?? []).map(({ name, value }) => [name, value]));
    expect(fields).toEqual({
      Budget: "$20.00 a week, until 2026-11-23 00:00 (Europe/Berlin)",
      Then: "local-only mode comes on until the period ends",
      "Not in it": "1 call without a known price, 1 call of unknown size; they are not free",
    });
    expect(card.actions).toBeUndefined();
    expect((await say({})).card.actions).toMatchObject([{ line: "/usage budget off" }]);
  });

  it("says when it is used up and local-only mode is on for it, and when somebody overruled it", async () => {
    const { clutch, say } = await room();
    await clutch.set({ period: "day", usdCents: 500 });
    await clutch.spend(7);
    expect((await say({})).card.fields?.[1]?.value).toBe("used up: local-only mode is about to come on");
    await clutch.settle();
    const { card } = await say({});
    expect(card.fields?.[1]?.value).toBe("used up: local-only mode is on until 2026-11-23 00:00");
    expect(card.meter).toMatchObject({ value: 5, max: 5, text: "$7.00 of $5.00 (140 %)" });
    await clutch.lock.turnOff({ ...OWNER, restore: "all" });
    expect((await say({})).card.fields?.[1]?.value).toContain("overruled until 2026-11-23 00:00: discord:owner");
  });

  it("warns where nothing could enforce it, and where no Clutch sees to it", async () => {
    const { clutch, say } = await room({ guard: false, wall: false });
    await clutch.set({ period: "day", usdCents: 500 });
    const { card } = await say({});
    expect(card.tone).toBe("warning");
    expect(card.fields?.[1]?.value).toMatch(/^nothing here could enforce it\. .*clutch guard install/);
    lab.now += 120_000;
    expect((await say({})).card.fields?.at(-1)).toMatchObject({ name: "Watched", value: /by nobody/ });
  });
});

describe("/usage budget day:$5", () => {
  it("sets it, without a question where nothing changes at once", async () => {
    const { clutch, say } = await room();
    const { card, visibility, needsConfirmation } = await say({ day: "$5" });
    expect({ visibility, needsConfirmation, tone: card.tone }).toEqual({
      ...{ visibility: "public", needsConfirmation: undefined, tone: "success" },
    });
    expect(card.body).toEqual(["The cloud budget is $5.00 a day now."]);
    expect(await limit(clutch)).toBe("500 day");
    expect((await say({ month: "50 USD" })).card.body).toEqual([
      "The cloud budget is $50.00 a month now.",
      "It takes the place of $5.00 a day.",
    ]);
    expect(await limit(clutch)).toBe("5000 month");
  });

  it("asks where it is used up already, and where local-only mode would go off", async () => {
    const { clutch, say } = await room();
    await clutch.spend(6);
    const first = await say({ day: "$ 5" });
    expect(first).toMatchObject({ needsConfirmation: true, visibility: "private" });
    expect(first.card).toMatchObject({
      title: "Set a cloud budget of $5.00 a day, which is used up already?",
      body: ["$6.00 is spent today.", expect.stringContaining("Local-only mode comes on")],
      actions: [{ line: "/usage budget day:$5", confirms: true }],
    });
    expect(await limit(clutch)).toBeUndefined();
    await say({ day: "$5" }, { confirmed: true });
    await clutch.settle();

    const raise = await say({ day: "10" });
    expect(raise.card).toMatchObject({
      title: "Set a cloud budget of $10.00 a day and turn local-only mode off?",
      body: [expect.anything(), expect.stringContaining("text that was written meanwhile")],
    });
    expect(await limit(clutch)).toBe("500 day");

    const clear = await say({ off: "true" });
    expect(clear).toMatchObject({ needsConfirmation: true, card: { actions: [{ line: "/usage budget off" }] } });
    expect((await say({ off: "true" }, { confirmed: true })).card.body?.join(" ")).toContain("goes off within moments");
    expect(await limit(clutch)).toBeUndefined();
    expect((await say({ off: "true" })).card.body?.[0]).toBe("Nothing was changed.");
  });

  it.each<OptionValues>([
    { day: "-5" },
    { day: "5 EUR" },
    { day: "" },
    { day: "5", month: "50" },
    { day: "5", off: "true" },
    { week: "much" },
  ])("%o is refused and changes nothing", async (options) => {
    const { clutch, say } = await room();
    await expect(say(options, { confirmed: true })).rejects.toMatchObject({ code: "bad_option" });
    expect(await limit(clutch)).toBeUndefined();
  });
});

it("operators look, owners change, and each form can be typed", async () => {
  lab = await startLockLab({ guard: false, wall: false });
  const command = { name: "usage", options: BUDGET_OPTIONS } as unknown as Parameters<
    typeof parseCommandLine
  >[1][number];
  const needs = BUDGET_FORMS.map(({ line }) => budgetAccess(parseCommandLine(line, [command]).options));
  expect(needs).toEqual(["operator", "owner", "owner", "owner", "owner"]);
});
