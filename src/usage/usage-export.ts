import { formatModelRef } from "../models/model-ref.ts";
import type { UsageCall } from "../models/usage-call.ts";
import type { UsageFigures } from "../store/usage-totals.ts";
import type { UsageGroupName, UsageGroupRow } from "./usage-report.ts";

export const EXPORT_FORMATS = ["csv", "json"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

type Cell = string | number | boolean | undefined;

/** What is exported of each item, by the names that both formats have; undefined is not known. */
export type ExportColumns<T> = Readonly<Record<string, (item: T) => Cell>>;

/** A call, a row. */
export const CALL_COLUMNS: ExportColumns<UsageCall> = {
  at: ({ at }) => new Date(at).toISOString(),
  id: ({ id }) => id,
  session: ({ sessionKey }) => sessionKey,
  agent: ({ agentId }) => agentId,
  channel: ({ channel }) => channel,
  model: ({ model }) => formatModelRef(model),
  locality: ({ locality }) => locality,
  cause: ({ cause }) => cause,
  outcome: ({ outcome }) => outcome,
  fallback: ({ fallback }) => fallback,
  input_tokens: ({ tokens }) => tokens?.input,
  output_tokens: ({ tokens }) => tokens?.output,
  cache_read_tokens: ({ tokens }) => tokens?.cacheRead,
  cache_write_tokens: ({ tokens }) => tokens?.cacheWrite,
  duration_ms: ({ durationMs }) => durationMs,
  usd: ({ usd }) => usd,
  rate_input: ({ rate }) => rate?.input,
  rate_output: ({ rate }) => rate?.output,
  rate_cache_read: ({ rate }) => rate?.cacheRead,
  rate_cache_write: ({ rate }) => rate?.cacheWrite,
  rate_source: ({ rate }) => rate?.source,
  rate_date: ({ rate }) => rate?.date,
  baseline_model: ({ baseline }) => baseline && formatModelRef(baseline.model),
  baseline_low_usd: ({ baseline }) => baseline?.low,
  baseline_high_usd: ({ baseline }) => baseline?.high,
  baseline_prices: ({ baseline }) => baseline?.prices,
};

/** The sums of an agent, a day, …, where it ran; sums leave out what is unsized or unpriced. */
interface ExportedSum extends UsageFigures {
  readonly name: string;
  readonly ran: "local" | "cloud";
}

/** A row for what ran here and one for what did not. */
export const sumsToExport = (rows: readonly UsageGroupRow[]): readonly ExportedSum[] =>
  rows.flatMap(({ name, local, cloud }) => [
    ...(local.calls === 0 ? [] : [{ name, ran: "local" as const, ...local }]),
    ...(cloud.calls === 0 ? [] : [{ name, ran: "cloud" as const, ...cloud }]),
  ]);

export const sumColumns = (by: UsageGroupName): ExportColumns<ExportedSum> => ({
  [by]: ({ name }) => (name === "" ? undefined : name),
  ran: ({ ran }) => ran,
  calls: ({ calls }) => calls,
  unsized_calls: ({ unsized }) => unsized,
  unpriced_calls: ({ unpriced }) => unpriced,
  failed_calls: ({ failed }) => failed,
  aborted_calls: ({ aborted }) => aborted,
  fallback_calls: ({ fallbacks }) => fallbacks,
  input_tokens: ({ tokens }) => tokens.input,
  output_tokens: ({ tokens }) => tokens.output,
  cache_read_tokens: ({ tokens }) => tokens.cacheRead,
  cache_write_tokens: ({ tokens }) => tokens.cacheWrite,
  duration_ms: ({ durationMs }) => durationMs,
  usd: ({ usd }) => usd,
  compared_calls: ({ based }) => based,
  baseline_low_usd: ({ baseLow }) => baseLow,
  baseline_high_usd: ({ baseHigh }) => baseHigh,
});

/**
 * Items as pieces of a file: CSV as RFC 4180 has it, with a line of names and
 * empty cells for what is not known, or one JSON array with an item a line and
 * null for that.
 */
export async function* exportItems<T>(
  items: Iterable<T> | AsyncIterable<T>,
  columns: ExportColumns<T>,
  format: ExportFormat,
): AsyncGenerator<string> {
  const names = Object.keys(columns);
  if (format === "csv") yield csvLine(names);
  let before = "[\n";
  for await (const item of items) {
    const cells = Object.values(columns).map((cellOf) => toPicodollars(cellOf(item)));
    if (format === "csv") yield csvLine(cells);
    else yield before + JSON.stringify(Object.fromEntries(names.map((name, index) => [name, cells[index] ?? null])));
    before = ",\n";
  }
  if (format === "json") yield before === "[\n" ? "[]\n" : "\n]\n";
}

/** Sums of dollars end where rows do. */
const toPicodollars = (cell: Cell): Cell =>
  typeof cell === "number" && !Number.isInteger(cell) ? Number(cell.toFixed(12)) : cell;

const csvLine = (cells: readonly Cell[]): string => `${cells.map(csvCell).join(",")}\r\n`;

/** A table program runs a cell that begins like this, also in full width, so an apostrophe goes before it: names are of others. */
const FORMULA = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/u;

function csvCell(cell: Cell): string {
  if (cell === undefined) return "";
  // Without an exponent.
  if (typeof cell === "number") return Number.isInteger(cell) ? String(cell) : cell.toFixed(12).replace(/0+$/, "");
  const text = typeof cell === "string" && FORMULA.test(cell) ? `'${cell}` : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
