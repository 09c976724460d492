import {
  type APIApplicationCommandOption,
  ApplicationCommandOptionType,
  ApplicationIntegrationType,
  InteractionContextType,
} from "discord.js";
import type { CommandInfo } from "../adapter.ts";
import { plainLine } from "./inert.ts";
import { LIMITS } from "./limits.ts";

/** A slash command as it is registered. Who may use it in a server is for its admins to set, so that is not here. */
export interface SlashCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly APIApplicationCommandOption[];
  /** Where it is offered. Global commands only: those of a guild are in that guild. */
  readonly contexts?: readonly InteractionContextType[];
  readonly integration_types?: readonly ApplicationIntegrationType[];
}

/** Longest value that the core takes, in characters; Discord says so while the person still types. */
const MAX_TEXT = 500;

/** The commands in Discord's terms. `global` ones are offered in the bot's DMs too. */
export function slashCommands(commands: readonly CommandInfo[], global: boolean): readonly SlashCommand[] {
  return commands.map(({ name, summary, options }) => ({
    name: name.slice(0, LIMITS.commandName),
    description: plainLine(summary, LIMITS.commandDescription) || name,
    options: options.slice(0, LIMITS.commandOptions).map(slashOption),
    ...(global
      ? {
          contexts: [InteractionContextType.Guild, InteractionContextType.BotDM],
          integration_types: [ApplicationIntegrationType.GuildInstall],
        }
      : {}),
  }));
}

function slashOption({
  name,
  summary,
  kind,
  positional,
  choices,
}: CommandInfo["options"][number]): APIApplicationCommandOption {
  const head = { name, description: plainLine(summary, LIMITS.commandDescription) || name };
  if (kind === "flag") return { ...head, type: ApplicationCommandOptionType.Boolean };
  if (choices !== undefined && choices.length > 0 && choices.length <= LIMITS.optionChoices) {
    return {
      ...head,
      type: ApplicationCommandOptionType.String,
      choices: choices.map((choice) => ({ name: choice, value: choice })),
    };
  }
  // What a command is mostly called with is completed while typing; other texts are typed in full.
  const autocomplete = positional === true || choices !== undefined;
  return {
    ...head,
    type: ApplicationCommandOptionType.String,
    max_length: MAX_TEXT,
    ...(autocomplete ? { autocomplete } : {}),
  };
}
