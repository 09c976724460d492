import type { Chart, ChartSeries } from "../src/charts/chart.ts";
import type { UsageReport, UsageSplit } from "../src/usage/usage-report.ts";
import { calls, number, periodName, share } from "./usage-words.ts";

type Day = UsageReport["byDay"][number];

const SERIES: readonly (ChartSeries & { of(day: UsageSplit): number })[] = [
  { name: "local", tone: "local", of: ({ local }) => local.calls },
  { name: "cloud", tone: "cloud", of: ({ cloud, unknown }) => cloud.calls - unknown.calls },
  { name: "local or cloud, not known", tone: "unknown", of: ({ unknown }) => unknown.calls },
];

/** Calls a day by where they ran; its words stand for it where there is no picture. Undefined for one day, which has no course. */
export function usageChart({ days, byDay, figures }: UsageReport): Chart | undefined {
  if (byDay.length < 2 || figures.all.calls === 0) return undefined;
  const series = SERIES.filter(({ of, tone }) => tone !== "unknown" || of(figures) > 0);
  const label = labelled(byDay);
  return {
    title: `Calls a day, ${periodName(days)}`,
    unit: "calls",
    series: series.map(({ name, tone }) => ({ name, tone })),
    bars: byDay.map((day) => ({ label: label(day), values: series.map(({ of }) => of(day)) })),
    alt: inWords(days.name, byDay, figures),
  };
}

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const SHORTEST_WITH_YEARS = 300;

/** “16 Nov”; with the year where two of them may be meant. */
function labelled(byDay: readonly Day[]): (day: Day) => string {
  const isLong = byDay.length > SHORTEST_WITH_YEARS;
  return ({ day }) => (isLong ? day : DAY.format(Date.parse(day)));
}

function inWords(period: string, byDay: readonly Day[], { all, local, unknown }: UsageSplit): string {
  const busiest = byDay.reduce((most, day) => (day.all.calls > most.all.calls ? day : most));
  const quiet = byDay.filter((day) => day.all.calls === 0).length;
  const last = byDay.at(-1);
  return [
    `Calls a day in ${period}: ${number(local.calls)} of ${calls(all.calls)} were local (${share(local.calls, all.calls)})`,
    ...(unknown.calls > 0 ? [`, of ${number(unknown.calls)} it is not known`] : []),
    `. Most on ${on(busiest)}`,
    ...(last === undefined || last === busiest ? [] : [`; last on ${on(last)}`]),
    ...(quiet > 0 ? [`. ${quiet === 1 ? "A day" : `${quiet} days`} without any`] : []),
    ".",
  ].join("");
}

const on = ({ day, all, local }: Day): string =>
  all.calls === 0
    ? `${DAY.format(Date.parse(day))}: none`
    : `${DAY.format(Date.parse(day))}: ${number(all.calls)}, ${share(local.calls, all.calls)} local`;
