#!/usr/bin/env node
import { homedir } from "node:os";
import { Command, CommanderError, Option } from "commander";
import type { AuditOptions } from "./cli/audit.ts";
import type { BenchOutput } from "./cli/bench.ts";
import type { BenchRunOptions } from "./cli/bench-run.ts";
import type { GuardOptions } from "./cli/guard.ts";
import type { LocalOnlyOptions } from "./cli/localonly.ts";
import type { ModelsListOptions } from "./cli/models.ts";
import type { ModelsSetupOptions } from "./cli/models-setup.ts";
import type { ExitCode, Runtime } from "./cli/runtime.ts";
import type { SlackManifestOptions } from "./cli/slack.ts";
import type { UsageOptions } from "./cli/usage.ts";
import type { BudgetOptions } from "./cli/usage-budget.ts";
import type { RepriceOptions } from "./cli/usage-reprice.ts";
import type { WallRunOptions } from "./cli/wall.ts";
import type { WallInstallOptions } from "./cli/wall-install.ts";
import type { WallRulesOptions } from "./cli/wall-rules.ts";

/** The `clutch` binary: reads arguments and hands over; the work is in `cli/`, loaded when it is needed. */

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    // The second Ctrl-C does not wait for anybody.
    if (interrupted.signal.aborted) process.exit(130);
    interrupted.abort();
  });
}

