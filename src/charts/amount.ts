import type { ChartUnit } from "./chart.ts";

const STEPS = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
  [1e3, "k"],
] as const;

/** An amount short enough for an axis, three figures of it: 950, 12.3k, 3.4M, $0.42, $0.0012, 1e18. */
export function amount(value: number, unit: ChartUnit): string {
  const text = short(value, unit);
  return unit === "USD" ? `$${text}` : text;
}

function short(value: number, unit: ChartUnit): string {
  // Rounded before the step is chosen, or 999,950 would be 1000k.
  const rounded = Number(value.toPrecision(3));
  if (rounded >= 1e15) return rounded.toExponential().replace("+", "");
  const [size, suffix] = STEPS.find(([least]) => rounded >= least) ?? [1, ""];
  const figures = Number((rounded / size).toPrecision(3));
  const cents = unit === "USD" && suffix === "" && figures >= 0.1 && !Number.isInteger(figures);
  return (cents ? figures.toFixed(2) : String(figures)) + suffix;
}
