import { ClutchError } from "../src/errors.ts";
import { closestTo } from "../src/models/closest.ts";
import { type ModelRef, sameModel } from "../src/models/model-ref.ts";
import type { UsageScope } from "../src/store/usage-totals.ts";
import { EXPORT_FORMATS, type ExportFormat } from "../src/usage/usage-export.ts";
import { USAGE_PERIODS, type UsageDays } from "../src/usage/usage-period.ts";
import { USAGE_GROUPS, type UsageGroupName, type UsageReport } from "../src/usage/usage-report.ts";
import { mayDo } from "./access.ts";
import type { Action } from "./card.ts";
import type { Command, CommandContext, OptionValues, Reply } from "./command.ts";
import { actorOf } from "./model-switch.ts";
import type { Services } from "./services.ts";
import { BUDGET_FORMS, BUDGET_OPTIONS, type BudgetContext, budgetField, runBudget } from "./usage-budget.ts";
import { usageCard } from "./usage-card.ts";
import { exportReply } from "./usage-export.ts";
import { checkUsageOptions, USAGE_SCOPES, usageAccess } from "./usage-options.ts";

const USUAL_PERIOD = "7d";

/** `/usage`: what models were asked, where they ran, what that cost and saved. */
export const usageCommand: Command<Services> = {
  name: "usage",
  summary: "Show what models were asked, how much of it was local, what it cost and saved",
  options: [
    {
      name: "period",
      summary: "today, yesterday, 7d, 30d, this-month, last-month, 2026-11-22 or 2026-11-01..2026-11-15",
      kind: "text",
      positional: true,
      complete: (typed) =>
        USAGE_PERIODS.filter((period) => period.startsWith(typed.trim().toLowerCase())).map((period) => ({
          value: period,
          label: period,
        })),
    },
    {
      name: "scope",
      summary: "This conversation, its agent, or everything",
      kind: "choice",
      choices: USAGE_SCOPES,
    },
    { name: "by", summary: "What the table tells apart", kind: "choice", choices: USAGE_GROUPS },
    {
      name: "export",
      summary: "A file: a row a call, or with “by” a row a sum",
      kind: "choice",
      choices: EXPORT_FORMATS,
    },
    {
      name: "agent",
      summary: "Which agent, where several answer here, or with scope:agent any",
      kind: "text",
      complete: (typed, { registry }) =>
        (registry.known()?.agentIds ?? [])
          .filter((id) => id.startsWith(typed.trim()))
          .map((id) => ({ value: id, label: id })),
    },
    ...BUDGET_OPTIONS,
  ],
  access: usageAccess,
  forms: [
    { line: "/usage", does: "Shows the last 7 days of this conversation, and to operators of everything" },
    { line: "/usage 30d", does: "The same of another period: today, yesterday, 90d, this-month, last-month" },
    { line: "/usage 2026-11-01..2026-11-15", does: "The same of these days; one day alone is a period too" },
    { line: "/usage scope:here", does: "This conversation alone" },
    { line: "/usage scope:agent", does: "Everything that this conversation's agent asked; agent:NAME for another" },
    { line: "/usage scope:all", does: "Everything alone" },
    { line: "/usage by:cause", does: "Tells calls apart by model, agent, cause, day or channel" },
    { line: "/usage export:csv", does: "Gives a file with a row for each call, csv or json" },
    { line: "/usage export:csv by:day", does: "The same with a row for each day, model, agent, cause or channel" },
    ...BUDGET_FORMS,
  ],
  run: async (context) => {
    const { options, services } = context;
    checkUsageOptions(options);
    if (options["budget"] !== undefined) return runBudget(await budgetContext(context));
    const days = services.usage.period(options["period"] ?? USUAL_PERIOD);
    const place = await placeOf(context);
    const by = options["by"] as UsageGroupName | undefined;
    const format = options["export"] as ExportFormat | undefined;
    if (format !== undefined) return exportReply(services.usage, { days, scope: place.scope, by, format });
    return showUsage(context, days, place, by);
  },
};

interface Place {
  readonly scope: UsageScope;
  /** The conversation beside it: its session, or why it cannot be told. */
  readonly here?: string | ClutchError;
}

/** Without a scope operators see everything, and the conversation beside it; a viewer sees the conversation. */
async function placeOf({ services, conversation, options, level }: CommandContext<Services>): Promise<Place> {
  const { scope, agent } = options;
  const find = () => services.finder.find(conversation, agent);
  if (scope === "all") return { scope: {} };
  if (scope === "agent") return { scope: { agentId: agent ?? (await find()).agentId } };
  if (scope === "here" || !mayDo(level, "operator")) return { scope: { sessionKey: (await find()).key } };
  // What was counted is known without the gateway, and whatever this conversation is.
  const here = await find().then(
    ({ key }) => key,
    (thrown: unknown) => {
      if (thrown instanceof ClutchError) return thrown;
      throw thrown;
    },
  );
  return { scope: {}, here };
}

/** The budget is everybody's: it must not fail because it is unclear which conversation this is. */
async function budgetContext(context: CommandContext<Services>): Promise<BudgetContext> {
  const { services, options, level, confirmed, conversation } = context;
  const place = await services.finder.find(conversation, undefined).then(
    ({ key }) => key,
    () => undefined,
  );
  return { budgets: services.budgets, options, actor: actorOf(context), place, level, confirmed };
}

async function showUsage(
  { services, options, level }: CommandContext<Services>,
  days: UsageDays,
  { scope, here }: Place,
  by: UsageGroupName | undefined,
): Promise<Reply> {
  const { usage, localOnly, budgets } = services;
  const [report, ofHere, rows, spend] = await Promise.all([
    usage.report(days, scope),
    typeof here === "string" ? usage.split(days, { sessionKey: here }) : here?.message,
    by === undefined ? undefined : usage.groups(days, scope, by),
    mayDo(level, "operator") ? budgets.spend() : undefined,
  ]);
  checkAgent(report, services);
  return {
    visibility: "private",
    card: usageCard({
      report,
      here: ofHere,
      groups: by === undefined || rows === undefined ? undefined : { by, rows },
      isLocked: localOnly.isOn(),
      hasDemo: report.models.some(({ model }) => isDemo(model, services)),
      ...(spend === undefined ? {} : { fields: [budgetField(spend)] }),
      actions: actionsFor(options),
    }),
  };
}

const isDemo = (ref: ModelRef, { registry }: Services): boolean =>
  registry.known()?.models.some((profile) => profile.demo && sameModel(profile.ref, ref)) === true;

/** An agent that is gone may have asked much; one that never was is a slip of the pen. */
function checkAgent({ scope: { agentId }, figures }: UsageReport, { registry }: Services): void {
  const known = registry.known()?.agentIds ?? [];
  if (agentId === undefined || figures.all.calls > 0 || known.includes(agentId)) return;
  throw new ClutchError(
    "unknown_agent",
    `There is no agent “${agentId.slice(0, 60)}”, and none of that name was counted.`,
    {
      hint: `Agents: ${known.join(", ")}.`,
      suggestions: closestTo(agentId, known),
    },
  );
}

/** Other looks at the same; only of the usual card, since a button has to say all of its line. */
function actionsFor({ period = USUAL_PERIOD, ...others }: OptionValues): Action[] {
  if (Object.keys(others).length > 0) return [];
  return [
    period === USUAL_PERIOD
      ? { label: "30 days", line: "/usage 30d", style: "secondary" }
      : { label: "7 days", line: "/usage", style: "secondary" },
    ...(period === USUAL_PERIOD ? [{ label: "By cause", line: "/usage by:cause", style: "secondary" } as const] : []),
  ];
}