const runtime: Runtime = {
  env: process.env,
  cwd: process.cwd(),
  home: homedir(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  fetch: globalThis.fetch,
  clock: Date.now,
  signal: interrupted.signal,
};

let exitCode: ExitCode = 0;
const program = new Command("clutch")
  .description("Switch the model of a running OpenClaw conversation from the channel in which it takes place.")
  .showHelpAfterError("(clutch --help shows what there is)")
  .exitOverride();

program
  .command("start", { isDefault: true })
  .description("attach to your OpenClaw gateway, or open the sandbox where there is none")
  .option("--sandbox", "open the sandbox in any case: a private gateway with a terminal channel")
  .option("--tour", "open the sandbox and play every command once")
  .action(async (options: { sandbox?: boolean; tour?: boolean }) => {
    const { start } = await import("./cli/start.ts");
    exitCode = await start({ sandbox: options.sandbox === true, tour: options.tour === true }, runtime);
  });

program
  .command("exec")
  .description("run one chat command as a person in a conversation")
  .requiredOption("--as <person>", "PLATFORM:USER, such as discord:123456789")
  .requiredOption(
    "--in <where>",
    "discord:CHANNEL[:THREAD], discord:dm:USER, slack:CHANNEL[:TS], slack:dm:USER or session:KEY",
  )
  .option("--json", "print {ok, card, error} on one line")
  .option("--yes", "answer yes where the command asks")
  .argument("<line...>", "the command line, such as '/model qwen'")
  .action(async (line: string[], options: { as: string; in: string; json?: boolean; yes?: boolean }) => {
    const { exec } = await import("./cli/exec.ts");
    exitCode = await exec(
      line.join(" "),
      { as: options.as, in: options.in, json: options.json === true, yes: options.yes === true },
      runtime,
    );
  });

program
  .command("audit")
  .description("print who changed what, where and when, newest first")
  .option("--actor <who>", "PLATFORM:USER, such as discord:123456789; clutch for what Clutch did by itself")
  .option("--place <session>", "session key of the conversation in which it was typed")
  .option("--target <what>", "session key or agent that it was about")
  .option("--action <name>", "such as model.switch, model.undo, model.return")
  .option("--since <when>", "how long ago (90m, 12h, 7d, 2w) or a date (2026-11-22, 2026-11-22T14:00:00Z)")
  .option("--until <when>", "the same; entries before it")
  .option("--limit <count>", "at most so many, the newest (default 50)")
  .option("--json", "print one object a line")
  .action(async (options: AuditOptions) => {
    const { audit } = await import("./cli/audit.ts");
    exitCode = await audit(options, runtime);
  });

program
  .command("agents")
  .description("models that agents declare in their SOUL.md")
  .command("sync")
  .description("bring OpenClaw's defaults in step with them; shows what it would write, and writes with --yes")
  .option("--json", "print {ok, agents, error}")
  .option("--yes", "write")
  .action(async (options: { json?: boolean; yes?: boolean }) => {
    const { agentsSync } = await import("./cli/agents.ts");
    exitCode = await agentsSync(options, runtime);
  });

const models = program.command("models").description("what is known of models, and setting local ones up");
models
  .command("list")
  .description("print the models that OpenClaw offers, with what is known of them")
  .option("--local", "only those that run on this network")
  .option("--cloud", "only those that do not, or may not")
  .option("--loaded", "only those in memory now")
  .option("--fits", "only those that this machine can run")
  .option("--sort <by>", "name, speed, size, window or rating")
  .option("--json", "print {ok, models, error}")
  .action(async (options: ModelsListOptions) => {
    const { modelsList } = await import("./cli/models.ts");
    exitCode = await modelsList(options, runtime);
  });
models
  .command("show")
  .description("print all that is known of a model, each figure with its source and date")
  .argument("<name>", "a model's ref, alias or a part of its name")
  .option("--json", "print {ok, model, error}")
  .action(async (name: string, options: { json?: boolean }) => {
    const { modelsShow } = await import("./cli/models.ts");
    exitCode = await modelsShow(name, options, runtime);
  });
models
  .command("setup")
  .description("download local models, try them, and define in OpenClaw what has passed")
  .argument("[models...]", "names as Ollama has them, such as qwen2.5-coder:32b")
  .option("--yes", "take the recommended model and those that are there, where none is named, and write without asking")
  .option("--server <id>", "which Ollama, by OpenClaw's provider id")
  .option("--window <tokens>", "the window to give them, such as 32768 or 32k")
  .option("--force", "try what does not fit, and define what did not pass")
  .option("--undo", "take the last set-up out of OpenClaw's configuration again; downloads stay")
  .option("--json", "print one object")
  .action(async (names: string[], options: ModelsSetupOptions) => {
    const { modelsSetup } = await import("./cli/models-setup.ts");
    exitCode = await modelsSetup(names, options, runtime);
  });

const doctor = program.command("doctor").description("look whether everything is as it should be");
doctor
  .command("hardware")
  .description("what this machine has, which local models fit on it, and how fast they would be; needs no gateway")
  .option("--json", "print one object")
  .action(async (options: { json?: boolean }) => {
    const { doctorHardware } = await import("./cli/doctor-hardware.ts");
    exitCode = await doctorHardware(options, runtime);
  });

const lock = program
  .command("localonly")
  .description("local-only mode: while it is on, agents use local models alone (docs/local-only.md)");
for (const [action, description] of [
  ["on", "turn it on; says what will happen, and does it with --yes"],
  ["off", "turn it off; says what would go to the cloud then, and does it with --yes"],
  ["status", "whether it is on, what holds it, and where turns go"],
  ["verify", "try each path with a canary; exit code 1 where one leaks"],
] as const) {
  const command = lock.command(action).description(description).option("--json", "print one object");
  if (action === "on" || action === "off") {
    command
      .option("--for <time>", "for a while, then back: 90s, 30m, 2h, 1d")
      .option("--reason <text>", "why, for the cards and the audit log")
      .option("--yes", "do it without asking");
  }
  if (action === "on") command.option("--daily <times>", "every day, such as 22:00-07:00; never ends it");
  if (action === "off") {
    command
      .option("--restore <which>", "all conversations, or others than those with text written while it was on")
      .option("--force", "without the gateway, whatever stands in the way");
  }
  command.action(async (options: LocalOnlyOptions) => {
    const { localOnly } = await import("./cli/localonly.ts");
    exitCode = await localOnly(action, options, runtime);
  });
}

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
    const { usage: showUsage } = await import("./cli/usage.ts");
    exitCode = await showUsage(options, runtime);
  });
