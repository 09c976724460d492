import type { Command } from "./command.ts";
import type { Services } from "./services.ts";

/** `/help`: every form of every command. Made from the definitions it is given, so it cannot fall behind them. */
export function helpCommand(commands: () => readonly Command<Services>[]): Command<Services> {
  return {
    name: "help",
    summary: "Show what Clutch can do here",
    options: [],
    access: () => "viewer",
    forms: [{ line: "/help", does: "Shows this" }],
    run: async () => ({
      visibility: "private",
      card: {
        tone: "info",
        title: "Clutch changes the model of this conversation while it runs",
        fields: commands().flatMap(({ forms }) => forms.map(({ line, does }) => ({ name: line, value: does }))),
      },
    }),
  };
}
