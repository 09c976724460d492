import { formatModelRef } from "../src/models/model-ref.ts";
import type { UsageReport } from "../src/usage/usage-report.ts";
import type { UsageSavings } from "../src/usage/usage-savings.ts";
import { dollars } from "./amounts.ts";
import type { Field, Table } from "./card.ts";
import { calls, number } from "./usage-words.ts";

/** For a title: what local calls saved, as a range over what the vendor's cache may have held. */
export function savedWords({ savings: { compared, low, high } }: UsageReport): string[] {
  if (compared === 0) return [];
  if (high < 0) return ["nothing saved"];
  return [low < 0 ? `at most ${dollars(high)} saved` : `${range(low, high)} saved`];
}

/** Where local calls cost more, or may have, than the same calls elsewhere. */
export function dearerWords({ savings }: UsageReport): string[] {
  const { compared, low, high, electricity } = savings;
  if (compared === 0 || low >= 0) return [];
  const than = new Set(savings.baselines.map(({ model }) => formatModelRef(model)));
  const name = than.size === 1 ? [...than].join() : "the models that they are compared with";
  const counted = electricity?.currency === "USD" ? ", electricity counted" : "";
  if (high < 0) return [`Local calls were dearer than ${name} would have been: by ${range(-high, -low)}${counted}.`];
  return [
    `With all of each prompt from its cache, ${name} would have been ${dollars(-low)} cheaper than local calls${counted}.`,
  ];
}

/** In another currency: there is no rate by which it could be taken off. */
export function electricityField({ savings: { electricity } }: UsageReport): Field[] {
  if (electricity === undefined || electricity.currency === "USD" || electricity.cost === 0) return [];
  const { cost, currency } = electricity;
  return [{ name: "Electricity", value: `${currency} ${Number(cost.toPrecision(2))}, not taken off` }];
}

function range(low: number, high: number): string {
  const [from, to] = [dollars(low), dollars(high)];
  return from === to ? to : `${from} to ${to}`;
}

/** In one line: what it is compared with, whose prices, what was assumed, and until when everything is counted. */
export function assumptions(report: UsageReport, { rows }: Table): string {
  const { prices, countedUpTo, days, figures } = report;
  const cells = rows.flat();
  return [
    ...(figures.local.calls === 0 ? [] : [comparison(report.savings)]),
    ...(prices.length === 0 ? [] : [`Prices: ${[...new Set(prices.map(pricedBy))].join("; ")}`]),
    ...(cells.some((cell) => /^[$\d].*\+$|^\?$/.test(cell)) ? ["+ is at least, ? is not known"] : []),
    ...(countedUpTo === undefined ? [] : [`Counted up to ${momentIn(days.zone).format(countedUpTo)}`]),
    `Days of ${days.zone}`,
  ].join(". ");
}

function comparison({ compared, uncompared, baselines, electricity }: UsageSavings): string {
  if (compared === 0) {
    return uncompared === 0
      ? "Saved: not known, as no local call is of known size"
      : "Saved: not known, as no cloud model with a known price is configured to compare with (usage.baseline)";
  }
  const names = baselines.map(({ model, prices }) => `${formatModelRef(model)} (${pricedBy(prices)})`);
  return [
    `Saved: ${calls(compared)} against ${names.join(", ")}, least with all of each prompt from its cache, most with none`,
    ...electricityWords(electricity),
    ...(uncompared === 0 ? [] : [`${calls(uncompared)} compared with nothing`]),
    "other tokenizers count differently",
  ].join("; ");
}

function electricityWords(electricity: UsageSavings["electricity"]): string[] {
  if (electricity === undefined) return ["electricity not configured"];
  const { watts, pricePerKWh, currency, cost, untimed } = electricity;
  const rate = `${watts} W at ${pricePerKWh} ${currency} a kWh`;
  const missing = untimed === 0 ? "" : `, ${number(untimed)} of the calls not timed`;
  return [
    currency === "USD" ? `less ${dollars(cost)} of electricity (${rate}${missing})` : `electricity ${rate}${missing}`,
  ];
}

const LONGEST_SOURCE = 40;

/** Sources have names for scripts, or go on at length. */
function pricedBy(label: string): string {
  if (label === "openclaw") return "OpenClaw's configuration";
  const [, source = label, date = ""] = /^(.*), (\d{4}-\d\d-\d\d)$/.exec(label) ?? [];
  if (source === "override") return `your own, ${date}`;
  return source.length > LONGEST_SOURCE ? `as published, ${date}` : label;
}

const momentIn = (timeZone: string) =>
  new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone });
