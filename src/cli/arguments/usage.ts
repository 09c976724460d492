import type { Command } from "commander";
import type { UsageOptions } from "../usage.ts";
import type { BudgetOptions } from "../usage-budget.ts";
import type { RepriceOptions } from "../usage-reprice.ts";
import type { Run } from "./run.ts";

export function usageArguments(program: Command, run: Run): void {
  const usage = program
    .command("usage")
    .description("what models were asked, how much of it was local, what it cost and saved (docs/usage.md)")
    .option(
      "--period <when>",
      "today, yesterday, 7d, 30d, this-month, last-month, a day, or days: 2026-11-01..2026-11-15",
    )
    .option("--scope <which>", "all, or agent with --agent")
    .option("--agent <id>", "one agent alone")
    .option("--session <key>", "one conversation alone")
    .option("--by <what>", "what the table tells apart: model, agent, cause, day or channel")
    .option("--export <format>", "print csv or json, a row a call, or with --by a row a sum")
    .option("--json", "print {ok, report, groups, error}")
    .action(async (options: UsageOptions) => {
      const { usage: showUsage } = await import("../usage.ts");
      run.exitCode = await showUsage(options, run.runtime);
    });
  usage
    .command("import")
    .description("count the calls of what was said before Clutch was there; Ctrl-C stops it, and it goes on from there")
    .option("--json", "print {ok, added, completed, error}")
    .action(async (_: unknown, command: Command) => {
      const { usageImport } = await import("../usage-import.ts");
      run.exitCode = await usageImport(command.optsWithGlobals<{ json?: boolean }>(), run.runtime);
    });
  usage
    .command("budget")
    .description("what may be spent in the cloud; sets or takes it away, else shows it (docs/budget.md)")
    .option("--day <dollars>", "dollars a day, such as 5 or 0.50")
    .option("--week <dollars>", "dollars a week, from Monday")
    .option("--month <dollars>", "dollars a month")
    .option("--off", "take the budget away")
    .option("--yes", "go on without a question")
    .option("--json", "print {ok, budget, error}")
    .action(async (_: unknown, command: Command) => {
      const { usageBudget } = await import("../usage-budget.ts");
      run.exitCode = await usageBudget(command.optsWithGlobals<BudgetOptions>(), run.runtime);
    });
  usage
    .command("reprice")
    .description(
      "price the calls that are kept anew, by what is known now of prices, the baseline and where models run; shows what would change",
    )
    .option("--period <when>", "as above; all where it is not given")
    .option("--yes", "write")
    .option("--json", "print {ok, changes, written, error}")
    .action(async (_: unknown, command: Command) => {
      const { usageReprice } = await import("../usage-reprice.ts");
      run.exitCode = await usageReprice(command.optsWithGlobals<RepriceOptions>(), run.runtime);
    });
}
