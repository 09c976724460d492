import { chartLine } from "../charts/chart-text.ts";
import type { Dot, DotChart, DotGroup } from "../charts/dot-chart.ts";
import { TASKS } from "../registry/seed-profile.ts";
import type { BenchReport, ReportedQuality, ReportedSpeed } from "./bench-report.ts";
import { rounded, seconds, TASK_WORDS } from "./bench-words.ts";
import type { Spread } from "./statistics/spread.ts";

/** How good each model is at each task type, with its interval. */
export function qualityChart({ models, quality }: BenchReport): DotChart {
  const series = models.map(({ name, where }) => ({ name, tone: where }));
  const groups = [...TASKS, "overall" as const].flatMap((subject): DotGroup[] => {
    const rows = quality.filter((row) => row.subject === subject);
    const [first] = rows;
    if (first === undefined) return [];
    const same = rows.every(({ score }) => score.n === first.score.n);
    return [
      {
        label: `${TASK_WORDS[subject]}${same ? ` (n=${first.score.n})` : ""}`,
        dots: rows.map((row) => qualityDot(row, models, same)),
      },
    ];
  });
  return {
    title: "How good the answers are",
    unit: "points of 100",
    ticks: [0, 20, 40, 60, 80, 100],
    note: "Lines: where the true score lies, 95 % sure.",
    series,
    groups,
    alt: altOf("How good the answers are, points of 100", groups, series),
  };
}

function qualityDot({ model, score }: ReportedQuality, models: BenchReport["models"], same: boolean): Dot {
  const { value, low, high, n } = score;
  const text = `${rounded(value)} (${rounded(low)}-${rounded(high)})${same ? "" : ` n=${n}`}`;
  return { series: models.findIndex(({ ref }) => ref === model), value, low, high, text };
}

/** Tokens a second while answering, by the size of the prompt. */
export const speedChart = (report: BenchReport): DotChart =>
  spreadChart(report, {
    title: "How fast answers come",
    unit: "tokens/s",
    read: ({ decode }) => decode,
    scale: 1,
    figure: (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} tokens/s`,
  });

/** How long until an answer begins, by the size of the prompt. */
export const firstTokenChart = (report: BenchReport): DotChart =>
  spreadChart(report, {
    title: "How long until an answer begins",
    unit: "seconds",
    read: ({ firstTokenMs }) => firstTokenMs,
    scale: 1_000,
    figure: (value) => seconds(1_000 * value),
  });

interface Reading {
  readonly title: string;
  readonly unit: string;
  readonly read: (row: ReportedSpeed) => Spread | undefined;
  /** What one of the unit is in the spread's. */
  readonly scale: number;
  readonly figure: (value: number) => string;
}

function spreadChart({ models, speed }: BenchReport, { title, unit, read, scale, figure }: Reading): DotChart {
  const series = models.map(({ name, where }) => ({ name, tone: where }));
  const sizes = Map.groupBy(speed, ({ promptTokens, cold }) => promptLabel(promptTokens, cold));
  const groups = [...sizes]
    .sort(([, [one]], [, [other]]) => order(one) - order(other))
    .map(
      ([label, rows]): DotGroup => ({
        label,
        dots: rows.flatMap((row): Dot[] => {
          const spread = read(row);
          if (spread === undefined) return [];
          const { median, shortest, longest, n } = spread;
          return [
            {
              series: models.findIndex(({ ref }) => ref === row.model),
              value: median / scale,
              low: shortest / scale,
              high: longest / scale,
              text: `${figure(median / scale)} (n=${n})`,
            },
          ];
        }),
      }),
    );
  const note = "Dots: medians. Lines: from the least to the most that was measured.";
  return { title, unit, note, series, groups, alt: altOf(`${title}, ${unit}`, groups, series) };
}

/** Cold after warm, long after short. */
const order = (row: ReportedSpeed | undefined): number => (row?.promptTokens ?? 0) + (row?.cold === true ? 1e9 : 0);

export const promptLabel = (tokens: number, cold: boolean): string =>
  `prompt of ${tokens.toLocaleString("en")} tokens${cold ? ", model loaded anew" : ""}`;

/** Longer descriptions are refused or cut by chats. */
const LONGEST_ALT = 900;

function altOf(title: string, groups: readonly DotGroup[], series: DotChart["series"]): string {
  const name = ({ series: index }: Dot) => series[index]?.name ?? "";
  const parts = groups.map(
    ({ label, dots }) => `${label}: ${dots.map((dot) => `${name(dot)} ${dot.text}`).join(", ")}.`,
  );
  const alt = chartLine([`${title}.`, ...parts].join(" "), LONGEST_ALT);
  return alt.length < LONGEST_ALT ? alt : `${alt}…`;
}
