import { terminalTraits } from "../../adapters/terminal/terminal-traits.ts";
import { dollars } from "../../commands/amounts.ts";
import type { Card } from "../../commands/card.ts";
import { calls, number } from "../../commands/usage-words.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import type { UsageLedger } from "../store/usage-ledger.ts";
import type { UsagePeriod } from "../store/usage-totals.ts";
import { previewReprice, type RepriceBy, type RepriceRow, repriced } from "../usage/reprice.ts";
import type { ExitCode, Runtime } from "./runtime.ts";
import { printCard, printError } from "./wall.ts";
import { withApp } from "./with-app.ts";

export interface RepriceOptions {
  /** As typed; all calls that are kept where it is not given. */
  readonly period?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What is priced anew, and by what. */
export interface Repriced extends RepriceBy {
  readonly ledger: Pick<UsageLedger, "calls" | "reprice">;
  period(text: string): UsagePeriod;
}

/**
 * Prices the calls that are kept anew, by the prices and the baseline of now, and
 * by where a model runs for those of which that was not known:
 * shows what would change, and writes it after a yes. With `json` one line `{ok,
 * changes, written, error}`. Exit code 2 where a yes is needed.
 */
export async function usageReprice(
  options: RepriceOptions,
  runtime: Runtime,
  attach: typeof withLedger = withLedger,
): Promise<ExitCode> {
  const secrets: string[] = [];
  const outcome: { rows: readonly RepriceRow[]; written: number } = { rows: [], written: 0 };
  let error: ClutchError | undefined;
  try {
    await attach(runtime, secrets, async ({ ledger, period, ...by }) => {
      const when = options.period === undefined ? { from: 0, to: runtime.clock() + DAY_MS } : period(options.period);
      outcome.rows = await previewReprice(ledger.calls(when), by);
      if (options.json !== true) printCard(previewCard(outcome.rows), runtime);
      if (outcome.rows.length === 0) return;
      if (!(await agreed(options, runtime))) throw needsYes();
      outcome.written = await ledger.reprice((call) => repriced(call, by), when);
      if (options.json !== true)
        printCard({ tone: "success", title: `${calls(outcome.written)} priced anew` }, runtime);
    });
  } catch (thrown) {
    error = toClutchError(thrown);
  }
  if (options.json === true) runtime.stdout.write(`${jsonOf(outcome, error)}\n`);
  else if (error !== undefined) printError(error, runtime, secrets);
  return error === undefined ? 0 : error.isFault ? 1 : 2;
}

const DAY_MS = 24 * 60 * 60_000;

const withLedger = (runtime: Runtime, secrets: string[], work: (parts: Repriced) => Promise<void>): Promise<void> =>
  withApp(runtime, secrets, ({ ledger, pricer, services }) =>
    work({ ledger, pricer, registry: services.registry, period: services.usage.period }),
  );

async function agreed({ yes, json }: RepriceOptions, runtime: Runtime): Promise<boolean> {
  if (yes === true) return true;
  if (json === true || !terminalTraits(runtime.stdin, runtime.stdout, runtime.env).interactive) return false;
  return (await import("./models-choose.ts")).confirmed("Write these prices?", runtime);
}

const needsYes = (): ClutchError =>
  new ClutchError("confirmation_required", "This needs a yes first; nothing was written.", {
    hint: "Run it again with --yes.",
  });

function previewCard(rows: readonly RepriceRow[]): Card {
  if (rows.length === 0) return { tone: "info", title: "Every call that is kept has the prices of now" };
  const changed = rows.reduce((total, row) => total + row.changed, 0);
  const found = rows.reduce((total, row) => total + row.foundLocal, 0);
  const sum = (of: (row: RepriceRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  return {
    tone: "info",
    title: `${calls(changed)} would have another price: ${dollars(sum(({ before }) => before.usd))} would become ${dollars(sum(({ after }) => after.usd))}`,
    body:
      found === 0
        ? []
        : [`${calls(found)} would count as local: where the model ran could not be told when it was written down.`],
    table: {
      columns: ["Model", "Calls", "Changed", "Cost", "Unpriced", "At the baseline"],
      rows: rows.map(({ model, calls: all, changed: some, before, after }) => [
        model,
        number(all),
        number(some),
        change(dollars(before.usd), dollars(after.usd)),
        change(number(before.unpriced), number(after.unpriced)),
        change(baseline(before), baseline(after)),
      ]),
    },
    footer: "Models whose prices stay are left out. Sums of calls that are no longer kept singly stay as they are",
  };
}

const change = (before: string, after: string): string => (before === after ? before : `${before} → ${after}`);

const baseline = ({ compared, baseLow, baseHigh }: RepriceRow["before"]): string =>
  compared === 0 ? "none" : `${dollars(baseLow)} to ${dollars(baseHigh)}`;

const jsonOf = (
  { rows, written }: { readonly rows: readonly RepriceRow[]; readonly written: number },
  error: ClutchError | undefined,
): string =>
  JSON.stringify({
    ok: error === undefined,
    changes: rows,
    written,
    error: error === undefined ? null : { code: error.code, message: error.message, hint: error.hint },
  });
