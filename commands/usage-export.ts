import { ClutchError } from "../src/errors.ts";
import type { UsageScope } from "../src/store/usage-totals.ts";
import type { Usage } from "../src/usage/usage.ts";
import { CALL_COLUMNS, type ExportFormat, exportItems, sumColumns, sumsToExport } from "../src/usage/usage-export.ts";
import type { UsageDays } from "../src/usage/usage-period.ts";
import type { UsageGroupName } from "../src/usage/usage-report.ts";
import type { Reply } from "./command.ts";
import { calls, capital, number, periodName } from "./usage-words.ts";

export interface ExportRequest {
  readonly days: UsageDays;
  readonly scope: UsageScope;
  /** Without it a row is a call. */
  readonly by: UsageGroupName | undefined;
  readonly format: ExportFormat;
}

/** Bytes. Discord takes a file of 10 MiB where a server has no boosts. */
const LARGEST = 8_000_000;
const MEDIA_TYPES = { csv: "text/csv", json: "application/json" } as const;

/** The pieces of an export. */
export async function* exportOf(
  usage: Pick<Usage, "calls" | "groups">,
  { days, scope, by, format }: ExportRequest,
): AsyncGenerator<string> {
  if (by === undefined) yield* exportItems(usage.calls(days, scope), CALL_COLUMNS, format);
  else yield* exportItems(sumsToExport(await usage.groups(days, scope, by)), sumColumns(by), format);
}

/** A card with the file. Throws `bad_option` where that would be larger than a chat takes. */
export async function exportReply(usage: Usage, request: ExportRequest): Promise<Reply> {
  const { days, scope, by, format } = request;
  const pieces: string[] = [];
  let bytes = 0;
  for await (const piece of exportOf(usage, request)) {
    bytes += Buffer.byteLength(piece);
    if (bytes > LARGEST) throw tooLarge();
    pieces.push(piece);
  }
  // One piece is the line of names, or the end of the array.
  const rows = pieces.length - 1;
  const gone = by === undefined ? (await usage.split(days, scope)).all.calls - rows : 0;
  const what = by === undefined ? calls(rows) : `${number(rows)} ${rows === 1 ? "sum" : "sums"} by ${by}`;
  return {
    visibility: "private",
    card: {
      tone: "success",
      title: `${capital(periodName(days))}: ${what}`,
      body: gone > 0 ? [`${calls(gone)} of that time are kept in sums alone: by:day has them.`] : [],
      file: {
        name: `clutch-usage-${days.first}-to-${days.last}${by === undefined ? "" : `-by-${by}`}.${format}`,
        mediaType: MEDIA_TYPES[format],
        text: pieces.join(""),
      },
      footer: "Tokens and USD; what is not known is empty. docs/usage.md names each column",
    },
  };
}

const tooLarge = (): ClutchError =>
  new ClutchError("bad_option", "The file would be larger than 8 MB, which is more than a chat takes.", {
    hint: "Take a shorter period, or sums with by:day. On Clutch's machine: clutch usage --export csv",
  });
