import { createPen, type Pen, type Style } from "../../adapters/terminal/pen.ts";
import { terminalTraits } from "../../adapters/terminal/terminal-traits.ts";
import { padEnd, widest, wrap } from "../../adapters/terminal/text-layout.ts";
import type { FindingState } from "../doctor/check.ts";
import { type Checked, verdictOf } from "../doctor/doctor.ts";
import type { Runtime } from "./runtime.ts";

/** Prose is easier to read in lines no longer than this, in columns. */
const WIDEST = 110;
/** A longer name stands on a line of its own. */
const NAME = 28;

/** Everything that was found, by part, each problem with its remedy below it, and what it comes to. */
export function renderChecked(
  checked: readonly Checked[],
  { stdin, stdout, env }: Pick<Runtime, "stdin" | "stdout" | "env">,
): string {
  const pen = createPen({ columns: Math.min(stdout.columns || 100, WIDEST), ...terminalTraits(stdin, stdout, env) });
  const left = leftOut(checked);
  const shown = checked.filter(({ found }) => !left.has(found));
  const parts = [...new Set(shown.map(({ part }) => part))];
  const names = Math.min(NAME, widest(checked.map(({ name }) => pen.line(name))));
  const groups = parts.flatMap((part) => [
    pen.paint("title", `${part.charAt(0).toUpperCase()}${part.slice(1)}`),
    ...shown.filter((one) => one.part === part).flatMap((one) => rowsOf(one, names, pen)),
    "",
  ]);
  const rest = [...left].flatMap(([found, omitted]) => [
    ...hanging("  - ", found, pen).map((row) => pen.paint("quiet", row)),
    ...wrap(omitted.join("; "), pen.columns - 4).map((row) => `    ${pen.paint("quiet", row)}`),
  ]);
  const last = rest.length === 0 ? [] : [pen.paint("title", "Not looked at"), ...rest, ""];
  const { state, text } = verdictOf(checked);
  return [...groups, ...last, ...hanging(`${markOf(state, pen)} `, text, pen)].join("\n");
}

/** What was left out for one reason that several share, by that reason: it is said once. */
function leftOut(checked: readonly Checked[]): ReadonlyMap<string, readonly string[]> {
  const reasons = Map.groupBy(
    checked.filter(({ state, remedy }) => state === "skipped" && remedy === null),
    ({ found }) => found,
  );
  return new Map(
    [...reasons].flatMap(([found, all]) =>
      all.length < 3 ? [] : [[found, all.map(({ part, name }) => `${part}: ${name}`)] as const],
    ),
  );
}

function rowsOf({ name, state, found, remedy }: Checked, names: number, pen: Pen): string[] {
  const style: Style | undefined = state === "skipped" ? "quiet" : undefined;
  const mark = `  ${markOf(state, pen)} `;
  const label = pen.line(name);
  const isLong = widest([label]) > names;
  const indent = " ".repeat(widest([plainMark(state, pen)]) + 3);
  const column = `${indent}${" ".repeat(names)}  `;
  const first = isLong ? [`${mark}${label}`] : [];
  const rows = wrap(pen.text(found), pen.columns - column.length).map((row, index) => {
    const shown = style === undefined ? row : pen.paint(style, row);
    return index === 0 && !isLong ? `${mark}${padEnd(label, names)}  ${shown}` : `${column}${shown}`;
  });
  const remedies =
    remedy === null
      ? []
      : wrap(pen.text(remedy), pen.columns - column.length - 2).map(
          (row, index) => `${column}${index === 0 ? pen.marks.prompt : "  "}${pen.paint("command", row)}`,
        );
  return [...first, ...rows, ...remedies];
}

const hanging = (head: string, text: string, pen: Pen): string[] =>
  wrap(text, pen.columns - 8).map((row, index) => (index === 0 ? `${head}${row}` : `    ${row}`));

const TONES = { ok: "success", warning: "warning", broken: "error" } as const;

const plainMark = (state: FindingState, pen: Pen): string => (state === "skipped" ? "-" : pen.marks.tone[TONES[state]]);

const markOf = (state: FindingState, pen: Pen): string =>
  pen.paint(state === "skipped" ? "quiet" : TONES[state], plainMark(state, pen));
