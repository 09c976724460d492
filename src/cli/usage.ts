import { checkOptions } from "../../commands/command-line.ts";
import { usageCommand } from "../../commands/usage.ts";
import { usageCard } from "../../commands/usage-card.ts";
import { type ExportRequest, exportOf } from "../../commands/usage-export.ts";
import { type Config, loadConfig } from "../config.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import { createUsageLedger, type UsageLedger } from "../store/usage-ledger.ts";
import { usageZone } from "../usage/open-usage.ts";
import { createUsage, type Usage } from "../usage/usage.ts";
import { readCounted } from "../usage/usage-collector.ts";
import { withKeptStore } from "./kept-store.ts";
import type { ExitCode, Runtime } from "./runtime.ts";
import { printCard, printError } from "./wall.ts";

/** As they were typed; undefined where not given. */
export interface UsageOptions {
  readonly period?: string;
  readonly scope?: string;
  readonly agent?: string;
  /** Key of one session. */
  readonly session?: string;
  readonly by?: string;
  readonly export?: string;
  readonly json?: boolean;
}

/**
 * Prints what models were asked and what it cost, from the store alone: a card,
 * with `json` one line `{ok, report, groups, error}`, or with `export` the file
 * itself, however large. Exit code 2 where an option has to be corrected, 1 where
 * the store is broken.
 */
export async function usage(options: UsageOptions, runtime: Runtime): Promise<ExitCode> {
  const secrets: string[] = [];
  try {
    const values = valuesOf(options);
    const config = await loadConfig(runtime);
    secrets.push(...config.secrets);
    const work = (ledger: Kept, countedUpTo?: number): Promise<void> =>
      show(usageOf(ledger, countedUpTo, config, runtime), values, options, runtime);
    const kept = await withKeptStore(
      config,
      runtime,
      async ({ db }) => {
        const ledger = createUsageLedger(db, runtime.clock);
        await work(ledger, await readCounted(ledger));
        return true;
      },
      false,
    );
    if (!kept) await work(NOTHING_KEPT);
    return 0;
  } catch (thrown) {
    const error = toClutchError(thrown);
    if (options.json !== true) return printError(error, runtime, secrets);
    const { code, message, hint } = error;
    runtime.stdout.write(
      `${JSON.stringify({ ok: false, report: null, groups: null, error: { code, message, hint } })}\n`,
    );
    return error.isFault ? 1 : 2;
  }
}

type Kept = Pick<UsageLedger, "totals" | "calls">;

const NOTHING_KEPT: Kept = {
  totals: async () => [],
  async *calls() {
    // There is no store yet.
  },
};

const usageOf = (ledger: Kept, countedUpTo: number | undefined, config: Config, { clock }: Runtime): Usage =>
  createUsage({
    ledger,
    electricity: config.usage.electricity,
    // Which hosts are a model's only the gateway's configuration says.
    unattributed: async () => [],
    countedUpTo: () => countedUpTo,
    zone: usageZone(config.usage),
    clock,
  });

/** The same options as in a chat, and the same refusals. Throws `bad_option`. */
function valuesOf({ period = "7d", scope, agent, session, by, export: format }: UsageOptions) {
  if (scope === "here") {
    throw refuse("--scope here means a conversation, and a terminal is none.", "Name it: clutch usage --session KEY");
  }
  if (session !== undefined && (scope !== undefined || agent !== undefined)) {
    throw refuse("--session is one conversation, so it goes with neither --scope nor --agent.", "Give one of them.");
  }
  if (scope === "agent" && agent === undefined) {
    throw refuse("--scope agent needs a name.", "clutch usage --agent NAME");
  }
  if (scope === "all" && agent !== undefined) {
    throw refuse("--scope all is every agent, so it does not go with --agent.", "Give one of them.");
  }
  const given = Object.entries({ period, scope, agent, by, export: format });
  const values = Object.fromEntries(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  checkOptions(usageCommand, values);
  return {
    period,
    scope: {
      ...(agent === undefined ? {} : { agentId: agent }),
      ...(session === undefined ? {} : { sessionKey: session }),
    },
    // Checked just now to be one of those that there are.
    by: by as ExportRequest["by"],
    format: format as ExportRequest["format"] | undefined,
  };
}

const refuse = (message: string, hint: string): ClutchError => new ClutchError("bad_option", message, { hint });

async function show(
  kept: Usage,
  { period, scope, by, format }: ReturnType<typeof valuesOf>,
  { json }: UsageOptions,
  runtime: Runtime,
): Promise<void> {
  const days = kept.period(period);
  if (format !== undefined) {
    for await (const piece of exportOf(kept, { days, scope, by, format })) await write(piece, runtime);
    return;
  }
  const report = await kept.report(days, scope);
  const groups = by === undefined ? undefined : { by, rows: await kept.groups(days, scope, by) };
  if (json === true) runtime.stdout.write(`${jsonOf({ ok: true, report, groups, error: null })}\n`);
  else printCard(usageCard({ report, groups, isLocked: false }), runtime);
}

/** What is not known is null, so that every name is always there. */
const jsonOf = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (each === undefined ? null : each));

/** Waits where the reader is slower, so that a million rows take no more memory than some. */
async function write(text: string, { stdout, signal }: Runtime): Promise<void> {
  signal.throwIfAborted();
  if (stdout.write(text)) return;
  await new Promise<void>((resolve) => {
    const go = (): void => {
      stdout.off("drain", go).off("close", go);
      signal.removeEventListener("abort", go);
      resolve();
    };
    stdout.on("drain", go).on("close", go);
    signal.addEventListener("abort", go);
  });
}
