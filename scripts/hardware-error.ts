import { knownMachineById } from "../src/hardware/known-machines.ts";
import {
  attentionOperations,
  decodeSpeed,
  EFFICIENCY,
  makeOf,
  prefillSpeed,
  type SpeedMachine,
} from "../src/models/speed.ts";
import { MODELS } from "../src/registry/published-models.ts";
import { PUBLISHED_SPEEDS, type PublishedSpeed } from "../src/registry/published-speeds.ts";

/**
 * Compares what `src/models/speed.ts` expects with what was published, on the rows
 * that its constants were not fitted on, and prints the table of docs/hardware.md.
 *
 * The rule, laid down before the first comparison: the models in the order of
 * their names, ignoring case, and every other one, from the first on, is held out
 * with all its rows. So no held-out model has lent a figure, not even at another
 * depth or in another quantisation.
 */
const names = [...new Set(Object.values(MODELS).map(({ name }) => name))].sort((a, b) =>
  a.toLowerCase() < b.toLowerCase() ? -1 : 1,
);
const isHeldOut = ({ build }: PublishedSpeed): boolean => names.indexOf(MODELS[build].name) % 2 === 0;

export const heldOut = PUBLISHED_SPEEDS.filter(isHeldOut);
export const fitted = PUBLISHED_SPEEDS.filter((row) => !isHeldOut(row));

/** The machine of a row, with nothing but what its speed depends on. */
function machineOf({ machine }: PublishedSpeed): SpeedMachine {
  const { bandwidth, compute } = knownMachineById(machine);
  return {
    processor: { name: machine, cores: 0 },
    memory: { totalBytes: 0, availableBytes: 0, limitBytes: undefined, bandwidth },
    gpus: [],
    disk: undefined,
    product: machine,
    platform: "linux",
    virtual: false,
    compute,
  };
}

interface Comparison {
  readonly row: PublishedSpeed;
  readonly expected: number;
  /** Share by which the expectation is too high (above 0) or too low. */
  readonly error: number;
}

export function compare(row: PublishedSpeed): Comparison {
  const speed = row.metric === "decode" ? decodeSpeed : prefillSpeed;
  const expected = speed(machineOf(row), MODELS[row.build], row.depth)?.value ?? Number.NaN;
  return { row, expected, error: expected / row.speed.value - 1 };
}

/** Median and worst of the errors' sizes, as shares. */
export function errorsOf(metric: PublishedSpeed["metric"], rows = heldOut): { median: number; worst: number } {
  const sizes = rows.filter((row) => row.metric === metric).map((row) => Math.abs(compare(row).error));
  return { median: median(sizes), worst: Math.max(...sizes) };
}

type Make = "dense" | "mixture";

/** The efficiency that would make the expectation of each fitted row right; the constants are the medians of these. */
export function fitAgain(): {
  readonly decode: Readonly<Record<Make, number>>;
  readonly prefill: Readonly<Record<Make | "attention", number>>;
} {
  const rightFor = (metric: PublishedSpeed["metric"], make: Make): number =>
    median(
      fitted
        .filter((row) => row.metric === metric && makeOf(MODELS[row.build].architecture) === make)
        // Prompts are compared where nothing is before them, so that attention takes no time.
        .filter(({ depth }) => metric === "decode" || depth === 0)
        .map((row) => EFFICIENCY[metric][make] / (1 + compare(row).error)),
    );
  const weights = { dense: rightFor("prefill", "dense"), mixture: rightFor("prefill", "mixture") };
  const deep = fitted.filter(({ metric, depth }) => metric === "prefill" && depth > 0);
  return {
    decode: { dense: rightFor("decode", "dense"), mixture: rightFor("decode", "mixture") },
    prefill: { ...weights, attention: median(deep.flatMap((row) => attentionShare(row, weights))) },
  };
}

/** What is left of the time for a token at depth once the weights are done is attention; nothing where none is left. */
function attentionShare(row: PublishedSpeed, shares: Readonly<Record<Make, number>>): number[] {
  const { architecture } = MODELS[row.build];
  const peak = machineOf(row).compute?.value ?? Number.NaN;
  const operations = attentionOperations(architecture, row.depth);
  const weights = (2 * architecture.activeParameters) / (shares[makeOf(architecture)] * peak);
  const left = 1 / row.speed.value - weights;
  return left > 0 ? [operations / peak / left] : [];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}

const METRICS = ["decode", "prefill"] as const;
const percent = (share: number): string => `${Math.round(share * 100)} %`;
const signed = (share: number): string => `${share >= 0 ? "+" : "−"}${percent(Math.abs(share))}`;
const rounded = (speed: number): string => String(Number(speed.toPrecision(3)));

/** The table and the sentence below it, as they stand in docs/hardware.md. */
export function report(): string {
  const rows = heldOut
    .map(compare)
    .map(({ row, expected, error }) => [
      `${row.build}`,
      row.machine,
      row.metric,
      row.depth.toLocaleString("en"),
      rounded(row.speed.value),
      rounded(expected),
      signed(error),
    ]);
  const head = ["Model", "Machine", "What", "Depth", "Published", "Expected", "Error"];
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const sums = METRICS.map((metric) => {
    const count = heldOut.filter((row) => row.metric === metric).length;
    const { median: middle, worst } = errorsOf(metric);
    return `${metric}: ${count} rows, median error ${percent(middle)}, worst ${percent(worst)}`;
  });
  return [
    line(head),
    line(["---", "---", "---", "---:", "---:", "---:", "---:"]),
    ...rows.map(line),
    "",
    `Held out ${heldOut.length} of ${PUBLISHED_SPEEDS.length} rows. ${sums.map((sum) => sum.charAt(0).toUpperCase() + sum.slice(1)).join(". ")}.`,
  ].join("\n");
}

if (import.meta.main) {
  process.stdout.write(`${report()}\n`);
  if (process.argv.includes("--fit")) process.stdout.write(`${JSON.stringify(fitAgain(), undefined, 2)}\n`);
}