usage
  .command("import")
  .description("count the calls of what was said before Clutch was there; Ctrl-C stops it, and it goes on from there")
  .option("--json", "print {ok, added, completed, error}")
  .action(async (_: unknown, command: Command) => {
    const { usageImport } = await import("./cli/usage-import.ts");
    exitCode = await usageImport(command.optsWithGlobals<{ json?: boolean }>(), runtime);
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
    const { usageBudget } = await import("./cli/usage-budget.ts");
    exitCode = await usageBudget(command.optsWithGlobals<BudgetOptions>(), runtime);
  });
usage
  .command("reprice")
  .description("price the calls that are kept anew, by the prices and the baseline of now; shows what would change")
  .option("--period <when>", "as above; all where it is not given")
  .option("--yes", "write")
  .option("--json", "print {ok, changes, written, error}")
  .action(async (_: unknown, command: Command) => {
    const { usageReprice } = await import("./cli/usage-reprice.ts");
    exitCode = await usageReprice(command.optsWithGlobals<RepriceOptions>(), runtime);
  });

const guard = program
  .command("guard")
  .description("the part of local-only mode that runs inside OpenClaw and redirects turns (docs/guard.md)");
for (const [action, description] of [
  [
    "install",
    "show what it takes, or with --yes put it into the running gateway, or update it, and prove that it works",
  ],
  ["status", "whether it runs and is on; exit code 1 where it is not as it should be"],
  ["remove", "take it out again; refuses while it keeps anything local"],
] as const) {
  const command = guard.command(action).description(description).option("--json", "print one object");
  if (action !== "status") command.option("--yes", "write");
  command.action(async (options: GuardOptions) => {
    const { guardInstall, guardRemove, guardStatus } = await import("./cli/guard.ts");
    exitCode = await { install: guardInstall, remove: guardRemove, status: guardStatus }[action](options, runtime);
  });
}

doctor
  .command("network")
  .description("how OpenClaw and its children get out of this machine, and what holds them; tries it with canaries")
  .option("--json", "print {ok, paths, error}")
  .action(async (options: { json?: boolean }) => {
    const { doctorNetwork } = await import("./cli/doctor-network.ts");
    exitCode = await doctorNetwork(options, runtime);
  });

const wall = program
  .command("wall")
  .description("the egress proxy that OpenClaw's traffic goes through (docs/wall.md)");
const self = [process.execPath, process.argv[1] ?? ""];
const several = (value: string, former: readonly string[] = []): readonly string[] => [...former, value];
wall
  .command("run")
  .description("run it in the foreground")
  .option("--listen <host:port>", "where; then the configuration is not read")
  .option("--allow <host>", "a host that stays reachable while it is closed; may be given again", several)
  .option("--local <host:port>", "a model server that does; may be given again", several)
  .option("--state <directory>", "where its state and its socket are")
  .action(async (options: WallRunOptions) => {
    const { wallRun } = await import("./cli/wall.ts");
    exitCode = await wallRun(options, runtime);
  });
wall
  .command("status")
  .description("open or closed, since when, which hosts")
  .option("--json", "print one object")
  .option("--state <directory>", "where its state and its socket are")
  .action(async (options: { json?: boolean; state?: string }) => {
    const { wallStatus } = await import("./cli/wall.ts");
    exitCode = await wallStatus(options, runtime);
  });
wall
  .command("rules")
  .description("print firewall rules (nftables) by which even a program that ignores the proxy does not get out")
  .option("--pid <pid>", "of the gateway, whose service they hold; default: OpenClaw's own service of this user")
  .option("--uid <uid>", "hold everything of a user instead, for a gateway that is no service")
  .action(async (options: WallRulesOptions) => {
    const { wallRules } = await import("./cli/wall-rules.ts");
    exitCode = await wallRules(options, runtime);
  });
