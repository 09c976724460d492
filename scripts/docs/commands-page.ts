import type { Argument, Command, Option as Flag } from "commander";
import type { AccessLevel, Command as ChatCommand, Option } from "../../commands/command.ts";
import { parseCommandLine } from "../../commands/command-line.ts";
import { allCommands } from "../../commands/index.ts";
import type { Services } from "../../commands/services.ts";
import { commandLine } from "./command-line.ts";

/** The page of all commands, made from their definitions alone. */
export function commandsPage(): string {
  return `# Commands

This page is made from the definitions by \`npm run docs\`; a test says when it is behind them.

## In a chat

In Discord, in Slack, and in the terminal of \`clutch start\`. A form is what you type; NAME stands for a model: a part of its name, an alias, or \`provider/model\`. An option is written \`name:value\`, a flag by its bare name, in any order; on Discord and Slack there are menus for them. In Slack \`/clutch model …\` is the same as \`/model …\`.

Who may: a **viewer** may look, an **operator** may change a conversation and run benches, an **owner** may change the system. Whoever may do more may do less. Who is what stands under \`access\` in the configuration.

${allCommands.map(chatCommand).join("\n")}
## At the command line

\`clutch COMMAND\`; from a checkout \`npm run -s clutch -- COMMAND\`. Exit code 0 when it was done, 2 when you have to do something else, 1 when something is broken. Without a command it is \`clutch start\`.

${subcommands(commandLine()).map(shellCommand).join("\n")}`;
}

function chatCommand(command: ChatCommand<Services>): string {
  return `### /${command.name}

${command.summary}.

${table(
  ["You type", "Clutch does", "Who may"],
  command.forms.map(({ line, does }) => [`\`${line}\``, does, accessOf(line)]),
)}
${command.options.length === 0 ? "" : `${table(["Option", "Takes", "Means"], command.options.map(optionRow))}\n`}`;
}

function accessOf(line: string): AccessLevel {
  const { command, options } = parseCommandLine(line, allCommands);
  return command.access(options);
}

const optionRow = ({ name, kind, choices, positional, summary }: Option<Services>): readonly string[] => [
  `\`${kind === "flag" ? name : `${name}:`}\``,
  choices?.map((choice) => `\`${choice}\``).join(", ") ??
    (kind === "flag" ? "nothing" : positional === true ? "text; its name may be left out" : "text"),
  summary,
];

/** Those that do something, with the words before them. */
const subcommands = (from: Command, before = "clutch"): { readonly words: string; readonly command: Command }[] =>
  from.commands.flatMap((command) => {
    const words = `${before} ${command.name()}`;
    const inner = subcommands(command, words);
    // A command that only holds others does nothing by itself.
    return inner.length > 0 && command.options.length === 0 ? inner : [{ words, command }, ...inner];
  });

function shellCommand({ words, command }: { readonly words: string; readonly command: Command }): string {
  const options: readonly Flag[] = command.options;
  const given: readonly Argument[] = command.registeredArguments;
  const usage = [words, ...given.map(argumentWords), ...(options.length > 0 ? ["[options]"] : [])].join(" ");
  const rows = [
    ...given
      .filter(({ description }) => description !== "")
      .map((argument) => [`\`${argumentWords(argument)}\``, argument.description]),
    ...options.map((option) => [`\`${option.flags}\``, withChoices(option)]),
  ];
  return `### ${words}

${sentence(command.description())}

\`\`\`text
${usage}
\`\`\`
${rows.length === 0 ? "" : `\n${table(["Option", "Means"], rows)}`}`;
}

function argumentWords(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

const withChoices = ({ description, argChoices, mandatory }: Flag): string =>
  [description, ...(argChoices === undefined ? [] : [argChoices.join(" or ")]), ...(mandatory ? ["needed"] : [])].join(
    "; ",
  );

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const table = (columns: readonly string[], rows: readonly (readonly string[])[]): string =>
  [columns, columns.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`)
    .join("");
