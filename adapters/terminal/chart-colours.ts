import type { ChartTone } from "../../src/charts/chart.ts";
import type { Style } from "./pen.ts";

/** Local and cloud look the same in every chart. */
export const COLOURS = { local: "success", cloud: "warning", unknown: "quiet" } as const satisfies Record<
  ChartTone,
  Style
>;
