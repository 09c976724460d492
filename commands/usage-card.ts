import { formatModelRef } from "../src/models/model-ref.ts";
import type { UsageScope } from "../src/store/usage-totals.ts";
import { allTokens } from "../src/usage/usage-figures.ts";
import type { UsageGroupName, UsageGroupRow, UsageReport, UsageSplit } from "../src/usage/usage-report.ts";
import { tokens } from "./amounts.ts";
import type { Action, Card, Field } from "./card.ts";
import { usageChart } from "./usage-chart.ts";
import { assumptions, dearerWords, electricityField, savedWords } from "./usage-savings.ts";
import { groupTable, modelTable } from "./usage-table.ts";
import { calls, capital, costCell, inShort, number, periodName, share, someOf, spendOf, spent } from "./usage-words.ts";

export interface UsageCardParts {
  readonly report: UsageReport;
  /** The conversation's own figures beside those of the report; words where it cannot be told. */
  readonly here?: UsageSplit | string | undefined;
  readonly groups?: { readonly by: UsageGroupName; readonly rows: readonly UsageGroupRow[] } | undefined;
  /** Local-only mode is on. */
  readonly isLocked: boolean;
  /** Some of it was answered by demo servers. */
  readonly hasDemo?: boolean;
  /** What others have to say about the same period. */
  readonly fields?: readonly Field[];
  readonly actions?: readonly Action[];
}

/**
 * What was asked of models and what it cost: the answer in the title, its course
 * in the chart, how it came about below. What is not known is named, never taken
 * for nothing: calls of unknown size, calls without a price, connections that no
 * call explains.
 */
export function usageCard({
  report,
  here,
  groups,
  isLocked,
  hasDemo = false,
  fields = [],
  actions = [],
}: UsageCardParts): Card {
  const { standIns, unattributed } = report;
  const chart = usageChart(report);
  const table = groups === undefined ? modelTable(report.models) : groupTable(groups.by, groups.rows);
  return {
    tone: standIns.length + unattributed.length > 0 ? "warning" : "info",
    title: `${capital(`${whose(report.scope)}${periodName(report.days)}`)}: ${headline(report)}`,
    body: [
      ...(hasDemo ? ["Demo servers answered: this is what real ones would have cost, and nothing was paid."] : []),
      ...(isLocked ? ["Local-only mode is on: new turns go to local models alone."] : []),
      ...dearerWords(report),
    ],
    fields: [
      ...sizeFields(report),
      ...idleField(report),
      ...electricityField(report),
      ...beforeField(report),
      ...hereField(here),
      ...fields,
      ...standInField(report),
      ...unknownField(report),
    ],
    ...(table.rows.length === 0 ? {} : { table }),
    ...(chart === undefined ? {} : { chart }),
    actions,
    footer: assumptions(report, table),
  };
}

function whose({ sessionKey, agentId }: UsageScope): string {
  if (sessionKey !== undefined) return "this conversation, ";
  return agentId === undefined ? "" : `agent ${agentId}, `;
}

function headline(report: UsageReport): string {
  const { all, local } = report.figures;
  if (all.calls === 0) return report.countedUpTo === undefined ? "nothing is counted yet" : "no model was asked";
  return [
    `${share(local.calls, all.calls)} of calls local`,
    `${spent(spendOf(report.figures))} spent`,
    ...savedWords(report),
  ].join(", ");
}

function sizeFields({ figures: { all, local } }: UsageReport): Field[] {
  if (all.calls === 0) return [];
  const size = allTokens(all.tokens);
  return [
    { name: "Calls", value: `${number(local.calls)} of ${number(all.calls)} local` },
    ...(size === 0
      ? []
      : [
          {
            name: "Tokens",
            value: `${tokens(allTokens(local.tokens))} of ${tokens(size)} local`,
          },
        ]),
  ];
}

const beforeField = ({ before, days }: UsageReport): Field[] => [
  { name: days.before.name.replace("the", "The"), value: inShort(before) },
];

function hereField(here: UsageCardParts["here"]): Field[] {
  if (here === undefined) return [];
  return [{ name: "This conversation", value: typeof here === "string" ? here : inShort(here) }];
}

/** Heartbeats and jobs: nobody waits for them. */
function idleField({ idle }: UsageReport): Field[] {
  if (idle.calls === 0) return [];
  const cost = costCell({ usd: idle.usd, unknown: idle.unsized + idle.unpriced });
  return [{ name: "Heartbeats and jobs", value: `${cost} for ${calls(idle.calls)}` }];
}

/** Nobody asked for these: a model did not answer, and OpenClaw took another. */
function standInField({ standIns }: UsageReport): Field[] {
  if (standIns.length === 0) return [];
  const count = standIns.reduce((total, each) => total + each.calls, 0);
  const names = standIns.map((each) => `${formatModelRef(each.model)} (${number(each.calls)})`);
  return [{ name: "Fell back to the cloud", value: `${calls(count)} that nobody asked for: ${someOf(names)}` }];
}

function unknownField({ figures, models, unattributed }: UsageReport): Field[] {
  const { unsized } = figures.all;
  const unpriced = models.filter((model) => model.unpriced > 0);
  const named = unpriced.map((each) => `${formatModelRef(each.model)} (${calls(each.unpriced)})`);
  const hosts = unattributed.map(
    ({ host, connections }) => `${number(connections)} ${connections === 1 ? "connection" : "connections"} to ${host}`,
  );
  const parts = [
    ...(unsized === 0 ? [] : [`${calls(unsized)} of unknown size`]),
    ...(named.length === 0 ? [] : [`no price of ${someOf(named)}`]),
    ...(hosts.length === 0 ? [] : [`unattributed: ${someOf(hosts)}`]),
  ];
  return parts.length === 0 ? [] : [{ name: "Not known", value: parts.join("; ") }];
}
