import type { Difference } from "./comparison.ts";
import type { DriftPoint } from "./drift.ts";
import type { SpeedRow } from "./speed-table.ts";
import type { Estimate, Interval } from "./statistics/interval.ts";
import type { Spread } from "./statistics/spread.ts";
import type { Level, Task } from "./suite.ts";

/**
 * All that a report says, as data: Markdown, HTML and charts are drawn from it, and as
 * JSON it is what scripts read. A model is named by its ref, `provider/model`; times are
 * ISO 8601 in UTC; what is not known is undefined, and null in JSON. Fields are added
 * without notice; when one is taken away or means something else, `version` is another.
 */
export interface BenchReport {
  readonly version: 1;
  readonly title: string;
  /** What a person needs to know, a few sentences for each comparison. */
  readonly summary: readonly string[];
  readonly run: ReportedRun;
  readonly models: readonly ReportedModel[];
  readonly quality: readonly ReportedQuality[];
  readonly speed: readonly ReportedSpeed[];
  readonly comparisons: readonly ReportedComparison[];
  readonly advice: readonly ReportedAdvice[];
  readonly drift: readonly ReportedDrift[];
  /** Every item with what each model made of it. */
  readonly items: readonly ReportedItem[];
}

export interface ReportedRun {
  readonly startedAt: string;
  readonly endedAt: string;
  readonly level: Level;
  /** How the models were reached: `servers`, or the agent that stood between. */
  readonly through: string;
  readonly repeats: number;
  readonly temperature: number;
  readonly seed: number;
  /** What it ran on, one plain phrase. */
  readonly machine: string | undefined;
  readonly suites: readonly ReportedSuite[];
  /** What a reader should know: what was interrupted, how busy the machine was. */
  readonly notes: readonly string[];
}

export interface ReportedSuite {
  readonly name: string;
  readonly title: string;
  readonly task: Task;
  readonly hash: string;
}

export interface ReportedModel {
  readonly ref: string;
  readonly name: string;
  readonly where: "local" | "cloud" | "unknown";
  /** Quantisation, context, server: what another run would have to have in common. */
  readonly details: readonly string[];
  /** Calls by what became of them; `failed` ones count nowhere else. */
  readonly outcomes: {
    readonly answered: number;
    readonly empty: number;
    readonly refused: number;
    readonly cut: number;
    readonly failed: number;
  };
  /** Tool calls that were written as text. */
  readonly malformedTools: number;
  /** Of all answers and of what was timed; undefined where a price is not known. */
  readonly usd: number | undefined;
}

export interface ReportedQuality {
  readonly model: string;
  readonly subject: Task | "overall";
  /** Mean over items, 0 to 100. */
  readonly score: Estimate;
  /** Items that were right in every part, and their share of all, 0 to 100. */
  readonly passed: Interval & { readonly count: number };
  /** For a whole answer, ms. */
  readonly wait: Spread | undefined;
}

export type ReportedSpeed = Omit<SpeedRow, "model"> & { readonly model: string };

export interface ReportedComparison {
  readonly a: string;
  readonly b: string;
  readonly sentence: string;
  /** By task type, and `overall` where there are several. */
  readonly differences: readonly Difference[];
}

export interface ReportedAdvice {
  readonly task: Task;
  /** Undefined where nothing can be advised. */
  readonly model: string | undefined;
  readonly reason: string;
  /** Of the model that is advised. */
  readonly score: Estimate | undefined;
  readonly usdPer100: number | undefined;
  readonly wait: Spread | undefined;
}

export interface ReportedDrift {
  readonly model: string;
  /** When the runs began that the newest is held against. */
  readonly earlier: readonly string[];
  readonly sentence: string;
  readonly differences: readonly Difference[];
  readonly history: readonly (Omit<DriftPoint, "at"> & { readonly at: string })[];
}

export interface ReportedItem {
  readonly id: string;
  /** Where its text is as long as the level says. */
  readonly level: Level | undefined;
  readonly task: Task;
  readonly answers: readonly {
    readonly model: string;
    /** 0 to 100; undefined where the server did not answer. */
    readonly score: number | undefined;
    /** What was missing or wrong. */
    readonly notes: readonly string[];
  }[];
}

/** As JSON that always has the same keys. An endless upper end, which JSON cannot say, is null too. */
export const reportJson = (report: BenchReport): string =>
  `${JSON.stringify(report, (_, value: unknown) => (value === undefined ? null : value), 2)}\n`;
