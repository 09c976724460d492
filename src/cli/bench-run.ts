import { terminalTraits } from "../../adapters/terminal/terminal-traits.ts";
import { wait } from "../../commands/amounts.ts";
import { benchCommand } from "../../commands/bench.ts";
import { runWords } from "../../commands/bench-options.ts";
import { benchQuestion, type NameOf } from "../../commands/bench-question.ts";
import { namedModels, namesIn } from "../../commands/bench-run.ts";
import type { OptionValues } from "../../commands/command.ts";
import { checkOptions } from "../../commands/command-line.ts";
import type { App } from "../app.ts";
import type { BenchRun } from "../bench/run-log.ts";
import type { RunProgress } from "../bench/run-progress.ts";
import { ClutchError } from "../errors.ts";
import { type BenchOutput, foundReport, printFound } from "./bench.ts";
import { ownerAtTerminal } from "./open-terminal.ts";
import { createProgress } from "./progress.ts";
import type { ExitCode, Runtime } from "./runtime.ts";
import { printCard } from "./wall.ts";

export interface BenchRunOptions extends BenchOutput {
  /** As typed; so are the next. */
  readonly suite?: string;
  readonly level?: string;
  readonly through?: string;
  /** Whose model, or who is asked; the default agent where absent. */
  readonly agent?: string;
  /** Goes on with the one that is open. */
  readonly resume?: boolean;
  readonly yes?: boolean;
}

/**
 * Runs a bench to its end and prints the result. Ctrl-C leaves it open, as far as it
 * came. Exit code 2 where a yes is needed or something has to be corrected.
 */
export const benchRun = (words: readonly string[], options: BenchRunOptions, runtime: Runtime): Promise<ExitCode> =>
  printFound(options, runtime, async (app) => {
    const { bench, registry } = app.services;
    const nameOf = namesIn((await registry.current()).models);
    const run = options.resume === true ? (await bench.open())?.run : await begin(words, options, runtime, app, nameOf);
    if (run === undefined) {
      throw new ClutchError("no_bench", "No bench is open, so there is nothing to go on with.", {
        hint: "clutch bench run begins one.",
      });
    }
    return (await workOn(run, options, runtime, app, nameOf))
      ? foundReport(await bench.results.report(run.id))
      : undefined;
  });

async function begin(
  typed: readonly string[],
  options: BenchRunOptions,
  runtime: Runtime,
  { services }: App,
  nameOf: NameOf,
): Promise<BenchRun> {
  const { bench, registry } = services;
  const words = runWords(valuesOf(typed, options), await bench.suites());
  const { agentIds, defaultAgentId } = await registry.current();
  const { agent = defaultAgentId } = options;
  if (!agentIds.includes(agent)) {
    throw new ClutchError("unknown_agent", `There is no agent “${agent.slice(0, 60)}”.`, { suggestions: agentIds });
  }
  const models =
    words.models.length === 0 ? await bench.usualModels(undefined, agent) : await namedModels(words.models, registry);
  const prepared = await bench.prepare({ ...words, models, agentId: words.through === undefined ? undefined : agent });
  if (options.json !== true) printCard({ ...benchQuestion(prepared, nameOf), actions: [] }, runtime);
  if (options.yes !== true && !(await agreed(options, runtime))) {
    throw new ClutchError("confirmation_required", "This needs a yes first; nothing was begun.", {
      hint: "Run it again with --yes.",
    });
  }
  return bench.start(prepared.plan, { actor: ownerAtTerminal() });
}

/** The same options as in a chat, and the same refusals. Throws `bad_option`. */
function valuesOf(words: readonly string[], { suite, level, through, agent }: BenchRunOptions): OptionValues {
  const models = words.length === 0 ? undefined : words.join(" ");
  const given = Object.entries({ action: "run", models, suite, level, through, agent });
  const values = Object.fromEntries(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  return checkOptions(benchCommand, values);
}

/** Only a person at a terminal is asked. */
async function agreed({ json }: BenchRunOptions, runtime: Runtime): Promise<boolean> {
  if (json === true || !terminalTraits(runtime.stdin, runtime.stdout, runtime.env).interactive) return false;
  return (await import("./models-choose.ts")).confirmed("Begin?", runtime);
}

/** How often it is seen whether another process turned local-only mode on, ms. */
const FOLLOW_MS = 1_000;

/** False where it was interrupted. */
export async function workOn(
  { id }: Pick<BenchRun, "id">,
  { json, markdown }: BenchRunOptions,
  runtime: Runtime,
  { localOnly, services: { bench } }: { readonly localOnly: Pick<App["localOnly"], "follow"> } & BenchPart,
  nameOf: NameOf,
): Promise<boolean> {
  const isQuiet = json === true || markdown === true;
  const shown = createProgress(
    `Bench ${id}`,
    isQuiet ? { ...runtime, stdout: runtime.stderr as Runtime["stdout"] } : runtime,
  );
  let last: RunProgress | undefined;
  // Nobody else looks in this process, and under local-only mode the cloud is asked nothing more.
  const following = setInterval(() => void localOnly.follow().catch(() => undefined), FOLLOW_MS);
  try {
    const { state } = await bench.follow(id, {
      works: true,
      signal: runtime.signal,
      onProgress(progress) {
        last = progress;
        shown.update(progressLine(progress, nameOf));
      },
    });
    shown.end(`Bench ${id} ${state === "done" ? "is over" : "was cancelled"}.`);
    return true;
  } catch (thrown) {
    const far = last === undefined ? "" : ` at ${last.done} of ${last.total} questions`;
    if (!runtime.signal.aborted) {
      shown.end(`Bench ${id} stopped${far}.`);
      throw thrown;
    }
    shown.end(
      `Bench ${id} stays open${far}. clutch bench run --resume goes on with it, and so does clutch start by itself.`,
    );
    return false;
  } finally {
    clearInterval(following);
  }
}

interface BenchPart {
  readonly services: { readonly bench: Pick<App["services"]["bench"], "follow"> };
}

function progressLine({ done, total, leftMs, why, model, doing }: RunProgress, nameOf: NameOf): string {
  const now = why ?? (model === undefined ? "" : `${doing} ${nameOf(model)}`);
  return [`${done} of ${total}`, ...(leftMs === undefined ? [] : [`about ${wait(leftMs)} left`]), now]
    .filter((part) => part !== "")
    .join(", ");
}
