import { ClutchError } from "../src/errors.ts";
import { BUDGET_PERIODS, type BudgetLimit } from "../src/store/budget-book.ts";
import type { BudgetSpend } from "../src/usage/budget-spend.ts";
import type { BudgetHold, BudgetStatus, Budgets } from "../src/usage/budgets.ts";
import { mayDo } from "./access.ts";
import { parseUsdCents } from "./budget-amount.ts";
import { limitWords, momentIn, spendMeter, spentWords, THIS, uncountedWords } from "./budget-words.ts";
import type { Action, Card, Field } from "./card.ts";
import type { AccessLevel, Form, Option, OptionValues, Reply } from "./command.ts";

/** The part of `/usage` that is the budget: with `budget` given, `runBudget` answers. */
export const BUDGET_OPTIONS: readonly Option<unknown>[] = [
  { name: "budget", summary: "Show or set what may be spent in the cloud", kind: "flag" },
  { name: "day", summary: "With budget: dollars a day, such as $5", kind: "text" },
  { name: "week", summary: "With budget: dollars a week, from Monday", kind: "text" },
  { name: "month", summary: "With budget: dollars a month", kind: "text" },
  { name: "off", summary: "With budget: takes the budget away", kind: "flag" },
];

export const BUDGET_FORMS: readonly Form[] = [
  { line: "/usage budget", does: "Shows the cloud budget, what is spent of it, and what happens when it is used up" },
  {
    line: "/usage budget day:$5",
    does: "Sets a budget for cloud models: a notice at 80 %, local-only mode at 100 % until the next day",
  },
  { line: "/usage budget week:$20", does: "The same for a week, from Monday" },
  { line: "/usage budget month:$50", does: "The same for a month" },
  { line: "/usage budget off", does: "Takes the budget away" },
];

/** Everybody's money: operators look, owners set. */
export const budgetAccess = (options: OptionValues): AccessLevel =>
  options["off"] !== undefined || BUDGET_PERIODS.some((period) => options[period] !== undefined) ? "owner" : "operator";

/** What the budget needs to know of whoever asks, in a chat or at a command line. */
export interface BudgetContext {
  readonly budgets: Budgets;
  readonly options: OptionValues;
  /** `platform:user`. */
  readonly actor: string;
  /** Session key of the conversation in which it was typed. */
  readonly place: string | undefined;
  readonly level: AccessLevel;
  /** The person said yes to the question. */
  readonly confirmed: boolean;
}

/** Options that only mean something together with others. Throws `bad_option`. */
export function checkBudgetOptions(options: OptionValues): void {
  const isBudget = options["budget"] !== undefined;
  const own = ["day", "week", "month", "off"].find((name) => options[name] !== undefined);
  if (own !== undefined && !isBudget) {
    throw new ClutchError("bad_option", `“${own}” goes with budget.`, {
      hint: own === "off" ? "/usage budget off" : `/usage budget ${own}:$5`,
    });
  }
  const other = Object.keys(options).find((name) => !BUDGET_OPTIONS.some((option) => option.name === name));
  if (isBudget && other !== undefined) {
    throw new ClutchError("bad_option", `“${other}” does not go with budget, which is of everything.`, {
      hint: "/usage budget shows it, /usage budget day:$5 sets it.",
    });
  }
}

/** “$3.20 of $5.00 a day”, for other cards. */
export const budgetField = (spend: BudgetSpend): Field => ({
  name: "Cloud budget",
  value: `${spentWords(spend)} of ${limitWords(spend)}`,
});

/** A reply, and how the budget stands; undefined where none is set. */
export interface BudgetReply extends Reply {
  readonly status: BudgetStatus | undefined;
}

/** Shows, sets or takes away the budget. Throws `bad_option` and the codes of the store. */
export async function runBudget(context: BudgetContext): Promise<BudgetReply> {
  const limit = limitOf(context.options);
  if (limit !== undefined) return setBudget(context, limit);
  if (context.options["off"] !== undefined) return clearBudget(context);
  return shown(context, await context.budgets.status(), "private");
}

/** Undefined where none is given. */
function limitOf(options: OptionValues): BudgetLimit | undefined {
  const given = BUDGET_PERIODS.filter((period) => options[period] !== undefined);
  const [period] = given;
  if (given.length > 1) {
    throw new ClutchError("bad_option", "There is one budget at a time.", {
      hint: "Give day:, week: or month: alone; it takes the place of the one that is set.",
    });
  }
  if (period === undefined) return undefined;
  if (options["off"] !== undefined) {
    throw new ClutchError("bad_option", "“off” takes the budget away, so it does not go with an amount.", {
      hint: "/usage budget day:$5 sets one, /usage budget off takes it away.",
    });
  }
  return { period, usdCents: parseUsdCents(options[period] ?? "") };
}

async function setBudget(context: BudgetContext, limit: BudgetLimit): Promise<BudgetReply> {
  const { budgets, actor, place, confirmed } = context;
  const [before, after] = [await budgets.status(), await budgets.preview(limit)];
  const question = confirmed ? undefined : setQuestion(before, after, context.options);
  if (question !== undefined) return { card: question, status: before, needsConfirmation: true, visibility: "private" };
  const status = await budgets.set(limit, { actor, place });
  const instead = before === undefined ? [] : [`It takes the place of ${limitWords(before.spend)}.`];
  return shown(context, status, "public", [`The cloud budget is ${limitWords(limit)} now.`, ...instead]);
}

