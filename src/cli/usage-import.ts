import type { Card } from "../../commands/card.ts";
import { calls, number } from "../../commands/usage-words.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import type { UsageCollector } from "../usage/usage-collector.ts";
import { createProgress } from "./progress.ts";
import type { ExitCode, Runtime } from "./runtime.ts";
import { printCard, printError } from "./wall.ts";
import { withApp } from "./with-app.ts";

type Importer = Pick<UsageCollector, "catchUp">;

/**
 * Reads the calls of an installation's history that the ledger lacks, with
 * progress. Ctrl-C stops it anywhere: what was read stays, and it goes on from
 * there. With `json` one line `{ok, added, completed, error}`; of an interrupted
 * one, which ends with exit code 2, `added` is what came before.
 */
export async function usageImport(
  options: { readonly json?: boolean },
  runtime: Runtime,
  attach: typeof withCollector = withCollector,
): Promise<ExitCode> {
  const secrets: string[] = [];
  const counted = { added: 0, completed: 0 };
  let error: ClutchError | undefined;
  const progress = options.json === true ? undefined : createProgress("Reading what was asked before", runtime);
  try {
    await attach(runtime, secrets, async (collector) => {
      const found = await collector.catchUp({
        onProgress: ({ sessions, done, calls: added }) => {
          counted.added = added;
          progress?.update(`${number(done)} of ${number(sessions)} conversations, ${calls(added)}`);
        },
        signal: runtime.signal,
      });
      Object.assign(counted, found);
    });
  } catch (thrown) {
    error = runtime.signal.aborted ? interrupted(counted.added) : toClutchError(thrown);
  } finally {
    progress?.end(error === undefined ? "Read." : "Stopped.");
  }
  if (options.json === true) runtime.stdout.write(`${jsonOf(counted, error)}\n`);
  else if (error === undefined) printCard(doneCard(counted), runtime);
  else printError(error, runtime, secrets);
  return error === undefined ? 0 : error.isFault ? 1 : 2;
}

const withCollector = (
  runtime: Runtime,
  secrets: string[],
  work: (collector: Importer) => Promise<void>,
): Promise<void> => withApp(runtime, secrets, ({ usageCollector }) => work(usageCollector));

const interrupted = (added: number): ClutchError =>
  new ClutchError("interrupted", `Stopped; ${calls(added)} ${added === 1 ? "was" : "were"} read and stay counted.`, {
    hint: "Run it again to go on from there. A running Clutch goes on by itself.",
  });

function doneCard({ added, completed }: { readonly added: number; readonly completed: number }): Card {
  if (added + completed === 0) return { tone: "success", title: "Everything that OpenClaw still knows is counted" };
  return {
    tone: "success",
    title: `${calls(added)} counted`,
    body:
      completed === 0
        ? []
        : [`${calls(completed)} of unknown size ${completed === 1 ? "has its" : "have their"} size now.`],
    footer: "clutch usage shows them",
  };
}

const jsonOf = (counted: object, error: ClutchError | undefined): string =>
  JSON.stringify({
    ok: error === undefined,
    ...counted,
    error: error === undefined ? null : { code: error.code, message: error.message, hint: error.hint },
  });
