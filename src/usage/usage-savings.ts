import type { ModelRef } from "../models/model-ref.ts";
import type { UsageFigures, UsageTotal } from "../store/usage-totals.ts";
import { electricityCost } from "./price-savings.ts";

/** What the machine draws while a local model answers, and what a kWh costs in `currency`. */
export interface ElectricityRate {
  readonly watts: number;
  readonly pricePerKWh: number;
  /** `USD`, `EUR`, … */
  readonly currency: string;
}

/** What local calls would have cost elsewhere, less what they cost here; USD. Negative: local was dearer. */
export interface UsageSavings {
  /** Local calls that are compared with a baseline. */
  readonly compared: number;
  /** Those of known size and price that nothing is compared with: no baseline, or none whose price is known. */
  readonly uncompared: number;
  /** The most compared first. */
  readonly baselines: readonly UsageComparison[];
  /** Less what a person stated for local models, and less the electricity where that is in USD. */
  readonly low: number;
  readonly high: number;
  /** Undefined where it is not configured. */
  readonly electricity: UsedElectricity | undefined;
}

interface UsageComparison {
  readonly model: ModelRef;
  /** Who states its prices, and of when. */
  readonly prices: string;
  readonly calls: number;
  /** With all of each prompt from the vendor's cache, and with none of it. */
  readonly low: number;
  readonly high: number;
}

/** By the calls that are compared: what others took has nothing that it could be less of. */
interface UsedElectricity extends ElectricityRate {
  readonly cost: number;
  /** Calls whose duration is not known, and whose electricity is not in `cost`. */
  readonly untimed: number;
}

type Total = UsageFigures & Pick<UsageTotal, "baseline" | "prices">;

/** `local` are the sums of local calls, told apart by baseline and by who states their price. */
export function savingsOf(local: readonly Total[], rate: ElectricityRate | undefined): UsageSavings {
  const baselines: UsageComparison[] = [];
  for (const { baseline, based, baseLow, baseHigh } of local) {
    if (baseline === undefined) continue;
    const { model, prices } = baseline;
    const index = baselines.findIndex((each) => isSame(each, baseline));
    const { calls = 0, low = 0, high = 0 } = baselines[index] ?? {};
    const sum = { model, prices, calls: calls + based, low: low + baseLow, high: high + baseHigh };
    baselines.splice(index < 0 ? baselines.length : index, 1, sum);
  }
  const compared = local.filter(({ baseline }) => baseline !== undefined);
  const electricity = rate && {
    ...rate,
    cost: electricityCost(sum(compared, "durationMs"), rate),
    untimed: sum(compared, "calls") - sum(compared, "timed"),
  };
  const less = sum(compared, "usd") + (electricity?.currency === "USD" ? electricity.cost : 0);
  const calls = sum(compared, "based");
  return {
    compared: calls,
    uncompared: sum(local, "calls") - sum(local, "unsized") - sum(local, "unpriced") - calls,
    baselines: baselines.toSorted((a, b) => b.calls - a.calls),
    low: baselines.reduce((total, { low }) => total + low, 0) - less,
    high: baselines.reduce((total, { high }) => total + high, 0) - less,
    electricity,
  };
}

const isSame = (one: UsageComparison, other: NonNullable<Total["baseline"]>): boolean =>
  one.prices === other.prices && one.model.provider === other.model.provider && one.model.model === other.model.model;

type Count = "calls" | "unsized" | "unpriced" | "based" | "timed" | "durationMs" | "usd";

const sum = (totals: readonly Total[], of: Count): number => totals.reduce((all, total) => all + total[of], 0);
