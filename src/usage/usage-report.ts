import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import type { UsageCall } from "../models/usage-call.ts";
import type { UsageLedger } from "../store/usage-ledger.ts";
import type { UsageFigures, UsagePeriod, UsageScope, UsageTotal } from "../store/usage-totals.ts";
import { sumFigures } from "./usage-figures.ts";
import { namesOfDays, type UsageDays } from "./usage-period.ts";
import { type ElectricityRate, savingsOf, type UsageSavings } from "./usage-savings.ts";

/** What models were asked in a period, where they ran, what that cost and saved. */
export interface UsageReport {
  readonly days: UsageDays;
  readonly scope: UsageScope;
  readonly figures: UsageSplit;
  /** Of as many days directly before. */
  readonly before: UsageSplit;
  /** Each day of the period, oldest first, also without calls. */
  readonly byDay: readonly (UsageSplit & { readonly day: string })[];
  /** Told apart by where they ran; most calls first. */
  readonly models: readonly ModelUsage[];
  readonly savings: UsageSavings;
  /** Heartbeats and jobs that did not run here. */
  readonly idle: UsageFigures;
  /** Models of the cloud that stood in for one that did not answer, most first. */
  readonly standIns: readonly { readonly model: ModelRef; readonly calls: number }[];
  /** Who states the prices of what was paid for, and of when; most calls first. */
  readonly prices: readonly string[];
  /** Connections to models that no call accounts for; only of the whole system. */
  readonly unattributed: readonly Unattributed[];
  /** Until when everything is counted, epoch ms; undefined where nobody knows. */
  readonly countedUpTo: number | undefined;
}

/** All calls, and where they ran. What may have run in the cloud is part of `cloud`, and `unknown` as well. */
export interface UsageSplit {
  readonly all: UsageFigures;
  readonly local: UsageFigures;
  readonly cloud: UsageFigures;
  readonly unknown: UsageFigures;
}

export interface ModelUsage extends UsageFigures {
  readonly model: ModelRef;
  readonly locality: UsageCall["locality"];
}

/** What the wall saw of a host, and no call explains. */
export interface Unattributed {
  readonly host: string;
  readonly connections: number;
}

/** By what a report can be told apart. */
export const USAGE_GROUPS = ["model", "agent", "cause", "day", "channel"] as const;
export type UsageGroupName = (typeof USAGE_GROUPS)[number];

/** One agent, cause, …; `name` is empty for calls where nobody talks. */
export interface UsageGroupRow extends UsageSplit {
  readonly name: string;
}

/** Sums come from the store's rollups: a report takes the same time however many calls there are. */
export interface UsageReports {
  report(days: UsageDays, scope: UsageScope): Promise<UsageReport>;
  /** Days in order, all else with most calls first. */
  groups(days: UsageDays, scope: UsageScope, by: UsageGroupName): Promise<readonly UsageGroupRow[]>;
  /** What of a scope alone is to be said in a line. */
  split(days: UsageDays, scope: UsageScope): Promise<UsageSplit>;
}

export interface UsageReportParts {
  readonly ledger: Pick<UsageLedger, "totals">;
  readonly electricity: ElectricityRate | undefined;
  readonly unattributed: (period: UsagePeriod) => Promise<readonly Unattributed[]>;
  /** Epoch ms; undefined where it is not known. */
  readonly countedUpTo: () => number | undefined;
}

export function createUsageReports(parts: UsageReportParts): UsageReports {
  const { ledger } = parts;

  const split = async ({ from, to, zone }: UsagePeriod & { readonly zone: string }, scope: UsageScope) =>
    splitOf(await ledger.totals({ from, to, zone, scope, by: ["locality"] }));

  return {
    split,

    async groups({ from, to, zone }, scope, by) {
      const totals = await ledger.totals({ from, to, zone, scope, by: [by, "locality"] });
      const rows = [...Map.groupBy(totals, nameIn(by))].map(([name, some]) => ({ name, ...splitOf(some) }));
      return by === "day" ? rows : byMost(rows, ({ all }) => all.calls);
    },

    async report(days, scope) {
      const { from, to, zone, before } = days;
      const isWhole = scope.agentId === undefined && scope.sessionKey === undefined;
      const [byDay, kinds, earlier, unattributed] = await Promise.all([
        ledger.totals({ from, to, zone, scope, by: ["day", "locality"] }),
        ledger.totals({ from, to, zone, scope, by: ["model", "locality", "cause", "prices", "baseline"] }),
        split({ ...before, zone }, scope),
        isWhole ? parts.unattributed({ from, to }) : [],
      ]);
      const elsewhere = kinds.filter(({ locality }) => locality !== "local");
      return {
        days,
        scope,
        figures: splitOf(kinds),
        before: earlier,
        byDay: eachDay(days, byDay),
        models: modelsIn(kinds),
        savings: savingsOf(
          kinds.filter(({ locality }) => locality === "local"),
          parts.electricity,
        ),
        idle: sumFigures(elsewhere.filter(({ cause }) => cause === "heartbeat" || cause === "cron")),
        standIns: byMost(
          modelsIn(elsewhere).map(({ model, fallbacks }) => ({ model, calls: fallbacks })),
          ({ calls }) => calls,
        ).filter(({ calls }) => calls > 0),
        prices: pricesIn(elsewhere),
        unattributed,
        countedUpTo: parts.countedUpTo(),
      };
    },
  };
}

function splitOf(totals: readonly UsageTotal[]): UsageSplit {
  const of = (...localities: readonly UsageTotal["locality"][]) =>
    sumFigures(totals.filter(({ locality }) => localities.includes(locality)));
  return { all: sumFigures(totals), local: of("local"), cloud: of("cloud", "unknown"), unknown: of("unknown") };
}

function eachDay(days: UsageDays, totals: readonly UsageTotal[]): UsageReport["byDay"] {
  const found = Map.groupBy(totals, ({ day = "" }) => day);
  return namesOfDays(days).map((day) => ({ day, ...splitOf(found.get(day) ?? []) }));
}

function modelsIn(totals: readonly UsageTotal[]): readonly ModelUsage[] {
  const groups = Map.groupBy(totals, ({ model, locality }) => JSON.stringify([model, locality]));
  const models = [...groups.values()].flatMap((some): ModelUsage[] => {
    const { model, locality } = some[0] ?? {};
    return model === undefined || locality === undefined ? [] : [{ model, locality, ...sumFigures(some) }];
  });
  return byMost(models, ({ calls }) => calls);
}

function pricesIn(totals: readonly UsageTotal[]): readonly string[] {
  const groups = Map.groupBy(totals, ({ prices }) => prices);
  const labels = [...groups].flatMap(([label, some]) =>
    label === undefined ? [] : [{ label, calls: sumFigures(some).calls }],
  );
  return byMost(labels, ({ calls }) => calls).map(({ label }) => label);
}

const nameIn =
  (by: UsageGroupName) =>
  ({ day, model, agentId, cause, channel }: UsageTotal): string =>
    ({ day, model: model && formatModelRef(model), agent: agentId, cause, channel })[by] ?? "";

const byMost = <T>(items: readonly T[], count: (item: T) => number): readonly T[] =>
  items.toSorted((a, b) => count(b) - count(a));
