import { percentile } from "../measure.ts";
import type { Tally } from "./crowd.ts";
import type { Sample } from "./messages.ts";

interface Named {
  readonly name: string;
  readonly tally: Tally;
}

const MB = 1_048_576;
const MAX_DRIFT = 0.1;
/** Connections to a platform or a model server may be under way in one sample and not in the other. */
const SLACK = 8;

const drift = (before: number, after: number): number => (after - before) / before;
const inMb = (bytes: number | undefined): string => ((bytes ?? 0) / MB).toFixed(1);
const percent = (share: number): string => `${share >= 0 ? "+" : ""}${(100 * share).toFixed(1)} %`;

export function describeRun(run: {
  readonly tallies: readonly Named[];
  readonly happened: ReadonlyMap<string, number>;
  readonly before: Sample;
  readonly after: Sample;
  readonly violations: readonly string[];
}): string {
  const { tallies, happened, before, after, violations } = run;
  const listed = (counts: Iterable<readonly [string, number]>): string =>
    [...counts].map(([name, count]) => `${name} ${count}`).join(", ") || "none";
  const change = (name: string, key: "resources" | "files" | "listeners"): string =>
    `${name}: ${changes(before[key], after[key]).join(", ") || "as before"}`;
  return [
    "",
    ...tallies.map(({ name, tally: { sent, fates, times, codes, held } }) =>
      [
        `${name}: ${sent} sent = ${fates.answered} answered + ${fates.undelivered} that the platform did not bring + ${fates.lost} lost`,
        `  p50 ${percentile(times, 50).toFixed(0)} ms, p99 ${percentile(times, 99).toFixed(0)} ms until the answer stood there${held === 0 ? "" : `; ${held} not sent, since everybody waited`}`,
        `  error cards: ${listed(codes)}`,
      ].join("\n"),
    ),
    `troubles: ${listed(happened)}`,
    ...(["rss", "heapUsed", "heapTotal", "external", "arrayBuffers", "malloced"] as const).map(
      (key) =>
        `${key}: ${(before[key] / MB).toFixed(1)} MB after warm-up, ${(after[key] / MB).toFixed(1)} MB at the end (${percent(drift(before[key], after[key]))})`,
    ),
    `resident by mapping, MB: ${Object.keys(after.mapped)
      .map((kind) => `${kind} ${inMb(before.mapped[kind])} -> ${inMb(after.mapped[kind])}`)
      .join(", ")}`,
    change("what keeps the process alive", "resources"),
    change("open files", "files"),
    change("listeners of the process", "listeners"),
    `Node's warnings: ${after.warnings}`,
    `logged: ${listed(Object.entries(after.logged))}`,
    `rules of the platforms broken: ${violations.length === 0 ? "none" : [...new Set(violations)].slice(0, 10).join("; ")}`,
  ].join("\n");
}

/** The promises that were not kept. */
export function verdict(
  tallies: readonly Named[],
  before: Sample,
  after: Sample,
  { judgesMemory }: { readonly judgesMemory: boolean },
): string[] {
  const lost = tallies.flatMap(({ tally }) => tally.losses.map((loss) => `lost: ${loss}`));
  const memory = drift(before.rss, after.rss);
  return [
    ...lost.slice(0, 20),
    ...(judgesMemory && memory > MAX_DRIFT ? [`resident memory grew by ${percent(memory)}`] : []),
    ...(["resources", "files", "listeners"] as const).flatMap((key) =>
      Object.entries(after[key])
        .filter(([kind, count]) => count - (before[key][kind] ?? 0) > SLACK)
        .map(([kind, count]) => `${kind}: ${before[key][kind] ?? 0} after warm-up, ${count} at the end`),
    ),
    ...(after.warnings > before.warnings ? ["Node warned while it ran"] : []),
  ];
}

function changes(before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((kind) => before[kind] !== after[kind])
    .map((kind) => `${kind} ${before[kind] ?? 0} -> ${after[kind] ?? 0}`);
}
