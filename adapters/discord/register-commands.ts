import { isDeepStrictEqual } from "node:util";
import { type APIApplicationCommand, ApplicationCommandType } from "discord.js";
import type { Logger } from "pino";
import type { DiscordApi } from "./discord-api.ts";
import type { SlashCommand } from "./slash-commands.ts";

/** More commands that Clutch does not know than this belong to another program, which uses the same application. */
const MAX_LEFTOVERS = 10;

/**
 * Makes the registered slash commands of one scope (a guild, or undefined for
 * the global ones) those that are wanted, and writes only what differs: what is
 * rewritten costs the daily allowance, and what is deleted takes the admins'
 * permission settings with it. Commands of other types are left alone. Rejects
 * with discord.js's errors.
 */
export async function registerCommands(parts: {
  readonly api: DiscordApi;
  readonly applicationId: string;
  readonly guildId: string | undefined;
  readonly wanted: readonly SlashCommand[];
  readonly logger: Logger;
}): Promise<void> {
  const { api, applicationId, guildId, wanted, logger } = parts;
  const all = await api.commands(applicationId, guildId);
  const registered = all.filter(({ type }) => type === ApplicationCommandType.ChatInput);
  const leftovers = registered.filter(({ name }) => wanted.every((command) => command.name !== name));
  let written = 0;

  for (const command of wanted) {
    const present = registered.find(({ name }) => name === command.name);
    if (present === undefined) await api.createCommand(applicationId, guildId, command);
    else if (isDeepStrictEqual(comparable(present), comparable(command))) continue;
    else await api.changeCommand(applicationId, guildId, present.id, command);
    written += 1;
  }
  if (leftovers.length > MAX_LEFTOVERS) {
    logger.warn(
      { guild: guildId, unknown: leftovers.length },
      "the Discord application has commands of another program, which are left alone; give Clutch an application of its own",
    );
  } else {
    for (const { id } of leftovers) await api.deleteCommand(applicationId, guildId, id);
    written += leftovers.length;
  }
  logger.info({ guild: guildId, written }, "slash commands registered");
}

/** What counts of a command, with Discord's defaults filled in: it answers with more keys than were sent. */
function comparable(command: APIApplicationCommand | SlashCommand): unknown {
  return {
    description: command.description,
    options: (command.options ?? []).map((option) => {
      const { type, name, description, required, autocomplete, choices, max_length } = option as unknown as Partial<
        Record<string, unknown>
      >;
      return {
        type,
        name,
        description,
        required: required ?? false,
        autocomplete: autocomplete ?? false,
        choices: ((choices ?? []) as { name: string; value: unknown }[]).map((choice) => [choice.name, choice.value]),
        maxLength: max_length ?? null,
      };
    }),
    contexts: command.contexts == null ? null : [...command.contexts].sort(),
    integrationTypes: "guild_id" in command ? null : (command.integration_types ?? null),
  };
}
