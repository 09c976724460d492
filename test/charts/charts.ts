import { createRequire } from "node:module";
import type { ResvgRenderOptions } from "@resvg/resvg-js";
import fc from "fast-check";
import type { Chart, ChartSeries } from "../../src/charts/chart.ts";

/** Local and cloud; the cloud has `cloud` in each bar. */
export const LOCAL_AND_CLOUD: readonly ChartSeries[] = [
  { name: "local", tone: "local" },
  { name: "cloud", tone: "cloud" },
];

export const chartOf = (bars: Chart["bars"], more: Partial<Chart> = {}): Chart => ({
  title: "Tokens a day",
  unit: "tokens",
  series: LOCAL_AND_CLOUD,
  bars,
  alt: "a chart",
  ...more,
});

/** Days with values that differ. */
export const days = (count: number): Chart["bars"] =>
  Array.from({ length: count }, (_, day) => ({
    label: `2026-${String(Math.floor(day / 28) + 1).padStart(2, "0")}-${String((day % 28) + 1).padStart(2, "0")}`,
    values: [((day * 7_919) % 1_000) * 1_000, (day * 104_729) % 300_000],
  }));

export const LONG = "a-model-with-a-very-long-name/".repeat(7).slice(0, 200);

const { resolve } = createRequire(import.meta.url);
export const FONT_FILES = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((file) =>
  resolve(`dejavu-fonts-ttf/ttf/${file}`),
);
export const WITH_FONTS = {
  font: { loadSystemFonts: false, fontFiles: FONT_FILES, defaultFontFamily: "DejaVu Sans" },
} satisfies ResvgRenderOptions;

const nasty = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constantFrom("</text><script>", "&amp;\"'", "\u202eabc\u0000\ud800\ufffe", "e\u0301\u0301\u0301\u0301", LONG, ""),
);
const value = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.nat(),
  fc.constantFrom(0, -1, 1, 5e-324, 1.7e308),
);

export const anyChart: fc.Arbitrary<Chart> = fc.record({
  title: nasty,
  unit: fc.constantFrom("tokens", "calls", "USD"),
  series: fc.array(fc.record({ name: nasty, tone: fc.constantFrom("local", "cloud", "unknown") }), { maxLength: 12 }),
  bars: fc.array(fc.record({ label: nasty, values: fc.array(value, { maxLength: 13 }) }), { maxLength: 130 }),
  alt: nasty,
});