for (const name of ["install", "remove"] as const) {
  const command = wall
    .command(name)
    .description(
      name === "install"
        ? "show the service and OpenClaw's settings that it takes, and write them with --yes"
        : "take OpenClaw off it again, and the service away",
    )
    .option("--json", "print {ok, plan, done, error}")
    .option("--yes", "write");
  if (name === "install") command.option("--strict", "loopback traffic goes through it as well");
  command.action(async (options: Omit<WallInstallOptions, "command">) => {
    const { wallInstall, wallRemove } = await import("./cli/wall-install.ts");
    exitCode = await (name === "install" ? wallInstall : wallRemove)({ ...options, command: self }, runtime);
  });
}

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
    const { benchRun } = await import("./cli/bench-run.ts");
    exitCode = await benchRun(words, options, runtime);
  });
reported(bench.command("results").description("the newest result, or that of a number").argument("[number]")).action(
  async (number: string | undefined, options: BenchOutput) => {
    const { benchResults } = await import("./cli/bench.ts");
    exitCode = await benchResults(number, options, runtime);
  },
);
reported(
  bench
    .command("compare")
    .description("two models by their newest answers to the same items")
    .argument("<a>")
    .argument("<b>"),
).action(async (a: string, b: string, options: BenchOutput) => {
  const { benchCompare } = await import("./cli/bench.ts");
  exitCode = await benchCompare(a, b, options, runtime);
});
bench
  .command("history")
  .description("benches that were run, and what changed between them")
  .option("--json", "print {ok, runs, drift, error}")
  .action(async (options: { json?: boolean }) => {
    const { benchHistory } = await import("./cli/bench.ts");
    exitCode = await benchHistory(options, runtime);
  });
bench
  .command("advice")
  .description("which model for what, at what price and wait")
  .option("--json", "print {ok, advice, error}")
  .action(async (options: { json?: boolean }) => {
    const { benchAdvice } = await import("./cli/bench.ts");
    exitCode = await benchAdvice(options, runtime);
  });
bench
  .command("check")
  .description("look whether a suite file of your own can be used; needs no gateway")
  .argument("<file>")
  .option("--json", "print {ok, items, problems, findings, error}")
  .action(async (file: string, options: { json?: boolean }) => {
    const { benchCheck } = await import("./cli/bench-check.ts");
    exitCode = await benchCheck(file, options, runtime);
  });
bench
  .command("schema")
  .description("print the JSON Schema of suite files, for editors")
  .action(async () => {
    const { benchSchema } = await import("./cli/bench-check.ts");
    exitCode = benchSchema(runtime);
  });

program
  .command("slack")
  .description("set up Clutch's own Slack app")
  .command("manifest")
  .description("print the manifest to paste where Slack asks for one; needs no tokens and no gateway")
  .option("--json", "print JSON instead of YAML")
  .option("--request-url <url>", "HTTP mode: https address of /slack/events, where Slack reaches Clutch")
  .addOption(new Option("--mode <mode>", "as slack.mode in the configuration").choices(["socket", "http"]))
  .action(async (options: SlackManifestOptions) => {
    const { printSlackManifest } = await import("./cli/slack.ts");
    exitCode = await printSlackManifest(options, runtime);
  });

try {
  // Commander would take it for an argument of the default command.
  const [named] = process.argv.slice(2);
  if (named !== undefined && !named.startsWith("-") && !program.commands.some((command) => command.name() === named)) {
    if (named !== "help") program.error(`error: unknown command '${named}'`);
  }
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  exitCode = error.exitCode === 0 ? 0 : 2;
  // A person has read it by now; a script that asked for JSON gets that too.
  if (exitCode !== 0 && process.argv.includes("--json")) {
    const { jsonUsageError } = await import("./cli/exec.ts");
    process.stdout.write(jsonUsageError(error.message.replace(/^error: /, "")));
  }
}
// Sockets that linger in libraries must not keep a finished command alive.
process.exit(exitCode);
