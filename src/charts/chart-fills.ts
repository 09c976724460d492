import type { ChartSeries, ChartTone } from "./chart.ts";

/** How the parts of one series are filled. */
export interface Fill {
  /** The value of a `fill` attribute. */
  readonly paint: string;
  /** The pattern that `paint` names; none where it is a plain colour. */
  readonly pattern?: string;
}

/** Two shades of the same tone that stand beside each other differ by more than a third in lightness. */
export const SHADES: Readonly<Record<ChartTone, readonly string[]>> = {
  local: ["#35c79a", "#1c8465", "#a5ecd3", "#5a9c87"],
  cloud: ["#f5a142", "#b06212", "#ffd7a3", "#cf8f57"],
  unknown: ["#a9b1c2", "#6c7690", "#dfe3ec", "#8a93a8"],
};
const INK = "#1f2430";

/** The shade of one series: those of one tone take turns. */
export function shadeOf(
  series: readonly ChartSeries[],
  index: number,
): { readonly tone: ChartTone; readonly shade: number } {
  const tone = series[index]?.tone ?? "unknown";
  return { tone, shade: series.slice(0, index).filter((other) => other.tone === tone).length % SHADES[tone].length };
}

/** Plain for local, striped for cloud, dotted for unknown: told apart without colours too. */
export function fillOf(series: readonly ChartSeries[], index: number): Fill {
  const { tone, shade } = shadeOf(series, index);
  const colour = SHADES[tone][shade] ?? "none";
  if (tone === "local") return { paint: colour };
  const id = `fill${index}`;
  const mark =
    tone === "cloud"
      ? `<rect width="2" height="8" fill="${INK}" fill-opacity="0.55"/>`
      : `<circle cx="4" cy="4" r="1.6" fill="${INK}" fill-opacity="0.6"/>`;
  return {
    paint: `url(#${id})`,
    pattern: `<pattern id="${id}" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="8" height="8" fill="${colour}"/>${mark}</pattern>`,
  };
}

export const patterns = (fills: readonly Fill[]): string => fills.map(({ pattern = "" }) => pattern).join("");
