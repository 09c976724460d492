import fc from "fast-check";
import type { DotChart, DotGroup } from "../../src/charts/dot-chart.ts";
import { LONG } from "./charts.ts";

export const MODELS: DotChart["series"] = [
  { name: "Qwen2.5-Coder 32B", tone: "local" },
  { name: "Llama 3.1 70B", tone: "local" },
  { name: "Claude Sonnet 5", tone: "cloud" },
];

export const dotChart = (groups: readonly DotGroup[], more: Partial<DotChart> = {}): DotChart => ({
  title: "How good the answers are",
  unit: "points of 100",
  ticks: [0, 20, 40, 60, 80, 100],
  note: "Lines: 95 % confidence.",
  series: MODELS,
  groups,
  alt: "a chart",
  ...more,
});

const around = (series: number, value: number, reach: number) => {
  const [low, high] = [Math.max(0, value - reach), Math.min(100, value + reach)];
  return { series, value, low, high, text: `${value} (${low}-${high})` };
};

export const GROUPS: readonly DotGroup[] = [
  { label: "code (n=40)", dots: [around(0, 62, 15), around(1, 71, 14), around(2, 96, 6)] },
  { label: "extraction (n=40)", dots: [around(0, 93, 7), around(1, 88, 9), around(2, 97, 5)] },
];

export const TASKS_OF_THREE: readonly DotGroup[] = Array.from({ length: 8 }, (_, task) => ({
  label: `task ${task} (n=24)`,
  dots: [around(0, 40 + 7 * task, 20), around(1, 100, 12), around(2, 0, 11)],
}));

const nasty = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constantFrom("</text><script>", "&amp;\"'", "\u202eabc\u0000\ud800\ufffe", LONG, ""),
);
const number = fc.oneof(fc.double(), fc.constantFrom(0, -1, 1, 50, Number.NaN, Number.POSITIVE_INFINITY, 1.7e308));

export const anyDotChart: fc.Arbitrary<DotChart> = fc.record({
  title: nasty,
  unit: nasty,
  note: nasty,
  series: fc.array(fc.record({ name: nasty, tone: fc.constantFrom("local", "cloud", "unknown") }), { maxLength: 12 }),
  groups: fc.array(
    fc.record({
      label: nasty,
      dots: fc.array(
        fc.record({ series: fc.integer({ min: -1, max: 13 }), value: number, low: number, high: number, text: nasty }),
        { maxLength: 8 },
      ),
    }),
    { maxLength: 12 },
  ),
  alt: nasty,
});