/** What would change at once is asked about. */
function setQuestion(before: BudgetStatus | undefined, after: BudgetStatus, options: OptionValues): Card | undefined {
  const { spend, share, zone } = after;
  const line = `/usage budget ${spend.period}:${options[spend.period]?.trim().replace(/\s+/g, "")}`;
  const until = momentIn(spend.to, zone);
  if (share >= 1) {
    const what = {
      held: "Local-only mode is on already and stays as it is.",
      locked: `Local-only mode stays on until ${until}.`,
      open: "Nothing here could enforce it yet: clutch guard install and clutch wall install.",
    };
    return {
      tone: "warning",
      title: `Set a cloud budget of ${limitWords(spend)}, which is used up already?`,
      body: [
        `${sentence(spentWords(spend))} is spent ${THIS[spend.period]}.`,
        after.hold in what
          ? what[after.hold as keyof typeof what]
          : `Local-only mode comes on within moments, until ${until}: agents answer with local models alone.`,
      ],
      meter: spendMeter(spend),
      actions: [{ label: "Set it", line, style: "primary", confirms: true }],
    };
  }
  return before?.isLocked === true
    ? {
        tone: "warning",
        title: `Set a cloud budget of ${limitWords(spend)} and turn local-only mode off?`,
        body: [`It is on because ${limitWords(before.spend)} is used up.`, GOES_OFF],
        meter: spendMeter(spend),
        actions: [{ label: "Set it", line, style: "danger", confirms: true }],
      }
    : undefined;
}

const GOES_OFF =
  "It goes off within moments, and every conversation goes to its own model again, also with text that was written meanwhile.";

async function clearBudget(context: BudgetContext): Promise<BudgetReply> {
  const { budgets, actor, place, confirmed } = context;
  const before = await budgets.status();
  if (before === undefined) return shown(context, undefined, "private", ["Nothing was changed."]);
  if (before.isLocked && !confirmed) {
    const card: Card = {
      tone: "warning",
      title: "Take the cloud budget away and turn local-only mode off?",
      body: [`It is on because ${limitWords(before.spend)} is used up.`, GOES_OFF],
      actions: [{ label: "Take it away", line: "/usage budget off", style: "danger", confirms: true }],
    };
    return { card, status: before, needsConfirmation: true, visibility: "private" };
  }
  await budgets.clear({ actor, place });
  return shown(context, undefined, "public", [
    `It was ${limitWords(before.spend)}.`,
    ...(before.isLocked ? ["Local-only mode, which was on for it, goes off within moments."] : []),
  ]);
}

function shown(
  { level, options }: BudgetContext,
  status: BudgetStatus | undefined,
  visibility: Reply["visibility"],
  lead: readonly string[] = [],
): BudgetReply {
  const isOwner = mayDo(level, "owner");
  if (status === undefined) {
    const hint = isOwner ? "/usage budget day:$5 sets one; week: and month: do as well." : "An owner can set one.";
    const card: Card = { tone: "info", title: "No cloud budget is set", body: [...lead, hint] };
    return { card, status, visibility };
  }
  const { spend, hold, why, zone, isWatched } = status;
  const uncounted = uncountedWords(spend);
  const off: Action = { label: "Take it away", line: "/usage budget off", style: "secondary" };
  const fields: readonly Field[] = [
    { name: "Budget", value: `${limitWords(spend)}, until ${momentIn(spend.to, zone)} (${zone})` },
    { name: "Then", value: HOLDS[hold](momentIn(spend.to, zone), why ?? "") },
    ...(uncounted === undefined ? [] : [{ name: "Not in it", value: `${uncounted}; they are not free` }]),
    ...(isWatched ? [] : [{ name: "Watched", value: "by nobody: no Clutch is running (clutch start)" }]),
  ];
  const isSet = visibility === "public";
  return {
    card: {
      tone: toneOf(status, isSet),
      title: `Cloud budget: ${spentWords(spend)} of ${limitWords(spend)} spent`,
      body: lead,
      fields,
      meter: spendMeter(spend),
      ...(isOwner && options["off"] === undefined ? { actions: [off] } : {}),
      footer: "cloud calls by list prices, as the ledger has them; unknown locality counts as cloud",
    },
    status,
    visibility,
  };
}

function toneOf({ hold, share, spend, isWatched }: BudgetStatus, isSet: boolean): Card["tone"] {
  if (hold === "open") return share >= 1 ? "error" : "warning";
  if (share >= 1 || !isWatched || spend.unpriced + spend.unsized > 0) return "warning";
  return isSet ? "success" : "info";
}

/** What happens, or happened, when it is used up. */
const HOLDS: Readonly<Record<BudgetHold, (until: string, why: string) => string>> = {
  ready: () => "local-only mode comes on until the period ends",
  coming: () => "used up: local-only mode is about to come on",
  locked: (until) => `used up: local-only mode is on until ${until}`,
  held: () => "used up: local-only mode was on already and stays as it is",
  overruled: (until, why) => `used up, and overruled until ${until}: ${why} turned local-only mode off`,
  open: (_until, why) => `nothing here could enforce it. ${why}`,
};

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
