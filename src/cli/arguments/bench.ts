import { type Command, Option } from "commander";
import type { BenchOutput } from "../bench.ts";
import type { BenchRunOptions } from "../bench-run.ts";
import type { Run } from "./run.ts";

export function benchArguments(program: Command, run: Run): void {
  const bench = program
    .command("bench")
    .description("measure how good and how fast models are here, local against cloud (docs/bench.md)");
  const reported = (command: Command): Command =>
    command
      .option("--json", "print {ok, report, error}")
      .option("--markdown", "print the whole report as Markdown")
      .option("--html <file>", "write the whole report as one page that needs nothing else");
  reported(
    bench
      .command("run")
      .description("run one to its end; says what it takes first. Ctrl-C leaves it open")
      .argument("[words...]", "a suite or all, then models; the usual ones where none is named"),
  )
    .option("--suite <names>", "suites, with commas between")
    .option("--level <level>", "quick, standard or full")
    .addOption(new Option("--through <what>", "ask an agent instead of the models' servers").choices(["openclaw"]))
    .option("--agent <id>", "whose model is meant, or who is asked; OpenClaw's default agent where it is left out")
    .option("--resume", "go on with the one that is open")
    .option("--yes", "begin without asking")
    .action(async (words: string[], options: BenchRunOptions) => {
      const { benchRun } = await import("../bench-run.ts");
      run.exitCode = await benchRun(words, options, run.runtime);
    });
  reported(bench.command("results").description("the newest result, or that of a number").argument("[number]")).action(
    async (number: string | undefined, options: BenchOutput) => {
      const { benchResults } = await import("../bench.ts");
      run.exitCode = await benchResults(number, options, run.runtime);
    },
  );
  reported(
    bench
      .command("compare")
      .description("two models by their newest answers to the same items")
      .argument("<a>")
      .argument("<b>"),
  ).action(async (a: string, b: string, options: BenchOutput) => {
    const { benchCompare } = await import("../bench.ts");
    run.exitCode = await benchCompare(a, b, options, run.runtime);
  });
  bench
    .command("history")
    .description("benches that were run, and what changed between them")
    .option("--json", "print {ok, runs, drift, error}")
    .action(async (options: { json?: boolean }) => {
      const { benchHistory } = await import("../bench.ts");
      run.exitCode = await benchHistory(options, run.runtime);
    });
  bench
    .command("advice")
    .description("which model for what, at what price and wait")
    .option("--json", "print {ok, advice, error}")
    .action(async (options: { json?: boolean }) => {
      const { benchAdvice } = await import("../bench.ts");
      run.exitCode = await benchAdvice(options, run.runtime);
    });
  bench
    .command("check")
    .description("look whether a suite file of your own can be used; needs no gateway")
    .argument("<file>")
    .option("--json", "print {ok, items, problems, findings, error}")
    .action(async (file: string, options: { json?: boolean }) => {
      const { benchCheck } = await import("../bench-check.ts");
      run.exitCode = await benchCheck(file, options, run.runtime);
    });
  bench
    .command("schema")
    .description("print the JSON Schema of suite files, for editors")
    .action(async () => {
      const { benchSchema } = await import("../bench-check.ts");
      run.exitCode = benchSchema(run.runtime);
    });
}
