import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { adviceCard, historyCard } from "../../commands/bench-looks.ts";
import { numberOf } from "../../commands/bench-options.ts";
import { benchResultCard } from "../../commands/bench-result-card.ts";
import { namesIn } from "../../commands/bench-run.ts";
import type { Card } from "../../commands/card.ts";
import { chooseModel } from "../../commands/choose-model.ts";
import type { App } from "../app.ts";
import { type BenchReport, reportJson } from "../bench/bench-report.ts";
import { reportHtml } from "../bench/report-html.ts";
import { reportMarkdown } from "../bench/report-markdown.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import type { ExitCode, Runtime } from "./runtime.ts";
import { printCard, printError } from "./wall.ts";
import { withApp } from "./with-app.ts";

/** How a result is printed: as a card where nothing is said. */
export interface BenchOutput {
  readonly json?: boolean;
  readonly markdown?: boolean;
  /** A file to write one page to that needs nothing else. */
  readonly html?: string;
}

/** What was found out, in each form that it is asked for in. */
interface Found {
  /** Undefined where it is no report. */
  readonly report?: BenchReport;
  readonly card: Card;
  readonly json: unknown;
}

/** Prints the result of a bench; the newest where no number is given. Exit code 0, 2 or 1 as everywhere. */
export const benchResults = (number: string | undefined, output: BenchOutput, runtime: Runtime): Promise<ExitCode> =>
  printFound(output, runtime, async ({ services }) => {
    const wanted = numberOf(number === undefined ? {} : { number });
    return foundReport(await services.bench.results.report(wanted));
  });

/** Prints how two models do on the items that both answered. */
export const benchCompare = (one: string, other: string, output: BenchOutput, runtime: Runtime): Promise<ExitCode> =>
  printFound(output, runtime, async ({ services: { bench, registry } }) => {
    const [a, b] = [await chooseModel(one, registry), await chooseModel(other, registry)];
    return foundReport(await bench.results.compare(a.ref, b.ref));
  });

/** Prints the benches that were run, and what changed. */
export const benchHistory = (output: Pick<BenchOutput, "json">, runtime: Runtime): Promise<ExitCode> =>
  printFound(output, runtime, async ({ services: { bench, registry, clock } }) => {
    const history = await bench.results.history();
    const runs = history.runs.map(({ run: { id, at, state, actor, plan, note }, answers }) => ({
      id,
      at: new Date(at).toISOString(),
      state,
      actor,
      level: plan.level,
      suites: plan.suites.map(({ name }) => name),
      models: plan.models.map(({ ref }) => `${ref.provider}/${ref.model}`),
      answers,
      note: note ?? null,
    }));
    const card = historyCard(history, namesIn((await registry.current()).models), clock());
    return { card, json: { runs, drift: history.drift } };
  });

/** Prints which model is advised for what. */
export const benchAdvice = (output: Pick<BenchOutput, "json">, runtime: Runtime): Promise<ExitCode> =>
  printFound(output, runtime, async ({ services: { bench } }) => {
    const advice = await bench.results.advice();
    const json = advice.map(({ task, choice, reason }) => ({
      task,
      model: choice === undefined ? null : `${choice.model.ref.provider}/${choice.model.ref.model}`,
      reason,
      score: choice?.score,
      usdPer100: choice?.usdPer100,
      wait: choice?.wait,
    }));
    return { card: adviceCard(advice), json: { advice: json } };
  });

export const foundReport = (report: BenchReport): Found => ({
  report,
  card: benchResultCard(report),
  json: { report: JSON.parse(reportJson(report)) },
});

/** With `json` one line `{ok, …, error}`, in which what is not known is null. */
export async function printFound(
  output: BenchOutput,
  runtime: Runtime,
  find: (app: App) => Promise<Found | undefined>,
): Promise<ExitCode> {
  const secrets: string[] = [];
  try {
    const found = await withApp(runtime, secrets, find);
    if (found !== undefined) await write(found, output, runtime);
    return 0;
  } catch (thrown) {
    if (output.json !== true) return printError(thrown, runtime, secrets);
    const { code, message, hint, isFault } = toClutchError(thrown);
    runtime.stdout.write(`${JSON.stringify({ ok: false, error: { code, message, hint } })}\n`);
    return isFault ? 1 : 2;
  }
}

async function write({ report, card, json }: Found, output: BenchOutput, runtime: Runtime): Promise<void> {
  const { stdout, cwd } = runtime;
  if (output.html !== undefined && report !== undefined) {
    const path = resolve(cwd, output.html);
    await writeFile(path, reportHtml(report), { mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
      throw new ClutchError("bad_option", `${path} cannot be written (${error.code ?? error.message}).`, {
        hint: "The result is kept: clutch bench results --html FILE writes it elsewhere.",
      });
    });
    if (output.json !== true && output.markdown !== true) stdout.write(`Written to ${path}.\n`);
  }
  if (output.json === true) {
    const line = { ok: true, ...(json as object), error: null };
    stdout.write(`${JSON.stringify(line, (_, value: unknown) => (value === undefined ? null : value))}\n`);
  } else if (output.markdown === true && report !== undefined) stdout.write(reportMarkdown(report));
  // Buttons are for chats: here their lines could not be typed.
  else printCard({ ...card, actions: [] }, runtime);
}
