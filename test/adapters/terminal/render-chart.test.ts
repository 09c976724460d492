import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { createPen } from "../../../adapters/terminal/pen.ts";
import { renderChart } from "../../../adapters/terminal/render-chart.ts";
import type { Chart } from "../../../src/charts/chart.ts";
import { anyChart, chartOf, days, LONG } from "../../charts/charts.ts";

const draw = (chart: Chart, columns: number, ascii = false): string[] =>
  renderChart(chart, columns, createPen({ columns, colour: false, ascii }));

const week = chartOf(
  [
    ["16 Nov", 0, 480_000, 20_000],
    ["17 Nov", 165_000, 165_000, 180_000],
    ["18 Nov", 816_000, 222_000, 0],
    ["19 Nov", 0, 0, 0],
  ].map(([label, ...values]) => ({ label: String(label), values: values.map(Number) })),
  {
    series: [
      { name: "local", tone: "local" },
      { name: "cloud", tone: "cloud" },
      { name: "unknown", tone: "unknown" },
    ],
  },
);

const bar = (local: number, cloud: number, unknown: number): string =>
  "█".repeat(local) + "▒".repeat(cloud) + "·".repeat(unknown);

describe("a chart on the terminal", () => {
  it.each([
    {
      columns: 40,
      rows: [
        "Tokens a day (tokens)",
        "██ local 981k  ▒▒ cloud 867k",
        "·· unknown 200k",
        `16 Nov  ${bar(0, 12, 1)} 500k`,
        `17 Nov  ${bar(4, 4, 5)} 510k`,
        `18 Nov  ${bar(20, 6, 0)} 1.04M`,
        "19 Nov  0",
      ],
    },
    {
      columns: 80,
      rows: [
        "Tokens a day (tokens)",
        "██ local 981k  ▒▒ cloud 867k  ·· unknown 200k",
        `16 Nov  ${bar(0, 28, 1)} 500k`,
        `17 Nov  ${bar(10, 9, 10)} 510k`,
        `18 Nov  ${bar(47, 13, 0)} 1.04M`,
        "19 Nov  0",
      ],
    },
    {
      columns: 20,
      rows: [
        "Tokens a day",
        "(tokens)",
        "██ local 981k",
        "▒▒ cloud 867k",
        "·· unknown 200k",
        "16 Nov 500k",
        bar(0, 9, 1),
        "17 Nov 510k",
        bar(3, 3, 4),
        "18 Nov 1.04M",
        bar(16, 4, 0),
        "19 Nov 0",
      ],
    },
  ])("at $columns columns", ({ columns, rows }) => expect(draw(week, columns)).toEqual(rows));

  it("does not grow beyond what an eye compares", () => {
    expect(draw(week, 120)).toEqual(draw(week, 81));
  });

  it("tells its parts apart in ASCII", () => {
    expect(draw(week, 40, true)[1]).toBe("## local 981k  ++ cloud 867k");
    expect(draw(week, 40, true)[5]).toBe("18 Nov  ####################++++++ 1.04M");
  });

  it("repeats by colour what characters say", () => {
    const coloured = renderChart(week, 40, createPen({ columns: 40, colour: true }));
    expect(coloured[5]).toBe(`18 Nov  \x1b[32m${bar(20, 0, 0)}\x1b[39m\x1b[33m${bar(0, 6, 0)}\x1b[39m 1.04M`);
  });

  it("lets one cloud call among a million be seen, and no bar seem more than it is", () => {
    const rows = draw(
      chartOf([
        { label: "a", values: [1e6, 1] },
        { label: "b", values: [0, 1] },
      ]),
      40,
    );
    expect(rows.slice(-2)).toEqual([`a  ${bar(33, 1, 0)} 1M`, "b  ▒ 1"]);
  });

  it("adds 400 days up to 31 rows and says so", () => {
    const rows = draw(chartOf(days(400)), 80);
    expect(rows).toHaveLength(2 + 31 + 1);
    expect(rows.at(-1)).toBe("Each bar adds up 13 (the first bar 10) and is named after its first.");
  });

  it("says where there is nothing", () => {
    expect(draw(chartOf([]), 80)).toEqual(["Tokens a day (tokens)", "nothing in this period"]);
  });

  it("gives series of one tone characters of their own", () => {
    const series = ["a", "b"].map((name) => ({ name, tone: "cloud" as const }));
    expect(draw(chartOf([{ label: "x", values: [1, 1] }], { series }), 40)[1]).toBe("▒▒ a 1  ░░ b 1");
  });

  it("cuts names of 200 characters, never their figures", () => {
    const series = [{ name: LONG, tone: "local" as const }];
    const rows = draw(chartOf([{ label: LONG, values: [12_345] }], { title: LONG, series }), 40);
    expect(rows.every((row) => stringWidth(row) <= 40)).toBe(true);
    expect(rows.filter((row) => row.endsWith(" 12.3k"))).toHaveLength(2);
    expect(rows.length).toBeLessThan(10);
  });

  it("never leaves its width, whatever the data", () => {
    fc.assert(
      fc.property(anyChart, fc.integer({ min: 10, max: 120 }), fc.boolean(), (chart, width, ascii) => {
        for (const row of draw({ ...chart, title: "t" }, width, ascii))
          expect(stringWidth(row)).toBeLessThanOrEqual(width);
      }),
      { numRuns: 200 },
    );
  });
});
