import { ClutchError } from "../src/errors.ts";
import { closestTo } from "../src/models/closest.ts";
import type { Command } from "./command.ts";
import { clip } from "./command-line.ts";
import type { Services } from "./services.ts";

/** `/help`: what there is, made from the definitions that it is given, so that it cannot fall behind them. */
export function helpCommand(commands: () => readonly Command<Services>[]): Command<Services> {
  return {
    name: "help",
    summary: "Show what Clutch can do here",
    options: [
      {
        name: "command",
        summary: "One of them, with all its forms",
        kind: "text",
        positional: true,
        complete: (typed) =>
          commands()
            .map(({ name }) => name)
            .filter((name) => name.startsWith(typed.replace(/^\//, "").toLowerCase()))
            .map((name) => ({ value: name, label: `/${name}` })),
      },
    ],
    access: () => "viewer",
    forms: [
      { line: "/help", does: "Shows this" },
      { line: "/help COMMAND", does: "Shows every form of one command" },
    ],
    run: async ({ options: { command: typed } }) => ({
      visibility: "private",
      card: typed === undefined ? overview(commands()) : formsOf(typed, commands()),
    }),
  };
}

const overview = (commands: readonly Command<Services>[]) => ({
  tone: "info" as const,
  title: "Clutch changes the model of this conversation while it runs",
  fields: commands.map(({ name, summary }) => ({ name: `/${name}`, value: summary })),
  footer: "/help model shows every form of a command",
});

function formsOf(typed: string, commands: readonly Command<Services>[]) {
  const name = typed.replace(/^\//, "").toLowerCase();
  const command = commands.find((one) => one.name === name);
  if (command === undefined) {
    throw new ClutchError("unknown_command", `There is no command “${clip(typed)}”.`, {
      hint: "/help shows what there is.",
      suggestions: closestTo(
        name,
        commands.map((one) => `/${one.name}`),
      ),
    });
  }
  return {
    tone: "info" as const,
    title: `/${command.name}: ${command.summary}`,
    // A table, because there are more forms than an embed may have fields.
    table: { columns: ["Form", "Does"], rows: command.forms.map(({ line, does }) => [line, does]) },
  };
}
