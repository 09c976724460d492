import type { BenchReport, ReportedModel, ReportedQuality } from "../src/bench/bench-report.ts";
import { seconds } from "../src/bench/bench-words.ts";
import { qualityChart } from "../src/bench/report-charts.ts";
import { dollars, tokens } from "./amounts.ts";
import type { Action, Card, Field, Table } from "./card.ts";

/** Groups of the chart. */
const MOST_DRAWN = 4;

/**
 * What a bench has found out: the sentence that a person needs, quality with its
 * intervals, speed, and what to know of how it came about. Every figure with its n.
 */
export function benchResultCard(report: BenchReport, actions: readonly Action[] = []): Card {
  const { summary, quality, speed, run, title } = report;
  const table = speedRows(report);
  return {
    tone: quality.length === 0 ? "warning" : "info",
    title,
    body: [...(quality.length === 0 ? ["No model answered anything that could be graded."] : summary), ...run.notes],
    fields: [
      { name: "Asked", value: `${run.suites.map(({ name }) => name).join(", ")}, level ${run.level}` },
      ...oddField(report),
      ...costField(report),
    ],
    ...(quality.length === 0 ? {} : { chart: qualityChart({ ...report, quality: quality.filter(isDrawn(report)) }) }),
    ...(speed.length === 0 ? {} : { table }),
    actions,
    footer:
      "95 % intervals · n is the number of items · medians of time · all task types: clutch bench results --html FILE",
  };
}

/** A chat shows a high picture small, so of many task types those are drawn in which most was shown. */
function isDrawn({ quality, comparisons }: BenchReport): (row: ReportedQuality) => boolean {
  const subjects = [...new Set(quality.map(({ subject }) => subject))];
  if (subjects.length <= MOST_DRAWN) return () => true;
  const shown = (subject: ReportedQuality["subject"]): number =>
    Math.max(
      0,
      ...comparisons
        .flatMap(({ differences }) => differences)
        .filter((difference) => difference.subject === subject && ["better", "worse"].includes(difference.verdict))
        .map(({ points }) => Math.abs(points?.value ?? 0)),
    );
  const drawn = subjects
    .filter((subject) => subject !== "overall")
    .toSorted((one, other) => shown(other) - shown(one))
    .slice(0, MOST_DRAWN - 1);
  return ({ subject }) => subject === "overall" || drawn.includes(subject);
}

function speedRows({ speed, models }: BenchReport): Table {
  return {
    columns: ["Model", "Prompt", "Begins after", "Tokens/s", "n"],
    rows: speed.map(({ model, promptTokens, cold, firstTokenMs, decode, n }) => [
      models.find(({ ref }) => ref === model)?.name ?? model,
      `${tokens(promptTokens)}${cold ? ", cold" : ""}`,
      firstTokenMs === undefined ? "?" : seconds(firstTokenMs.median),
      decode === undefined ? "?" : pace(decode.median),
      String(n),
    ]),
  };
}

const pace = (value: number): string => (value < 10 ? value.toFixed(1) : String(Math.round(value)));

/** What became of calls that were no plain answers. */
function oddField({ models }: BenchReport): Field[] {
  const words = models.flatMap(({ name, outcomes, malformedTools }) => {
    const counts = [
      [outcomes.failed, "not answered"],
      [outcomes.refused, "refused"],
      [outcomes.empty, "empty"],
      [outcomes.cut, "cut off"],
      [malformedTools, "tool calls written as text"],
    ] as const;
    const odd = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
    return odd.length === 0 ? [] : [`${name}: ${odd.join(", ")}`];
  });
  return words.length === 0 ? [] : [{ name: "Other than answers", value: words.join("\n") }];
}

function costField({ models }: BenchReport): Field[] {
  const cloud = models.filter(({ where }) => where !== "local");
  if (cloud.length === 0) return [];
  return [{ name: "Cost", value: cloud.map((model) => `${model.name} ${costOf(model)}`).join(", ") }];
}

const costOf = ({ usd }: ReportedModel): string => (usd === undefined ? "not known" : dollars(usd));
