import { terminalTraits } from "../../adapters/terminal/terminal-traits.ts";
import { type BudgetReply, runBudget } from "../../commands/usage-budget.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import type { Budgets } from "../usage/budgets.ts";
import { ownerAtTerminal } from "./open-terminal.ts";
import type { ExitCode, Runtime } from "./runtime.ts";
import { printCard, printError } from "./wall.ts";
import { withApp } from "./with-app.ts";

export interface BudgetOptions {
  /** Amounts as typed. */
  readonly day?: string;
  readonly week?: string;
  readonly month?: string;
  readonly off?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/**
 * Shows the budget, sets it or takes it away, as the owner of the machine; with
 * `json` one line `{ok, budget, error}`. Exit code 2 where a yes is needed or
 * something has to be corrected.
 */
export async function usageBudget(
  options: BudgetOptions,
  runtime: Runtime,
  attach: typeof withBudgets = withBudgets,
): Promise<ExitCode> {
  const secrets: string[] = [];
  const outcome: { reply?: BudgetReply } = {};
  let error: ClutchError | undefined;
  try {
    await attach(runtime, secrets, async (budgets) => {
      const { day, week, month, off } = options;
      const given = Object.entries({ budget: "true", day, week, month, off: off === true ? "true" : undefined });
      const context = {
        budgets,
        options: Object.fromEntries(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
        actor: ownerAtTerminal(),
        place: undefined,
        level: "owner",
        confirmed: options.yes === true,
      } as const;
      outcome.reply = await runBudget(context);
      if (outcome.reply.needsConfirmation !== true) return;
      if (!(await agreed(outcome.reply, options, runtime))) throw needsYes();
      outcome.reply = await runBudget({ ...context, confirmed: true });
    });
  } catch (thrown) {
    error = toClutchError(thrown);
  }
  const { reply } = outcome;
  if (options.json === true) runtime.stdout.write(`${jsonOf(reply, error)}\n`);
  else {
    if (reply !== undefined && reply.needsConfirmation !== true) show(reply, runtime);
    if (error !== undefined) printError(error, runtime, secrets);
  }
  return error === undefined ? 0 : error.isFault ? 1 : 2;
}

const withBudgets = (runtime: Runtime, secrets: string[], work: (budgets: Budgets) => Promise<void>): Promise<void> =>
  withApp(runtime, secrets, ({ services }) => work(services.budgets));

/** Shows the question; only a person at a terminal is asked. */
async function agreed(question: BudgetReply, { json }: BudgetOptions, runtime: Runtime): Promise<boolean> {
  if (json === true) return false;
  show(question, runtime);
  if (!terminalTraits(runtime.stdin, runtime.stdout, runtime.env).interactive) return false;
  return (await import("./models-choose.ts")).confirmed("Go on?", runtime);
}

/** Buttons are for chats: here their lines could not be typed. */
const show = ({ card }: BudgetReply, runtime: Runtime): void => printCard({ ...card, actions: [] }, runtime);

const needsYes = (): ClutchError =>
  new ClutchError("confirmation_required", "This needs a yes first; nothing was changed.", {
    hint: "Run it again with --yes.",
  });

/** What is not known is null, so that every name is always there. */
const jsonOf = (reply: BudgetReply | undefined, error: ClutchError | undefined): string =>
  JSON.stringify(
    {
      ok: error === undefined,
      budget: reply?.status,
      error: error && { code: error.code, message: error.message, hint: error.hint },
    },
    (_, each: unknown) => (each === undefined ? null : each),
  );
