import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { createPen } from "../../../adapters/terminal/pen.ts";
import { renderCard } from "../../../adapters/terminal/render-card.ts";
import { renderDots } from "../../../adapters/terminal/render-dots.ts";
import type { DotChart } from "../../../src/charts/dot-chart.ts";
import { anyDotChart, dotChart, GROUPS, TASKS_OF_THREE } from "../../charts/dot-charts.ts";

const draw = (chart: DotChart, columns: number, ascii = false): string[] =>
  renderDots(chart, columns, createPen({ columns, colour: false, ascii }));

describe("a dot chart on the terminal", () => {
  it("has a row for each value, with its interval on a scale", () => {
    expect(draw(dotChart(GROUPS.slice(0, 1)), 72)).toEqual([
      "How good the answers are (points of 100)",
      "code (n=40)",
      "Qwen2.5-Coder 32B                    ──────●──────           62 (47-77)",
      "Llama 3.1 70B                            ──────●─────        71 (57-85)",
      "Claude Sonnet 5                                       ──◆──  96 (90-100)",
      "                   0                                    100",
      "Lines: 95 % confidence.",
    ]);
  });

  it("keeps to ASCII, and to figures alone where there is no room", () => {
    const rows = draw(dotChart(GROUPS), 60, true);
    expect(rows.join("")).toMatch(/^[ -~]*$/);
    expect(rows.join("")).toContain("-O-");
    expect(draw(dotChart(GROUPS), 24)).toContain("Llama 3.1 70B 71 (57-85)");
  });

  it("stays within any width, whatever it is given", () => {
    fc.assert(
      fc.property(anyDotChart, fc.integer({ min: 12, max: 120 }), (chart, columns) => {
        for (const row of draw(chart, columns)) expect(stringWidth(row), row).toBeLessThanOrEqual(columns);
      }),
      { numRuns: 300 },
    );
  });

  it("says what is missing", () => {
    expect(draw(dotChart([]), 40)).toContain("nothing was measured");
    expect(draw(dotChart([...TASKS_OF_THREE, ...TASKS_OF_THREE]), 80).at(-1)).toContain("8 more are not shown.");
  });

  it("stands in a card", () => {
    const card = { tone: "info", title: "Bench", chart: dotChart(GROUPS) } as const;
    expect(renderCard(card, { columns: 80, colour: false })).toContain("──◆──");
  });
});
