import type { Card } from "../../commands/card.ts";
import type { CommandInfo } from "../adapter.ts";

/** Every form of every command, for a core that has no help command of its own. */
export const commandsCard = (commands: readonly CommandInfo[]): Card => ({
  tone: "info",
  title: "Commands",
  fields: commands.flatMap(({ forms }) => forms.map(({ line, does }) => ({ name: line, value: does }))),
});

/** What this channel adds to the commands. */
export const TERMINAL_CARD: Card = {
  tone: "info",
  title: "In this terminal",
  body: ["Whatever does not begin with a slash goes to the agent."],
  fields: [
    { name: "//text", value: "sends “/text” to the agent" },
    { name: "text \\", value: "goes on in the next line" },
    { name: "Tab", value: "completes commands, options and models" },
    { name: "Ctrl-C", value: "stops waiting for a reply; at an empty prompt it leaves" },
    { name: "/quit, /exit", value: "leave, as does Ctrl-D" },
  ],
};
