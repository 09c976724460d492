import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { type DryRunFinding, dryRun } from "../bench/dry-run.ts";
import { checkSuite, type SuiteProblem } from "../bench/suite-file.ts";
import { suiteFileSchema } from "../bench/suite-schema.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import type { ExitCode, Runtime } from "./runtime.ts";
import { printError } from "./wall.ts";

interface Checked {
  readonly items: number;
  readonly problems: readonly SuiteProblem[];
  readonly findings: readonly DryRunFinding[];
}

/**
 * Reads a suite file and answers each of its items without a model; needs no gateway.
 * Prints every problem with line and column, or with `json` one line `{ok, items,
 * problems, findings, error}`. Exit code 2 where the file cannot be used as it is.
 */
export async function benchCheck(
  file: string,
  options: { readonly json?: boolean },
  runtime: Runtime,
): Promise<ExitCode> {
  const { stdout, signal } = runtime;
  try {
    const checked = await check(resolve(runtime.cwd, file), signal);
    const wrong = checked.problems.length + checked.findings.filter(({ kind }) => kind === "error").length;
    if (options.json === true) stdout.write(`${JSON.stringify({ ok: wrong === 0, ...checked, error: null })}\n`);
    else stdout.write(`${linesOf(basename(file), checked, wrong).join("\n")}\n`);
    return wrong === 0 ? 0 : 2;
  } catch (thrown) {
    if (options.json !== true) return printError(thrown, runtime, []);
    const { code, message, hint, isFault } = toClutchError(thrown);
    stdout.write(`${JSON.stringify({ ok: false, error: { code, message, hint } })}\n`);
    return isFault ? 1 : 2;
  }
}

/** Prints the JSON Schema that editors check suite files by. */
export function benchSchema({ stdout }: Pick<Runtime, "stdout">): ExitCode {
  stdout.write(`${JSON.stringify(suiteFileSchema(), null, 2)}\n`);
  return 0;
}

async function check(path: string, signal: AbortSignal): Promise<Checked> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new ClutchError("bad_option", `${path} cannot be read (${error.code ?? error.message}).`, {
      hint: "Check the path and the file's permissions.",
    });
  });
  const { suite, problems } = checkSuite(text);
  if (suite === undefined) return { items: 0, problems, findings: [] };
  return { items: suite.items.length, problems, findings: await dryRun(suite, signal) };
}

function linesOf(name: string, { items, problems, findings }: Checked, wrong: number): string[] {
  return [
    ...problems.map(
      ({ line, column, item, message }) =>
        `✗ ${name}, line ${line}, column ${column}${item === undefined ? "" : ` (${item})`}: ${message}.`,
    ),
    ...findings.map(({ kind, about, message }) => `${kind === "error" ? "✗" : "!"} ${about}: ${message}.`),
    wrong === 0
      ? `${name} can be used: ${items} items; each key scores 100 %, silence nothing.`
      : `${name} cannot be used as it is: ${wrong === 1 ? "one problem" : `${wrong} problems`}.`,
  ];
}
